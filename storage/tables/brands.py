"""The brands as the config has them, and when their days begin.

A mention's `day` is the one of its brand's time zone; a brand that the config does not have has
days of UTC.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from storage.database import Database
from storage.models import iso

_FIRST, _LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2070, 1, 1, tzinfo=UTC)
_STEP = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandRow:
    """A brand, the time zone of its days, and whether it is a competitor's."""

    name: str
    time_zone: str
    competitor: bool = False


class Brands:
    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[BrandRow]:
        rows = self._database.connection.execute(
            "SELECT name, time_zone, competitor FROM brands ORDER BY name"
        )
        return [
            BrandRow(
                name=row["name"], time_zone=row["time_zone"], competitor=bool(row["competitor"])
            )
            for row in rows
        ]

    def sync(self, wanted: Sequence[BrandRow]) -> None:
        """Make the table say what the config says; a brand with mentions stays.

        Where a brand has got another time zone, its mentions move to their days there, and so do
        the counts; what was erased stays on the day it was counted on.
        """
        if not self._differs(wanted):
            return
        with self._database.transaction() as connection:
            zones = {one.name: one.time_zone for one in self.all()}
            connection.execute(
                "DELETE FROM brands WHERE NOT EXISTS "
                "(SELECT 1 FROM mention_facts f WHERE f.brand = brands.name)"
            )
            for zone in {one.time_zone for one in wanted}:
                _write_offsets(connection, zone)
            for one in wanted:
                connection.execute(
                    """
                    INSERT INTO brands (name, time_zone, competitor) VALUES (?, ?, ?)
                    ON CONFLICT (name) DO UPDATE SET
                        time_zone = excluded.time_zone, competitor = excluded.competitor
                    """,
                    (one.name, one.time_zone, one.competitor),
                )
                if zones.get(one.name, "UTC") != one.time_zone:
                    _move_days(connection, one.name)

    def _differs(self, wanted: Sequence[BrandRow]) -> bool:
        known = {one.name: one for one in self.all()}
        return any(known.get(one.name) != one for one in wanted) or any(
            not self._has_mentions(name) for name in known.keys() - {one.name for one in wanted}
        )

    def _has_mentions(self, brand: str) -> bool:
        row = self._database.connection.execute(
            "SELECT 1 FROM mention_facts WHERE brand = ? LIMIT 1", (brand,)
        ).fetchone()
        return row is not None


def _write_offsets(connection: sqlite3.Connection, zone: str) -> None:
    """Write from when on a zone's clock goes by how much before UTC, unless it is known."""
    known = connection.execute("SELECT 1 FROM zone_offsets WHERE time_zone = ?", (zone,))
    if known.fetchone() is None:
        connection.executemany(
            "INSERT INTO zone_offsets (time_zone, since, seconds) VALUES (?, ?, ?)",
            [(zone, since, seconds) for since, seconds in _offsets(ZoneInfo(zone))],
        )


def _offsets(zone: ZoneInfo) -> Iterator[tuple[str, int]]:
    """Give each moment at which a zone's clock is set, and its seconds before UTC from then on."""

    def seconds(at: datetime) -> int:
        offset = at.astimezone(zone).utcoffset()
        return round(offset.total_seconds()) if offset else 0

    last = seconds(_FIRST)
    yield "0000", last
    at = _FIRST
    while at < _LAST:
        until = at + _STEP
        if seconds(until) != last:
            low, high = at, until
            while high - low > timedelta(seconds=1):
                middle = (low + (high - low) / 2).replace(microsecond=0)
                low, high = (middle, high) if seconds(middle) == last else (low, middle)
            last = seconds(high)
            yield iso(high), last
        at = until


def _move_days(connection: sqlite3.Connection, brand: str) -> None:
    """Put a brand's mentions on their days by its zone; triggers move what they count for."""
    connection.execute(
        """
        UPDATE mention_facts SET day = moved.day
        FROM (
            SELECT f.seq, coalesce(date(f.counted_at, (
                SELECT o.seconds || ' seconds' FROM brands b
                JOIN zone_offsets o ON o.time_zone = b.time_zone
                WHERE b.name = f.brand AND o.since <= f.counted_at ORDER BY o.since DESC LIMIT 1
            )), f.day) AS day
            FROM mention_facts f WHERE f.brand = ?
        ) moved
        WHERE moved.seq = mention_facts.seq AND moved.day <> mention_facts.day
        """,
        (brand,),
    )
