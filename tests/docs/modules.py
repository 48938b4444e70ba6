"""The product's modules as they lie on the disk: docstrings, imports, packages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
# In the order of the flow; each may import those before it, but for the middle three.
ROOMS = ("config", "storage", "crawler", "sentiment", "alerts", "earful")
BESIDE = ("benchmarks",)


@dataclass(frozen=True)
class Module:
    """One file: `path` from the root with slashes, `name` as it is imported."""

    path: str
    name: str

    @property
    def is_package(self) -> bool:
        return self.path.endswith("/__init__.py")

    @property
    def package(self) -> str:
        """Name the package that a module lies in; a package lies in itself."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse((ROOT / self.path).read_text(encoding="utf-8"))

    @property
    def docstring(self) -> str:
        return ast.get_docstring(self.tree) or ""

    @property
    def purpose(self) -> str:
        """Give the docstring's first line: what the module is for."""
        return self.docstring.partition("\n")[0]


@cache
def modules(rooms: tuple[str, ...] = ROOMS) -> tuple[Module, ...]:
    """Give every module of these rooms, each package before what lies in it."""
    found = []
    for room in rooms:
        # As strings, "alerts/messages/x" would come before "alerts/rules": packages come last.
        files = sorted(
            (ROOT / room).rglob("*.py"),
            key=lambda path: (path.parent.parts, path.name != "__init__.py", path.name),
        )
        for file in files:
            path = file.relative_to(ROOT).as_posix()
            name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            found.append(Module(path, name))
    return tuple(found)


@cache
def _by_name() -> dict[str, Module]:
    return {module.name: module for module in modules((*ROOMS, *BESIDE))}


def imported(module: Module) -> Iterator[Module]:
    """Give each module or package of ours that a module imports, wherever in it that stands."""
    known = _by_name()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (known[alias.name] for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield known.get(inner, known[node.module])


def packages_imported(module: Module) -> list[str]:
    """Name the packages that a module imports from, without its own."""
    return sorted({one.package for one in imported(module)} - {module.package})
