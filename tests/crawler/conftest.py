"""Fixtures of the crawler's tests: a site, a store, the recorded responses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from crawler.catalog import sources
from storage.store import Store
from tests.crawler.fleet import end_starter
from tests.crawler.site import Site, running_site


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
def ended_starter() -> Iterator[None]:
    """Leave no process behind that fleets were forked from."""
    yield
    end_starter()


@pytest.fixture(scope="session", autouse=True)
def made_up_secrets() -> Iterator[None]:
    """Set every secret that a source cannot do without, for the children too."""
    given = {name: f"made-up {name}" for spider in sources().values() for name in spider.secrets}
    key = ec.generate_private_key(ec.SECP256R1())
    given["APP_STORE_CONNECT_PRIVATE_KEY"] = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ).decode()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        yield


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
