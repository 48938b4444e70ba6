"""Where pages name a place in the code: `path::name`, as `alerts/scheduler.py::Schedule.every`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from tests.docs.modules import BESIDE, ROOMS, ROOT, modules

REFERENCE = re.compile(r"([\w./-]+\.(?:py|sql))::([\w.]+)")


def references(text: str) -> list[tuple[str, str]]:
    """Give path and name of each place that a page names."""
    return REFERENCE.findall(text)


def defines(path: str, name: str) -> bool:
    """Tell whether the file at a path defines a name: a function, `Class.method`, a view …"""
    if path.endswith(".sql"):
        file = ROOT / path
        return file.is_file() and f"CREATE VIEW {name} AS" in file.read_text(encoding="utf-8")
    return name in _names().get(path, ())


def with_paths_mended(text: str) -> str:
    """Give a page with the path of what has moved, where it is clear whereto."""

    def mended(reference: re.Match[str]) -> str:
        path, name = reference.groups()
        if defines(path, name):
            return reference[0]
        home = home_of([home for home, names in _names().items() if name in names], path)
        return reference[0] if home is None else f"{home}::{name}"

    return REFERENCE.sub(mended, text)


def home_of(homes: list[str], before: str) -> str | None:
    """Choose among files that define a name: the only one, in the room, of the same file name."""
    room, file_name = before.split("/")[0], before.split("/")[-1]
    same_room = [home for home in homes if home.startswith(f"{room}/")]
    same_name = [home for home in same_room if home.endswith(f"/{file_name}")]
    return next((few[0] for few in (homes, same_room, same_name) if len(few) == 1), None)


@cache
def _names() -> dict[str, frozenset[str]]:
    return {
        module.path: frozenset(_defined(module.tree.body, ""))
        for module in modules((*ROOMS, *BESIDE, "tests"))
    }


def _defined(body: list[ast.stmt], prefix: str) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name
        elif isinstance(node, ast.ClassDef):
            yield prefix + node.name
            yield from _defined(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (prefix + one.id for one in targets if isinstance(one, ast.Name))
