"""The counts of a day, brand and source that dashboards read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from storage.tables.mentions import in_chunks


def roll_up(connection: sqlite3.Connection, touched: Iterable[tuple[str, str, str]]) -> None:
    """Count the named days anew; counting again is what keeps edits and repeats harmless.

    Copies and what is not about the brand are not counted: a day of nothing else has no row.
    """
    for chunk in in_chunks(sorted(touched)):
        connection.executemany(
            """
            INSERT INTO daily_counts
            SELECT ?1, ?2, ?3, count(*),
                sum(experience = 'angry'), sum(experience = 'mediocre'),
                sum(experience = 'delighted'), sum(experience = 'none'),
                sum(stance = 'advocate'), sum(stance = 'hater')
            FROM voice
            WHERE brand = ?2 AND source = ?3
                AND created_at >= ?1 AND created_at < date(?1, '+1 day')
                AND experience IS NOT NULL AND counted
            GROUP BY 1
            ON CONFLICT (day, brand, source) DO UPDATE SET
                mentions = excluded.mentions, angry = excluded.angry,
                mediocre = excluded.mediocre, delighted = excluded.delighted,
                none = excluded.none, advocate = excluded.advocate, hater = excluded.hater
            """,
            chunk,
        )
        connection.executemany(
            """
            DELETE FROM daily_counts WHERE day = ?1 AND brand = ?2 AND source = ?3
            AND EXISTS (
                SELECT 1 FROM mentions WHERE brand = ?2 AND source = ?3
                    AND created_at >= ?1 AND created_at < date(?1, '+1 day')
            )
            AND NOT EXISTS (
                SELECT 1 FROM mentions WHERE brand = ?2 AND source = ?3
                    AND created_at >= ?1 AND created_at < date(?1, '+1 day')
                    AND duplicate_of IS NULL AND not_about IS NULL
            )
            """,
            chunk,
        )
