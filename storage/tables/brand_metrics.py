"""What is measured of each brand: what its days counted, and the tables of charts and periods."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date
from typing import TypeAlias

from storage.database import Database
from storage.models import ControlPoint, Measured, MeasuredError, MetricPeriod, MetricShift

DayCounts: TypeAlias = dict[date, Counter[str]]

_VERDICTS = ("mentions", "angry", "mediocre", "delighted", "none", "advocate", "hater")
_Row: TypeAlias = ControlPoint | MetricShift | MetricPeriod | MeasuredError
_TABLES: dict[str, tuple[type[_Row], tuple[str, ...]]] = {
    "control_points": (ControlPoint, ("metric", "day")),
    "shifts": (MetricShift, ("metric", "day")),
    "metric_periods": (MetricPeriod, ("period", "metric")),
    "measured_error": (MeasuredError, ("label",)),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """How many of the model's verdicts of a label people labelled, too, and how many otherwise."""

    checked: int
    corrected: int


class Metrics:
    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self) -> dict[str, int]:
        """Give the brands whose counts changed since they were measured, by how often."""
        rows = self._database.connection.execute("SELECT brand, changes FROM measure_due")
        return {row["brand"]: row["changes"] for row in rows}

    def brands(self) -> list[str]:
        """Name every brand of which something was ever counted."""
        # One step an index entry that differs, not one a row.
        after = "SELECT min(brand) FROM cut_days WHERE dimension = 'all' AND value = ''"
        rows = self._database.connection.execute(
            f"""
            WITH RECURSIVE known(brand) AS (
                {after}
                UNION ALL
                SELECT ({after} AND brand > known.brand)
                FROM known WHERE known.brand IS NOT NULL
            )
            SELECT brand FROM known WHERE brand IS NOT NULL
            """
        )
        return [row["brand"] for row in rows]

    def days(self, brand: str) -> DayCounts:
        """Give what each day of a brand counted, by the names that metrics use; days are its own.

        `mentions` and verdicts, as the daily counts have them; `cases` opened that day and
        `answered` since; `answers` given that day and those `in_time`; complainers who `came_back`
        that day with an experience after the brand's answer, and those `won_back`.
        """
        days: DayCounts = {}
        for sql in (_COUNTED, _CASES, _ANSWERS, _RETURNS):
            _add(days, self._database.connection.execute(sql, (brand,)))
        return days

    def undated(self, brand: str) -> DayCounts:
        """Give what `days` has of mentions without a date: they may be years old."""
        sums = ", ".join(
            f"sum({'stance' if name in ('advocate', 'hater') else 'experience'} = '{name}') "
            f"AS {name}"
            for name in _VERDICTS[1:]
        )
        days: DayCounts = {}
        rows = self._database.connection.execute(
            f"""
            SELECT day, count(*) AS mentions, {sums} FROM mention_facts
            WHERE brand = ? AND NOT dated AND counted AND experience IS NOT NULL GROUP BY 1
            """,
            (brand,),
        )
        _add(days, rows)
        return days

    def checked(self, brand: str) -> dict[str, Checked]:
        """Count by label what people said of the model's verdicts of a brand."""
        rows = self._database.connection.execute(
            """
            WITH said AS (
                SELECT c.experience AS c_experience, c.stance AS c_stance,
                    v.experience, v.stance
                -- People corrected few: from them to their mentions, and not from a whole brand's.
                FROM corrections c
                CROSS JOIN mentions m ON m.id = c.mention_id AND m.brand = ?
                JOIN verdicts v ON v.id = (
                    SELECT max(k.id) FROM verdicts k
                    WHERE k.mention_id = c.mention_id AND k.text_hash = c.text_hash
                )
                WHERE NOT v.unread AND c.id = (
                    SELECT max(k.id) FROM corrections k
                    WHERE k.mention_id = c.mention_id AND k.text_hash = c.text_hash
                )
            )
            SELECT experience AS label, count(*) AS checked,
                sum(experience <> c_experience) AS corrected
            FROM said WHERE c_experience IS NOT NULL GROUP BY 1
            UNION ALL
            SELECT stance, count(*), sum(stance <> c_stance)
            FROM said WHERE c_stance IS NOT NULL GROUP BY 1
            """,
            (brand,),
        )
        return {row["label"]: Checked(row["checked"], row["corrected"]) for row in rows}

    def write(self, brand: str, measured: Measured, changes: int | None) -> int:
        """Write what was measured of a brand; rows that did not change stay. Returns the others.

        `changes` is what `due` gave: what changed since then keeps the brand due.
        """
        written = 0
        with self._database.transaction() as connection:
            for name, rows in (
                ("control_points", measured.points),
                ("shifts", measured.shifts),
                ("metric_periods", measured.periods),
                ("measured_error", measured.errors),
            ):
                written += _replace(connection, name, brand, rows)
            connection.execute(
                "DELETE FROM measure_due WHERE brand = ? AND changes = ?", (brand, changes)
            )
        return written


_COUNTED = f"""
    SELECT day, {", ".join(_VERDICTS)} FROM cut_days
    WHERE dimension = 'all' AND value = '' AND brand = ?
"""
# Cases have moments of UTC; the day is that of their brand's zone, as `mention_facts` has it.
_CASES = """
    SELECT date(opened_at, coalesce((
            SELECT o.seconds || ' seconds' FROM brands b
            JOIN zone_offsets o ON o.time_zone = b.time_zone
            WHERE b.name = k.brand AND o.since <= k.opened_at ORDER BY o.since DESC LIMIT 1
        ), '0 seconds')) AS day,
        count(*) AS cases, sum(responded_at IS NOT NULL) AS answered
    FROM cases k WHERE brand = ? AND state <> 'dismissed' GROUP BY 1 HAVING day IS NOT NULL
"""
_ANSWERS = """
    SELECT date(answered_on) AS day, count(*) AS answers, sum(in_time) AS in_time
    FROM answer_times WHERE brand = ? GROUP BY 1 HAVING day IS NOT NULL
"""
_RETURNS = """
    SELECT f.day, count(*) AS came_back, sum(f.experience = 'delighted') AS won_back
    FROM cases k
    JOIN mentions m ON m.id = k.mention_id
    JOIN mention_facts f ON f.seq = (
        SELECT n.seq FROM mention_facts n
        WHERE n.author_id = m.author_id AND n.brand = k.brand AND n.counted_at > k.responded_at
            AND n.dated AND n.counted AND n.experience IN ('angry', 'mediocre', 'delighted')
        ORDER BY n.counted_at LIMIT 1
    )
    WHERE k.brand = ? AND k.responded_at IS NOT NULL AND k.state <> 'dismissed'
    GROUP BY 1
"""


def _add(days: DayCounts, rows: Iterable[sqlite3.Row]) -> None:
    for row in rows:
        counted = {name: row[name] for name in row.keys() if name != "day"}  # noqa: SIM118
        days.setdefault(date.fromisoformat(row["day"]), Counter()).update(counted)


def _replace(connection: sqlite3.Connection, table: str, brand: str, rows: Sequence[_Row]) -> int:
    """Let a table hold exactly these rows of a brand, writing only what differs."""
    model, key = _TABLES[table]
    names = [field.name for field in fields(model)]
    before = {
        tuple(row[name] for name in key): tuple(row)
        for row in connection.execute(
            f"SELECT {', '.join(names)} FROM {table} WHERE brand = ?", (brand,)
        )
    }
    places = [names.index(name) for name in key]
    now = {}
    for row in rows:
        values = tuple(one.isoformat() if isinstance(one, date) else one for one in astuple(row))
        now[tuple(values[place] for place in places)] = values
    gone = before.keys() - now.keys()
    changed = [values for one, values in now.items() if before.get(one) != values]
    connection.executemany(
        f"DELETE FROM {table} WHERE brand = ? AND " + " AND ".join(f"{name} = ?" for name in key),
        [(brand, *one) for one in gone],
    )
    connection.executemany(
        f"INSERT OR REPLACE INTO {table} (brand, {', '.join(names)}) "
        f"VALUES (?{', ?' * len(names)})",
        [(brand, *values) for values in changed],
    )
    return len(gone) + len(changed)
