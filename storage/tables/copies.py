"""Copies: the same words by the same author in several places, and syndicated stories.

Each is linked to one original by `duplicate_of`; only originals are counted and alerted.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from storage.database import Database
from storage.models import from_iso, is_nobody, iso
from storage.rows import reads
from storage.tables.copy_signatures import alike, bands, shingles, words_of
from storage.tables.mention_rows import OWN_TITLE
from storage.tables.mentions import in_chunks

WINDOW = timedelta(days=30)
"""What was written further apart is said again, not copied."""

# Of texts that so many share, the first ones are looked at: spam must not make this slow.
_MOST_CANDIDATES = 50


@dataclass(frozen=True, slots=True)
class _Traits:
    """What of a mention decides whether another is its copy."""

    id: str
    brand: str
    source: str
    host: str | None
    author_id: str | None
    author: str | None
    rated: bool
    at: datetime | None
    words: int
    marks: frozenset[int]


class Copies:
    def __init__(self, database: Database) -> None:
        self._database = database

    def link(self, limit: int = 1000, since: datetime | None = None) -> int:
        """Look once for the original of each new or changed text; returns how many were seen.

        In one transaction, the oldest text first, so that of a batch the first is the original.
        What was stored earlier stays the original of what comes later. With `since` only what was
        written from then on is looked at: a long history must not keep today's from being told.
        """
        # The plus: by its index all that was written since would be read, not what waits.
        written = " AND +m.created_at >= ?" if since else ""
        rows = self._database.connection.execute(
            f"{_SELECT} WHERE m.linked_hash IS NOT m.text_hash{written} ORDER BY m.seq LIMIT ?",
            (*([iso(since)] if since else []), limit),
        ).fetchall()
        waiting = sorted(rows, key=lambda row: (row["created_at"] or "9", row["seq"]))
        traits = [(row, _traits(row)) for row in waiting]
        marked = [(row, one, bands(one.brand, one.marks)) for row, one in traits]
        if not marked:
            return 0
        with self._database.transaction() as connection:
            for row, one, places in marked:
                connection.execute("DELETE FROM copy_bands WHERE seq = ?", (row["seq"],))
                original = _original(connection, one, places)
                connection.execute(
                    "UPDATE mentions SET duplicate_of = ?, linked_hash = ? WHERE seq = ?",
                    (original, row["text_hash"], row["seq"]),
                )
                if original is not None:
                    connection.execute(
                        "UPDATE mentions SET duplicate_of = ? WHERE duplicate_of = ?",
                        (original, one.id),
                    )
                else:
                    # Copies are not looked up: each is one of its original, in no chain.
                    connection.executemany(
                        "INSERT INTO copy_bands (band, seq) VALUES (?, ?) ON CONFLICT DO NOTHING",
                        [(band, row["seq"]) for band in places],
                    )
        return len(marked)

    def count(self) -> int:
        row = self._database.connection.execute(
            "SELECT count(*) FROM mentions WHERE duplicate_of IS NOT NULL"
        ).fetchone()
        return int(row[0])


_SELECT = f"""
    SELECT m.seq, m.id, m.brand, m.source, m.url, m.author_id, a.name AS author, m.rating,
        {OWN_TITLE} AS title, m.text, m.text_hash, m.created_at
    FROM mentions m LEFT JOIN authors a ON a.id = m.author_id
"""


@reads("mentions")
def _traits(row: sqlite3.Row) -> _Traits:
    words = words_of(row["title"], row["text"])
    return _Traits(
        id=row["id"],
        brand=row["brand"],
        source=row["source"],
        host=_host(row["url"]),
        author_id=row["author_id"],
        author=row["author"].casefold() if row["author"] else None,
        rated=row["rating"] is not None,
        at=from_iso(row["created_at"]) if row["created_at"] else None,
        words=len(words),
        marks=shingles(words),
    )


def _host(url: str | None) -> str | None:
    try:
        return urlsplit(url).hostname if url else None
    except ValueError:  # such as a broken IPv6 address: the source alone is the place then
        return None


def _original(connection: sqlite3.Connection, one: _Traits, places: list[int]) -> str | None:
    """Give the first stored mention that this one copies."""
    seqs: set[int] = set()
    for chunk in in_chunks(places):
        marks = ", ".join("?" * len(chunk))
        seqs.update(
            row[0]
            for row in connection.execute(
                f"SELECT seq FROM copy_bands WHERE band IN ({marks}) ORDER BY seq LIMIT ?",
                (*chunk, _MOST_CANDIDATES),
            )
        )
    for seq in sorted(seqs)[:_MOST_CANDIDATES]:
        row = connection.execute(f"{_SELECT} WHERE m.seq = ?", (seq,)).fetchone()
        other = _traits(row)
        # A mention's own copies follow it; it does not follow them.
        if other.id != one.id and is_copy(one, other):
            return other.id
    return None


def is_copy(one: _Traits, other: _Traits) -> bool:
    """Tell whether two mentions are one: alike, near in time, by one person or syndicated.

    A review is its customer's own voice, and so is a post beside another of the same place: two
    people who use the same words there are two. Only between places does a story travel.
    """
    if one.at and other.at and abs(one.at - other.at) > WINDOW:
        return False
    same_person = (one.author_id is not None and one.author_id == other.author_id) or (
        one.author is not None and one.author == other.author and not is_nobody(one.author)
    )
    same_place = one.source == other.source and one.host == other.host
    if not same_person and (one.rated or other.rated or same_place):
        return False
    return alike(one.marks, other.marks, min(one.words, other.words))
