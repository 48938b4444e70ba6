"""One SQLite connection the way all of Earful uses it: WAL, explicit transactions, migrated."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from importlib import resources
from pathlib import Path

from config.errors import StoreError, StoreLockedError, StoreTooNewError
from storage.connection import Connection, is_frozen
from storage.faults import moved
from storage.locks import StoreLock
from storage.log_length import LogShortener
from storage.tables.author_standing import settle

PATIENCE_S = 30.0
"""How long other processes are waited for; who only looks, such as `status`, may wait less."""

log = logging.getLogger(__name__)


class Database:
    """A connection that belongs to the thread that opened it; its errors are StoreErrors."""

    def __init__(
        self,
        path: Path,
        *,
        readonly: bool = False,
        create: bool = True,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Open the file, creating it unless `readonly` or not `create`.

        StoreError when it cannot be opened; StoreLockedError once other processes have held it for
        `patience_s` seconds, here and in all that follows.
        """
        self.path = path
        self._patience_s = patience_s
        self._is_writing = False
        self._is_migrated = False
        if create and not readonly:
            # What people wrote is for the store's owner; SQLite would let everybody read it.
            with suppress(OSError):
                path.touch(mode=0o600)
        before = _identity(path)
        mode = "ro" if readonly else "rwc" if create else "rw"
        self.connection = Connection(path, mode, patience_s)
        self._log = LogShortener(self.connection, patience_s)
        try:
            self.connection.execute("PRAGMA foreign_keys = ON")
            if not readonly and not is_frozen(path):
                self._write_ahead()
                # NORMAL could lose the last commit in a power cut: a sent alert would go twice.
                self.connection.execute("PRAGMA synchronous = FULL")
            self._file = _identity(path)
            if before is not None and before != self._file:
                # SQLite waited with the old one open while another took its place.
                raise moved(path)
        except BaseException:
            self.connection.close()
            raise

    def _write_ahead(self) -> None:
        """Turn the file to WAL; of several that open a fresh file at once, all but one wait.

        SQLite does not: it says at once that the file is locked, whatever the busy timeout.
        """
        deadline = time.monotonic() + self._patience_s
        while True:
            try:
                self.connection.execute("PRAGMA journal_mode = WAL")
            except StoreLockedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    def close(self) -> None:
        self.connection.close()

    def transaction(self) -> AbstractContextManager[Connection]:
        """Write in one transaction that takes the write lock at once.

        Inside another one it is a part of that: what fails in it is undone alone, and nothing of
        it stays unless the whole is committed.
        """
        return self._part() if self._is_writing else self._whole()

    @contextmanager
    def _whole(self) -> Iterator[Connection]:
        # A deferred transaction that upgrades from read to write ignores the busy timeout.
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        self._is_writing = True
        try:
            # Into a file that another has replaced SQLite would write without a word.
            if _identity(self.path) != self._file:
                raise moved(self.path)
            yield connection
            if self._is_migrated:
                settle(connection)
            connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._is_writing = False
        self._log.look()

    @contextmanager
    def _part(self) -> Iterator[Connection]:
        connection = self.connection
        # On a full disk SQLite ends the whole transaction: what came later would stand alone.
        if not connection.in_transaction:
            raise StoreError(
                f"{self.path}: an error before this one has undone all that was to be written "
                "with it: mend that one, then try again"
            )
        connection.execute("SAVEPOINT part")
        try:
            yield connection
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK TO part")
                connection.execute("RELEASE part")
            raise
        connection.execute("RELEASE part")

    def _roll_back(self) -> None:
        """End a failed transaction, unless SQLite has; the first error is the one to see."""
        if not self.connection.in_transaction:
            return
        try:
            self.connection.execute("ROLLBACK")
        except StoreError as error:
            log.warning("a failed transaction could not be rolled back: %s", error)

    def empty_log(self) -> bool:
        """Merge the write-ahead log into the file and empty it; False when others use it."""
        busy = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        return not busy

    def migrate(self, keep: Callable[[Database, str], object] | None = None) -> None:
        """Bring the schema up to date; safe when several processes do it at once.

        `keep` is given a store that has data, and the first migration it lacks, before anything is
        changed. StoreTooNewError when a newer Earful has migrated it.
        """
        if not self._is_current():
            self._migrate(keep)
        self._is_migrated = True

    def _migrate(self, keep: Callable[[Database, str], object] | None) -> None:
        # Late: sqlite-utils loads numpy where it is installed, and reading needs neither.
        from sqlite_utils import Database as SqliteUtilsDatabase

        from storage.migrations import migrations

        with StoreLock(f"{os.path.realpath(self.path)}.migrate.lock"):
            if self._is_current():
                return
            applied = self._applied()
            missing = sorted(_known() - applied)
            if keep is not None and applied and missing:
                keep(self, missing[0])
            # First: were this process killed after it, an older Earful would go wrong.
            oldest = max(_oldest_reader(), self._opened_from())
            self.connection.execute(f"PRAGMA user_version = {oldest}")
            if missing:
                self._drop_views()
            # sqlite-utils tries what SQLite can do, and reads its errors for the answer.
            with self.connection.plain() as connection:
                migrations.apply(SqliteUtilsDatabase(connection))
            if missing or not applied - _known():
                self._make_views()

    def require_migrated(self) -> None:
        """Raise StoreError unless exactly the migrations that this Earful knows were applied."""
        missing = len(_known() - self._applied())
        if missing:
            raise StoreError(
                f"{self.path}: its tables are older than this Earful ({missing} migrations "
                "are missing): run `earful run` or `earful process` once"
            )
        self._is_migrated = True

    def require_store(self) -> None:
        """Raise StoreError unless the file is a store of this Earful, or of an older one."""
        if not self._applied():
            raise StoreError(f"{self.path}: is no store of Earful: it has none of its tables")

    def _is_current(self) -> bool:
        applied = self._applied()
        # The views of a newer Earful have all that ours have.
        return (
            applied >= _known()
            and self._opened_from() >= _oldest_reader()
            and bool(applied - _known() or self._views_are_current())
        )

    def _opened_from(self) -> int:
        """Give the number of the migration that whoever opens the file must know; 0: all."""
        return int(self.connection.execute("PRAGMA user_version").fetchone()[0])

    def _applied(self) -> set[str]:
        """Name the migrations that the file has had.

        StoreTooNewError where some are unknown, unless the file says that ours may open it.
        """
        tables = self.connection.execute(
            "SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'"
        )
        if tables.fetchone() is None:
            return set()
        rows = self.connection.execute(
            "SELECT name FROM _sqlite_migrations WHERE migration_set = 'earful'"
        )
        applied = {row[0] for row in rows}
        unknown = sorted(applied - _known())
        if unknown and not 0 < self._opened_from() <= _newest():
            raise StoreTooNewError(
                f"{self.path}: a newer Earful has changed its tables ({', '.join(unknown)}): "
                "update this Earful, or put a backup from before back with `earful restore FILE`"
            )
        return applied

    def _views_are_current(self) -> bool:
        wanted = {view_name(sql): sql for sql in view_statements()}
        rows = self.connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'")
        return {name: sql for name, sql in rows if name in wanted} == wanted

    def _drop_views(self) -> None:
        """Take our views away: SQLite alters no table while a view names one that is gone."""
        with self.transaction() as connection:
            present = connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'")
            ours = {view_name(sql) for sql in view_statements()}
            for name in ours & {row[0] for row in present}:
                connection.execute(f"DROP VIEW {name}")

    def _make_views(self) -> None:
        with self.transaction() as connection:
            for sql in reversed(view_statements()):
                connection.execute(f"DROP VIEW IF EXISTS {view_name(sql)}")
            for sql in view_statements():
                connection.execute(sql)
            settle(connection)


@contextmanager
def as_of_one_moment(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Read all in a block as of one moment, whatever others write meanwhile."""
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        connection.rollback()


def _identity(path: Path) -> tuple[int, int] | None:
    """Name the file that is at a path now, whatever is or was called so."""
    with suppress(OSError):
        file = path.stat()
        return file.st_dev, file.st_ino
    return None


@cache
def _known() -> frozenset[str]:
    """Name all migrations of this Earful."""
    from sqlite_utils import Database as SqliteUtilsDatabase

    from storage.migrations import migrations

    with SqliteUtilsDatabase(memory=True) as empty:
        return frozenset(migration.name for migration in migrations.pending(empty))


@cache
def _newest() -> int:
    from storage.migrations import number_of

    return max(map(number_of, _known()))


@cache
def _oldest_reader() -> int:
    """Give the number of the last migration that an Earful must know to open our stores."""
    from storage.migrations import GENTLE, number_of

    return max(number_of(name) for name in _known() - GENTLE)


def view_statements() -> list[str]:
    script = resources.files("storage").joinpath("views.sql").read_text(encoding="utf-8")
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    # SQLite keeps a view's words without the semicolon, and current ones are compared to them.
    return [part.strip(" \n;") for part in "\n".join(lines).split(";\n") if part.strip(" \n;")]


def view_name(sql: str) -> str:
    return sql.split()[2]
