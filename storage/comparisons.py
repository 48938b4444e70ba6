"""How brands compare with each other, and the parts of one with the rest of it."""

from __future__ import annotations

from typing import Any

from storage.database import Database


class Comparisons:
    def __init__(self, database: Database) -> None:
        self._database = database

    def cuts(self, brand: str, dimension: str, period: str) -> list[dict[str, Any]]:
        """Give the rows of the view `cuts`, the part with the most mentions first."""
        return self._rows(
            "SELECT * FROM cuts WHERE brand = ? AND dimension = ? AND period = ? "
            "ORDER BY mentions DESC, value, metric",
            brand,
            dimension,
            period,
        )

    def share_of_voice(self, period: str) -> list[dict[str, Any]]:
        """Give the rows of the view `share_of_voice` for a period, the loudest brand first."""
        return self._rows(
            "SELECT * FROM share_of_voice WHERE period = ? ORDER BY mentions DESC, brand", period
        )

    def side_by_side(self, brand: str, period: str) -> list[dict[str, Any]]:
        """Give the rows of the view `side_by_side` for a brand and a period."""
        return self._rows(
            "SELECT * FROM side_by_side WHERE brand = ? AND period = ? "
            "ORDER BY competitor, metric",
            brand,
            period,
        )

    def _rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in self._database.connection.execute(sql, values)]
