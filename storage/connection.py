"""The connection that all of `storage` works through: its errors are StoreErrors.

SQLite fails while rows are stepped through as well as when a statement begins: hence a cursor of
our own, and not a `try` in each method.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from storage.faults import SQLITE_ERRORS, fault
from storage.models.dedupe_keys import complaint_key, forgotten_key, wow_key
from storage.rows import rows_of
from storage.search_words import match_for

# What statements may call: keys are made in one place, also those that SQL compares.
_FUNCTIONS = {
    "complaint_key": complaint_key,
    "wow_key": wow_key,
    "forgotten_key": forgotten_key,
    "match_for": match_for,
}


class Connection(sqlite3.Connection):
    """A connection to the store at `path` that begins no transaction by itself."""

    def __init__(self, path: Path, mode: str, patience_s: float) -> None:
        """Open with SQLite's `mode` (ro, rw, rwc); wait `patience_s` for other processes."""
        self.path = path
        self._cursors: type[sqlite3.Cursor] = Cursor
        with self._translated():
            super().__init__(
                address(path, mode), uri=True, timeout=patience_s, isolation_level=None
            )
        self.row_factory = rows_of(path)
        if mode != "ro":
            # What is deleted or written over is no more in the file, whoever writes: what is
            # edited today may have to be forgotten tomorrow. No cost of it could be measured.
            self.execute("PRAGMA secure_delete = ON")
        for name, make in _FUNCTIONS.items():
            self.create_function(name, 1, make, deterministic=True)

    @contextmanager
    def plain(self) -> Iterator[Self]:
        """Let sqlite3's errors pass inside the block, for a library that handles them itself.

        What leaves the block is a StoreError.
        """
        self._cursors = sqlite3.Cursor
        try:
            with self._translated():
                yield self
        finally:
            self._cursors = Cursor

    def cursor(self, factory: Any = None) -> Any:
        try:
            return super().cursor(factory or self._cursors)
        except SQLITE_ERRORS as error:
            raise fault(self.path, error) from error

    # Those of sqlite3 make a plain cursor, whatever `cursor` makes.
    def execute(self, *what: Any) -> sqlite3.Cursor:
        cursor: sqlite3.Cursor = self.cursor()
        return cursor.execute(*what)

    def executemany(self, *what: Any) -> sqlite3.Cursor:
        cursor: sqlite3.Cursor = self.cursor()
        return cursor.executemany(*what)

    def executescript(self, script: str) -> sqlite3.Cursor:
        cursor: sqlite3.Cursor = self.cursor()
        return cursor.executescript(script)

    def commit(self) -> None:
        with self._translated():
            super().commit()

    def rollback(self) -> None:
        with self._translated():
            super().rollback()

    def backup(self, target: sqlite3.Connection, **how: Any) -> None:
        with self._translated():
            super().backup(target, **how)

    def close(self) -> None:
        with self._translated():
            super().close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except SQLITE_ERRORS as error:
            raise fault(self.path, error) from error


class Cursor(sqlite3.Cursor):
    """A cursor of a `Connection`."""

    connection: Connection

    # A `try` in each: a context manager would cost more than a small statement does.
    def execute(self, *what: Any) -> Self:
        try:
            return super().execute(*what)
        except SQLITE_ERRORS as error:
            raise fault(self.connection.path, error) from error

    def executemany(self, *what: Any) -> Self:
        try:
            return super().executemany(*what)
        except SQLITE_ERRORS as error:
            raise fault(self.connection.path, error) from error

    def executescript(self, script: str) -> Self:
        try:
            super().executescript(script)
        except SQLITE_ERRORS as error:
            raise fault(self.connection.path, error) from error
        return self

    def fetchone(self) -> Any:
        try:
            return super().fetchone()
        except SQLITE_ERRORS as error:
            raise fault(self.connection.path, error) from error

    def fetchmany(self, *size: Any, **how: Any) -> list[Any]:
        try:
            return super().fetchmany(*size, **how)
        except SQLITE_ERRORS as error:
            raise fault(self.connection.path, error) from error

    def fetchall(self) -> list[Any]:
        try:
            return super().fetchall()
        except SQLITE_ERRORS as error:
            raise fault(self.connection.path, error) from error

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except SQLITE_ERRORS as error:
            raise fault(self.connection.path, error) from error


def address(path: Path, mode: str) -> str:
    """Give SQLite's address of a file, whatever characters its path has.

    A store on a medium that nobody can write is read as one that does not change: SQLite could not
    make the files beside it that it reads any other store with.
    """
    frozen = "&immutable=1" if is_frozen(path) else ""
    return f"{path.absolute().as_uri()}?mode={mode}{frozen}"


def is_frozen(path: Path) -> bool:
    """Tell whether a store's whole disk is read-only, and the file holds all that was written.

    A folder that is read-only here alone does not count: somebody else may write to it.
    """
    try:
        if not hasattr(os, "statvfs") or not os.statvfs(path).f_flag & os.ST_RDONLY:
            return False
        device = path.stat().st_dev
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
        log = Path(f"{path}-wal")
        if log.exists() and log.stat().st_size:
            return False
    except OSError:
        return False
    number = f"{os.major(device)}:{os.minor(device)}"
    return any(
        fields[2] == number and "ro" in fields[-1].split(",")
        for fields in map(str.split, mounts.splitlines())
    )
