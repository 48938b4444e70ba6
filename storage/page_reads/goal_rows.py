"""The checkpoints of brands: the goals that stand, and those that were reached."""

from __future__ import annotations

import sqlite3
from typing import Any

from storage.page_reads.choice import Choice


def checkpoint_rows(connection: sqlite3.Connection, choice: Choice) -> list[dict[str, Any]]:
    """Give every goal of a brand or of all, in the order in which they were set."""
    rows = connection.execute(
        "SELECT * FROM checkpoints WHERE ?1 IS NULL OR brand = ?1 "
        "ORDER BY brand, metric, window_days, id",
        (choice.brand,),
    )
    return [dict(row) for row in rows]
