"""What `make` does to the machine: a browser is installed only where there is none, and aloud."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAKE = shutil.which("make")

pytestmark = pytest.mark.skipif(MAKE is None, reason="no make here")


def make_browser(folder: Path, *programs: str, user: int = 0) -> list[str]:
    """Run `make browser` where only these programs are; apt-get and the others say their names."""
    assert MAKE
    for name in programs:
        program = folder / name
        program.write_text(f"#!/bin/sh\necho ran {name} $1\n")
        program.chmod(0o755)
    identity = folder / "id"
    identity.write_text(f"#!/bin/sh\necho {user}\n")
    identity.chmod(0o755)
    done = subprocess.run(
        [MAKE, "--no-print-directory", "-C", str(ROOT), "browser"],
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return (done.stdout + done.stderr).splitlines()


def test_where_a_browser_is_nothing_is_run(tmp_path: Path) -> None:
    assert make_browser(tmp_path, "chromium", "chromedriver", "apt-get") == []


@pytest.mark.parametrize("there", [(), ("chromium",), ("chromedriver",)])
def test_apt_get_is_announced_before_it_runs(tmp_path: Path, there: tuple[str, ...]) -> None:
    announced, *ran = make_browser(tmp_path, *there, "apt-get")
    assert announced == "chromium or chromedriver is missing: installing both with apt-get"
    assert ran == ["ran apt-get update", "ran apt-get install"]


@pytest.mark.parametrize(("programs", "user"), [((), 0), (("apt-get",), 1000)])
def test_without_apt_get_or_rights_it_says_what_to_do(
    tmp_path: Path, programs: tuple[str, ...], user: int
) -> None:
    (said,) = make_browser(tmp_path, *programs, user=user)
    assert said.endswith("install them to run the browser test")
