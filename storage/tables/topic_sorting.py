"""Mentions that wait to be sorted by topic, and what they were found to be about.

The queue is a table of its own: a text that gets its first verdict waits in it (a trigger), and
so does whatever a new topic may be about. It leaves it in the transaction that sorts it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence

from storage.database import Database
from storage.models import SortedMention, Unsorted
from storage.rows import Unreadable, read_each, reads
from storage.tables.cuts import cut
from storage.tables.mention_rows import SELECT_MENTION, mention_from

# Dimensions of `mention_cuts` and `cut_days`: each topic of a mention, and the first alone.
TOPIC, FIRST_TOPIC = "topic", "first_topic"


class TopicSorting:
    def __init__(self, database: Database) -> None:
        self._database = database

    def waiting(
        self,
        encoder: str,
        limit: int,
        *,
        without: Collection[str] = (),
        unreadable: Unreadable | None = None,
    ) -> list[Unsorted]:
        """Give mentions that wait to be sorted and have a verdict, the newest first.

        Each comes with the vector of its present text by this encoder, where one is kept. The
        mentions in `without` are passed over, and those that cannot be read: see `read_each`.
        """
        rows = self._database.connection.execute(
            f"""
            {SELECT_MENTION.replace("SELECT ", "SELECT w.vector AS vector, ", 1)}
            LEFT JOIN mention_vectors w ON w.seq = m.seq AND w.encoder = ?
                AND w.text_hash = m.text_hash
            WHERE m.seq IN (
                SELECT q.seq FROM topic_queue q CROSS JOIN mentions x ON x.seq = q.seq
                WHERE x.verdict_id IS NOT NULL AND x.id NOT IN (SELECT value FROM json_each(?))
                ORDER BY q.seq DESC LIMIT ?
            )
            ORDER BY m.seq DESC
            """,
            (encoder, json.dumps([*without]), limit),
        )
        return read_each(rows, _unsorted, unreadable)

    def count_waiting(self, brand: str | None = None) -> int:
        """Count what waits to be sorted, of one brand or of all."""
        where, values = ("brand = ?", (brand,)) if brand is not None else ("1", ())
        row = self._database.connection.execute(
            f"SELECT count(*) FROM topic_queue WHERE {where}", values
        ).fetchone()
        return int(row[0])

    def still_waiting(self, mention_ids: Collection[str]) -> list[str]:
        """Give those of the mentions that wait to be sorted."""
        rows = self._database.connection.execute(
            "SELECT m.id FROM mentions m JOIN topic_queue q ON q.seq = m.seq "
            "WHERE m.id IN (SELECT value FROM json_each(?))",
            (json.dumps([*mention_ids]),),
        )
        return [row[0] for row in rows]

    def vectors(self, brand: str, encoder: str, most: int) -> list[bytes]:
        """Give the vectors of a brand's newest mentions that have one by an encoder."""
        rows = self._database.connection.execute(
            """
            SELECT w.vector FROM (
                SELECT seq FROM mention_facts WHERE brand = ? ORDER BY day DESC LIMIT ?
            ) f JOIN mention_vectors w ON w.seq = f.seq WHERE w.encoder = ?
            """,
            (brand, most, encoder),
        )
        return [row["vector"] for row in rows]

    def save(self, batch: Sequence[SortedMention]) -> int:
        """Write what mentions are about in one transaction, counts included; safe to repeat.

        One whose text changed meanwhile keeps waiting. Returns how many were sorted.
        """
        with self._database.transaction() as connection:
            finals = _finals(connection)
            done = 0
            for one in batch:
                place = connection.execute(
                    "SELECT f.brand, f.day FROM mentions m JOIN mention_facts f ON f.seq = m.seq "
                    "WHERE m.seq = ? AND m.text_hash = ?",
                    (one.seq, one.text_hash),
                ).fetchone()
                if place is None:
                    continue
                done += 1
                connection.execute(
                    """
                    INSERT INTO mention_vectors (seq, encoder, text_hash, vector)
                    VALUES (?, ?, ?, ?) ON CONFLICT (seq) DO UPDATE SET
                        encoder = excluded.encoder, text_hash = excluded.text_hash,
                        vector = excluded.vector
                    WHERE encoder <> excluded.encoder OR text_hash <> excluded.text_hash
                    """,
                    (one.seq, one.encoder, one.text_hash, one.vector),
                )
                topics: dict[int, float] = {}
                for topic_id, similarity in one.topics:
                    if (final := finals.get(topic_id)) is not None:
                        topics[final] = max(round(similarity, 4), topics.get(final, -1.0))
                _assign(connection, one.seq, topics, place["brand"], place["day"])
                connection.execute("DELETE FROM topic_queue WHERE seq = ?", (one.seq,))
        return done


def wait_again(connection: sqlite3.Connection, where: str, values: Iterable[object]) -> int:
    """Let mentions wait to be sorted again, those for which a condition on `f` (facts) holds."""
    return connection.execute(
        "INSERT INTO topic_queue (seq, brand) SELECT f.seq, f.brand FROM mention_facts f "
        f"WHERE {where} ON CONFLICT DO NOTHING",
        tuple(values),
    ).rowcount


def _finals(connection: sqlite3.Connection) -> dict[int, int]:
    """Say for each topic that stands where its mentions count: merged ones, for another."""
    rows = connection.execute(
        "SELECT id, coalesce(merged_into, id) AS final FROM topics WHERE state <> 'retired'"
    )
    return {row["id"]: row["final"] for row in rows}


def _assign(
    connection: sqlite3.Connection, seq: int, topics: Mapping[int, float], brand: str, day: str
) -> None:
    """Write a mention's topics, the likest first, in place of those it had."""
    before = connection.execute(
        "SELECT topic_id, similarity FROM mention_topics WHERE seq = ? ORDER BY place", (seq,)
    ).fetchall()
    if [tuple(row) for row in before] == [*topics.items()]:
        return
    connection.execute("DELETE FROM mention_topics WHERE seq = ?", (seq,))
    connection.executemany(
        "INSERT INTO mention_topics (seq, topic_id, brand, day, place, similarity) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        [
            (seq, topic_id, brand, day, place, similarity)
            for place, (topic_id, similarity) in enumerate(topics.items(), 1)
        ],
    )
    _cut(connection, seq, [*topics])


def _cut(connection: sqlite3.Connection, seq: int, topics: Sequence[int]) -> None:
    """Let a mention count for its topics; shares that sum want it once, at the first."""
    cut(connection, seq, TOPIC, map(str, topics))
    cut(connection, seq, FIRST_TOPIC, map(str, topics[:1]))


@reads("mentions")
def _unsorted(row: sqlite3.Row) -> Unsorted:
    return Unsorted(
        seq=row["seq"],
        mention=mention_from(row),
        vector=row["vector"],
    )
