"""Who wrote the mentions that are saved: each person once, with when they were seen."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from storage.models import Mention, iso


def save_authors(connection: sqlite3.Connection, mentions: Iterable[Mention]) -> None:
    """Write the authors of mentions, inside a running transaction."""
    rows = [
        {
            "id": author_id,
            "source": mention.source,
            "native_id": author_id.removeprefix(f"{mention.source}:"),
            "name": mention.author,
            "seen_at": iso(mention.created_at or mention.fetched_at),
            "reach": mention.reach,
        }
        for mention in mentions
        if (author_id := mention.author_id)
    ]
    connection.executemany(
        """
        INSERT INTO authors (id, source, native_id, name, first_seen_at, last_seen_at, reach)
        VALUES (:id, :source, :native_id, :name, :seen_at, :seen_at, :reach)
        ON CONFLICT (id) DO UPDATE SET
            name = coalesce(excluded.name, name),
            first_seen_at = min(first_seen_at, excluded.first_seen_at),
            last_seen_at = max(last_seen_at, excluded.last_seen_at),
            reach = coalesce(excluded.reach, reach)
        WHERE first_seen_at > excluded.first_seen_at OR last_seen_at < excluded.last_seen_at
            OR name IS NOT coalesce(excluded.name, name)
            OR reach IS NOT coalesce(excluded.reach, reach)
        """,
        rows,
    )
