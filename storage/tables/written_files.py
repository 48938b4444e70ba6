"""Files that Earful wrote, and which of them still hold what is erased from the store."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from storage.database import Database
from storage.models import from_iso, iso
from storage.models.alert_models import AlertKind
from storage.rows import reads
from storage.storable import mended
from storage.tables.alert_rows import in_payload
from storage.tables.daily_counts import COUNTED_AT
from storage.tables.subjects import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """A file and what is in it: mentions of a brand (or all), of a period (or all time)."""

    path: Path
    kind: str
    at: datetime
    brand: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class WrittenFiles:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, written: WrittenFile) -> None:
        """Write a file down, in the place of what was written there before."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO written_files "
                "(path, kind, written_at, brand, since, until) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    mended(str(written.path.absolute())), written.kind, iso(written.at),
                    written.brand, iso(written.since) if written.since else None,
                    iso(written.until) if written.until else None,
                ),
            )  # fmt: skip

    def remove(self, paths: list[Path]) -> None:
        """Strike out files that are there no more."""
        with self._database.transaction() as connection:
            connection.executemany(
                "DELETE FROM written_files WHERE path = ?",
                [(mended(str(path.absolute())),) for path in paths],
            )

    def that_hold(self, subject: Subject) -> list[WrittenFile]:
        """Give the files that were written when one of these mentions was stored, and of its
        brand and time, the oldest first; whether they are still there is for the caller to see."""
        rows = self._database.connection.execute(
            f"SELECT * FROM written_files f WHERE {_holds(subject)} ORDER BY f.written_at, f.path",
            (subject.value,),
        )
        return [_written(row) for row in rows]

    def waiting(self) -> list[WrittenFile]:
        """Give the files that alerts bring which still wait to be sent."""
        rows = self._database.connection.execute(
            f"SELECT * FROM written_files f WHERE {_WAITS} ORDER BY f.path"
        )
        return [_written(row) for row in rows]


def take_back(connection: sqlite3.Connection, subject: Subject) -> None:
    """Delete the files that wait to be sent and hold what is about to be erased.

    Who sends them makes them anew first. Of a transaction that fails after all nothing is lost.
    """
    # It shows cases that wait and people as they stand, whenever they wrote.
    rows = connection.execute(
        f"SELECT f.path FROM written_files f WHERE {_WAITS} AND {_holds(subject, '1')}",
        (subject.value,),
    )
    for row in rows.fetchall():
        Path(row["path"]).unlink(missing_ok=True)


_WAITS = f"""f.path IN (
    SELECT {in_payload("$.file", "a.")} FROM alerts a
    WHERE a.kind = '{AlertKind.REPORT}' AND a.state IN ('pending', 'sending', 'parked')
)"""


_OF_ITS_DAYS = (
    f"(f.since IS NULL OR {COUNTED_AT} >= f.since) AND (f.until IS NULL OR {COUNTED_AT} < f.until)"
)


def _holds(subject: Subject, when: str = _OF_ITS_DAYS) -> str:
    """Give SQL that tells whether a file (`f`) may hold mentions that `when` is true of."""
    return f"""EXISTS (
        SELECT 1 FROM mentions WHERE {subject.where} AND (f.brand IS NULL OR brand = f.brand)
            AND {when} AND coalesce(first_fetched_at, fetched_at) <= f.written_at
    )"""


@reads("written_files", "path")
def _written(row: sqlite3.Row) -> WrittenFile:
    return WrittenFile(
        path=Path(row["path"]),
        kind=row["kind"],
        at=from_iso(row["written_at"]),
        brand=row["brand"],
        since=from_iso(row["since"]) if row["since"] else None,
        until=from_iso(row["until"]) if row["until"] else None,
    )
