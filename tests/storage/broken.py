"""Stores that something is wrong with, and what must hold of every fault."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.errors import StoreError
from storage.store import Store
from tests.storage.erasure import ERASURE
from tests.storage.ways import mention

PATIENCE_S = 0.01
PAGE = 4096


def opened(path: Path, *, readonly: bool = False) -> Store:
    store = Store.open(path, readonly=readonly, patience_s=PATIENCE_S)
    # No power is cut here, and waiting for the disk is what takes a test's time.
    store.database.connection.execute("PRAGMA synchronous = OFF")
    return store


def one_line(error: StoreError, path: Path) -> str:
    told = str(error)
    assert "\n" not in told
    assert told.startswith(f"{path}: ")
    return told


def assert_whole(path: Path) -> None:
    """See that the store is sound and that it can be written again."""
    with opened(path) as store:
        check = store.database.connection.execute("PRAGMA integrity_check").fetchone()[0]
        assert check == "ok"
        assert store.mentions.save([mention("after the fault")]).new == 1
        assert store.upkeep.forget_author("appstore:Mo", ERASURE) == 1


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Take all the space that a disk has left; removing the file gives it back."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(PAGE)):
                pass
        except OSError:
            pass
    return filler
