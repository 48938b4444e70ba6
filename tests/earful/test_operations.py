"""`docs/operations.md` has a section for everything that can be wrong, as the code knows it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import StoreError
from storage.models import SourceState, TroubleKind

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def kinds() -> Iterator[str]:
    """Give what each problem is called that the code can make; `…` stands for what varies."""
    for room in ("earful", "alerts"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Name)
                    and node.func.id == "Problem"
                ):
                    yield named(node, path)


def named(call: ast.Call, path: Path) -> str:
    given = [*call.args, *(one.value for one in call.keywords if one.arg == "key")]
    match given[0]:
        case ast.Constant(value=str(key)):
            return key
        case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_]):
            return f"{start}…"
    raise AssertionError(f"{path}:{call.lineno}: a problem's key begins with a word that names it")


KINDS = sorted(set(kinds()))


def test_there_are_problems_to_look_for() -> None:
    assert {"daemon:died", "stage:…", "alerts:…", "source:…", "store"} <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_problem_has_a_section(kind: str) -> None:
    section = re.search(rf"^### `{re.escape(kind)}`\n(.+?)(?=^##)", PAGE, re.M | re.S)
    assert section, f"docs/operations.md: write what a person does about `{kind}`"
    assert len(section[1].split()) > 10


@pytest.mark.parametrize(
    "word",
    [
        *(kind.value for kind in TroubleKind),
        *(state.value for state in SourceState if not state.good),
        *(error.__name__ for error in StoreError.__subclasses__()),
    ],
)
def test_each_state_and_error_has_a_line_in_a_table(word: str) -> None:
    assert re.search(rf"^\| `{word}` \| .+ \| .+ \|$", PAGE, re.M), word
