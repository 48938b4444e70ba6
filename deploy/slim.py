"""Delete from an environment what never runs there: libraries' own tests, torch's tools for C++.

    python deploy/slim.py .venv/bin/python

pip cannot leave these out. torch's headers and `torch.compile` go with them: Earful needs neither,
and `pip install --force-reinstall --no-deps torch` brings them back.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree, which

# Packages whose folders `tests` and `test` are known to hold tests alone: 136 MB in all.
_WITH_TESTS = ("mpmath", "networkx", "numpy", "scipy", "sklearn", "sympy", "torch", "twisted")
# torch's programs to test it and to compile for it: 112 MB. One of its programs runs.
_OF_TORCH = ("torch/include", "torch/share", "torch/bin/*")
_KEPT = "torch_shm_manager"
# Names of functions that only debuggers read: 90 MB of torch's library.
_STRIPPED = ("torch/lib/libtorch_cpu.so", "torch/lib/libtorch_python.so")


def needless(packages: Path) -> Iterator[Path]:
    """Give the folders and files below `packages` that nothing runs, none inside another."""
    for name in _WITH_TESTS:
        found = [
            path
            for path in sorted((packages / name).rglob("*"))
            if path.name in ("test", "tests") and path.is_dir()
        ]
        yield from (path for path in found if not set(path.parents) & set(found))
    for pattern in _OF_TORCH:
        yield from (path for path in sorted(packages.glob(pattern)) if path.name != _KEPT)


def slim(packages: Path) -> int:
    """Delete it, and strip torch's library where binutils are installed; give the bytes saved."""
    before = size(packages)
    for path in needless(packages):
        if path.is_dir():
            rmtree(path)
        else:
            path.unlink()
    if strip := which("strip"):
        for name in _STRIPPED:
            if (packages / name).is_file():
                subprocess.run([strip, "--strip-unneeded", packages / name], check=True)
    return before - size(packages)


def size(folder: Path) -> int:
    """Add up the bytes of all files below a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def main(python: str) -> None:
    """Slim the environment of a Python; what it runs is told apart from what runs this."""
    where = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        stdout=subprocess.PIPE, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    saved = slim(Path(where))
    print(f"{where}: {saved / 2**20:,.0f} MB deleted, {size(Path(where)) / 2**20:,.0f} MB left")


if __name__ == "__main__":
    main(sys.argv[1])
