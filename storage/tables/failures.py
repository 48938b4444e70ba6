"""What goes wrong again and again, by stage and by the one thing it goes wrong with."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta

from config.errors import StoreRowError
from config.redaction import PROCESS
from storage.database import Database
from storage.models import Failure, from_iso, iso
from storage.rows import reads
from storage.storable import mended

# A stage that works is written down this often at most: it may run many times a minute.
_WORKED_EVERY = timedelta(minutes=1)


class Failures:
    """Failures in a row. `subject` names one thing, such as `mention appstore:123`.

    An empty subject means the stage as a whole.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def failed(self, stage: str, at: datetime, error: str, subject: str = "") -> int:
        """Write one more failure; returns how many came in a row."""
        with self._database.transaction() as connection:
            return write_failure(connection, stage, at, error, subject)

    def worked(self, stage: str, at: datetime, subject: str = "") -> None:
        """Write that a stage, or one subject of it, works (again)."""
        connection = self._database.connection
        failing = connection.execute(
            "SELECT 1 FROM failures WHERE stage = ? AND subject = ? AND failures > 0",
            (stage, subject),
        ).fetchone()
        stale = not subject and self._is_stale(connection, stage, at)
        if not failing and not stale:
            return
        with self._database.transaction() as connection:
            if subject:
                clear_failure(connection, stage, subject)
                return
            connection.execute(
                "UPDATE failures SET failures = 0 WHERE stage = ? AND subject = ''", (stage,)
            )
            connection.execute(
                "INSERT OR REPLACE INTO stages (stage, worked_at) VALUES (?, ?)",
                (stage, iso(at)),
            )

    def of(self, stage: str) -> dict[str, Failure]:
        """Give what fails in a stage now, by subject."""
        return {one.subject: one for one in self.all() if one.stage == stage}

    def all(self) -> list[Failure]:
        """Give all that fails now, the stages as a whole before their subjects."""
        rows = self._database.connection.execute(
            "SELECT * FROM failures WHERE failures > 0 ORDER BY subject <> '', stage, first_at"
        )
        return [_failure(row) for row in rows]

    def forget_others(self, stage: str, subjects: Collection[str]) -> int:
        """Clear subjects of a stage that are there no more; returns how many."""
        gone = [one for one in self.of(stage) if one and one not in subjects]
        if gone:
            with self._database.transaction() as connection:
                connection.executemany(
                    "DELETE FROM failures WHERE stage = ? AND subject = ?",
                    [(stage, subject) for subject in gone],
                )
        return len(gone)

    def counts(self) -> dict[str, int]:
        """Count every failure there ever was, by stage."""
        rows = self._database.connection.execute(
            "SELECT stage, sum(total) FROM failures GROUP BY stage ORDER BY stage"
        )
        return {row[0]: int(row[1]) for row in rows}

    def worked_at(self) -> dict[str, datetime]:
        """Tell when each stage last ran to its end, to a minute."""
        rows = self._database.connection.execute("SELECT stage, worked_at FROM stages")
        return {row["stage"]: _worked_at(row) for row in rows}

    @staticmethod
    def _is_stale(connection: sqlite3.Connection, stage: str, at: datetime) -> bool:
        row = connection.execute(
            "SELECT stage, worked_at FROM stages WHERE stage = ?", (stage,)
        ).fetchone()
        # One that cannot be read is as good as none: it is written anew.
        with suppress(StoreRowError):
            return row is None or abs(at - _worked_at(row)) >= _WORKED_EVERY
        return True


@reads("failures", "stage")
def _failure(row: sqlite3.Row) -> Failure:
    return Failure(
        stage=row["stage"],
        subject=row["subject"],
        failures=row["failures"],
        total=row["total"],
        error=row["error"],
        first_at=from_iso(row["first_at"]),
        last_at=from_iso(row["last_at"]),
    )


@reads("stages", "stage")
def _worked_at(row: sqlite3.Row) -> datetime:
    return from_iso(row["worked_at"])


def write_failure(
    connection: sqlite3.Connection, stage: str, at: datetime, error: str, subject: str
) -> int:
    """Write one more failure inside a running transaction; returns how many came in a row."""
    return int(
        connection.execute(
            """
            INSERT INTO failures (stage, subject, failures, total, error, first_at, last_at)
            VALUES (?1, ?2, 1, 1, ?3, ?4, ?4)
            ON CONFLICT (stage, subject) DO UPDATE SET failures = failures + 1,
                total = total + 1, error = excluded.error, last_at = excluded.last_at,
                first_at = CASE failures WHEN 0 THEN excluded.first_at ELSE first_at END
            RETURNING failures
            """,
            (stage, subject, mended(PROCESS.text(" ".join(error.split()))), iso(at)),
        ).fetchone()[0]
    )


def clear_failure(connection: sqlite3.Connection, stage: str, subject: str) -> None:
    """Forget the failures of one subject inside a running transaction."""
    connection.execute("DELETE FROM failures WHERE stage = ? AND subject = ?", (stage, subject))
