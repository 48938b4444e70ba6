"""What the tests of imports share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


@pytest.fixture(scope="session")
def cases() -> Path:
    """The files that others made, which are not ours to ship."""
    path = Path(__file__).resolve().parents[4] / "shared" / "cases" / "import"
    if not path.is_dir():
        pytest.skip(f"no cases of imports at {path}")
    return path
