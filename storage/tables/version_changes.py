"""Which versions made things better or worse: what there is to compare, and what looks found."""

from __future__ import annotations

from datetime import date, datetime

from storage.database import Database
from storage.models import VersionCount, VersionDays, VersionLook, iso


class VersionChanges:
    def __init__(self, database: Database) -> None:
        self._database = database

    def versions(self, brand: str) -> list[VersionDays]:
        """Give the versions that a brand's mentions tell, by the day they first did."""
        rows = self._database.connection.execute(
            """
            SELECT value, min(day) AS first_day, sum(mentions) AS mentions FROM cut_days
            WHERE dimension = 'version' AND brand = ? AND value <> '' GROUP BY value
            ORDER BY first_day, value
            """,
            (brand,),
        )
        return [
            VersionDays(
                version=row["value"],
                first_day=date.fromisoformat(row["first_day"]),
                mentions=row["mentions"],
            )
            for row in rows
        ]

    def counts(self, brand: str, version: str, first: date, last: date) -> list[VersionCount]:
        """Count what the mentions of a version told on some days, for each source and country."""
        rows = self._database.connection.execute(
            """
            SELECT source, coalesce(country, '') AS country, count(*) AS told,
                sum(experience = 'angry') AS angry, sum(experience = 'delighted') AS delighted
            FROM mention_facts
            WHERE brand = ? AND product_version = ? AND day BETWEEN ? AND ? AND counted
                AND experience IN ('angry', 'mediocre', 'delighted')
            GROUP BY 1, 2
            """,
            (brand, version, first.isoformat(), last.isoformat()),
        )
        return [
            VersionCount(
                version=version,
                source=row["source"],
                country=row["country"],
                told=row["told"],
                angry=row["angry"],
                delighted=row["delighted"],
            )
            for row in rows
        ]

    def looks(self, brand: str) -> dict[tuple[str, str], int]:
        """Tell how often each version and metric was looked at; 99 where a change was found."""
        rows = self._database.connection.execute(
            "SELECT version, metric, iif(direction IS NULL, looks, 99) AS looks "
            "FROM version_changes WHERE brand = ?",
            (brand,),
        )
        return {(row["version"], row["metric"]): row["looks"] for row in rows}

    def write(self, look: VersionLook, at: datetime) -> None:
        """Write what the last look at a version found in a metric."""
        with self._database.transaction() as connection:
            connection.execute(
                """
                INSERT INTO version_changes (brand, version, metric, first_day, part_before,
                    told_before, part, told, strata, difference, low, high, p_value, looks,
                    looked_at, direction, found_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (brand, version, metric) DO UPDATE SET
                    part_before = excluded.part_before, told_before = excluded.told_before,
                    part = excluded.part, told = excluded.told, strata = excluded.strata,
                    difference = excluded.difference, low = excluded.low, high = excluded.high,
                    p_value = excluded.p_value, looks = excluded.looks,
                    looked_at = excluded.looked_at, direction = excluded.direction,
                    found_at = excluded.found_at
                """,
                (
                    look.brand, look.version, look.metric, look.first_day.isoformat(),
                    look.part_before, look.told_before, look.part, look.told, look.strata,
                    round(look.difference, 4), round(look.low, 4), round(look.high, 4),
                    look.p_value, look.looks, iso(at), look.direction,
                    iso(at) if look.direction else None,
                ),
            )  # fmt: skip

    def found(self, brand: str, since: datetime, until: datetime) -> list[VersionLook]:
        """Give the changes that were found in a period, the worse ones first."""
        rows = self._database.connection.execute(
            """
            SELECT brand, version, metric, first_day, part_before, told_before, part, told, strata,
                difference, low, high, p_value, looks, direction
            FROM version_changes WHERE brand = ? AND found_at >= ? AND found_at < ?
            ORDER BY direction DESC, version, metric
            """,
            (brand, iso(since), iso(until)),
        )
        return [
            VersionLook(**{**dict(row), "first_day": date.fromisoformat(row["first_day"])})
            for row in rows
        ]
