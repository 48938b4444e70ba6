"""The topics of a brand as the pages name and quote them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRow:
    """A topic that a reader can choose; `value` is what a cut calls it."""

    value: str
    name: str
    rising: bool


def topic_rows(connection: sqlite3.Connection, brand: str) -> dict[str, TopicRow]:
    """Give the topics of a brand that are neither hidden nor retired, by value."""
    rows = connection.execute(
        """
        SELECT t.id, t.name, EXISTS (
            SELECT 1 FROM topic_periods p
            WHERE p.brand = t.brand AND p.days = 28 AND p.topic_id = t.id AND p.rising
        ) AS rising
        FROM topics t WHERE t.brand = ? AND t.state = 'active' ORDER BY t.name, t.id
        """,
        (brand,),
    )
    return {
        str(row["id"]): TopicRow(
            value=str(row["id"]), name=row["name"], rising=bool(row["rising"])
        )
        for row in rows
    }


def topic_quote(
    connection: sqlite3.Connection, value: str, experience: str
) -> dict[str, Any] | None:
    """Give the first of a topic's quotes in which somebody felt so."""
    row = connection.execute(
        """
        SELECT v.* FROM topic_quotes q
        JOIN mention_facts f ON f.seq = q.seq
        JOIN voice v ON v.seq = q.seq
        WHERE q.topic_id = CAST(? AS INTEGER) AND f.experience = ? AND f.counted AND NOT f.deleted
        ORDER BY q.place LIMIT 1
        """,
        (value, experience),
    ).fetchone()
    return dict(row) if row else None


def topics_of(connection: sqlite3.Connection, seq: int) -> list[dict[str, Any]]:
    """Give the topics that a mention is about, the closest first."""
    rows = connection.execute(
        """
        SELECT t.id, t.name FROM mention_topics m JOIN topics t ON t.id = m.topic_id
        WHERE m.seq = ? AND t.state = 'active' ORDER BY m.place, t.id
        """,
        (seq,),
    )
    return [dict(row) for row in rows]


def impact_rows(connection: sqlite3.Connection, brand: str, days: int) -> list[dict[str, Any]]:
    """Give by how much each topic moved a brand's rates in the last 7, 28 or 90 days.

    What is about no topic is topic 0: the impacts of all rows sum to the change of each rate.
    """
    rows = connection.execute(
        "SELECT * FROM topic_impact WHERE brand = ? AND days = ?", (brand, days)
    )
    return [dict(row) for row in rows]


def trigger_rows(
    connection: sqlite3.Connection, brand: str, limit: int
) -> list[tuple[dict[str, Any], dict[str, Any] | None]]:
    """Give what delighted mentions of a brand speak of more than mediocre ones, with a quote."""
    rows = connection.execute(
        "SELECT * FROM talk_triggers WHERE brand = ? LIMIT ?", (brand, limit)
    ).fetchall()
    found = []
    for row in rows:
        quoted = connection.execute(
            "SELECT * FROM voice WHERE id = ?", (row["quote_id"],)
        ).fetchone()
        found.append((dict(row), dict(quoted) if quoted else None))
    return found
