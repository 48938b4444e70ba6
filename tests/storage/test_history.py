"""A long history stalls nothing: what is looked up costs the same however much the store holds."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from benchmarks.made_store import BRANDS, NOW, SOURCES, let_wait, make_store
from benchmarks.store_questions import with_filters
from earful.pages.datasette_app import metadata
from storage.models import CrawlOutcome, CrawlReport, CrawlTarget, Mention
from storage.store import Store
from tests.storage.scans import scans, statements, steps, through
from tests.storage.ways import WAYS, furnish

FEW, MANY = 400, 2_000
MAX_AGE = timedelta(hours=24)
LATER = NOW + timedelta(hours=2)
TARGET = CrawlTarget(brand=BRANDS[0], source=SOURCES[0], target="main")
# They grow with what the public says.
BIG = ("mentions", "mention_versions", "verdicts", "authors", "copy_bands", "crawl_runs",
       "relevance_vectors", "mention_vectors", "mention_topics", "topic_queue",
       "mention_facts", "mention_cuts", "author_standing")  # fmt: skip
# They grow with all that was ever sent and answered, more slowly: a page may count them, a pass
# of the daemon, which comes every few seconds, reads none of them through.
ANSWERED = ("alerts", "cases", "case_events", "case_mentions")
# What reads a big table through on purpose; nothing of it is asked for each mention or crawl, or
# once a minute.
_ALL, _FACTS = {"mentions"}, {"mention_facts"}
READ_THROUGH = {
    # Of all time, as these are asked: a report names a period.
    **dict.fromkeys(
        (
            "insight.by", "insight.by_day", "insight.export", "insight.kept_back",
            "insight.method", "insight.picks", "insight.said_by_advocates", "insight.totals",
        ),
        _FACTS,
    ),
    "insight.languages": _ALL,
    # By the few labels that people gave; the planner begins at either end.
    "relevance.brands": _ALL,
    "relevance.forget_vectors": _ALL,
    # Once, after a backup was put back.
    "upkeep.forget_again": _ALL,
    # The newest of the queue, up to a limit.
    "topic_sorting.waiting": {"topic_queue"},
    # The test's own question.
    "ledger.alerted": {"verdicts"},
    # Every verdict's model is compared: `--rescore` and the look before it.
    "verdicts.count_stale": _ALL,
    # Counts of a status, a command's or a report's: nothing that a pass asks.
    "outbox.counts": {"alerts"},
    **{key: {"cases"} for key in ("cases.counts", "insight.answers", "insight.answers_by_source")},
    "rewards.won_back": {"cases"},
    # At a click, up to the last of somebody's.
    **{key: {"case_events"} for key in ("cases.name_of", "cases.user_id_of")},
    # With each pass: a look by its key for each answered case. A hundred thousand take 0.1 s.
    **{key: {"cases"} for key in ("answer_times.unmeasured", "answer_times.untold_takes")},
    # Digests and incidents of older versions, whose quotes nobody can tell.
    **{
        f"upkeep.forget_{what}": {"alerts"}
        for what in ("author", "mention", "deleted", "older")
    },
    # Bounded by `prune`.
    "crawls.latest": {"crawl_runs"},
    "crawls.last_failures": {"crawl_runs"},
    "crawls.prune": {"crawl_runs"},
    "insight.source_health": {"crawl_runs"},
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    for mentions in (FEW, MANY):
        make_store(folder / f"{mentions}.db", mentions)
    return folder


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("furnished") / "earful.db"
    furnish(path)
    return path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


@contextmanager
def copied(path: Path) -> Iterator[Store]:
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "earful.db"
        shutil.copyfile(path, copy)
        with Store.open(copy) as store:
            yield store


def growth(made: Path, work: Callable[[Store], object]) -> float:
    """Do work in a copy of each store; give how many times the steps the larger one took."""
    taken = []
    for mentions in (FEW, MANY):
        with copied(made / f"{mentions}.db") as store:
            let_wait(store, 20)
            taken.append(steps(store.database.connection, partial(work, store)))
    return taken[1] / max(taken[0], 1)


def judge_a_backlog(store: Store) -> None:
    judged = [
        store.judgements.judge_backlog(old, MAX_AGE, LATER)
        for old in store.judgements.backlogs(MAX_AGE, LATER)
    ]
    assert sum(judged) == 20


def look_for_what_waits(store: Store) -> None:
    assert store.judgements.count_unjudged() == 20
    store.judgements.waiting_since()
    store.judgements.oldest_fresh(MAX_AGE)
    store.judgements.unjudged(MAX_AGE, 500)
    store.verdicts.count_unread()


@pytest.mark.parametrize("work", [judge_a_backlog, look_for_what_waits])
def test_what_is_done_one_by_one_costs_the_same_beside_five_times_the_history(
    made: Path, work: Callable[[Store], object]
) -> None:
    assert growth(made, work) < 1.5


def test_erasing_one_costs_the_same_beside_five_times_the_history(made: Path) -> None:
    def forget(store: Store, mentions: int) -> int:
        (than,) = store.database.connection.execute(
            "SELECT created_at FROM mentions ORDER BY created_at LIMIT 1 OFFSET ?", (mentions,)
        ).fetchone()

        def work() -> None:
            assert store.upkeep.forget_older(datetime.fromisoformat(than)) == mentions

        return steps(store.database.connection, work)

    each = []
    for mentions in (FEW, MANY):
        with copied(made / f"{mentions}.db") as store:
            # What is done once for all is in both: it goes out.
            few, many = forget(store, 20), forget(store, 120)
            each.append(many - few)
    assert each[1] < 1.5 * each[0], each


def test_judging_costs_the_same_however_often_a_source_was_read(store: Store) -> None:
    def judge(runs: int) -> int:
        for number in range(runs):
            run = store.crawls.start(TARGET, NOW - timedelta(minutes=number))
            store.crawls.finish(run, CrawlReport(outcome=CrawlOutcome.OK), NOW)
        return steps(store.database.connection, lambda: store.judgements.backlogs(MAX_AGE, LATER))

    for number in range(20):
        store.mentions.save([
            Mention(
                brand=TARGET.brand, source=TARGET.source, native_id=f"{number}", text="Old news",
                fetched_at=NOW,
            )
        ])  # fmt: skip
    store.database.connection.execute(
        """
        INSERT INTO verdicts (mention_id, model, text_hash, experience, stance, p_angry,
            p_mediocre, p_delighted, p_none, p_advocate, p_hater, p_neither, sure, scored_at)
        SELECT id, 'm', text_hash, 'none', 'neither', 0, 0, 0, 1, 0, 0, 1, 1, fetched_at
        FROM mentions
        """
    )
    store.database.connection.execute(
        "UPDATE mentions SET verdict_id = (SELECT id FROM verdicts WHERE mention_id = mentions.id)"
    )
    few = judge(1)
    assert judge(300) <= few + 1


def test_each_foreign_key_has_an_index(store: Store) -> None:
    connection = store.database.connection
    tables = [
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%_fts%'"
        )
    ]
    keys = {
        (table, row["from"])
        for table in tables
        for row in connection.execute(f"PRAGMA foreign_key_list({table})")
    }
    assert ("mentions", "verdict_id") in keys
    unindexed = {
        (table, column)
        for table, column in keys
        if table in scans(connection, f"SELECT 1 FROM {table} WHERE {column} = ?", (1,))
    }
    assert not unindexed


@pytest.mark.parametrize("name", [name for name in WAYS if not WAYS[name].copies])
def test_no_way_into_the_store_reads_a_big_table_through(furnished: Path, name: str) -> None:
    with copied(furnished) as store:
        connection = store.database.connection
        asked = statements(connection, lambda: WAYS[name].go(store))
        found = through(connection, asked, (*BIG, *ANSWERED))
    assert set().union(*found.values()) == READ_THROUGH.get(name, set()), found


@pytest.mark.parametrize("chart", ["wows", "complaints", "mind_changes"])
@pytest.mark.parametrize("analyzed", [False, True])
def test_the_latest_of_a_brand_are_read_from_the_newest_on(
    made: Path, tmp_path: Path, chart: str, analyzed: bool
) -> None:
    copy = tmp_path / "copy.db"
    shutil.copyfile(made / f"{MANY}.db", copy)
    chosen = {"brand": BRANDS[0], "period": "12 months", "until": f"{NOW:%Y-%m-%d}"}
    charts = metadata()["plugins"]["datasette-dashboards"]["voice"]["charts"]
    sql = with_filters(charts[chart]["query"], chosen)
    with closing(sqlite3.connect(copy)) as connection:
        if analyzed:
            connection.execute("ANALYZE")
        plan = [
            str(row[3])
            for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", chosen | {"source": ""})
        ]
    # By the brand and the time, so that the eighth ends it: no sorting of a year.
    by_time = ("facts_by_brand (brand=? AND counted_at>", "flips_by_brand (brand=? AND c")
    assert any(one in step for step in plan for one in by_time), plan
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan
