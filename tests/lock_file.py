"""`locked-requirements.txt`: all packages that Earful runs on, with the hash of each one's file.

`python -m tests.lock_file` writes it from pip's own report, for the machine and the Python that it
runs on. Where pip looks for packages, and so which build of torch it takes, is pip's config.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import requires
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "locked-requirements.txt"


def dependencies() -> list[str]:
    """Give what `pyproject.toml` says that Earful needs to run."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return list(project["dependencies"])


def here() -> str:
    """Name the machine that a lock is for, such as `CPython 3.11 on Linux x86_64`."""
    major, minor, _ = platform.python_version_tuple()
    return (
        f"{platform.python_implementation()} {major}.{minor} on "
        f"{platform.system()} {platform.machine()}"
    )


def written(report: Mapping[str, Any], machine: str) -> str:
    """Write the lock of a report of `pip install --dry-run --report`."""
    lines = [f"# For {machine}: written by `make lock`. Elsewhere write your own."]
    lines.append(
        "# pip install --require-hashes -r locked-requirements.txt; pip install --no-deps ."
    )
    entries = [
        (canonicalize_name(one["metadata"]["name"]), one["metadata"]["version"], one)
        for one in report["install"]
    ]
    for name, version, one in sorted(entries, key=lambda entry: entry[0]):
        digest = one["download_info"]["archive_info"]["hashes"]["sha256"]
        lines += [f"{name}=={version} \\", f"    --hash=sha256:{digest}"]
    return "\n".join(lines) + "\n"


def locked(text: str) -> dict[str, tuple[str, list[str]]]:
    """Read a lock: the version and the hashes of each package."""
    packages: dict[str, tuple[str, list[str]]] = {}
    for line in text.replace("\\\n", " ").splitlines():
        if line and not line.startswith("#"):
            pin, *hashes = line.split()
            name, version = pin.split("==")
            packages[name] = (version, hashes)
    return packages


def needed(requirements: Iterable[str]) -> set[str]:
    """Name all that these requirements need on this machine, as the installed packages say."""
    waiting = [(Requirement(one), "") for one in requirements]
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for wanted in ("", *requirement.extras):
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                waiting += [(Requirement(one), wanted) for one in requires(name) or ()]
    return {name for name, _ in seen}


def main() -> None:
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed",
        "--report", "-", "--constraint", str(ROOT / "constraints.txt"), *dependencies(),
    ]  # fmt: skip
    report = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    LOCK.write_text(written(json.loads(report), here()), encoding="utf-8")


if __name__ == "__main__":
    main()
