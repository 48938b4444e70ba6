"""Which brands the config calls competitors, since when: of these nothing is told."""

from __future__ import annotations

from datetime import datetime

from storage.database import Database
from storage.models import iso

IS_COMPETITOR = "EXISTS (SELECT 1 FROM competitors c WHERE c.brand = {} AND c.until IS NULL)"
"""SQL that tells whether a brand is a competitor now."""


class Competitors:
    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> frozenset[str]:
        """Name the competitors that the store knows of."""
        rows = self._database.connection.execute(
            "SELECT brand FROM competitors WHERE until IS NULL"
        )
        return frozenset(row["brand"] for row in rows)

    def begin(self, brand: str, at: datetime) -> None:
        """Write down that a brand is a competitor from now on: no case of it opens any more."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO competitors (brand, since) VALUES (?, ?) "
                "ON CONFLICT (brand) DO UPDATE SET since = excluded.since, until = NULL "
                "WHERE until IS NOT NULL",
                (brand, iso(at)),
            )

    def end(self, brand: str, at: datetime) -> None:
        """Write down that a brand is a competitor no more."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE competitors SET until = ? WHERE brand = ? AND until IS NULL",
                (iso(at), brand),
            )
