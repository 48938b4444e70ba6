"""No page that a click can reach reads a big table through, however its filters are set."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest

from benchmarks.made_store import BRANDS, NOW, SOURCES, make_store
from storage.page_reads import (
    chart_rows,
    mention_list,
    one_mention,
    source_rows,
    speakers,
    tallies,
    topic_choices,
    version_rows,
    waiting,
)
from storage.page_reads.choice import CUTS, Choice
from storage.store import Store
from tests.storage.scans import statements, through
from tests.storage.test_history import BIG

LAST = NOW.date()
MONTH = Choice(brand=BRANDS[0], first=LAST - timedelta(days=29), last=LAST)
CHOICES = (
    MONTH,
    replace(MONTH, source=SOURCES[0]),
    replace(MONTH, source=SOURCES[0], language="en"),
    replace(MONTH, source=SOURCES[0], language="en", country="us", version="1.2"),
    replace(MONTH, topic="7"),
    replace(MONTH, topic="7", version="1.2"),
    replace(MONTH, topic="7", location="Oslo", language="en"),
    replace(MONTH, staff="Rita"),
    replace(MONTH, named="Rita"),
    replace(MONTH, staff="Rita", topic="7", language="en"),
    replace(MONTH, experience="angry", stance="hater", sure=True),
    replace(MONTH, words="the"),
    replace(MONTH, waiting=True),
    replace(MONTH, corrected=True),
    replace(MONTH, brand=None),
    replace(MONTH, brand=None, source=SOURCES[0], language="en"),
    replace(MONTH, brand=None, topic="7"),
    Choice(brand=BRANDS[0], first=date(2000, 1, 1), last=LAST, country="de"),
    Choice(brand=BRANDS[0], last=LAST, country="de", language="en", experience="angry"),
)  # fmt: skip
BOTH = (None, NOW)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("read") / "store.db"
    make_store(path, 1_000)
    with Store.open(path, migrate=True) as store:
        yield store


def reads(store: Store, choice: Choice) -> dict[str, Callable[[], object]]:
    """Name what the pages ask of a choice."""
    connection = store.database.connection
    return {
        "totals": lambda: tallies.totals(connection, choice),
        "by_day": lambda: tallies.by_day(connection, choice),
        "by_brand": lambda: tallies.by_brand(connection, choice),
        **{f"by_{cut}": partial(tallies.by_cut, connection, choice, cut) for cut in CUTS},
        "waiting_for_verdicts": lambda: tallies.waiting_for_verdicts(
            connection, replace(choice, waiting=True)
        ),
        "mention_page": lambda: mention_list.mention_page(
            connection, choice, mention_list.Place(LAST.isoformat(), NOW.isoformat(), 10**6), 50
        ),
        "count_mentions": lambda: mention_list.count_mentions(connection, choice),
        "strongest": lambda: mention_list.strongest(connection, choice, 3),
        "waiting_cases": lambda: waiting.waiting_cases(connection, choice, NOW),
        **{
            f"case_page_{which}": partial(
                waiting.case_page, connection, which, choice, BOTH, NOW, 50, 0
            )
            for which in waiting.WHICH
        },
        "public_replies": lambda: waiting.public_replies(connection, choice),
        "answered": lambda: waiting.answered(connection, choice, BOTH),
        "advocates": lambda: speakers.people_page(connection, "advocates", choice, 50, 0),
        "haters": lambda: speakers.people_page(connection, "haters", choice, 50, 0),
        "flips": lambda: speakers.flips_page(connection, choice, 50, 0),
        "kudos": lambda: speakers.named_colleagues(connection, choice, 50, 0),
        "needs": lambda: speakers.advocates_needs(connection, choice, 50, 0),
        "quiet": lambda: speakers.quiet_people(connection, choice, 50, 0),
        "surest": lambda: mention_list.surest(
            connection, replace(choice, experience="angry", stance=None, waiting=False), 5
        ),
        "versions": lambda: version_rows.changed_versions(connection, BRANDS[0], BOTH),
        "impact": lambda: topic_choices.impact_rows(connection, BRANDS[0], 28),
        "triggers": lambda: topic_choices.trigger_rows(connection, BRANDS[0], 5),
        "road": lambda: chart_rows.road_rows(connection, choice),
        "chart": lambda: chart_rows.chart_rows(connection, choice, "wow_rate"),
        "shifts": lambda: chart_rows.shift_rows(connection, choice),
        "error": lambda: chart_rows.measured_error(connection, choice.brand),
    }


def big_ones_read_through(store: Store, work: Callable[[], object]) -> set[str]:
    connection = store.database.connection
    return set().union(*through(connection, statements(connection, work), BIG).values())


@pytest.mark.parametrize("choice", CHOICES, ids=range(len(CHOICES)))
def test_no_number_or_list_reads_a_big_table_through(store: Store, choice: Choice) -> None:
    found = {
        name: read
        for name, work in reads(store, choice).items()
        if (read := big_ones_read_through(store, work))
    }
    assert found == {}


def test_no_page_of_one_reads_a_big_table_through(store: Store) -> None:
    connection = store.database.connection
    row = connection.execute(
        "SELECT seq, id, author_id FROM mentions WHERE author_id IS NOT NULL LIMIT 1"
    ).fetchone()
    works: dict[str, Callable[[], object]] = {
        "mention_file": lambda: one_mention.mention_file(connection, row["seq"]),
        "seq_of": lambda: one_mention.seq_of(connection, row["id"]),
        "id_of": lambda: one_mention.id_of(connection, row["seq"]),
        "case_of": lambda: one_mention.case_of(connection, 1),
        "case_joined": lambda: one_mention.case_joined(connection, 1),
        "author_of": lambda: one_mention.author_of(connection, row["author_id"]),
        "said_by": lambda: one_mention.said_by(connection, row["author_id"], 50),
        "cases_of_author": lambda: one_mention.cases_of_author(connection, row["author_id"]),
        "standing_of": lambda: one_mention.standing_of(connection, row["author_id"]),
        "muted_for": lambda: one_mention.muted_for(connection, row["author_id"]),
        "known_brands": lambda: tallies.known_brands(connection),
        "anything_stored": lambda: source_rows.anything_stored(connection),
    }
    values = itertools.product(CUTS, (BRANDS[0], None))
    for cut, brand in values:
        works[f"{cut} of {brand}"] = partial(tallies.known_values, connection, cut, brand)
    found = {
        name: read for name, work in works.items() if (read := big_ones_read_through(store, work))
    }
    assert found == {}
