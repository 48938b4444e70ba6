"""Refits of a brand's topics: the texts that one reads, and what it makes of the topics."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from storage.database import Database
from storage.models import TopicEventKind, from_iso, iso
from storage.rows import reads
from storage.tables.mention_rows import OWN_TITLE
from storage.tables.topic_rows import merge, note_event, retire, wait_for_topic
from storage.tables.topic_sorting import wait_again

# Spreads the ids of a sample evenly, in whatever order mentions came: Knuth's multiplicative hash.
_SPREAD, _RANGE = 2_654_435_761, 4_294_967_296


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The last refit of a brand's topics in a language, and how many mentions it had then."""

    brand: str
    language: str
    fitted_at: datetime
    encoder: str
    mentions: int
    sample: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """A mention that a refit reads."""

    seq: int
    vector: bytes
    title: str | None
    text: str
    author: str | None
    day: date
    topics: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A found topic as a refit leaves it; without an id it is new.

    `split_off` is the topic that its texts were of before.
    """

    topic_id: int | None
    name: str
    words: tuple[str, ...]
    centre: bytes
    floor: float
    usual: float
    size: int
    first_day: date
    split_off: int | None = None


class TopicFits:
    def __init__(self, database: Database) -> None:
        self._database = database

    def last(self, brand: str, language: str) -> Fit | None:
        row = self._database.connection.execute(
            "SELECT * FROM topic_fits WHERE brand = ? AND language = ?", (brand, language)
        ).fetchone()
        return _fit(row) if row else None

    def brands(self) -> list[str]:
        """Name the brands that have counted mentions."""
        rows = self._database.connection.execute(
            "SELECT DISTINCT brand FROM cut_days WHERE dimension = 'all' ORDER BY 1"
        )
        return [row["brand"] for row in rows]

    def languages(self, brand: str) -> dict[str, int]:
        """Count a brand's mentions by language, without regions; unknown ones are left out."""
        rows = self._database.connection.execute(
            """
            SELECT substr(value, 1, instr(value || '-', '-') - 1) AS language,
                sum(mentions) AS mentions
            FROM cut_days WHERE brand = ? AND dimension = 'language' AND value <> ''
            GROUP BY 1 ORDER BY 2 DESC, 1
            """,
            (brand,),
        )
        return {row["language"]: row["mentions"] for row in rows}

    def sample(
        self, brand: str, language: str, encoder: str, since: date, most: int
    ) -> list[Sampled]:
        """Give about `most` of a brand's counted mentions in a language, oldest first.

        Those of all days from `since` on, or of longer where these are fewer than `most`; where
        they are more, an even share of them, the same for the same mentions. What has no vector
        of the encoder, no verdict or no words is left out.
        """
        connection = self._database.connection
        count, first = 0, None
        for row in connection.execute(
            """
            SELECT day, sum(mentions) AS mentions FROM cut_days
            WHERE brand = ?1 AND dimension = 'language' AND (value = ?2 OR value LIKE ?2 || '-%')
            GROUP BY day ORDER BY day DESC
            """,
            (brand, language),
        ):
            if count >= most and row["day"] < since.isoformat():
                break
            first = row["day"]
            count += row["mentions"]
        if first is None:
            return []
        share = min(1.0, most / count)
        rows = connection.execute(
            f"""
            SELECT f.seq, w.vector, {OWN_TITLE} AS title, m.text, a.name AS author, f.day, (
                    SELECT group_concat(t.topic_id) FROM mention_topics t WHERE t.seq = f.seq
                ) AS topics
            FROM mention_facts f
            JOIN mention_vectors w ON w.seq = f.seq AND w.encoder = :encoder
            JOIN mentions m ON m.seq = f.seq
            LEFT JOIN authors a ON a.id = m.author_id
            WHERE f.brand = :brand AND f.day >= :first AND f.counted AND NOT f.wordless
                AND f.experience IS NOT NULL
                AND (f.language = :language OR f.language LIKE :language || '-%')
                AND f.seq * :spread % :range < :below
            ORDER BY f.seq
            """,
            {
                "encoder": encoder,
                "brand": brand,
                "first": first,
                "language": language,
                "spread": _SPREAD,
                "range": _RANGE,
                "below": int(share * _RANGE) + 1,
            },
        )
        return [_sampled(row) for row in rows]

    def save(
        self,
        fit: Fit,
        topics: Sequence[Fitted],
        *,
        merged: Sequence[tuple[int, int]] = (),
        retired: Sequence[int] = (),
    ) -> dict[int, int]:
        """Write a refit in one transaction; gives the id of each new topic by its place.

        A name that a person gave stays, and so does what people hid or merged. What no topic
        fitted waits to be sorted again where topics are new, and what was of a topic that others
        split off from.
        """
        at = fit.fitted_at
        born: dict[int, int] = {}
        with self._database.transaction() as connection:
            for place, one in enumerate(topics):
                if one.topic_id is None:
                    born[place] = _insert(connection, fit, one)
                else:
                    _update(connection, fit, one)
            for topic_id, into in merged:
                merge(connection, topic_id, into, by=None, at=at)
            for topic_id in retired:
                retire(connection, topic_id, at)
            for topic_id in {one.split_off for one in topics if one.split_off is not None}:
                wait_for_topic(connection, topic_id)
            if born:
                wait_again(
                    connection,
                    "f.brand = ? AND NOT EXISTS "
                    "(SELECT 1 FROM mention_topics t WHERE t.seq = f.seq)",
                    [fit.brand],
                )
            connection.execute(
                """
                INSERT INTO topic_fits (brand, language, fitted_at, encoder, mentions, sample)
                VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (brand, language) DO UPDATE SET
                    fitted_at = excluded.fitted_at, encoder = excluded.encoder,
                    mentions = excluded.mentions, sample = excluded.sample
                """,
                (fit.brand, fit.language, iso(at), fit.encoder, fit.mentions, fit.sample),
            )
        return born


def _insert(connection: sqlite3.Connection, fit: Fit, one: Fitted) -> int:
    values = _values(fit, one) | {"brand": fit.brand, "language": fit.language}
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    row = connection.execute(
        f"INSERT INTO topics (kind, state, {names}) VALUES ('found', 'active', {marks}) "
        "RETURNING id",
        values,
    ).fetchone()
    topic_id = int(row["id"])
    kind = TopicEventKind.BORN if one.split_off is None else TopicEventKind.SPLIT
    note_event(connection, topic_id, fit.fitted_at, kind, other=one.split_off)
    return topic_id


def _update(connection: sqlite3.Connection, fit: Fit, one: Fitted) -> None:
    connection.execute(
        """
        UPDATE topics SET name = iif(named_by IS NULL, :name, name), words = :words,
            encoder = :encoder, centre = :centre, floor = :floor, usual = :usual, size = :size,
            first_day = min(first_day, :first_day)
        WHERE id = :id AND kind = 'found'
        """,
        _values(fit, one) | {"id": one.topic_id},
    )


def _values(fit: Fit, one: Fitted) -> dict[str, Any]:
    return {
        "name": one.name,
        "words": json.dumps(one.words, ensure_ascii=False),
        "encoder": fit.encoder,
        "centre": one.centre,
        "floor": one.floor,
        "usual": one.usual,
        "size": one.size,
        "first_day": one.first_day.isoformat(),
    }


@reads("topic_fits", "brand")
def _fit(row: sqlite3.Row) -> Fit:
    return Fit(
        brand=row["brand"],
        language=row["language"],
        fitted_at=from_iso(row["fitted_at"]),
        encoder=row["encoder"],
        mentions=row["mentions"],
        sample=row["sample"],
    )


@reads("mentions", "seq")
def _sampled(row: sqlite3.Row) -> Sampled:
    return Sampled(
        seq=row["seq"],
        vector=row["vector"],
        title=row["title"],
        text=row["text"],
        author=row["author"],
        day=date.fromisoformat(row["day"]),
        topics=tuple(int(one) for one in (row["topics"] or "").split(",") if one),
    )
