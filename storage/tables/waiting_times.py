"""Times that something waits for, and what becomes of them when the machine's clock is set.

A wait is a distance, written down as the moment at which it ends. The clock by which it was
written may have been wrong, or be set later: then nothing would happen until that moment comes.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.errors import StoreRowError
from storage.database import Database
from storage.models import from_iso, iso

_HOUR = timedelta(hours=1)
_UNSENT = "state IN ('pending', 'sending', 'parked')"


@dataclass(frozen=True, slots=True)
class _Wait:
    """A column with the end of a wait, which is never further away than `longest`."""

    table: str
    column: str
    where: str
    longest: timedelta


# Slack's own limits may ask for longer than our longest wait, which is a quarter of an hour.
_WAITS = (
    _Wait("alerts", "next_attempt_at", _UNSENT, _HOUR),
    _Wait("alerts", "claimed_at", f"{_UNSENT} AND state = 'sending'", timedelta(0)),
    _Wait("alerts", "look_at", "look_at IS NOT NULL AND state = 'sent'", 3 * _HOUR),
)
# What was written by a clock that was ahead, and until when it waits: as far from now as it was.
_WRITTEN_AHEAD = (
    ("alerts", "created_at", "not_before", _UNSENT),
    ("cases", "opened_at", "due_at", "state IN ('open', 'claimed')"),
)
_LAST_RUN = """
    SELECT max(r.id) FROM crawl_runs r WHERE r.brand = s.brand AND r.source = s.source
        AND r.target = s.target AND r.outcome IS NOT NULL
"""


class Waits:
    def __init__(self, database: Database) -> None:
        self._database = database

    def clock_set(self, step: timedelta, now: datetime) -> int:
        """Keep what waits as far away as it was: the clock was set by `step`, and says `now`.

        Set ahead, waits end early, which costs a try. Returns how many moments were moved.
        """
        if step >= timedelta(0):
            return 0
        with self._database.transaction() as connection:
            moved = self._move(connection, step, now)
            return moved + self._bound(connection, now)

    def bound(self, now: datetime) -> int:
        """Let nothing wait for longer than it ever may: the clock was wrong when it was written.

        Returns how many moments were moved.
        """
        with self._database.transaction() as connection:
            return self._bound(connection, now)

    def _move(self, connection: sqlite3.Connection, step: timedelta, now: datetime) -> int:
        seconds = f"{step.total_seconds():+.0f} seconds"
        moved = 0
        columns = [(one.table, one.column, one.where) for one in _WAITS]
        for table, column, where in [*columns, ("source_states", "opens_at", "opens_at > ?2")]:
            earlier = f"strftime('%Y-%m-%dT%H:%M:%S+00:00', {column}, ?1)"
            moved += connection.execute(
                f"UPDATE {table} SET {column} = max({earlier}, ?2) "
                f"WHERE {where} AND {column} > ?2 AND {earlier} IS NOT NULL",
                (seconds, iso(now)),
            ).rowcount
        return moved

    def _bound(self, connection: sqlite3.Connection, now: datetime) -> int:
        moved = 0
        for one in _WAITS:
            moved += connection.execute(
                f"UPDATE {one.table} SET {one.column} = ?1 WHERE {one.where} "
                f"AND {one.column} > ?2",
                (iso(now), iso(now + one.longest)),
            ).rowcount
        for table, written, until, where in _WRITTEN_AHEAD:
            rows = connection.execute(
                f"SELECT id, {written}, {until} FROM {table} WHERE {where} AND {written} > ?",
                (iso(now),),
            ).fetchall()
            for row in rows:
                waits_until = _as_far(row, written, until, now)
                connection.execute(
                    f"UPDATE {table} SET {written} = ?, {until} = ? WHERE id = ?",
                    (iso(now), waits_until, row["id"]),
                )
            moved += len(rows)
        # A rest that a crawl gave which has not been yet.
        return (
            moved
            + connection.execute(
                f"""
            UPDATE source_states AS s SET opens_at = NULL WHERE s.opens_at > ?1
                AND (SELECT r.finished_at FROM crawl_runs r WHERE r.id = ({_LAST_RUN})) > ?1
            """,
                (iso(now),),
            ).rowcount
        )


def _as_far(row: sqlite3.Row, written: str, until: str, now: datetime) -> str | None:
    try:
        if row[until] is None:
            return None
        return iso(now + (from_iso(row[until]) - from_iso(row[written])))
    except (ValueError, OverflowError, StoreRowError):
        return iso(now)
