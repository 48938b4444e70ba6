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
    """Give a page with the path of what has moved, where only one file defines the name."""

    def mended(reference: re.Match[str]) -> str:
        path, name = reference.groups()
        homes = [home for home, names in _names().items() if name in names]
        if defines(path, name) or len(homes) != 1:
            return reference[0]
        return f"{homes[0]}::{name}"

    return REFERENCE.sub(mended, text)


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
