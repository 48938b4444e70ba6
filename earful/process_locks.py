"""The locks by which processes on one store keep out of each other's way."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from config.errors import StoreError
from storage.locks import StoreLock, is_held

_ASKED_FOR_S = 2.0
"""How long the daemon's lock is asked for: who looks whether it is held may hold it a moment."""


def lock_for_delivery(store_path: Path) -> StoreLock:
    """Make the lock that whoever sends from a store holds: see decision 0004."""
    return StoreLock(f"{_own_name(store_path)}.deliver.lock", blocking=False)


def lock_for_daemon(store_path: Path) -> StoreLock:
    """Make the lock that only one daemon on a store can hold."""
    return StoreLock(f"{_own_name(store_path)}.lock", timeout=_ASKED_FOR_S, poll_interval=0.05)


def daemon_runs(store_path: Path) -> bool:
    """Tell whether a daemon works on a store, without its lock and without writing anything."""
    return is_held(Path(f"{_own_name(store_path)}.lock"))


def require_one_name(store_path: Path) -> None:
    """Raise StoreError where a store has a second name, under which a second daemon could run."""
    with suppress(OSError):
        if store_path.stat().st_nlink > 1:
            raise StoreError(
                f"{store_path}: has a second name (a hard link), by which another daemon could "
                "work on it: remove that name, or copy the store with `earful backup`"
            )


def _own_name(store_path: Path) -> Path:
    # A link to the store is the store: SQLite too keeps its files beside the file itself.
    return Path(os.path.realpath(store_path))
