"""Which files this process has open: what is not closed shows nowhere else."""

from __future__ import annotations

from pathlib import Path


def open_files(name: str) -> list[str]:
    """Name the files of that name that this process has open."""
    links = list(Path("/proc/self/fd").iterdir())
    return [name for link in links if link.is_symlink() and link.readlink().name == name]
