"""Where mentions come from, and how the readings there go."""

from __future__ import annotations

import sqlite3
from typing import Any

from storage.page_reads.choice import Choice


def source_states(connection: sqlite3.Connection, choice: Choice) -> list[dict[str, Any]]:
    """Give how each place of a source was last read, for a brand and source or for all."""
    rows = connection.execute(
        """
        SELECT brand, source, target, state, reason, finished_at, last_good_at, opens_at
        FROM source_health
        WHERE (?1 IS NULL OR brand = ?1) AND (?2 IS NULL OR source = ?2)
        """,
        (choice.brand, choice.source),
    )
    return [dict(row) for row in rows]


def anything_stored(connection: sqlite3.Connection) -> bool:
    """Tell whether the store has any mention, or had one."""
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM mention_facts WHERE seq > 0) "
        "OR EXISTS (SELECT 1 FROM cut_days)"
    ).fetchone()
    return bool(row[0])
