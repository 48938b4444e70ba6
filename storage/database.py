"""One SQLite connection the way all of Earful uses it: WAL, explicit transactions, migrated."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from filelock import FileLock

from config.errors import StoreError

BUSY_TIMEOUT_S = 30


class Database:
    """A connection that belongs to the thread that opened it."""

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        """Open the file, creating it unless `readonly`; StoreError when it cannot be."""
        self.path = path
        mode = "ro" if readonly else "rwc"
        try:
            self.connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=BUSY_TIMEOUT_S,
                # Transactions are begun by `transaction` alone.
                isolation_level=None,
            )
            self.connection.row_factory = sqlite3.Row
            self.connection.execute("PRAGMA foreign_keys = ON")
            if not readonly:
                self._write_ahead()
                # NORMAL could lose the last commit in a power cut: a sent alert would go twice.
                self.connection.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error as error:
            raise StoreError(
                f"{path}: cannot be opened as a store: {error}; check the path, its permissions "
                "and that it is an SQLite file"
            ) from error

    def _write_ahead(self) -> None:
        """Turn the file to WAL; of several that open a fresh file at once, all but one wait.

        SQLite does not: it says at once that the file is locked, whatever the busy timeout.
        """
        deadline = time.monotonic() + BUSY_TIMEOUT_S
        while True:
            try:
                self.connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    def close(self) -> None:
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write in one transaction that takes the write lock at once.

        A deferred transaction that upgrades from read to write ignores the busy timeout.
        """
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise StoreError(
                f"{self.path}: another process has been writing for {BUSY_TIMEOUT_S} s: {error}"
            ) from error
        try:
            yield self.connection
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def migrate(self) -> None:
        """Bring the schema up to date; safe when several processes do it at once."""
        # Late: sqlite-utils loads numpy where it is installed, and reading needs neither.
        from sqlite_utils import Database as SqliteUtilsDatabase

        from storage.migrations import migrations

        database = SqliteUtilsDatabase(self.connection)
        with FileLock(f"{self.path}.migrate.lock"):
            if not migrations.pending(database) and self._views_are_current():
                return
            try:
                migrations.apply(database)
                self._make_views()
            except sqlite3.Error as error:
                raise StoreError(
                    f"{self.path}: cannot be migrated: {error}; restore a backup or use another "
                    "file"
                ) from error

    def require_migrated(self) -> None:
        """Raise StoreError unless every migration has been applied."""
        from sqlite_utils import Database as SqliteUtilsDatabase

        from storage.migrations import migrations

        try:
            pending = migrations.pending(SqliteUtilsDatabase(self.connection))
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: not an Earful store: {error}") from error
        if pending:
            raise StoreError(
                f"{self.path}: its tables are older than this Earful ({len(pending)} migrations "
                "are missing): run `earful run` or `earful process` once"
            )

    def _views_are_current(self) -> bool:
        wanted = {_view_name(sql): sql for sql in _view_statements()}
        rows = self.connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'")
        return {name: sql for name, sql in rows if name in wanted} == wanted

    def _make_views(self) -> None:
        with self.transaction() as connection:
            for sql in reversed(_view_statements()):
                connection.execute(f"DROP VIEW IF EXISTS {_view_name(sql)}")
            for sql in _view_statements():
                connection.execute(sql)


def _view_statements() -> list[str]:
    script = resources.files("storage").joinpath("views.sql").read_text(encoding="utf-8")
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    return [part.strip() for part in "\n".join(lines).split(";\n") if part.strip(" \n;")]


def _view_name(sql: str) -> str:
    return sql.split()[2]
