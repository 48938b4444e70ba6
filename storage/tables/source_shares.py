"""What each source's mentions are like, counted by day; and which shares have left their limits.

A share is named by its kind and value: `experience none`, `verdict sure`, `language de`, `length
under 50`, `field rating`. Counted is each mention once, by its first verdict, on the day on which
it was fetched, if it was written at most a week before: a history that is read at once says
nothing about what a source gives now.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from storage.database import Database
from storage.rows import reads

_FRESH_DAYS = 7
_AT_A_TIME = 5_000
_KEPT = timedelta(days=120)
_LENGTH = "length(m.text)"
# Each share as a condition on a mention `m` and its verdict `v`, and on whom it is reckoned.
_READ = "NOT v.unread"
_SHARES: Mapping[str, tuple[str, str]] = {
    **{
        f"experience {one}": (f"v.experience = '{one}'", _READ)
        for one in ("angry", "mediocre", "delighted", "none")
    },
    "verdict sure": ("v.sure", _READ),
    "length under 50": (f"{_LENGTH} < 50", "1"),
    "length 50 to 499": (f"{_LENGTH} BETWEEN 50 AND 499", "1"),
    "length 500 and more": (f"{_LENGTH} >= 500", "1"),
    "field title": ("m.title IS NOT NULL", "1"),
    "field author": ("m.author_id IS NOT NULL", "1"),
    "field url": ("m.url IS NOT NULL", "1"),
    "field rating": ("m.rating IS NOT NULL", "1"),
    "field reach": ("m.reach IS NOT NULL", "1"),
    "field date": ("m.created_at IS NOT NULL", "1"),
}
_FETCHED = "coalesce(m.first_fetched_at, m.fetched_at)"
_COUNTED = f"""
    FROM verdicts v JOIN mentions m ON m.id = v.mention_id
    WHERE v.id > :after AND v.id <= :upto
        AND NOT EXISTS (
            SELECT 1 FROM verdicts e WHERE e.mention_id = v.mention_id AND e.id < v.id
        )
        AND (m.created_at IS NULL
            OR julianday({_FETCHED}) - julianday(m.created_at) <= {_FRESH_DAYS})
"""
_DAY = f"substr({_FETCHED}, 1, 10)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareDay:
    """How many of a day's mentions of a source were so; `whole` are those that could be."""

    day: date
    part: int
    whole: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftRow:
    """A share that left its limits. `part` of `whole` are the days since, up to `seen_on`.

    `became_usual`: it ended because the new level had lasted long enough to be the usual one.
    """

    brand: str
    source: str
    share: str
    since: date
    usual: float
    part: int
    whole: int
    seen_on: date
    ended_on: date | None = None
    became_usual: bool = False


class SourceShares:
    def __init__(self, database: Database) -> None:
        self._database = database

    def count_on(self) -> int:
        """Count a portion of the verdicts that no day counts yet; returns how many were looked at.

        Each call is one short transaction; 0 means that all are counted.
        """
        with self._database.transaction() as connection:
            after = connection.execute("SELECT verdict_id FROM source_days_counted").fetchone()[0]
            upto = connection.execute(
                "SELECT max(id) FROM (SELECT id FROM verdicts WHERE id > ? ORDER BY id LIMIT ?)",
                (after, _AT_A_TIME),
            ).fetchone()[0]
            if upto is None:
                return 0
            place = {"after": after, "upto": upto}
            _add(connection, _shares(connection, place))
            _add(connection, _languages(connection, place))
            connection.execute("UPDATE source_days_counted SET verdict_id = ?", (upto,))
            return int(upto - after)

    def sources(self, since: date) -> list[tuple[str, str]]:
        """Name the brands and sources of which something was counted on or after a day."""
        rows = self._database.connection.execute(
            "SELECT DISTINCT brand, source FROM source_days WHERE day >= ? ORDER BY 1, 2",
            (since.isoformat(),),
        )
        return [(row[0], row[1]) for row in rows]

    def days(self, brand: str, source: str, since: date) -> dict[str, list[ShareDay]]:
        """Give each share of a source by day, the earliest first.

        A language that no mention of a day was in has a part of 0 on it.
        """
        found: dict[str, list[ShareDay]] = {}
        rows = self._database.connection.execute(
            "SELECT * FROM source_days WHERE brand = ? AND source = ? AND day >= ? ORDER BY day",
            (brand, source, since.isoformat()),
        )
        for row in rows:
            found.setdefault(row["share"], []).append(_share_day(row))
        every = found.get("length under 50", [])
        for share, given in found.items():
            if share.startswith("language "):
                known = {one.day: one for one in given}
                found[share] = [
                    known.get(one.day) or ShareDay(day=one.day, part=0, whole=one.whole)
                    for one in every
                ]
        return found

    def drifting(self) -> list[DriftRow]:
        """Give the shares that are outside their limits now, by brand and source."""
        rows = self._database.connection.execute(
            "SELECT * FROM source_drift WHERE ended_on IS NULL "
            "ORDER BY brand, source, since, share"
        )
        return [_drift(row) for row in rows]

    def became_usual(self, brand: str, source: str) -> dict[str, date]:
        """Tell of each share from when on its level is the usual one, where it ever changed."""
        rows = self._database.connection.execute(
            "SELECT share, max(since) FROM source_drift "
            "WHERE brand = ? AND source = ? AND became_usual GROUP BY share",
            (brand, source),
        )
        return {row[0]: date.fromisoformat(row[1]) for row in rows}

    def write(self, drift: Iterable[DriftRow]) -> None:
        """Write what a look found of shares, in the place of what was known of each."""
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO source_drift VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        one.brand, one.source, one.share, one.since.isoformat(), one.usual,
                        one.part, one.whole, one.seen_on.isoformat(),
                        one.ended_on.isoformat() if one.ended_on else None, one.became_usual,
                    )
                    for one in drift
                ],
            )  # fmt: skip

    def forget_before(self, today: date) -> int:
        """Delete days of which no judgement reads any more; returns how many rows."""
        with self._database.transaction() as connection:
            return connection.execute(
                "DELETE FROM source_days WHERE day < ?", ((today - _KEPT).isoformat(),)
            ).rowcount


def _shares(connection: sqlite3.Connection, place: Mapping[str, int]) -> list[tuple[object, ...]]:
    sums = ", ".join(f"sum(({so}) AND ({of})), sum({of})" for so, of in _SHARES.values())
    rows = connection.execute(
        f"SELECT m.brand, m.source, {_DAY}, {sums} {_COUNTED} GROUP BY 1, 2, 3", place
    )
    return [
        (*row[:3], share, row[3 + 2 * number], row[4 + 2 * number])
        for row in rows
        for number, share in enumerate(_SHARES)
        if row[4 + 2 * number]
    ]


def _languages(
    connection: sqlite3.Connection, place: Mapping[str, int]
) -> list[tuple[object, ...]]:
    counted: dict[tuple[str, str, str], dict[str, int]] = {}
    rows = connection.execute(
        f"SELECT m.brand, m.source, {_DAY}, coalesce(m.language, '?'), count(*) "
        f"{_COUNTED} GROUP BY 1, 2, 3, 4",
        place,
    )
    for brand, source, day, language, number in rows:
        counted.setdefault((brand, source, day), {})[language] = number
    return [
        (*key, f"language {language}", number, sum(numbers.values()))
        for key, numbers in counted.items()
        for language, number in numbers.items()
    ]


def _add(connection: sqlite3.Connection, rows: Sequence[tuple[object, ...]]) -> None:
    connection.executemany(
        """
        INSERT INTO source_days (brand, source, day, share, part, whole) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET part = part + excluded.part, whole = whole + excluded.whole
        """,
        rows,
    )


@reads("source_days", "source")
def _share_day(row: sqlite3.Row) -> ShareDay:
    return ShareDay(day=date.fromisoformat(row["day"]), part=row["part"], whole=row["whole"])


@reads("source_drift", "source")
def _drift(row: sqlite3.Row) -> DriftRow:
    ended_on = row["ended_on"]
    return DriftRow(
        brand=row["brand"],
        source=row["source"],
        share=row["share"],
        since=date.fromisoformat(row["since"]),
        usual=row["usual"],
        part=row["part"],
        whole=row["whole"],
        seen_on=date.fromisoformat(row["seen_on"]),
        ended_on=date.fromisoformat(ended_on) if ended_on else None,
        became_usual=bool(row["became_usual"]),
    )
