"""The narrow row of each mention, what the rows come to a day, and where authors stand.

Whatever is done to a store, one that counts everything anew from the view `voice` says the same.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlite_utils import Database as SqliteUtilsDatabase

from benchmarks.made_store import make_store
from storage.migrations import migrations
from storage.models import Experience, Mention, Stance
from storage.store import Store
from storage.tables.brands import BrandRow
from storage.tables.cuts import cut
from storage.tables.not_about import set_not_about
from storage.tables.verdicts import Scored
from tests.storage.erasure import ERASURE
from tests.storage.fixtures import make_verdict

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
BERLIN, AUCKLAND = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Auckland")
COUNTS = ("angry", "mediocre", "delighted", "none", "advocate", "hater")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


def say(number: int, author: str = "mo", **more: Any) -> Mention:
    values: dict[str, Any] = {
        "brand": "A",
        "source": "s",
        "native_id": str(number),
        "text": f"The lounge was closed at {number}, said {author}.",
        "author": author,
        "author_native_id": author,
        "created_at": NOW,
        "fetched_at": NOW,
    }
    return Mention(**values | more)


def score(
    store: Store,
    experience: Experience = Experience.ANGRY,
    stance: Stance = Stance.NEITHER,
    sure: bool = True,
) -> None:
    verdict = make_verdict(experience, stance, sure=sure)
    waiting = store.verdicts.waiting(999)
    store.verdicts.save([Scored(mention=one, verdict=verdict) for one in waiting], NOW)


def rows(store: Store, sql: str, *values: object) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in store.database.connection.execute(sql, values)]


def zone(store: Store, **zones: str) -> None:
    store.brands.sync([BrandRow(name=name, time_zone=zone) for name, zone in zones.items()])


# Facts.


def test_a_fact_says_what_the_view_says(store: Store) -> None:
    store.mentions.save(
        [
            say(1, rating=8.0, rating_max=10.0, language="en", country="de", reach=7),
            say(2, created_at=None, text="", product_version="1.2", owner_reply="Sorry"),
        ]
    )
    waiting = rows(store, "SELECT experience, stance, sure, corrected FROM mention_facts")
    assert waiting == [(None, None, None, 0)] * 2
    score(store, Experience.MEDIOCRE, sure=False)
    store.corrections.add("s:2", experience=Experience.ANGRY, stance=None, by="rita", at=NOW)
    assert rows(
        store,
        "SELECT seq, day, dated, language, country, product_version, author_id, stars, reach, "
        "wordless, answered, experience, sure, corrected, counted, deleted FROM mention_facts",
    ) == [
        (1, "2026-03-10", 1, "en", "de", None, "s:mo", 4.0, 7, 0, 0, "mediocre", 0, 0, 1, 0),
        (2, "2026-03-10", 0, None, None, "1.2", "s:mo", None, None, 1, 1, "angry", 1, 1, 1, 0),
    ]
    store.mentions.save([say(1, text="Edited.")], gone=["s:2"], at=NOW)
    assert rows(store, "SELECT experience, deleted FROM mention_facts") == [
        (None, 0),
        ("angry", 1),
    ]


def test_a_day_is_the_brands_own(store: Store) -> None:
    late = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
    zone(store, A="Europe/Berlin", B="America/New_York")
    store.mentions.save(
        [
            say(1, created_at=late),
            say(2, brand="B", created_at=late + timedelta(hours=4)),
            say(3, brand="C", created_at=late),
        ]
    )
    assert rows(store, "SELECT brand, day FROM mention_facts") == [
        ("A", "2026-03-11"),
        ("B", "2026-03-10"),
        ("C", "2026-03-10"),
    ]


@pytest.mark.parametrize("name", ["Europe/Berlin", "Pacific/Auckland", "Asia/Kathmandu", "UTC"])
def test_days_end_with_the_clock_of_the_zone_all_year(store: Store, name: str) -> None:
    zone(store, A=name)
    moments = [
        datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=37 * number) * 10
        for number in range(3000)
    ]
    store.mentions.save([say(n, created_at=at) for n, at in enumerate(moments)])
    days = rows(store, "SELECT counted_at, day FROM mention_facts")
    wanted = [
        (at, datetime.fromisoformat(at).astimezone(ZoneInfo(name)).date().isoformat())
        for at, _ in days
    ]
    assert days == wanted


def test_a_changed_zone_moves_days_and_counts(store: Store) -> None:
    late = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
    store.mentions.save([say(1, created_at=late), say(2), say(3, "ida", created_at=late)])
    score(store)
    store.upkeep.forget_author("s:ida", ERASURE)
    daily = "SELECT day, source, mentions FROM daily_counts ORDER BY day"
    assert rows(store, daily) == [("2026-03-10", "s", 3)]
    zone(store, A="Europe/Berlin")
    # Of what was erased nobody knows the hour.
    assert rows(store, daily) == [("2026-03-10", "s", 2), ("2026-03-11", "s", 1)]
    zone(store, A="UTC")
    assert rows(store, daily) == [("2026-03-10", "s", 3)]


def test_brands_are_those_of_the_config_and_those_with_mentions(store: Store) -> None:
    zone(store, A="UTC", B="UTC")
    store.mentions.save([say(1)])
    zone(store, C="Asia/Tokyo")
    assert [(one.name, one.time_zone) for one in store.brands.all()] == [
        ("A", "UTC"),
        ("C", "Asia/Tokyo"),
    ]
    store.brands.sync([BrandRow(name="A", time_zone="UTC", competitor=True)])
    assert [(one.name, one.competitor) for one in store.brands.all()] == [("A", True)]


# Counts.


def test_cuts_count_what_each_mention_is_cut_by(store: Store) -> None:
    store.mentions.save(
        [
            say(1, language="en", country="de", product_version="1.2"),
            say(2, language="en", source="t"),
        ]
    )
    score(store, Experience.DELIGHTED, Stance.ADVOCATE)
    with store.database.transaction() as connection:
        cut(connection, 1, "topic", ["7", "9"])
        cut(connection, 2, "topic", ["9"])
    asked = "SELECT dimension, value, mentions, delighted, advocate FROM cut_days ORDER BY 1, 2"
    assert rows(store, asked) == [
        ("all", "", 2, 2, 2),
        ("country", "", 1, 1, 1),
        ("country", "de", 1, 1, 1),
        ("language", "en", 2, 2, 2),
        ("source", "s", 1, 1, 1),
        ("source", "t", 1, 1, 1),
        ("topic", "7", 1, 1, 1),
        ("topic", "9", 2, 2, 2),
        ("version", "", 1, 1, 1),
        ("version", "1.2", 1, 1, 1),
    ]
    store.corrections.add("s:1", experience=Experience.ANGRY, stance=None, by="rita", at=NOW)
    topics = "SELECT value, mentions, angry, delighted FROM cut_days WHERE dimension = 'topic'"
    assert rows(store, topics) == [("7", 1, 1, 0), ("9", 2, 1, 1)]
    with store.database.transaction() as connection:
        cut(connection, 1, "topic", ["8"])
    assert rows(store, topics) == [("8", 1, 1, 0), ("9", 1, 0, 1)]
    store.upkeep.forget_author("s:mo", ERASURE)
    assert rows(store, topics) == [("8", 1, 1, 0), ("9", 1, 0, 1)]
    assert rows(store, "SELECT seq, value FROM mention_cuts") == [(2, "9")]


def counted_anew(store: Store) -> list[tuple[Any, ...]]:
    """Count what is stored by day, from `voice` and Python's own calendar."""
    zones = {one.name: ZoneInfo(one.time_zone) for one in store.brands.all()}
    cells: dict[tuple[str, str, str, str], list[int]] = {}
    for row in store.database.connection.execute(
        "SELECT brand, counted_at, source, country, language, product_version, experience, stance "
        "FROM voice WHERE counted AND experience IS NOT NULL"
    ):
        at = datetime.fromisoformat(row["counted_at"])
        day = at.astimezone(zones.get(row["brand"], UTC)).date().isoformat()
        for dimension, value in (
            ("all", ""),
            ("source", row["source"]),
            ("country", row["country"]),
            ("language", row["language"]),
            ("version", row["product_version"]),
        ):
            cell = cells.setdefault((dimension, day, row["brand"], value or ""), [0] * 7)
            cell[0] += 1
            for place, name in enumerate(COUNTS, 1):
                cell[place] += name in (row["experience"], row["stance"])
    return sorted((*key, *counts) for key, counts in cells.items())


CELLS = (
    f"SELECT dimension, day, brand, value, mentions, {', '.join(COUNTS)} FROM cut_days "
    "ORDER BY 1, 2, 3, 4"
)


def live(store: Store, chance: random.Random) -> None:
    """Do a random thing to the store that it is made for."""
    ids = [row[0] for row in rows(store, "SELECT id FROM mentions ORDER BY id")]
    number = chance.randrange(40)
    what = chance.randrange(8 if ids else 2)
    if what < 2:
        at = NOW - timedelta(hours=chance.randrange(72))
        store.mentions.save(
            [
                say(
                    number,
                    chance.choice(["mo", "ida", "kim"]),
                    brand=chance.choice("AB"),
                    source="s" if number % 2 else "t",
                    text=f"Words number {chance.randrange(3)} of {number}.",
                    created_at=chance.choice([at, None]) if number % 5 == 0 else at,
                    language=chance.choice(["en", "de", None]),
                    country=chance.choice(["de", None]),
                    product_version=chance.choice(["1", "2", None]),
                )
            ],
            at=NOW,
        )
    elif what == 2:
        with store.database.transaction() as connection:
            set_not_about(connection, [chance.choice(ids)], chance.choice(["person", None]))
    elif what == 3:
        store.corrections.add(
            chance.choice(ids),
            experience=chance.choice([*Experience]),
            stance=chance.choice([*Stance]),
            by="rita",
            at=NOW,
        )
    elif what == 4:
        store.copies.link()
    elif what == 5:
        zone(store, A=chance.choice(["UTC", "Europe/Berlin", "Pacific/Auckland"]))
    elif what == 6:
        store.mentions.save([], gone=[chance.choice(ids)], at=NOW)
    else:
        score(store, chance.choice([*Experience]), chance.choice([*Stance]))


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_the_counts_are_those_of_the_view(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        live(store, chance)
    score(store)
    assert rows(store, CELLS) == counted_anew(store)
    assert len(rows(store, CELLS)) > 20


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_row_of_a_topic_says_what_the_fact_does(
    store: Store, seed: int
) -> None:
    chance = random.Random(seed)
    columns = (
        "brand", "day", "source", "country", "language", "product_version", "experience",
        "stance", "counted", "sure", "corrected", "counted_at",
    )  # fmt: skip
    for _ in range(60):
        live(store, chance)
        seqs = [row[0] for row in rows(store, "SELECT seq FROM mentions ORDER BY seq")]
        if seqs and chance.random() < 0.5:
            with store.database.transaction() as connection:
                values = chance.sample(["1", "2", "Oslo"], chance.randrange(3))
                cut(connection, chance.choice(seqs), chance.choice(["topic", "location"]), values)
    copied, known = (
        rows(
            store,
            f"SELECT k.seq, k.value, {', '.join(f'{table}.{one}' for one in columns)} "
            "FROM mention_cuts k JOIN mention_facts f ON f.seq = k.seq ORDER BY 1, 2",
        )
        for table in ("k", "f")
    )
    assert copied == known
    assert len(known) > 5


MONTHS = (
    "month_cells", "brand, month, source, country, language, version",
    """
    SELECT brand, substr(day, 1, 7), source, coalesce(country, ''), coalesce(language, ''),
        coalesce(product_version, ''), %s
    FROM mention_facts WHERE counted AND experience IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6
    """,
)  # fmt: skip
PAIRS = (
    "month_pairs", "brand, cut, dimension, part, month, value",
    """
    SELECT brand, c.dimension, p.dimension, p.part, substr(day, 1, 7), value, %s
    FROM mention_cuts c JOIN (
        SELECT seq, 'source' AS dimension, source AS part FROM mention_facts
        UNION ALL SELECT seq, 'country', coalesce(country, '') FROM mention_facts
        UNION ALL SELECT seq, 'language', coalesce(language, '') FROM mention_facts
        UNION ALL SELECT seq, 'version', coalesce(product_version, '') FROM mention_facts
    ) p ON p.seq = c.seq
    WHERE c.dimension IN ('topic', 'location') AND counted AND experience IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5, 6
    """,
)  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_months_count_the_mentions_that_are_there(
    store: Store, seed: int
) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        live(store, chance)
        seqs = [row[0] for row in rows(store, "SELECT seq FROM mentions ORDER BY seq")]
        if seqs and chance.random() < 0.5:
            with store.database.transaction() as connection:
                values = chance.sample(["1", "2", "Oslo"], chance.randrange(3))
                cut(connection, chance.choice(seqs), chance.choice(["topic", "location"]), values)
        if len(seqs) > 12 and chance.random() < 0.2:
            (gone,) = rows(store, f"SELECT id FROM mentions WHERE seq = {chance.choice(seqs)}")
            store.upkeep.forget_mention(gone[0], ERASURE)
    score(store)
    kinds = {**dict.fromkeys(COUNTS[:4], "experience"), **dict.fromkeys(COUNTS[4:], "stance")}
    sums = ", ".join(["count(*)", *(f"sum({kind} = '{name}')" for name, kind in kinds.items())])
    for table, place, anew in (MONTHS, PAIRS):
        kept = rows(
            store,
            f"SELECT {place}, mentions, {', '.join(COUNTS)} FROM {table} "
            f"ORDER BY 1, 2, 3, 4, 5, 6",
        )
        assert kept == rows(store, f"{anew % sums} ORDER BY 1, 2, 3, 4, 5, 6"), table
        assert len(kept) > 5, table


def test_what_is_erased_stays_counted_in_every_cut(store: Store) -> None:
    chance = random.Random(1)
    for _ in range(60):
        live(store, chance)
    score(store)
    before = rows(store, CELLS)
    assert store.upkeep.forget_author("s:mo", ERASURE) > 1
    assert rows(store, CELLS) == before
    assert counted_anew(store) != before


# Authors.


def flips(store: Store) -> list[tuple[Any, ...]]:
    return rows(store, "SELECT flip, id, was_since FROM flips ORDER BY counted_at")


def told(store: Store, *said: tuple[Experience, Stance], author: str = "mo") -> None:
    first = store.mentions.count()
    for number, (experience, stance) in enumerate(said, first):
        store.mentions.save([say(number, author, created_at=NOW + timedelta(hours=number))])
        score(store, experience, stance)


WOW = (Experience.DELIGHTED, Stance.ADVOCATE)
WARNING = (Experience.ANGRY, Stance.HATER)
COMPLAINT = (Experience.ANGRY, Stance.NEITHER)


def test_standing_follows_what_an_author_says(store: Store) -> None:
    told(store, WOW, WOW, (Experience.MEDIOCRE, Stance.NEITHER))
    asked = "SELECT author, advocacy, mentions, advocate_since, last_seen_at FROM advocates"
    first, last = NOW.isoformat(), (NOW + timedelta(hours=2)).isoformat()
    assert rows(store, asked) == [("mo", 2, 3, first, last)]
    told(store, COMPLAINT)
    assert rows(store, asked) == []
    assert flips(store) == [("lost_advocate", "s:3", (NOW + timedelta(hours=1)).isoformat())]
    # They are an advocate again once somebody says that the model was wrong.
    store.corrections.add(
        "s:3", experience=Experience.NONE, stance=Stance.NEITHER, by="rita", at=NOW
    )
    assert len(rows(store, asked)) == 1
    assert flips(store) == []
    store.upkeep.forget_author("s:mo", ERASURE)
    for table in ("advocates", "author_standing", "author_flips", "standing_due"):
        assert rows(store, f"SELECT * FROM {table}") == [], table


def test_an_earlier_mention_that_comes_late_changes_what_came_after(store: Store) -> None:
    told(store, COMPLAINT)
    assert flips(store) == []
    store.mentions.save([say(99, created_at=NOW - timedelta(days=1))])
    score(store, *WOW)
    assert flips(store) == [("lost_advocate", "s:0", (NOW - timedelta(days=1)).isoformat())]


def test_a_hater_is_won_back_once(store: Store) -> None:
    told(store, WARNING, WOW, WOW)
    assert [one[:2] for one in flips(store)] == [("won_back", "s:1")]


def test_names_of_many_change_no_mind(store: Store) -> None:
    said = [say(n, created_at=NOW + timedelta(minutes=n)) for n in range(501)]
    for part, kind in ((said[:1], WOW), (said[1:500], COMPLAINT)):
        store.mentions.save(part)
        score(store, *kind)
    assert len(flips(store)) == 1
    store.mentions.save(said[500:])
    score(store, *COMPLAINT)
    assert flips(store) == []


def test_a_text_that_comes_back_is_taken_as_a_person_corrected_it(store: Store) -> None:
    """It waits for a verdict again, and has an experience and no stance until then."""
    first = say(1, rating=1.0, rating_max=5.0)
    other = replace(first, text="They found my bag.", edited_at=NOW + timedelta(hours=1))
    store.mentions.save([first])
    score(store, *COMPLAINT)
    store.corrections.add(first.id, experience=Experience.MEDIOCRE, stance=None, by="dana", at=NOW)
    store.mentions.save([other])
    score(store, *COMPLAINT)
    saved = store.mentions.save([replace(first, edited_at=NOW + timedelta(hours=2))])
    assert (saved.edited, saved.refused) == (1, ())
    asked = "SELECT value, mentions, mediocre, hater FROM cut_days WHERE dimension = 'stars'"
    assert rows(store, asked) == [("1", 1, 1, 0)]
    score(store, *COMPLAINT)
    assert [row[:3] for row in rows(store, asked)] == [("1", 1, 1)]


# Stores with data.


@pytest.mark.parametrize("mentions", [600])
def test_a_store_with_data_gets_its_facts(tmp_path: Path, mentions: int) -> None:
    new = tmp_path / "new.db"
    make_store(new, mentions)
    old = tmp_path / "old.db"
    with closing(sqlite3.connect(old)) as connection:
        database = SqliteUtilsDatabase(connection)
        migrations.apply(database, stop_before="0031_facts")
        connection.execute("ATTACH ? AS new", (str(new),))
        for table in ("authors", "verdicts", "mentions"):
            names = ", ".join(
                row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")
            )
            connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM new.{table}")
        connection.execute(
            "INSERT INTO erased_counts "
            "VALUES ('2026-10-01', 'Large', 'source_1', 3, 1, 1, 1, 0, 2, 0)"
        )
        connection.commit()
    with Store.open(old, migrate=True) as store, Store.open(new) as made:
        for table in ("mention_facts", "author_standing", "author_flips"):
            asked = f"SELECT * FROM {table} ORDER BY 1, 2"
            assert rows(store, asked) == rows(made, asked), table
            assert rows(store, asked), table
        kept = rows(store, CELLS)
        own = {row[:4]: row[4:] for row in rows(made, CELLS)}
        more = {row[:4] for row in kept if own.get(row[:4]) != row[4:]}
        place = ("2026-10-01", "Large")
        assert more == {
            ("source", *place, "source_1"),
            *((one, *place, "") for one in ("all", "country", "language", "version")),
        }
        assert not rows(store, "SELECT * FROM standing_due")
        # What comes after is kept up like in a new store.
        store.mentions.save([say(1, brand="Large")])
        score(store)
        now = {row[:4]: row[4] for row in rows(store, CELLS)}
        before = {row[:4]: row[4] for row in kept}
        cell = ("all", "2026-03-10", "Large", "")
        assert now[cell] == before.get(cell, 0) + 1
