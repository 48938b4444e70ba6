"""The versions of a brand's product that made something better or worse."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

from storage.models import iso


def changed_versions(
    connection: sqlite3.Connection,
    brand: str,
    between: tuple[datetime | None, datetime | None],
) -> list[dict[str, Any]]:
    """Give the changes that were found between two moments, the worse first, then the latest."""
    since, until = between
    rows = connection.execute(
        """
        SELECT version, metric, direction, first_day, part_before, told_before, part, told,
            difference, low, high
        FROM version_changes
        WHERE brand = ?1 AND direction IS NOT NULL AND (?2 IS NULL OR found_at >= ?2)
            AND (?3 IS NULL OR found_at < ?3)
        ORDER BY direction DESC, first_day DESC, version, metric
        """,
        (brand, since and iso(since), until and iso(until)),
    )
    return [dict(row) for row in rows]
