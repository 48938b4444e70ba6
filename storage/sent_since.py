"""What was sent after a backup was made: a store that is put back must not send it again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from config.errors import StoreCorruptError
from storage.connection import Connection, address
from storage.database import PATIENCE_S, Database
from storage.models import iso

# A message that has gone, may have gone or is not to go; what waits is made again from what is
# put back.
_DECIDED = "('sending', 'sent', 'dropped')"
_UNSENT = "('pending', 'sending', 'parked')"
_DOUBT = (
    "Slack may have this message: the store was put back from a backup, and what came after it "
    "could not be read."
)


def carry_over(old: Path, new: Path) -> int:
    """Let the store `new` know what `old` has sent, dropped or begun to send since.

    Alerts that only `old` has come too, so that their dedupe keys stay taken; so do the marks of
    what was forgotten. Returns how many alerts `new` would have sent again, or made again.
    StoreCorruptError where `old` cannot be read.
    """
    with _attached(new, old) as database, database.transaction() as connection:
        columns = ", ".join(_common_columns(connection, "alerts"))
        changed = connection.execute(
            f"""
            UPDATE alerts SET ({columns}) =
                (SELECT {columns} FROM old.alerts o WHERE o.dedupe_key = alerts.dedupe_key)
            WHERE state IN {_UNSENT} AND EXISTS (
                SELECT 1 FROM old.alerts o
                WHERE o.dedupe_key = alerts.dedupe_key AND o.state IN {_DECIDED}
                    AND (o.state, coalesce(o.sent_at, '')) <>
                        (alerts.state, coalesce(alerts.sent_at, ''))
            )
            """
        ).rowcount
        added = connection.execute(
            f"""
            INSERT INTO alerts ({columns})
            SELECT {columns} FROM old.alerts o
            WHERE o.state IN {_DECIDED}
                AND o.dedupe_key NOT IN (SELECT dedupe_key FROM main.alerts)
            ORDER BY o.id
            """
        ).rowcount
        if _has(connection, "tombstones"):
            connection.execute(
                "INSERT OR IGNORE INTO tombstones SELECT * FROM old.tombstones "
                "WHERE (SELECT key FROM tombstone_key) = (SELECT key FROM old.tombstone_key)"
            )
        return changed + added


def doubt_all(new: Path, at: datetime) -> int:
    """Let each alert of the store `new` that waits be looked for in Slack before it is sent.

    For where nothing is known of what was sent since the backup. Returns how many there are.
    """
    with closing(Database(new, create=False)) as database, database.transaction() as connection:
        return connection.execute(
            """
            UPDATE alerts SET state = 'sending', may_be_posted = 1, error = ?1,
                trouble = 'passing', next_attempt_at = ?2,
                claimed_at = coalesce(claimed_at, created_at), attempts = max(attempts, 1)
            WHERE state IN ('pending', 'sending') AND operation <> 'update'
            """,
            (_DOUBT, iso(at)),
        ).rowcount


@contextmanager
def _attached(new: Path, old: Path) -> Iterator[Database]:
    # An error names the store that cannot be read, and not the copy.
    with closing(Connection(old, "ro", PATIENCE_S)) as readable:
        readable.execute("SELECT count(*) FROM sqlite_master").fetchone()
    with closing(Database(new, create=False)) as database:
        connection = database.connection
        connection.execute("ATTACH ? AS old", (address(old, "ro"),))
        if not _has(connection, "alerts"):
            raise StoreCorruptError(f"{old}: is no store of Earful: it has none of its tables")
        yield database


def _common_columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """Name the columns that both stores have: one may be older."""
    names = [
        {row[1] for row in connection.execute(f"PRAGMA {schema}.table_info({table})")}
        for schema in ("main", "old")
    ]
    return sorted((names[0] & names[1]) - {"id"})


def _has(connection: sqlite3.Connection, table: str) -> bool:
    found = connection.execute("SELECT 1 FROM old.sqlite_master WHERE name = ?", (table,))
    return found.fetchone() is not None
