"""What a query may take: length, memory, and only what a reader is to see.

A page may run any SELECT. `select zeroblob(300000000)` once took 9 GB.
"""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Callable
from typing import Any

LONGEST_VALUE = 4_000_000
"""Bytes of a text or a row; no mention is longer."""
MOST_BYTES = 64_000_000
"""Bytes of the rows that one query gives a page."""
MOST_BYTES_OF_FILE = 256_000_000
"""Bytes of the rows that one CSV file is made of."""
_HEAP = 512 * 1024 * 1024
_ADDRESS_SPACE = 4 * 1024 * 1024 * 1024
# What no reader is to see: keys that tell whose a pseudonym or a tombstone is, and who is signed
# in. The audit has a page of its own, for admins.
_HIDDEN = frozenset({"audit", "sessions", "pseudonym_key", "tombstone_key"})
_REFUSED_ACTIONS = frozenset({sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH})

TOO_LARGE = (
    "The answer is too large for a page. Choose a shorter period or fewer columns, or run "
    "`earful export`."
)
HIDDEN = (
    "This is not shown here: it holds keys of the store, who is signed in, or who did what (which "
    "an admin reads at /-/audit)."
)


class TooLargeError(sqlite3.DataError):
    """An answer that holds more bytes than a page may have."""


class _BoundedCursor(sqlite3.Cursor):
    """A cursor that gives no more than its connection's bytes at once."""

    def fetchmany(self, size: int | None = None) -> list[Any]:
        rows: list[Any] = []
        left = _budget(self.connection)
        for _ in range(self.arraysize if size is None else size):
            row = self.fetchone()
            if row is None:
                break
            left -= sum(len(value) for value in tuple(row) if isinstance(value, str | bytes))
            if left < 0:
                raise TooLargeError(TOO_LARGE)
            rows.append(row)
        return rows

    def fetchall(self) -> list[Any]:
        return self.fetchmany(2**62)


class BoundedConnection(sqlite3.Connection):
    """A connection on which a query can neither write nor take the machine's memory."""

    most_bytes: Callable[[], int] = staticmethod(lambda: MOST_BYTES)

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(factory or _BoundedCursor)

    # Those of sqlite3 make a plain cursor, whatever `cursor` makes.
    def execute(self, *what: Any) -> sqlite3.Cursor:
        cursor: sqlite3.Cursor = self.cursor()
        return cursor.execute(*what)

    def bound(self) -> None:
        """Set the limits, once the connection is prepared."""
        self.execute("PRAGMA query_only = 1")
        # Sorting in memory, which is bounded, and not on the disk, which is not.
        self.execute("PRAGMA temp_store = MEMORY")
        self.execute(f"PRAGMA hard_heap_limit = {_HEAP}")
        self.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
        self.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        self.setlimit(sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0)
        # Extensions are off unless somebody turns them on; some builds have no such switch.
        if hasattr(self, "enable_load_extension"):
            self.enable_load_extension(False)
        self.set_authorizer(_authorized)


def bound_process() -> None:
    """Let this process take no more of the machine's memory than pages need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = _ADDRESS_SPACE if hard == resource.RLIM_INFINITY else min(_ADDRESS_SPACE, hard)
    if soft == resource.RLIM_INFINITY or soft > wanted:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def _budget(connection: sqlite3.Connection) -> int:
    return connection.most_bytes() if isinstance(connection, BoundedConnection) else MOST_BYTES


def _authorized(
    action: int, first: str | None, second: str | None, _database: str | None, _by: str | None
) -> int:
    if action in _REFUSED_ACTIONS:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_READ and first in _HIDDEN and second:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and second in ("load_extension", "fts3_tokenizer"):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK
