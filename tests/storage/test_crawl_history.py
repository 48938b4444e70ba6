"""The history of crawls is bounded, and keeps all that judging a source looks at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.models import CrawlOutcome, CrawlReport, CrawlTarget
from storage.store import Store

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
SHOP = CrawlTarget(brand="Acme Air", source="shop", target="main")
FORUM = CrawlTarget(brand="Acme Air", source="forum", target="main")
OK, FAILED = CrawlOutcome.OK, CrawlOutcome.FAILED


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


def crawl(store: Store, target: CrawlTarget, outcomes: list[CrawlOutcome]) -> None:
    """Write runs, the newest now, half an hour apart."""
    with store.write() as unit:
        for place, outcome in enumerate(outcomes):
            at = NOW - (len(outcomes) - 1 - place) * HALF_HOUR
            run = unit.crawls.start(target, at)
            unit.crawls.finish(run, CrawlReport(outcome=outcome, seen=place), at)


def looked_at(store: Store, target: CrawlTarget) -> tuple[object, ...]:
    """Give all that is asked of a target's runs."""
    crawls = store.crawls
    return (
        crawls.past(target),
        crawls.counts(target),
        crawls.last_good(target, NOW),
        crawls.last_start(target),
        crawls.latest(target.source),
        crawls.last_failures(target.source),
        store.insight.source_health(),
    )


@pytest.mark.parametrize(
    ("outcomes", "left"),
    [
        ([OK] * 400, 300),
        ([OK] * 300, 300),
        # A source that failed for days is still compared with how it was.
        ([OK] * 100 + [FAILED] * 400, 400),
        ([FAILED] * 1 + [OK] * 400, 301),
        ([OK, FAILED] * 350, 600),
    ],
)
def test_what_is_pruned_is_nothing_that_is_looked_at(
    store: Store, outcomes: list[CrawlOutcome], left: int
) -> None:
    crawl(store, SHOP, outcomes)
    crawl(store, FORUM, [FAILED, OK])
    before = looked_at(store, SHOP), looked_at(store, FORUM)
    assert store.crawls.prune() == len(outcomes) - left
    assert (looked_at(store, SHOP), looked_at(store, FORUM)) == before
    assert store.crawls.prune() == 0


def test_a_crawl_that_runs_is_never_pruned(store: Store) -> None:
    run = store.crawls.start(SHOP, NOW - timedelta(days=2))
    crawl(store, SHOP, [OK] * 3)
    assert store.crawls.prune(keep=1) == 2
    open_runs = store.database.connection.execute(
        "SELECT id FROM crawl_runs WHERE finished_at IS NULL"
    )
    assert [row[0] for row in open_runs] == [run]
