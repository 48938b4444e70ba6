"""What the tests of imports share."""

from __future__ import annotations

import os
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
        reason = f"no cases of imports at {path}"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}, and CI must have them")
        pytest.skip(reason)
    return path
