"""Make a large store of made-up mentions in minutes, always the same one of the same size.

Rows are written as Earful's tables hold them, past its own ways of saving: texts of words as
frequent as in a language, three brands of unequal size, ten sources, two years, authors with a
history, scored and judged; a month of half-hourly crawls of each source; a case of one in twenty
complaints, most of them answered, a colleague whom one in fifty wows names, and topics.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

from sqlite_utils import Database as SqliteUtilsDatabase

from benchmarks.made_topics import write_topics
from storage.database import Database
from storage.migrations import migrations
from storage.models import Mention, iso
from storage.store import Store

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
BRANDS = ("Large", "Middle", "Small")
SOURCES = tuple(f"source_{number}" for number in range(10))
DAYS, RUN_DAYS = 730, 30
MODEL = "made-up"

# The first migration that derives rows from mentions.
_DERIVES = "0031_facts"
_SHARES = (60, 30, 10)
_VOCABULARY, _BLOCK = 20_000, 5_000
_EXPERIENCES = {"angry": 35, "mediocre": 25, "delighted": 25, "none": 15}
_STANCES = {"neither": 80, "advocate": 10, "hater": 10}
_MENTION = (
    "id", "brand", "source", "native_id", "author_id", "title", "text", "rating", "rating_max",
    "created_at", "fetched_at", "text_hash", "linked_hash", "verdict_id", "language", "country",
    "product_version", "owner_reply",
)  # fmt: skip
_LANGUAGES, _COUNTRIES = ("en", "en", "en", "de", "fr", "es", None), ("us", "gb", "de", None)
_ANSWERED, _CASED, _NAMED = 10, 20, 50
_VERDICT = (
    "id", "mention_id", "model", "text_hash", "experience", "stance", "p_angry", "p_mediocre",
    "p_delighted", "p_none", "p_advocate", "p_hater", "p_neither", "sure", "scored_at",
    "judged_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Words:
    """Words by how often they come: the n-th of them an n-th as often as the first."""

    words: Sequence[str]
    weights: Sequence[float]

    @classmethod
    def made(cls, chance: random.Random) -> _Words:
        syllables = [first + vowel for first in "bdfgklmnprstvz" for vowel in "aeiou"]
        words = [
            "".join(chance.choices(syllables, k=chance.randint(1, 4))) for _ in range(_VOCABULARY)
        ]
        return cls(words, [*accumulate(1 / place for place in range(1, _VOCABULARY + 1))])

    def text(self, chance: random.Random, words: int) -> str:
        return " ".join(chance.choices(self.words, cum_weights=self.weights, k=words))


def make_store(path: Path, mentions: int) -> None:
    """Write a new store of so many mentions; nothing of it waits for a verdict or a rule.

    What triggers would derive row by row is derived at once by the migrations, of a store that is
    older than the derived tables: in half the time.
    """
    with closing(_quick(path)) as database:
        with database.connection.plain() as connection:
            migrations.apply(SqliteUtilsDatabase(connection), stop_before=_DERIVES)
        _write_authors(database, _authors(mentions))
        for rows in _blocks(mentions):
            _write_block(database, rows)
        database.migrate()
    finish_store(path)


def finish_store(path: Path) -> None:
    """Write what a store of mentions alone lacks: cases, kudos, crawls and topics."""
    with closing(_quick(path)) as database:
        database.migrate()
        store = Store(database)
        _write_cases(store)
        _write_runs(store)
        write_topics(store, BRANDS, NOW)


def _quick(path: Path) -> Database:
    database = Database(path)
    # How long a commit takes on this disk is not what is measured.
    database.connection.execute("PRAGMA synchronous = OFF")
    # A mention and its verdict name each other: to look for each costs, and all are there.
    database.connection.execute("PRAGMA foreign_keys = OFF")
    return database


def let_wait(store: Store, mentions: int) -> None:
    """Let the oldest so many mentions wait for the rules, as a history that was just read."""
    oldest = "(SELECT verdict_id FROM mentions ORDER BY created_at LIMIT ?)"
    with store.database.transaction() as connection:
        connection.execute(
            f"UPDATE mentions SET fetched_at = ? WHERE verdict_id IN {oldest}",
            (iso(NOW), mentions),
        )
        connection.execute(
            f"UPDATE verdicts SET judged_at = NULL WHERE id IN {oldest}", (mentions,)
        )


def _authors(mentions: int) -> int:
    return max(1, mentions // 4)


def _write_authors(database: Database, number: int) -> None:
    first, last = iso(NOW - timedelta(days=DAYS)), iso(NOW)
    with database.transaction() as connection:
        connection.executemany(
            "INSERT INTO authors (id, source, native_id, name, first_seen_at, last_seen_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                (
                    f"{SOURCES[one % len(SOURCES)]}:u{one}", SOURCES[one % len(SOURCES)],
                    f"u{one}", f"Author {one}", first, last,
                )
                for one in range(number)
            ),
        )  # fmt: skip


def _blocks(mentions: int) -> Iterator[list[tuple[Mention, str, str, bool]]]:
    """Make mentions in the order in which they were written, with what their verdicts say."""
    chance = random.Random(1)
    words = _Words.made(chance)
    step = timedelta(days=DAYS) / mentions
    rows = []
    for number in range(mentions):
        author = chance.randrange(_authors(mentions))
        source = SOURCES[author % len(SOURCES)]
        at = NOW - timedelta(days=DAYS) + number * step
        mention = Mention(
            brand=chance.choices(BRANDS, _SHARES)[0],
            source=source,
            native_id=str(number),
            title=words.text(chance, 4) if number % 2 else None,
            text=words.text(chance, chance.randint(5, 90)),
            author=f"Author {author}",
            author_native_id=f"u{author}",
            rating=float(chance.randint(1, 5)) if number % 3 else None,
            rating_max=5.0 if number % 3 else None,
            created_at=at,
            fetched_at=at + timedelta(minutes=20),
            language=_LANGUAGES[number % len(_LANGUAGES)],
            country=_COUNTRIES[number % len(_COUNTRIES)],
            # A new version of the product every month, told by every other source.
            product_version=f"1.{(at - NOW).days // 30 + 25}" if author % 2 else None,
            owner_reply="Thank you, we look into it." if number % _ANSWERED == 0 else None,
        )
        (experience,) = chance.choices([*_EXPERIENCES], [*_EXPERIENCES.values()])
        (stance,) = chance.choices([*_STANCES], [*_STANCES.values()])
        rows.append((mention, experience, stance, chance.random() < 0.8))
        if len(rows) == _BLOCK:
            yield rows
            rows = []
    if rows:
        yield rows


def _write_block(database: Database, rows: Sequence[tuple[Mention, str, str, bool]]) -> None:
    mentions, verdicts = [], []
    for mention, experience, stance, sure in rows:
        number = int(mention.native_id) + 1
        at, fetched, version = mention.created_at, iso(mention.fetched_at), mention.text_hash
        assert at is not None
        mentions.append((
            mention.id, mention.brand, mention.source, mention.native_id, mention.author_id,
            mention.title, mention.text, mention.rating, mention.rating_max, iso(at), fetched,
            version, version, number, mention.language, mention.country, mention.product_version,
            mention.owner_reply,
        ))  # fmt: skip
        chances = [0.9 if one == experience else 0.03 for one in _EXPERIENCES]
        chances += [0.9 if one == stance else 0.05 for one in ("advocate", "hater", "neither")]
        verdicts.append((
            number, mention.id, MODEL, version, experience, stance, *chances, int(sure), fetched,
            fetched,
        ))  # fmt: skip
    with database.transaction() as connection:
        for table, columns, values in (
            ("verdicts", _VERDICT, verdicts),
            ("mentions", _MENTION, mentions),
        ):
            connection.executemany(
                f"INSERT INTO {table} ({', '.join(columns)}) "
                f"VALUES ({', '.join('?' * len(columns))})",
                values,
            )


def _write_cases(store: Store) -> None:
    """Make cases of some complaints, due in four hours, and name colleagues in some wows."""
    with store.database.transaction() as connection:
        connection.execute(
            f"""
            INSERT INTO cases (mention_id, brand, state, opened_at, due_at, claimed_by,
                claimed_at, responded_at, closed_at)
            SELECT m.id, m.brand,
                CASE WHEN m.created_at > ?1 THEN 'open' ELSE 'closed' END, m.fetched_at,
                strftime('%Y-%m-%dT%H:%M:%S+00:00', m.fetched_at, '+4 hours'), 'Rita',
                m.fetched_at, answered_at, answered_at
            FROM (
                SELECT *, CASE WHEN created_at <= ?1 AND seq % 7 THEN strftime(
                    '%Y-%m-%dT%H:%M:%S+00:00', fetched_at, seq % 360 || ' minutes'
                ) END AS answered_at
                FROM mentions
            ) m
            JOIN mention_facts f ON f.seq = m.seq AND f.experience = 'angry'
            WHERE m.seq % {_CASED} = 0
            """,
            (iso(NOW - timedelta(days=2)),),
        )
        connection.execute(
            f"""
            INSERT INTO named_staff (mention_id, name)
            SELECT m.id, 'Colleague ' || (f.seq / {_NAMED} % 40) FROM mention_facts f
            JOIN mentions m ON m.seq = f.seq
            WHERE f.experience = 'delighted' AND f.seq % {_NAMED} = 0
            """
        )


def _write_runs(store: Store) -> None:
    """Write half-hourly runs of each source, and one of each that still runs."""
    half_hours = RUN_DAYS * 48
    rows = []
    for place in range(half_hours, -1, -1):
        at = NOW - place * timedelta(minutes=30)
        done = iso(at + timedelta(minutes=1)) if place else None
        outcome = ("failed" if place % 97 == 0 else "ok") if place else None
        rows += [
            (brand, source, "main", iso(at), done, outcome, 20)
            for brand in BRANDS
            for source in SOURCES
        ]
    with store.database.transaction() as connection:
        connection.executemany(
            "INSERT INTO crawl_runs (brand, source, target, started_at, finished_at, outcome, "
            "seen) VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
