"""The drawn error tree is the tree of the classes."""

from __future__ import annotations

import re
from importlib import import_module

from config import errors
from config.errors import EarfulError
from tests.docs.errors import error_classes

Edge = tuple[str, str | None, int]


def drawn() -> set[Edge]:
    """Read name, base and exit code out of the drawing."""
    found: set[Edge] = set()
    above: list[tuple[str, int]] = []
    for line in (errors.__doc__ or "").splitlines():
        row = re.fullmatch(r"([│├└─ ]*)(\w+Error)(?: +(?:exit (\d+))?.*)?", line)
        if row is None:
            continue
        depth = len(row[1]) // 3
        base, inherited = above[depth - 1] if depth else (None, 0)
        code = int(row[3]) if row[3] else inherited
        found.add((row[2], base, code))
        above[depth:] = [(row[2], code)]
    return found


def derived(base: type[EarfulError]) -> set[Edge]:
    """Give the same of a class's subclasses, as Python knows them."""
    found: set[Edge] = set()
    for one in base.__subclasses__():
        # Tests make classes of their own.
        if not one.__module__.startswith("tests."):
            found |= {(one.__name__, base.__name__, one.exit_code)} | derived(one)
    return found


def test_the_drawn_tree_is_that_of_the_classes() -> None:
    for module in {one.module for one in error_classes()}:
        import_module(module)
    assert drawn() == derived(EarfulError) | {("EarfulError", None, EarfulError.exit_code)}
