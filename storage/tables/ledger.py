"""The ledger: each entry that was seen is counted once, and what became of it once: see 0016.

What others call inside their running transactions stands below the class, so that an entry is
counted with what is written of it, or not at all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from storage.database import Database
from storage.models import Fate, LedgerLine, Mention, RefusalReason, iso
from storage.rows import reads
from storage.storable import mended

SEEN_ON = "coalesce(m.seen_on, substr(m.fetched_at, 1, 10))"
"""The day of the ledger on which the present text of a mention `m` stands."""

# Of a mention that the store cannot hold not even the day may be known.
_NO_DAY = "0001-01-01"
# A mention that claims to be of a later day than it was seen on outlives the age by so much.
_SLACK = timedelta(days=3)


class Ledger:
    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self, since: datetime) -> list[dict[str, Any]]:
        """Give the rows of the view `ledger` from the day of a moment on, the newest first."""
        rows = self._database.connection.execute(
            "SELECT * FROM ledger WHERE day >= ?", (iso(since)[:10],)
        )
        return [dict(row) for row in rows]

    def alerted(self, mention_id: str) -> None:
        """Write that a person made an alert of what the rules had left alone; safe to repeat."""
        with self._database.transaction() as connection:
            row = connection.execute(
                f"""
                SELECT v.id, v.fate, m.brand, m.source, {SEEN_ON} AS seen_on
                FROM mentions m JOIN verdicts v ON v.id = m.verdict_id
                WHERE m.id = ? AND v.fate <> ?
                """,
                (mention_id, Fate.ALERTED),
            ).fetchone()
            # What was judged before there was a ledger has no fate, and no line to move from.
            if row is None:
                return
            connection.execute(
                "UPDATE verdicts SET fate = ? WHERE id = ?", (Fate.ALERTED, row["id"])
            )
            move_line(connection, _line(row), Fate.ALERTED)

    def forget_before(self, than: datetime) -> int:
        """Erase the lines of days before a moment whose mentions are erased; returns how many."""
        with self._database.transaction() as connection:
            return connection.execute(
                "DELETE FROM ledger_lines WHERE day < ?", (iso(than - _SLACK)[:10],)
            ).rowcount


@reads("verdicts")
def _line(row: sqlite3.Row) -> LedgerLine:
    return LedgerLine(
        day=row["seen_on"], brand=row["brand"], source=row["source"], fate=Fate(row["fate"])
    )


def count_lines(connection: sqlite3.Connection, lines: Mapping[LedgerLine, int]) -> None:
    """Add entries to lines of the ledger."""
    connection.executemany(
        """
        INSERT INTO ledger_lines (day, brand, source, fate, reason, entries)
        VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET entries = entries + excluded.entries
        """,
        [
            (line.day, line.brand, line.source, line.fate, line.reason or "", entries)
            for line, entries in lines.items()
            if entries
        ],
    )


def count_waiting_as(
    connection: sqlite3.Connection, fate: str, where: str, values: Mapping[str, object]
) -> None:
    """Count the mentions that wait, of those that a condition on `m` and `v` names, as judged.

    `fate` is an expression of SQL; call it before their verdicts are marked.
    """
    connection.execute(
        f"""
        INSERT INTO ledger_lines (day, brand, source, fate, entries)
        SELECT {SEEN_ON}, m.brand, m.source, {fate}, count(*)
        FROM mentions m LEFT JOIN verdicts v ON v.id = m.verdict_id
        WHERE v.judged_at IS NULL AND {where}
        GROUP BY 1, 2, 3, 4
        ON CONFLICT DO UPDATE SET entries = entries + excluded.entries
        """,
        values,
    )


def wait_again(connection: sqlite3.Connection, verdict_id: int) -> None:
    """Let a current verdict wait for the rules again; what came of it is taken back."""
    row = connection.execute(
        f"""
        SELECT v.id, v.fate, m.brand, m.source, {SEEN_ON} AS seen_on
        FROM verdicts v JOIN mentions m ON m.verdict_id = v.id WHERE v.id = ?
        """,
        (verdict_id,),
    ).fetchone()
    connection.execute(
        "UPDATE verdicts SET judged_at = NULL, fate = NULL WHERE id = ?", (verdict_id,)
    )
    if row["fate"] is not None:
        _take_one(connection, _line(row))
    else:
        # It was judged before there was a ledger, which counts it from now on.
        day, brand, source = row["seen_on"], row["brand"], row["source"]
        new = LedgerLine(day=day, brand=brand, source=source, fate=Fate.NEW)
        count_lines(connection, {new: 1})


def move_line(connection: sqlite3.Connection, line: LedgerLine, to: Fate) -> None:
    """Move one entry from its line to that of another fate."""
    if _take_one(connection, line):
        count_lines(connection, {replace(line, fate=to): 1})


def _take_one(connection: sqlite3.Connection, line: LedgerLine) -> bool:
    """Take one entry from its line; False where it has none."""
    taken = connection.execute(
        """
        UPDATE ledger_lines SET entries = entries - 1
        WHERE day = ? AND brand = ? AND source = ? AND fate = ? AND reason = '' AND entries > 0
        """,
        (line.day, line.brand, line.source, line.fate),
    ).rowcount
    return bool(taken)


def unstorable_line(mention: Mention, at: datetime | None) -> LedgerLine:
    """Name the line of a mention that the store cannot hold, whichever field is at fault."""
    day = _NO_DAY
    with suppress(AttributeError, TypeError, ValueError, OverflowError):
        day = iso(at or mention.fetched_at)[:10]
    return LedgerLine(
        day=day,
        brand=mended(str(mention.brand)),
        source=mended(str(mention.source)),
        fate=Fate.REFUSED,
        reason=RefusalReason.UNSTORABLE,
    )
