"""The control charts, shifts and goals of brands, as they were last measured."""

from __future__ import annotations

import sqlite3
from datetime import date
from typing import Any

from storage.page_reads.choice import Choice


def chart_rows(
    connection: sqlite3.Connection, choice: Choice, metric: str
) -> list[dict[str, Any]]:
    """Give the points of a brand's chart that lie in a choice's days, the earliest first."""
    rows = connection.execute(
        """
        SELECT * FROM control_points
        WHERE brand = ?1 AND metric = ?2 AND until > ?3 AND day <= ?4 ORDER BY day
        """,
        (choice.brand, metric, _text(choice.first, "0000"), _text(choice.last, "9999")),
    )
    return [dict(row) for row in rows]


def shift_rows(connection: sqlite3.Connection, choice: Choice) -> list[dict[str, Any]]:
    """Give the lasting shifts of a brand that lie in a choice's days, the latest first."""
    rows = connection.execute(
        """
        SELECT * FROM shifts WHERE brand = ?1 AND day >= ?2 AND day <= ?3
        ORDER BY day DESC, metric
        """,
        (choice.brand, _text(choice.first, "0000"), _text(choice.last, "9999")),
    )
    return [dict(row) for row in rows]


def road_rows(connection: sqlite3.Connection, choice: Choice) -> list[dict[str, Any]]:
    """Give every goal of a brand or of all, in the order in which they were set."""
    rows = connection.execute(
        "SELECT * FROM checkpoint_road WHERE ?1 IS NULL OR brand = ?1", (choice.brand,)
    )
    return [dict(row) for row in rows]


def measured_error(connection: sqlite3.Connection, brand: str | None) -> dict[str, dict[str, Any]]:
    """Give by label how often people who looked corrected the model; only where somebody did."""
    rows = connection.execute(
        "SELECT * FROM measured_error WHERE brand = ? AND checked > 0", (brand,)
    )
    return {row["label"]: dict(row) for row in rows}


def _text(day: date | None, otherwise: str) -> str:
    return day.isoformat() if day else otherwise
