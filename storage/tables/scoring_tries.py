"""What was being scored when a process was killed: each mention is tried a second time, alone."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime

from storage.database import Database
from storage.models import Mention, iso
from storage.rows import Unreadable, read_each
from storage.tables.mention_rows import SELECT_MENTION, mention_from

MOST_TRIES = 2
"""So often a text may be at hand when its process is killed; then it is put aside."""

_LEFT = (
    "JOIN scoring_tries t ON t.mention_id = m.id AND t.text_hash = m.text_hash "
    "WHERE m.verdict_id IS NULL"
)


class ScoringTries:
    """Counts a try before it is made; whoever lives on after it takes the count back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, mentions: Sequence[Mention], at: datetime) -> None:
        """Count a try of each; another text of a mention begins anew."""
        with self._database.transaction() as connection:
            connection.executemany(
                """
                INSERT INTO scoring_tries (mention_id, text_hash, tries, tried_at)
                SELECT ?1, ?2, 1, ?3 WHERE EXISTS (SELECT 1 FROM mentions WHERE id = ?1)
                ON CONFLICT (mention_id) DO UPDATE SET
                    tries = CASE text_hash WHEN excluded.text_hash THEN tries + 1 ELSE 1 END,
                    text_hash = excluded.text_hash, tried_at = excluded.tried_at
                """,
                [(one.id, one.text_hash, iso(at)) for one in mentions],
            )

    def end(self, mention_ids: Collection[str]) -> None:
        """Take back the counts of mentions whose process has lived."""
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM scoring_tries WHERE mention_id IN (SELECT value FROM json_each(?))",
                (json.dumps([*mention_ids]),),
            )

    def left(self) -> list[str]:
        """Name the mentions that wait for a verdict, and during whose try a process was killed."""
        rows = self._database.connection.execute(f"SELECT m.id FROM mentions m {_LEFT}")
        return [row[0] for row in rows]

    def to_try_alone(self, unreadable: Unreadable | None = None) -> list[Mention]:
        """Give those that may be tried once more, the newest first."""
        rows = self._database.connection.execute(
            f"{SELECT_MENTION} {_LEFT} AND t.tries < ? ORDER BY m.created_at DESC", (MOST_TRIES,)
        )
        return read_each(rows, mention_from, unreadable)

    def aside(self) -> list[str]:
        """Name those that are tried no more."""
        rows = self._database.connection.execute(
            f"SELECT m.id FROM mentions m {_LEFT} AND t.tries >= ?", (MOST_TRIES,)
        )
        return [row[0] for row in rows]

    def forget(self) -> int:
        """Let everything be tried again: a person has seen to it. Returns how much."""
        with self._database.transaction() as connection:
            return connection.execute("DELETE FROM scoring_tries").rowcount
