"""Fixtures of the crawler's tests: a site, a store, the recorded responses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.store import Store
from tests.crawler.site import Site, running_site


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as running:
        yield running


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "earful.db"
    Store.open(path, migrate=True).close()
    return path


@pytest.fixture(scope="session")
def recorded() -> Path:
    """The responses that others recorded, which are not ours to ship."""
    path = Path(__file__).resolve().parents[3] / "shared" / "recorded"
    if not path.is_dir():
        reason = f"no recorded responses at {path}"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}, and CI must have them")
        pytest.skip(reason)
    return path
