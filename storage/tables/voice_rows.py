"""How a row reads as a verdict, and what an author said before."""

from __future__ import annotations

import sqlite3
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from storage.models import AuthorHistory, Experience, Stance, Translation, Verdict, from_iso
from storage.rows import Column, reads

W = TypeVar("W", Experience, Stance)

VERDICT_COLUMNS = tuple(item.name for item in fields(Verdict))
_TRANSLATED = tuple(item.name for item in fields(Translation))

SELECT_VOICE = f"""
    SELECT m.*, a.name AS author, a.native_id AS author_native_id,
        {", ".join(f"v.{column} AS v_{column}" for column in VERDICT_COLUMNS)},
        c.experience AS c_experience, c.stance AS c_stance,
        t.text_hash AS t_text_hash, t.language AS t_language, t.text AS t_text,
        t.translator AS t_translator, t.at AS t_at
    FROM mentions m
    JOIN verdicts v ON v.id = m.verdict_id
    LEFT JOIN authors a ON a.id = m.author_id
    LEFT JOIN corrections c ON c.id = (
        SELECT max(k.id) FROM corrections k
        WHERE k.mention_id = m.id AND k.text_hash = m.text_hash
    )
    LEFT JOIN translations t ON t.mention_id = m.id AND t.text_hash = m.text_hash
"""
"""A mention, its current verdict, a person's correction of it and its translation."""


def label_columns(named: str) -> dict[str, Column]:
    """Say whose columns those are that a query calls `v_…` and `c_…`, and the mention `named`."""
    return {
        f"{alias}_{column}": (table, column, "mention_id", named)
        for alias, table in (("v", "verdicts"), ("c", "corrections"))
        for column in VERDICT_COLUMNS
    }


def label(row: sqlite3.Row, name: str, word: type[W]) -> W:
    """Read the experience or stance of a row: a person's, else the model's."""
    return word(row[f"v_{name}" if row[f"c_{name}"] is None else f"c_{name}"])


@reads("mentions", elsewhere=label_columns("id"))
def verdict_from(row: sqlite3.Row) -> Verdict:
    """Read the verdict of a row of `SELECT_VOICE`; a person's label wins and is sure."""
    values: dict[str, Any] = {name: row[f"v_{name}"] for name in VERDICT_COLUMNS}
    corrected = row["c_experience"] is not None or row["c_stance"] is not None
    values["experience"] = label(row, "experience", Experience)
    values["stance"] = label(row, "stance", Stance)
    values["sure"] = corrected or bool(values["sure"])
    values["unread"] = bool(values["unread"])
    return Verdict(**values)


@reads(
    "mentions",
    elsewhere={f"t_{name}": ("translations", name, "mention_id", "id") for name in _TRANSLATED},
)
def translation_from(row: sqlite3.Row) -> Translation | None:
    """Read the translation of a row of `SELECT_VOICE`; None where its text has none."""
    if row["t_text"] is None:
        return None
    return Translation(
        mention_id=row["id"],
        text_hash=row["t_text_hash"],
        language=row["t_language"],
        text=row["t_text"],
        translator=row["t_translator"],
        at=from_iso(row["t_at"]),
    )


def author_history(connection: sqlite3.Connection, row: sqlite3.Row) -> AuthorHistory:
    """Sum up what the author of a mention's row said of its brand before it."""
    if row["author_id"] is None:
        return AuthorHistory()
    earlier = connection.execute(
        """
        SELECT id, experience, stance, created_at FROM voice
        WHERE author_id = :author_id AND brand = :brand AND id <> :id
            AND experience IS NOT NULL AND counted
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
    first = next((item for item in earlier if item["created_at"]), None)
    taken = [item for item in earlier if item["stance"] != Stance.NEITHER]
    felt = [item for item in earlier if item["experience"] != Experience.NONE]
    return AuthorHistory(
        mentions=len(earlier),
        angry=experiences.count(Experience.ANGRY),
        delighted=experiences.count(Experience.DELIGHTED),
        advocate=stances.count(Stance.ADVOCATE),
        hater=stances.count(Stance.HATER),
        first_seen_at=_written_at(first) if first else None,
        last_stance=_stance(taken[-1]) if taken else None,
        last_experience=_experience(felt[-1]) if felt else None,
    )


@reads("verdicts", "mention_id", named="id")
def _experience(row: sqlite3.Row) -> Experience:
    return Experience(row["experience"])


@reads("verdicts", "mention_id", named="id")
def _stance(row: sqlite3.Row) -> Stance:
    return Stance(row["stance"])


@reads("mentions")
def _written_at(row: sqlite3.Row) -> datetime:
    return from_iso(row["created_at"])
