"""Whatever filters meet, a page counts and lists exactly the mentions that fit, from one index."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from benchmarks.made_store import BRANDS, NOW, SOURCES, make_store
from storage.migrations import migrations
from storage.models import Experience, Stance
from storage.page_reads import mention_list, speakers, tallies
from storage.page_reads.choice import CUTS, Choice
from storage.store import Store
from tests.storage.scans import statements

MENTIONS = 1_200
LAST = NOW.date()
TOPICS = [str(number) for number in range(1, 4)]
VALUES: dict[str, list[Any]] = {
    "brand": [BRANDS[0], BRANDS[1], None, None],
    "first": [None, LAST - timedelta(days=29), LAST - timedelta(days=364)],
    "last": [LAST, LAST - timedelta(days=400)],
    "source": [None, None, *SOURCES[:2], "nowhere"],
    "country": [None, None, "us", "de"],
    "language": [None, None, "en", "fr"],
    "version": [None, None, None, "1.20", "1.2"],
    "topic": [None, None, *TOPICS],
    "location": [None, None, None, "Oslo"],
    "experience": [None, None, "angry", "delighted"],
    "stance": [None, None, None, "hater"],
    "sure": [None, None, True, False],
    "corrected": [None, None, None, True, False],
    "waiting": [False, False, False, True],
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("filters") / "store.db"
    make_store(path, MENTIONS)
    with Store.open(path) as store:
        connection = store.database.connection
        with store.write():
            connection.execute("UPDATE mentions SET location = 'Oslo' WHERE seq % 3 = 0")
            connection.execute("UPDATE mentions SET verdict_id = NULL WHERE seq % 11 = 0")
            connection.execute("UPDATE mentions SET not_about = 'person' WHERE seq % 13 = 0")
        for (mention_id,) in connection.execute(
            "SELECT id FROM mentions WHERE seq % 7 = 0"
        ).fetchall():
            store.corrections.add(
                mention_id, experience=Experience.ANGRY, stance=Stance.HATER, by="Rita", at=NOW
            )
        yield store


@pytest.fixture(scope="module")
def facts(store: Store) -> list[dict[str, Any]]:
    """Give each fact with its topics and location, read without any help of an index."""
    connection = store.database.connection
    cuts: dict[int, dict[str, set[str]]] = {}
    for seq, topic in connection.execute("SELECT seq, topic_id FROM mention_topics"):
        cuts.setdefault(seq, {}).setdefault("topic", set()).add(str(topic))
    for seq, location in connection.execute(
        "SELECT seq, location FROM mentions WHERE location IS NOT NULL"
    ):
        cuts.setdefault(seq, {})["location"] = {location}
    return [
        {**dict(row), "topic": set(), "location": set(), **cuts.get(row["seq"], {})}
        for row in connection.execute("SELECT * FROM mention_facts")
    ]


def fitting(facts: list[dict[str, Any]], choice: Choice) -> list[dict[str, Any]]:
    def fits(fact: dict[str, Any]) -> bool:
        return bool(
            fact["counted"]
            and (fact["experience"] is None) == choice.waiting
            and choice.brand in (None, fact["brand"])
            and (choice.first is None or fact["day"] >= choice.first.isoformat())
            and (choice.last is None or fact["day"] <= choice.last.isoformat())
            and choice.source in (None, fact["source"])
            and choice.country in (None, fact["country"])
            and choice.language in (None, fact["language"])
            and choice.version in (None, fact["product_version"])
            and (choice.topic is None or choice.topic in fact["topic"])
            and (choice.location is None or choice.location in fact["location"])
            and choice.experience in (None, fact["experience"])
            and choice.stance in (None, fact["stance"])
            and choice.sure in (None, fact["sure"] if fact["sure"] is None else fact["sure"] == 1)
            and choice.corrected in (None, fact["corrected"] == 1)
        )

    return [fact for fact in facts if fits(fact)]


def choices(number: int) -> Iterator[Choice]:
    chance = random.Random(4)
    for _ in range(number):
        yield Choice(**{name: chance.choice(values) for name, values in VALUES.items()})


def value_of(fact: dict[str, Any], cut: str) -> set[str]:
    if cut in ("topic", "location", "staff"):
        return set(fact.get(cut, ()))
    return {fact["product_version" if cut == "version" else cut] or ""}


def test_lists_hold_what_fits_in_order_page_by_page(
    store: Store, facts: list[dict[str, Any]]
) -> None:
    connection, found = store.database.connection, 0
    for choice in choices(300):
        wanted = sorted(
            ((f["day"], f["counted_at"], f["seq"]) for f in fitting(facts, choice)), reverse=True
        )
        listed: list[tuple[str, str, int]] = []
        after, pages = None, 0
        while pages == 0 or (after is not None and pages < 3):
            rows, after = mention_list.mention_page(connection, choice, after, 20)
            listed += [(row["day"], row["counted_at"], row["seq"]) for row in rows]
            pages += 1
        assert listed == wanted[:60], choice
        assert mention_list.count_mentions(connection, choice) == len(wanted), choice
        found += len(wanted)
    assert found > 300


def test_counts_are_those_of_what_fits(store: Store, facts: list[dict[str, Any]]) -> None:
    connection, found = store.database.connection, 0
    for each in choices(200):
        choice = replace(
            each, experience=None, stance=None, sure=None, corrected=None, waiting=False
        )
        wanted = fitting(facts, choice)
        found += len(wanted)
        total = tallies.totals(connection, choice)
        assert (total.mentions, total.angry, total.hater) == (
            len(wanted),
            sum(f["experience"] == "angry" for f in wanted),
            sum(f["stance"] == "hater" for f in wanted),
        ), choice
        by_day = tallies.by_day(connection, choice)
        assert {f"{day}": one.mentions for day, one in by_day.items()} == Counter(
            f["day"] for f in wanted
        ), choice
        by_brand = tallies.by_brand(connection, choice)
        assert {name: one.mentions for name, one in by_brand.items()} == Counter(
            f["brand"] for f in wanted
        ), choice
        for cut in CUTS:
            counted = Counter(value for f in wanted for value in value_of(f, cut))
            if (chosen := choice.cuts.get(cut)) is not None:
                counted = Counter({chosen: counted[chosen]}) if counted[chosen] else Counter()
            by_cut = tallies.by_cut(connection, choice, cut)
            assert {name: one.mentions for name, one in by_cut.items()} == counted, (cut, choice)
    assert found > 1_000


MONTH = Choice(brand=BRANDS[0], first=LAST - timedelta(days=364), last=LAST)


@pytest.mark.parametrize(
    ("choice", "index"),
    [
        (replace(MONTH, source="source_1", language="en"), "mention_facts_of_source"),
        (replace(MONTH, country="us", language="en"), "mention_facts_of_country"),
        (replace(MONTH, country="us", version="1.2", source="x"), "mention_facts_of_version"),
        (replace(MONTH, language="en", experience="angry", stance="hater"),
         "mention_facts_of_language"),
        (replace(MONTH, topic="1", language="en"), "mention_cuts_of_value"),
        (replace(MONTH, brand=None, country="us", language="en"), "mention_facts_of_country"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("analyzed", [False, True])
def test_counts_read_no_more_than_the_index_of_one_filter(
    store: Store, choice: Choice, index: str, analyzed: bool
) -> None:
    connection = store.database.connection
    if analyzed:
        connection.execute("ANALYZE")
    try:
        for read in (tallies.totals, tallies.by_day, mention_list.count_mentions):
            (sql,) = statements(connection, partial(read, connection, choice))
            plan = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
            if any("cut_days" in step for step in plan):
                continue  # counted before anybody asked
            walk = f"SEARCH f USING COVERING INDEX {index} ("
            assert any(step.startswith(walk) and "day>" in step for step in plan), plan
    finally:
        if analyzed:
            connection.execute("DELETE FROM sqlite_stat1")


@pytest.mark.parametrize(
    ("choice", "cut", "walk"),
    [
        (replace(MONTH, language="en"), "source", "INDEX month_cells_of_language (brand=? AND la"),
        (replace(MONTH, country="us", version="1.2"), "source", "INDEX month_cells_of_version ("),
        (replace(MONTH, language="en"), "topic", "PRIMARY KEY (brand=? AND cut=? AND dimension=?"),
        (replace(MONTH, topic="1"), "source", "INDEX month_pairs_of_value (brand=? AND cut=? AND"),
        (replace(MONTH, brand=None, topic="1"), "language", "INDEX month_pairs_of_value (brand=?"),
    ],
)
def test_whole_months_are_counted_from_cells_and_only_other_days_from_mentions(
    store: Store, choice: Choice, cut: str, walk: str
) -> None:
    connection = store.database.connection
    (sql,) = statements(connection, lambda: tallies.by_cut(connection, choice, cut))
    plan = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert any(step.startswith(f"SEARCH c USING {walk}") for step in plan), plan
    others = [step for step in plan if step.startswith("SEARCH f ")]
    # Of 365 days eleven are whole months; of two others a part is read.
    assert len(others) == 2, plan
    assert all("COVERING INDEX" in step and "day>? AND day<?" in step for step in others), plan
    (sql,) = statements(
        connection, lambda: tallies.by_cut(connection, replace(choice, first=None), cut)
    )
    assert sql.count("UNION ALL") == 1


def test_the_topics_of_what_is_filtered_are_counted_from_their_own_rows(store: Store) -> None:
    connection = store.database.connection
    choice = replace(MONTH, language="en", source="source_1")
    (sql,) = statements(connection, lambda: tallies.by_cut(connection, choice, "topic"))
    plan = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    walk = "SEARCH f USING COVERING INDEX mention_cuts_of_value (dimension=? AND brand=? AND value"
    assert any(step.startswith(walk) for step in plan), plan


def test_a_colleague_is_looked_up_before_a_brand_is(store: Store) -> None:
    connection = store.database.connection
    choice = replace(MONTH, staff="Colleague 7")
    for work in (
        lambda: mention_list.mention_page(connection, choice, None, 50),
        lambda: tallies.totals(connection, choice),
        lambda: speakers.named_colleagues(connection, choice, 5, 0),
    ):
        for sql in statements(connection, work):
            plan = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
            assert any("SEARCH f USING INTEGER PRIMARY KEY" in step for step in plan), plan


def test_a_store_with_topics_gets_the_rows_that_its_filters_read(tmp_path: Path) -> None:
    new, old = tmp_path / "new.db", tmp_path / "old.db"
    make_store(new, 300)
    with closing(sqlite3.connect(old)) as connection:
        migrations.apply(Database(connection), stop_before="0038_filters")
        connection.execute("ATTACH ? AS new", (str(new),))
        for table, wanted in (
            ("authors", ""),
            ("verdicts", ""),
            ("mentions", ""),
            ("mention_cuts", "('seq', 'dimension', 'value')"),
        ):
            names = ", ".join(
                name
                for _, name, *_ in connection.execute(f"PRAGMA main.table_info({table})")
                if not wanted or name in wanted
            )
            connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM new.{table}")
        connection.commit()
    asked = "SELECT * FROM mention_cuts ORDER BY seq, dimension, value"
    with Store.open(old, migrate=True) as store, Store.open(new) as made:
        found, wanted_rows = (
            [tuple(row) for row in one.database.connection.execute(asked)] for one in (store, made)
        )
        assert found == wanted_rows
        assert len(found) > 100
        choice = replace(MONTH, topic="1", language="en", brand=None)
        assert tallies.totals(store.database.connection, choice) == tallies.totals(
            made.database.connection, choice
        )
