"""Who speaks: advocates, haters, those whose mind changed, colleagues whom wows name."""

from __future__ import annotations

import sqlite3
from typing import Any

from storage.page_reads.choice import Choice

LISTS = {
    "advocates": "SELECT * FROM advocates WHERE {of} ORDER BY advocacy DESC, last_seen_at DESC",
    "haters": "SELECT * FROM haters WHERE {of} ORDER BY warnings DESC, last_seen_at DESC",
}


def people_page(
    connection: sqlite3.Connection, which: str, choice: Choice, limit: int, offset: int
) -> list[dict[str, Any]]:
    """Give advocates or haters as they stand now; those who say so most often come first."""
    of, values = _of(choice)
    rows = connection.execute(
        f"{LISTS[which].format(of=of)} LIMIT ? OFFSET ?", [*values, limit, offset]
    )
    return [dict(row) for row in rows]


def flips_page(
    connection: sqlite3.Connection, choice: Choice, limit: int, offset: int
) -> list[dict[str, Any]]:
    """Give those whose mind changed in a choice's days, the newest first."""
    clauses, values = choice.days("f.")
    for column in ("source", "language", "country"):
        if (value := getattr(choice, column)) is not None:
            clauses += f" AND f.{column} = ?"
            values.append(value)
    rows = connection.execute(
        f"""
        SELECT t.flip, t.was_since, v.seq, v.created_at, v.brand, v.source, v.author, v.author_id,
            v.title, v.text, v.language, v.rating, v.rating_max
        FROM author_flips t
        JOIN mention_facts f ON f.seq = t.seq
        JOIN voice v ON v.seq = t.seq
        WHERE {clauses} ORDER BY t.counted_at DESC, t.seq DESC LIMIT ? OFFSET ?
        """,
        [*values, limit, offset],
    )
    return [dict(row) for row in rows]


def named_colleagues(
    connection: sqlite3.Connection, choice: Choice, limit: int, offset: int
) -> list[dict[str, Any]]:
    """Give the colleagues whom the wows of a choice name, the most named first."""
    where, values = choice.facts()
    rows = connection.execute(
        f"""
        SELECT s.name, count(*) AS wows FROM named_staff s
        JOIN mentions m ON m.id = s.mention_id
        CROSS JOIN mention_facts f ON f.seq = m.seq
        WHERE {where} AND f.experience = 'delighted'
        GROUP BY s.name ORDER BY wows DESC, s.name LIMIT ? OFFSET ?
        """,
        [*values, limit, offset],
    )
    return [dict(row) for row in rows]


def _of(choice: Choice) -> tuple[str, list[object]]:
    clauses, values = ["1"], []
    for column in ("brand", "source"):
        if (value := getattr(choice, column)) is not None:
            clauses.append(f"{column} = ?")
            values.append(value)
    return " AND ".join(clauses), values
