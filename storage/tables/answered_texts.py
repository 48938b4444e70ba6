"""What mentions answer, read where it stands: of their parents' rows nothing is copied."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from storage.database import Database
from storage.models import own_title

BEGINNING = 1000
"""So many characters of a title and of a text are given: it is read as context, not judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredText:
    """The beginning of what a mention answers; of a thread whose post is not stored, its title."""

    title: str | None
    text: str


class AnsweredTexts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, mention_ids: Collection[str]) -> dict[str, AnsweredText]:
        """Give what each of these mentions answers, by its id, where anything of it is known.

        That is its parent of the same brand and source as it stands now, unless it was deleted
        there, else the title of its thread. One that cannot be read is left out.
        """
        rows = self._database.connection.execute(
            """
            SELECT m.id, iif(m.text = '', NULL, substr(m.title, 1, :most)) AS thread,
                substr(p.title, 1, :most) AS title, substr(p.text, 1, :most) AS text, p.parent_id
            FROM mentions m
            LEFT JOIN mentions p ON p.id = m.parent_id AND p.id <> m.id AND p.brand = m.brand
                AND p.source = m.source AND p.deleted_at IS NULL
            WHERE m.id IN (SELECT value FROM json_each(:ids)) AND m.parent_id IS NOT NULL
            """,
            {"most": BEGINNING, "ids": json.dumps([*mention_ids])},
        )
        return {row["id"]: answered for row in rows if (answered := _answered(row)) is not None}


def parent_of(
    connection: sqlite3.Connection, old: sqlite3.Row, row: Mapping[str, Any]
) -> str | None:
    """Name what a mention answers: by its last reading, unless only what it said before is stored.

    Where a page does not show the comment above, some sources name its topic or its number there.
    """
    before: str | None = old["parent_id"]
    now: str | None = row["parent_id"]
    if not before or not now or before == now:
        return now or before
    stored = {
        found[0]
        for found in connection.execute(
            "SELECT id FROM mentions WHERE id IN (?, ?)", (before, now)
        )
    }
    return before if stored == {before} else now


def _answered(row: sqlite3.Row) -> AnsweredText | None:
    text = _words(row["text"])
    title = own_title(_words(row["title"]) or None, text, row["parent_id"])
    if not title and not text:
        title = _words(row["thread"]) or None
    return AnsweredText(title=title, text=text) if title or text else None


def _words(value: object) -> str:
    """Give what can be read as words; a damaged text is somebody else's, and stops no answer."""
    return value if isinstance(value, str) and value.strip() else ""
