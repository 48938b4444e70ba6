"""Parts of documents that are written from the code, each between two lines that mark it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.docs.checkpoint_metrics import checkpoint_metrics
from tests.docs.config_keys import config_keys, environment_variables, source_keys
from tests.docs.errors import error_tree
from tests.docs.house import house_map
from tests.docs.modules import ROOT
from tests.docs.purity import pure_list
from tests.docs.references import with_paths_mended
from tests.docs.reply_sources import reply_limits, reply_secrets
from tests.docs.troubles import troubles

COMMAND = "python -m tests.docs --write"
# How a line that marks a part looks in each kind of file; in Python it stands in a docstring.
_COMMENTS = {"md": "<!-- {} -->", "toml": "    # {}", "py": ".. {}"}


@dataclass(frozen=True)
class Part:
    """A part of the file at `path`; `write` gives its lines as they should be.

    It is given the lines that are there, for what people wrote among them and it keeps.
    """

    name: str
    path: str
    write: Callable[[str], str]

    def renewed(self, text: str) -> str:
        """Give the file's text with this part as it should be; ValueError without its marks."""
        comment = _COMMENTS[self.path.rpartition(".")[2]]
        begin = comment.format(f"{self.name}: written by `{COMMAND}`")
        end = comment.format(f"end of {self.name}")
        between = re.compile(f"(?s)(?<={re.escape(begin)}\n).*?(?={re.escape(end)}\n)")
        if len(between.findall(text)) != 1:
            raise ValueError(f"{self.path}: write once, on lines of their own: {begin} … {end}")
        return between.sub(lambda lines: self.write(lines[0]).rstrip("\n") + "\n", text)


@dataclass(frozen=True)
class Paths:
    """The places in the code that a page names as `path::name`: the path follows the name."""

    path: str
    name: str = "paths of what has moved"

    def renewed(self, text: str) -> str:
        return with_paths_mended(text)


def pages() -> list[str]:
    """Give the paths of the pages that people read."""
    found = (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    return sorted(page.relative_to(ROOT).as_posix() for page in found)


def _step(name: str) -> Part:
    def write(_: str) -> str:
        # With it come torch and the whole flow, which the other parts do without.
        from tests.docs.walk import walk

        return walk()[name]

    return Part(f"the step {name}", "docs/follow-one-mention.md", write)


STEPS = ("answer", "crawl", "score", "judge", "deliver", "message", "click", "changed message")
WALK = tuple(map(_step, STEPS))
PARTS: tuple[Part | Paths, ...] = (
    Part("the map", "CONTRIBUTING.md", lambda _: house_map()),
    Part("the pure modules", "pyproject.toml", lambda _: pure_list()),
    Part("the tree", "config/errors.py", lambda _: error_tree()),
    Part("the keys", "docs/config.md", config_keys),
    Part("the keys of the sources", "docs/config.md", lambda _: source_keys()),
    Part("the environment", "docs/config.md", environment_variables),
    Part("how long a reply may be", "docs/replies.md", lambda _: reply_limits()),
    Part("what replies need", "docs/replies.md", lambda _: reply_secrets()),
    Part("what fails today", "docs/sources-today.md", lambda _: troubles()),
    Part("the checkpoints' metrics", "docs/metrics.md", lambda _: checkpoint_metrics()),
    *map(Paths, pages()),
)


def renew(
    parts: Iterable[Part | Paths] = (*PARTS, *WALK), root: Path = ROOT, *, write: bool
) -> list[str]:
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
