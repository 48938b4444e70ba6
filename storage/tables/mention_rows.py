"""How a row reads as a mention, and a mention as a row."""

from __future__ import annotations

import sqlite3
from dataclasses import fields
from datetime import datetime
from typing import Any

from storage.models import Mention, from_iso, is_of_one_mention, iso
from storage.rows import reads

COLUMNS = (
    "id", "brand", "source", "native_id", "url", "author_id", "title", "text", "rating",
    "rating_max", "language", "created_at", "fetched_at", "reach", "parent_id", "text_hash",
    "edited_at", "owner_reply", "owner_replied_at", "country", "product_version",
    "location",
)  # fmt: skip
# `excerpt` says how to save and is not kept.
_FIELDS = tuple(item.name for item in fields(Mention) if item.name != "excerpt")

SELECT_MENTION = """
    SELECT m.*, a.name AS author, a.native_id AS author_native_id
    FROM mentions m LEFT JOIN authors a ON a.id = m.author_id
"""

OWN_TITLE = "iif(m.parent_id IS NULL OR m.text = '', m.title, NULL)"
"""The title that a mention's writer gave it: that of an answer is its thread's."""


@reads("mentions")
def mention_from(row: sqlite3.Row) -> Mention:
    """Make a Mention of a row that `SELECT_MENTION` gave."""
    values: dict[str, Any] = {name: row[name] for name in _FIELDS}
    if values["author_native_id"] and is_of_one_mention(values["author_native_id"]):
        values["author_native_id"] = None  # the source gave a name only
    for name in ("created_at", "fetched_at", "edited_at", "owner_replied_at"):
        if (written := row[name]) is not None:
            values[name] = from_iso(written)
    return Mention(**values)


def row_of(mention: Mention, old: sqlite3.Row | None) -> dict[str, Any]:
    """Give a mention as a row; a person whom the store knows by id stays one.

    Some sources give the same review with its author's id in one place, by a name in another.
    """
    row: dict[str, Any] = {column: getattr(mention, column) for column in COLUMNS}
    if old is not None and old["author_id"] and not mention.is_by_known_author:
        row["author_id"] = old["author_id"] if mention.author_id else None
    for name, value in row.items():
        if isinstance(value, datetime):
            row[name] = iso(value)
    return row
