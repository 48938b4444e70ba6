"""How a row reads as a verdict, and what an author said before."""

from __future__ import annotations

import sqlite3
from dataclasses import fields
from typing import Any

from storage.models import AuthorHistory, Experience, Stance, Verdict, from_iso

VERDICT_COLUMNS = tuple(item.name for item in fields(Verdict))

SELECT_VOICE = f"""
    SELECT m.*, a.name AS author, a.native_id AS author_native_id,
        {", ".join(f"v.{column} AS v_{column}" for column in VERDICT_COLUMNS)},
        c.experience AS c_experience, c.stance AS c_stance
    FROM mentions m
    JOIN verdicts v ON v.id = m.verdict_id
    LEFT JOIN authors a ON a.id = m.author_id
    LEFT JOIN corrections c ON c.id = (
        SELECT max(k.id) FROM corrections k
        WHERE k.mention_id = m.id AND k.text_hash = m.text_hash
    )
"""
"""A mention, its current verdict and a person's correction of it."""


def verdict_from(row: sqlite3.Row) -> Verdict:
    """Read the verdict of a row of `SELECT_VOICE`; a person's label wins and is sure."""
    values: dict[str, Any] = {name: row[f"v_{name}"] for name in VERDICT_COLUMNS}
    corrected = row["c_experience"] is not None or row["c_stance"] is not None
    values["experience"] = Experience(row["c_experience"] or values["experience"])
    values["stance"] = Stance(row["c_stance"] or values["stance"])
    values["sure"] = corrected or bool(values["sure"])
    return Verdict(**values)


def author_history(connection: sqlite3.Connection, row: sqlite3.Row) -> AuthorHistory:
    """Sum up what the author of a mention's row said of its brand before it."""
    if row["author_id"] is None:
        return AuthorHistory()
    earlier = connection.execute(
        """
        SELECT experience, stance, created_at FROM voice
        WHERE author_id = :author_id AND brand = :brand AND id <> :id
            AND experience IS NOT NULL AND duplicate_of IS NULL
            AND coalesce(created_at, fetched_at) <= :moment
        ORDER BY coalesce(created_at, fetched_at), id
        """,
        {
            "author_id": row["author_id"],
            "brand": row["brand"],
            "id": row["id"],
            "moment": row["created_at"] or row["fetched_at"],
        },
    ).fetchall()
    if not earlier:
        return AuthorHistory()
    experiences = [item["experience"] for item in earlier]
    stances = [item["stance"] for item in earlier]
    dates = [item["created_at"] for item in earlier if item["created_at"]]
    taken = [stance for stance in stances if stance != Stance.NEITHER]
    told = [experience for experience in experiences if experience != Experience.NONE]
    return AuthorHistory(
        mentions=len(earlier),
        angry=experiences.count(Experience.ANGRY),
        delighted=experiences.count(Experience.DELIGHTED),
        advocate=stances.count(Stance.ADVOCATE),
        hater=stances.count(Stance.HATER),
        first_seen_at=from_iso(dates[0]) if dates else None,
        last_stance=Stance(taken[-1]) if taken else None,
        last_experience=Experience(told[-1]) if told else None,
    )
