"""Topics of a store, made by hand: vectors of two numbers, and names that say what they are."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from typing import Any

from storage.models import (
    Experience,
    Mention,
    SortedMention,
    Topic,
    TopicKind,
    TopicState,
)
from storage.store import Store
from storage.tables.topic_fits import Fit, Fitted
from storage.tables.verdicts import Scored
from tests.storage.fixtures import BRAND, make_mention, make_verdict

NOW = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
ENCODER = "e1"


def say(store: Store, key: str, experience: Experience = Experience.ANGRY, **more: Any) -> Mention:
    """Store a mention of today with its verdict; any field can be given in `more`."""
    at = more.pop("created_at", NOW)
    text = more.pop("text", f"words {key}")
    mention = make_mention(key, text, at, author=more.pop("author", f"author {key}"), **more)
    store.mentions.save([mention])
    store.verdicts.save([Scored(mention=mention, verdict=make_verdict(experience))], NOW)
    return mention


def a_fit(**more: Any) -> Fit:
    values: dict[str, Any] = {"mentions": 9, "sample": 9, "fitted_at": NOW, "language": "en"}
    return Fit(**({"brand": BRAND, "encoder": ENCODER} | values | more))


def fitted(name: str, topic_id: int | None = None, **more: Any) -> Fitted:
    values: dict[str, Any] = {"words": (name,), "floor": 0.2, "usual": 0.1, "size": 5}
    values |= {"centre": b"\0\0\x80?", "first_day": NOW.date()}
    return Fitted(topic_id=topic_id, name=name, **(values | more))


def find(store: Store, *names: str) -> list[int]:
    """Let a refit find topics of these names; gives their ids."""
    return [*store.topic_fits.save(a_fit(), [fitted(name) for name in names]).values()]


def wished(name: str, **more: Any) -> Topic:
    values: dict[str, Any] = {"about": f"about {name}", "words": (), "centre": b"\0\0\x80?"}
    return Topic(
        id=0,
        brand=BRAND,
        kind=TopicKind.OWN,
        name=name,
        state=TopicState.ACTIVE,
        first_day=date(2026, 5, 1),
        encoder=ENCODER,
        floor=0.3,
        usual=0.0,
        **(values | more),
    )


def seq_of(store: Store, mention: Mention) -> int:
    row = store.database.connection.execute(
        "SELECT seq FROM mentions WHERE id = ?", (mention.id,)
    ).fetchone()
    return int(row[0])


def sort(store: Store, mention: Mention, *topics: int, text_hash: str | None = None) -> int:
    """Sort a mention as about these topics, the likest first."""
    return store.topic_sorting.save(
        [
            SortedMention(
                seq=seq_of(store, mention),
                text_hash=text_hash or mention.text_hash,
                encoder=ENCODER,
                vector=b"\0\1",
                topics=tuple((topic, 0.9 - place / 10) for place, topic in enumerate(topics)),
            )
        ]
    )


def about(store: Store, mention: Mention) -> list[int]:
    rows = store.database.connection.execute(
        "SELECT t.topic_id FROM mention_topics t JOIN mentions m ON m.seq = t.seq "
        "WHERE m.id = ? ORDER BY t.place",
        (mention.id,),
    )
    return [row[0] for row in rows]


def counts(store: Store, dimension: str = "topic") -> dict[int, tuple[int, int, int]]:
    """Give by topic its mentions, angry and delighted ones, over all days."""
    rows: sqlite3.Cursor = store.database.connection.execute(
        "SELECT value, sum(mentions), sum(angry), sum(delighted) FROM cut_days "
        "WHERE dimension = ? GROUP BY value",
        (dimension,),
    )
    return {int(row[0]): (row[1], row[2], row[3]) for row in rows}


def waiting(store: Store) -> list[str]:
    return [one.mention.id for one in store.topic_sorting.waiting(ENCODER, 99)]
