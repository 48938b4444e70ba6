"""Let the mentions of a made store be about topics, as if the daemon had sorted each of them.

Two dozen topics a brand, from a common one to rare ones; six of ten mentions are about none, one
in ten about two. Vectors say nothing, and are as large as real ones. Figures, talk triggers and
quotes are what the routine of the topics makes of the counts.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate, count, takewhile

import numpy as np

from config.settings import Settings
from earful.topic_upkeep.known_topics import encoder_now, pack_centre
from earful.topic_upkeep.period_figures import write_figures
from storage.store import Store

TOPICS = 24
_ABOUT_ONE, _ABOUT_TWO = 0.4, 0.1
_VECTOR = 384
_BLOCK = 20_000


def write_topics(store: Store, brands: Sequence[str], now: datetime) -> None:
    """Give each brand its topics, sort all mentions by them, and write the topics' figures."""
    encoder = encoder_now()
    ids = {brand: _topics_of(store, brand, encoder, now) for brand in brands}
    chance = random.Random(2)
    weights = [*accumulate(1 / place for place in range(1, TOPICS + 1))]
    connection = store.database.connection
    (last,) = connection.execute("SELECT max(seq) FROM mentions").fetchone()
    for first in takewhile(lambda seq: seq <= (last or 0), count(1, _BLOCK)):
        rows = connection.execute(
            "SELECT seq, brand, day FROM mention_facts WHERE seq >= ? AND seq < ?",
            (first, first + _BLOCK),
        ).fetchall()
        about = [
            (row, place, topic)
            for row in rows
            for place, topic in enumerate(_drawn(chance, ids[row["brand"]], weights), 1)
        ]
        with store.database.transaction():
            connection.executemany(
                "INSERT INTO mention_topics (seq, topic_id, brand, day, place, similarity) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (row["seq"], topic, row["brand"], row["day"], place, 0.6 - 0.1 * place)
                    for row, place, topic in about
                ],
            )
            connection.executemany(
                "INSERT INTO mention_cuts (seq, dimension, value) VALUES (?, ?, ?)",
                [(row["seq"], "topic", str(topic)) for row, _, topic in about]
                + [(row["seq"], "first_topic", str(topic)) for row, n, topic in about if n == 1],
            )
            connection.execute(
                "INSERT INTO mention_vectors (seq, encoder, text_hash, vector) "
                f"SELECT seq, ?, text_hash, randomblob({_VECTOR}) FROM mentions "
                "WHERE seq >= ? AND seq < ?",
                (encoder, first, first + _BLOCK),
            )
    with store.database.transaction():
        connection.execute("DELETE FROM topic_queue")
    write_figures(store, _settings(brands), now)


def _topics_of(store: Store, brand: str, encoder: str, now: datetime) -> list[int]:
    centre = pack_centre(np.eye(1, _VECTOR, dtype=np.float32)[0])
    with store.database.transaction() as connection:
        return [
            int(
                connection.execute(
                    """
                    INSERT INTO topics (brand, kind, name, words, state, first_day, language,
                        encoder, centre, floor, usual, size)
                    VALUES (?, 'found', ?, '["word"]', 'active', ?, 'en', ?, ?, 0.3, 0.1, 100)
                    RETURNING id
                    """,
                    (brand, f"topic {number}", f"{now:%Y-%m-%d}", encoder, centre),
                ).fetchone()[0]
            )
            for number in range(TOPICS)
        ]


def _drawn(chance: random.Random, topics: Sequence[int], weights: Sequence[float]) -> list[int]:
    drawn = chance.random()
    wanted = 2 if drawn < _ABOUT_TWO else 1 if drawn < _ABOUT_ONE else 0
    return [*dict.fromkeys(chance.choices(topics, cum_weights=weights, k=wanted))]


def _settings(brands: Sequence[str]) -> Settings:
    return Settings.model_validate(
        {"brands": [{"name": brand, "query": brand, "sources": []} for brand in brands]}
    )
