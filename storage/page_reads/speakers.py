"""Who speaks: advocates, haters, those whose mind changed, colleagues whom wows name."""

from __future__ import annotations

import sqlite3
from typing import Any

from storage.page_reads.choice import Choice

# An index has those of a brand, and of all, in this order.
_STANDING = {
    "advocates": ("s.is_advocate", "s.advocacy DESC, s.last_seen_at DESC"),
    "haters": ("s.is_hater", "s.warnings DESC, s.last_seen_at DESC"),
}


def people_page(
    connection: sqlite3.Connection, which: str, choice: Choice, limit: int, offset: int
) -> list[dict[str, Any]]:
    """Give advocates or haters as they stand now; those who say so most often come first."""
    stands, order = _STANDING[which]
    clauses, values = [stands], list[object]()
    if choice.brand is not None:
        clauses.append("s.brand = ?")
        values.append(choice.brand)
    if choice.source is not None:
        # An author's id begins with their source; the plus leaves the walk to the order's index.
        clauses.append("+s.author_id >= ? AND +s.author_id < ?")
        values += [f"{choice.source}:", f"{choice.source};"]
    rows = connection.execute(
        f"""
        SELECT s.*, a.name AS author, a.source FROM author_standing s
        LEFT JOIN authors a ON a.id = s.author_id
        WHERE {" AND ".join(clauses)} ORDER BY {order} LIMIT ? OFFSET ?
        """,
        [*values, limit, offset],
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
    # No day of a brand lies further than one from that of UTC: so much can be found by time.
    for clause, value in (
        ("t.brand = ?", choice.brand),
        ("t.counted_at >= date(?, '-1 day')", choice.first and choice.first.isoformat()),
        ("t.counted_at < date(?, '+2 days')", choice.last and choice.last.isoformat()),
    ):
        if value is not None:
            clauses += f" AND {clause}"
            values.append(value)
    rows = connection.execute(
        f"""
        SELECT t.flip, t.was_since, v.seq, v.created_at, v.brand, v.source, v.author, v.author_id,
            v.title, v.text, v.parent_id, v.language, v.rating, v.rating_max
        FROM author_flips t
        CROSS JOIN mention_facts f ON f.seq = t.seq
        CROSS JOIN voice v ON v.seq = t.seq
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
        CROSS JOIN {choice.table} f ON f.seq = s.seq
        WHERE {where} AND f.experience = 'delighted'
        GROUP BY s.name ORDER BY wows DESC, s.name LIMIT ? OFFSET ?
        """,
        [*values, limit, offset],
    )
    return [dict(row) for row in rows]


def advocates_needs(
    connection: sqlite3.Connection, choice: Choice, limit: int, offset: int
) -> list[dict[str, Any]]:
    """Give what each advocate needs, as the last daily list has it and in its order."""
    rows = connection.execute(
        """
        SELECT n.*, m.seq FROM advocates_today n JOIN mentions m ON m.id = n.mention_id
        WHERE (?1 IS NULL OR n.brand = ?1) AND (?2 IS NULL OR n.source = ?2)
        ORDER BY n.brand, n.place LIMIT ?3 OFFSET ?4
        """,
        (choice.brand, choice.source, limit, offset),
    )
    return [dict(row) for row in rows]


def quiet_people(
    connection: sqlite3.Connection, choice: Choice, limit: int, offset: int
) -> list[dict[str, Any]]:
    """Give the advocates who have gone quiet now, those who did last first."""
    chosen = {"brand = ?": choice.brand, "source = ?": choice.source}
    clauses = [clause for clause, value in chosen.items() if value is not None]
    values = [value for value in chosen.values() if value is not None]
    rows = connection.execute(
        f"SELECT * FROM quiet_advocates WHERE {' AND '.join(['1', *clauses])} LIMIT ? OFFSET ?",
        [*values, limit, offset],
    )
    return [dict(row) for row in rows]
