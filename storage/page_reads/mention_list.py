"""The mentions behind a number: a page of them, and their count."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from typing import Any

from storage.page_reads.choice import EACH_BRAND, Choice
from storage.page_reads.tallies import totals

# To find some that can be quoted: stars alone have no words.
_LOOKED_AT, _WORDS = 8, 40
_SUREST_OF = 2000
_SHOWN = """
    v.seq, v.id, v.brand, v.source, f.day, v.counted_at, v.created_at, v.author, v.author_id,
    v.rating, v.rating_max, v.experience, v.stance, v.sure, v.corrected, v.title, v.text,
    v.translation, v.url, v.language, v.deleted_at, v.owner_reply, v.reach,
    v.parent_id
"""
# What a file has, by the names that `earful export` gives.
FILE_COLUMNS = (
    "id", "brand", "source", "day", "counted_at", "created_at", "author", "rating", "rating_max",
    "experience", "stance", "sure", "corrected", "title", "text", "translation", "language",
    "reach", "owner_reply", "deleted_at", "url",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the list ended, the newest being first."""

    day: str
    counted_at: str
    seq: int

    def __str__(self) -> str:
        return f"{self.day}~{self.counted_at}~{self.seq}"

    @classmethod
    def read(cls, text: str) -> Place | None:
        """Read what an address has; None where it is none."""
        day, counted_at, seq = [*text.split("~"), "", ""][:3]
        return cls(day, counted_at, int(seq)) if seq.isascii() and seq.isdecimal() else None


def mention_page(
    connection: sqlite3.Connection, choice: Choice, after: Place | None, size: int
) -> tuple[list[dict[str, Any]], Place | None]:
    """Give the newest mentions after a place, and where the next page begins, if there is one."""
    rows = _rows(connection, choice, after, size + 1)
    if len(rows) <= size:
        return rows, None
    last = rows[size - 1]
    return rows[:size], Place(last["day"], last["counted_at"], last["seq"])


def count_mentions(connection: sqlite3.Connection, choice: Choice) -> int:
    """Count the list, from rollups where it is one of their numbers."""
    narrower = (choice.sure, choice.corrected, choice.words)
    labels = [label for label in (choice.experience, choice.stance) if label is not None]
    if choice.waiting or any(one is not None for one in narrower) or len(labels) > 1:
        where, values = choice.facts()
        row = connection.execute(
            f"SELECT count(*) AS n FROM {choice.rows} WHERE {where}", values
        ).fetchone()
        return int(row["n"])
    tally = totals(connection, choice)
    if labels == ["neither"]:
        return tally.mentions - tally.advocate - tally.hater
    return int(getattr(tally, labels[0])) if labels else tally.mentions


def strongest(connection: sqlite3.Connection, choice: Choice, limit: int) -> list[dict[str, Any]]:
    """Give the latest mentions that have words to quote and of which the model is sure."""
    rows = _rows(connection, replace(choice, sure=True), None, _LOOKED_AT * limit)
    return [row for row in rows if not row["deleted_at"] and len(row["text"] or "") > _WORDS][
        :limit
    ]


def surest(connection: sqlite3.Connection, choice: Choice, limit: int) -> list[dict[str, Any]]:
    """Give the mentions of an experience of which the model is surest, with words to quote.

    Of many those are looked at that were said last.
    """
    sure = replace(choice, sure=True)
    where, values = sure.facts()
    rows = connection.execute(
        f"""
        SELECT {_SHOWN}
        FROM (
            SELECT f.seq, f.day FROM {sure.table} f WHERE {where}
            ORDER BY f.day DESC, f.counted_at DESC, f.seq DESC LIMIT {_SUREST_OF}
        ) f
        JOIN voice v ON v.seq = f.seq
        WHERE v.deleted_at IS NULL AND length(v.text) > {_WORDS}
        ORDER BY CASE v.experience WHEN 'angry' THEN v.p_angry WHEN 'mediocre' THEN v.p_mediocre
            ELSE v.p_delighted END DESC, v.id LIMIT ?
        """,
        [*values, limit],
    )
    return [dict(row) for row in rows]


def _rows(
    connection: sqlite3.Connection, choice: Choice, after: Place | None, limit: int
) -> list[dict[str, Any]]:
    # The narrow rows are chosen first, so that texts are read for one page alone. Those of all
    # brands are the newest of each one's newest: no index has them in the order of their days.
    brands = [choice.brand]
    if choice.brand is None and (choice.cuts or choice.corrected):
        brands = [row["brand"] for row in connection.execute(EACH_BRAND)]
    parts, values = [], list[object]()
    for brand in brands:
        where, of_brand = replace(choice, brand=brand).facts()
        if after is not None:
            where += " AND f.day <= ? AND (f.day, f.counted_at, f.seq) < (?, ?, ?)"
            of_brand += [after.day, after.day, after.counted_at, after.seq]
        parts.append(
            f"SELECT * FROM (SELECT f.seq, f.day, f.counted_at FROM {choice.rows} "
            f"WHERE {where} ORDER BY f.day DESC, f.counted_at DESC, f.seq DESC LIMIT ?)"
        )
        values += [*of_brand, limit]
    if not parts:
        return []
    rows = connection.execute(
        f"""
        SELECT {_SHOWN}
        FROM ({" UNION ALL ".join(parts)}) f
        JOIN voice v ON v.seq = f.seq
        ORDER BY f.day DESC, f.counted_at DESC, f.seq DESC LIMIT ?
        """,
        [*values, limit],
    )
    return [dict(row) for row in rows]
