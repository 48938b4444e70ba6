"""Parts of documents that are written from the code, each between two lines that mark it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.docs.errors import error_tree
from tests.docs.house import house_map
from tests.docs.modules import ROOT
from tests.docs.purity import pure_list

COMMAND = "python -m tests.docs --write"
# How a line that marks a part looks in each kind of file; in Python it stands in a docstring.
_COMMENTS = {"md": "<!-- {} -->", "toml": "    # {}", "py": ".. {}"}


@dataclass(frozen=True)
class Part:
    """A part of the file at `path`; `write` gives its lines as they should be."""

    name: str
    path: str
    write: Callable[[], str]

    def renewed(self, text: str) -> str:
        """Give the file's text with this part as it should be; ValueError without its marks."""
        comment = _COMMENTS[self.path.rpartition(".")[2]]
        begin = comment.format(f"{self.name}: written by `{COMMAND}`")
        end = comment.format(f"end of {self.name}")
        between = re.compile(f"(?s)(?<={re.escape(begin)}\n).*?(?={re.escape(end)}\n)")
        if len(between.findall(text)) != 1:
            raise ValueError(f"{self.path}: write once, on lines of their own: {begin} … {end}")
        return between.sub(lambda _: self.write().rstrip("\n") + "\n", text)


PARTS = (
    Part("the map", "CONTRIBUTING.md", house_map),
    Part("the pure modules", "pyproject.toml", pure_list),
    Part("the tree", "config/errors.py", error_tree),
)


def renew(parts: Iterable[Part] = PARTS, root: Path = ROOT, *, write: bool) -> list[str]:
    """Name the parts that are not as they should be; with `write`, mend them."""
    stale = []
    for part in parts:
        file = root / part.path
        text = file.read_text(encoding="utf-8")
        renewed = part.renewed(text)
        if renewed != text:
            stale.append(f"{part.path}: {part.name}")
            if write:
                file.write_text(renewed, encoding="utf-8", newline="\n")
    return stale
