"""The locks by which processes on one store keep out of each other's way."""

from __future__ import annotations

from pathlib import Path

from storage.locks import StoreLock


def lock_for_delivery(store_path: Path) -> StoreLock:
    """Make the lock that whoever sends from a store holds: see decision 0004."""
    return StoreLock(f"{store_path}.deliver.lock", blocking=False)


def lock_for_daemon(store_path: Path) -> StoreLock:
    """Make the lock that only one daemon on a store can hold."""
    return StoreLock(f"{store_path}.lock", blocking=False)
