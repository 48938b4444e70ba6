"""The map of the house: each package with its modules, what each is for, whom it imports."""

from __future__ import annotations

from itertools import groupby

from tests.docs.modules import BESIDE, ROOMS, Module, modules, packages_imported


def house_map() -> str:
    """Write the map in Markdown: a heading and a table for each package."""
    return "\n".join(
        _package(name, list(inside))
        for name, inside in groupby(modules((*ROOMS, *BESIDE)), key=lambda module: module.package)
    )


def _package(name: str, inside: list[Module]) -> str:
    package, *rest = inside
    lines = [f"### `{name.replace('.', '/')}/`", "", package.purpose]
    if rest:
        lines += ["", "| module | what it is for | imports from |", "|---|---|---|"]
        lines += [_row(module) for module in rest]
    return "\n".join([*lines, ""])


def _row(module: Module) -> str:
    purpose = module.purpose.replace("|", "\\|")
    return f"| `{module.path}` | {purpose} | {', '.join(packages_imported(module))} |"
