"""`locked-requirements.txt` says what constraints.txt says, of all packages, with hashes."""

from __future__ import annotations

import re

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.lock_file import LOCK, ROOT, dependencies, here, locked, needed, written

TEXT = LOCK.read_text(encoding="utf-8")
PACKAGES = locked(TEXT)


# Datasette asks for these two; constraints.txt leaves them as an environment has them.
INSTALLERS = {"pip", "setuptools"}


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def test_each_package_has_the_version_of_the_constraints_and_a_hash() -> None:
    constraints = pins()
    for name, (version, hashes) in PACKAGES.items():
        if name not in INSTALLERS:
            assert Version(version).public == constraints.get(name), f"{name}: run `make lock`"
        assert hashes, name
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", one) for one in hashes), name


def test_torch_is_the_build_for_cpus() -> None:
    assert PACKAGES["torch"][0].endswith("+cpu")
    assert not [name for name in PACKAGES if name.startswith(("nvidia", "cuda", "triton"))]


def test_nothing_that_earful_needs_is_missing_and_nothing_is_too_much() -> None:
    if f"# For {here()}:" not in TEXT:
        pytest.skip(f"the lock is for another machine than {here()}")
    assert set(PACKAGES) == needed(dependencies()), "run `make lock`"


def test_no_registry_is_named() -> None:
    assert re.search(r"://|--index|--extra|--find", TEXT) is None


def test_is_written_from_what_pip_reports() -> None:
    report = {
        "install": [
            {
                "metadata": {"name": name, "version": version},
                "download_info": {"url": "", "archive_info": {"hashes": {"sha256": digest}}},
            }
            for name, version, digest in (("Zope.Thing", "2.0", "b" * 64), ("a_b", "1", "a" * 64))
        ]
    }
    text = written(report, "a machine")
    assert text.startswith("# For a machine: ")
    assert locked(text) == {
        "a-b": ("1", [f"--hash=sha256:{'a' * 64}"]),
        "zope-thing": ("2.0", [f"--hash=sha256:{'b' * 64}"]),
    }
