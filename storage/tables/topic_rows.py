"""The topics of brands: those found, those wished for, and what people made of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from datetime import date, datetime

from storage.database import Database
from storage.models import (
    Topic,
    TopicEvent,
    TopicEventKind,
    TopicKind,
    TopicState,
    from_iso,
    iso,
)
from storage.rows import reads
from storage.tables.topic_sorting import FIRST_TOPIC, TOPIC, wait_again

_STANDING = (TopicState.ACTIVE, TopicState.HIDDEN, TopicState.MERGED)


class Topics:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, brand: str, states: Collection[TopicState] = _STANDING) -> list[Topic]:
        """Give a brand's topics in these states, in the order in which they came."""
        rows = self._database.connection.execute(
            "SELECT * FROM topics WHERE brand = ? AND state IN (SELECT value FROM json_each(?)) "
            "ORDER BY id",
            (brand, json.dumps([*states])),
        )
        return [_topic(row) for row in rows]

    def get(self, topic_id: int) -> Topic | None:
        row = self._database.connection.execute(
            "SELECT * FROM topics WHERE id = ?", (topic_id,)
        ).fetchone()
        return _topic(row) if row else None

    def events(self, topic_id: int) -> list[TopicEvent]:
        """Give what became of a topic, the oldest first; merges into it and splits off it too."""
        rows = self._database.connection.execute(
            """
            SELECT * FROM topic_events WHERE topic_id = ?1
            UNION SELECT * FROM topic_events WHERE other_id = ?1 ORDER BY id
            """,
            (topic_id,),
        )
        return [_event(row) for row in rows]

    def own(self, brand: str, wished: Sequence[Topic], at: datetime) -> bool:
        """Have exactly these own topics of a brand, known by their names; the ids are ours.

        A new or changed one lets all mentions of the brand wait to be sorted again; one that is
        not wished for any more is retired, and comes back with its id. Tells whether any changed.
        """
        with self._database.transaction() as connection:
            before = {
                row["name"]: _topic(row)
                for row in connection.execute(
                    "SELECT * FROM topics WHERE brand = ? AND kind = 'own'", (brand,)
                )
            }
            names = {one.name for one in wished}
            gone = [
                one
                for name, one in before.items()
                if name not in names and one.state is not TopicState.RETIRED
            ]
            for one in gone:
                retire(connection, one.id, at)
            changed = [one for one in wished if not _is_same(before.get(one.name), one)]
            for one in changed:
                _wish(connection, one, before.get(one.name), at)
            if changed:
                wait_again(connection, "f.brand = ?", [brand])
        return bool(gone or changed)

    def rename(self, topic_id: int, name: str, *, by: str, at: datetime) -> bool:
        """Give a found topic a name that no refit changes; False where it has that name."""
        with self._database.transaction() as connection:
            renamed = connection.execute(
                "UPDATE topics SET name = ?2, named_by = ?3 "
                "WHERE id = ?1 AND kind = 'found' AND (name <> ?2 OR named_by IS NULL)",
                (topic_id, name, by),
            ).rowcount
            if renamed:
                _note(connection, topic_id, at, TopicEventKind.RENAMED, by=by)
        return bool(renamed)

    def hide(self, topic_id: int, *, by: str, at: datetime) -> bool:
        """Show a topic nowhere, whatever refits find; False where it is not to be seen already."""
        with self._database.transaction() as connection:
            hidden = connection.execute(
                "UPDATE topics SET state = 'hidden' WHERE id = ? AND state = 'active'", (topic_id,)
            ).rowcount
            if hidden:
                _note(connection, topic_id, at, TopicEventKind.HIDDEN, by=by)
        return bool(hidden)

    def show(self, topic_id: int, *, by: str, at: datetime) -> bool:
        """Show a topic again that a person hid or merged; False where none did.

        What counted for another is sorted again.
        """
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT merged_into FROM topics WHERE id = ? AND (state = 'hidden' "
                "OR (state = 'merged' AND merged_by IS NOT NULL))",
                (topic_id,),
            ).fetchone()
            if row is None:
                return False
            connection.execute(
                "UPDATE topics SET state = 'active', merged_into = NULL, merged_by = NULL "
                "WHERE id = ?",
                (topic_id,),
            )
            if row["merged_into"] is not None:
                wait_for_topic(connection, row["merged_into"])
            _note(connection, topic_id, at, TopicEventKind.SHOWN, by=by)
        return True

    def merge(self, topic_id: int, into: int, *, by: str, at: datetime) -> bool:
        """Let a topic's mentions, past and to come, count for another of the same brand.

        No refit parts them. False where either stands no more, or they are of two brands.
        """
        with self._database.transaction() as connection:
            return merge(connection, topic_id, into, by=by, at=at)


def merge(
    connection: sqlite3.Connection, topic_id: int, into: int, *, by: str | None, at: datetime
) -> bool:
    """Merge one topic into another in the running transaction: see `Topics.merge`."""
    fit = connection.execute(
        """
        SELECT 1 FROM topics a JOIN topics b ON b.brand = a.brand AND b.id <> a.id
        WHERE a.id = ?1 AND b.id = ?2 AND a.state IN ('active', 'hidden')
            AND b.state IN ('active', 'hidden') AND a.kind = 'found'
        """,
        (topic_id, into),
    ).fetchone()
    if fit is None:
        return False
    connection.execute(
        "UPDATE topics SET state = 'merged', merged_into = ?2, merged_by = ?3 "
        "WHERE id = ?1 OR merged_into = ?1",
        (topic_id, into, by),
    )
    connection.execute(
        "UPDATE topics SET first_day = min(first_day, (SELECT first_day FROM topics "
        "WHERE id = ?1)) WHERE id = ?2",
        (topic_id, into),
    )
    # A mention about both keeps how like it was to the one that stays.
    connection.execute(
        "UPDATE OR IGNORE mention_topics SET topic_id = ?2 WHERE topic_id = ?1", (topic_id, into)
    )
    connection.execute("DELETE FROM mention_topics WHERE topic_id = ?", (topic_id,))
    for dimension in (TOPIC, FIRST_TOPIC):
        values = (dimension, str(topic_id), str(into))
        connection.execute(
            "INSERT INTO mention_cuts (seq, dimension, value) SELECT seq, ?1, ?3 "
            "FROM mention_cuts WHERE dimension = ?1 AND value = ?2 ON CONFLICT DO NOTHING",
            values,
        )
        connection.execute(
            "DELETE FROM mention_cuts WHERE dimension = ? AND value = ?", values[:2]
        )
        _move_counts(connection, *values)
    _forget_figures(connection, topic_id)
    _note(connection, topic_id, at, TopicEventKind.MERGED, other=into, by=by)
    return True


def retire(connection: sqlite3.Connection, topic_id: int, at: datetime) -> None:
    """Take a topic out, in the running transaction; what was about it waits to be sorted."""
    wait_for_topic(connection, topic_id)
    connection.execute("UPDATE topics SET state = 'retired' WHERE id = ?", (topic_id,))
    connection.execute("DELETE FROM mention_topics WHERE topic_id = ?", (topic_id,))
    for dimension in (TOPIC, FIRST_TOPIC):
        connection.execute(
            "DELETE FROM mention_cuts WHERE dimension = ? AND value = ?",
            (dimension, str(topic_id)),
        )
    _forget_figures(connection, topic_id)
    _note(connection, topic_id, at, TopicEventKind.RETIRED)


def wait_for_topic(connection: sqlite3.Connection, topic_id: int) -> int:
    """Let all mentions about a topic wait to be sorted again, in the running transaction."""
    return wait_again(
        connection, "f.seq IN (SELECT seq FROM mention_topics WHERE topic_id = ?)", [topic_id]
    )


def _move_counts(connection: sqlite3.Connection, dimension: str, old: str, new: str) -> None:
    """Let the counts of erased mentions, which stay, follow a topic into another."""
    counts = ("mentions", "angry", "mediocre", "delighted", "none", "advocate", "hater")
    connection.execute(
        f"""
        INSERT INTO cut_days (brand, day, dimension, value, {", ".join(counts)})
        SELECT brand, day, dimension, ?3, {", ".join(counts)} FROM cut_days
        WHERE dimension = ?1 AND value = ?2
        ON CONFLICT (dimension, day, brand, value) DO UPDATE SET
            {", ".join(f"{name} = {name} + excluded.{name}" for name in counts)}
        """,
        (dimension, old, new),
    )
    connection.execute("DELETE FROM cut_days WHERE dimension = ? AND value = ?", (dimension, old))


def _forget_figures(connection: sqlite3.Connection, topic_id: int) -> None:
    for table in ("topic_quotes", "topic_periods", "topic_triggers"):
        connection.execute(f"DELETE FROM {table} WHERE topic_id = ?", (topic_id,))


def note_event(
    connection: sqlite3.Connection,
    topic_id: int,
    at: datetime,
    kind: TopicEventKind,
    *,
    other: int | None = None,
) -> None:
    """Write down what a refit made of a topic, in the running transaction."""
    _note(connection, topic_id, at, kind, other=other)


def _note(
    connection: sqlite3.Connection,
    topic_id: int,
    at: datetime,
    kind: TopicEventKind,
    *,
    other: int | None = None,
    by: str | None = None,
) -> None:
    connection.execute(
        "INSERT INTO topic_events (topic_id, at, kind, other_id, name, by) "
        "SELECT id, ?, ?, ?, name, ? FROM topics WHERE id = ?",
        (iso(at), kind, other, by, topic_id),
    )


def _is_same(before: Topic | None, wished: Topic) -> bool:
    return (
        before is not None
        and before.state is not TopicState.RETIRED
        and (before.about, before.words, before.encoder, before.centre, before.usual)
        == (wished.about, wished.words, wished.encoder, wished.centre, wished.usual)
    )


def _wish(
    connection: sqlite3.Connection, wished: Topic, before: Topic | None, at: datetime
) -> None:
    values = {
        "brand": wished.brand,
        "name": wished.name,
        "first_day": wished.first_day.isoformat(),
        "about": wished.about,
        "words": json.dumps(wished.words, ensure_ascii=False),
        "encoder": wished.encoder,
        "centre": wished.centre,
        "floor": wished.floor,
        "usual": wished.usual,
    }
    if before is None:
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        row = connection.execute(
            f"INSERT INTO topics (kind, state, size, {names}) "
            f"VALUES ('own', 'active', 0, {marks}) RETURNING id",
            values,
        ).fetchone()
        _note(connection, row["id"], at, TopicEventKind.BORN)
        return
    connection.execute(
        "UPDATE topics SET about = :about, words = :words, encoder = :encoder, "
        "centre = :centre, floor = :floor, usual = :usual, "
        "state = iif(state = 'retired', 'active', state) WHERE id = :id",
        values | {"id": before.id},
    )


@reads("topics")
def _topic(row: sqlite3.Row) -> Topic:
    return Topic(
        id=row["id"],
        brand=row["brand"],
        kind=TopicKind(row["kind"]),
        name=row["name"],
        words=tuple(json.loads(row["words"])),
        state=TopicState(row["state"]),
        first_day=date.fromisoformat(row["first_day"]),
        encoder=row["encoder"],
        centre=row["centre"],
        floor=row["floor"],
        usual=row["usual"],
        size=row["size"],
        language=row["language"],
        about=row["about"],
        named_by=row["named_by"],
        merged_into=row["merged_into"],
        merged_by=row["merged_by"],
    )


@reads("topic_events")
def _event(row: sqlite3.Row) -> TopicEvent:
    return TopicEvent(
        topic_id=row["topic_id"],
        at=from_iso(row["at"]),
        kind=TopicEventKind(row["kind"]),
        name=row["name"],
        other_id=row["other_id"],
        by=row["by"],
    )
