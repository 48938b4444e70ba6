"""What cannot be undone goes by a clock only where that is believed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.settings import Settings, parse_settings
from crawler.catalog import options_models
from earful.believed_time import believed
from storage.models import CrawlOutcome, CrawlReport, CrawlTarget, SourceStanding, SourceState
from storage.store import Store

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
YEARS = 3650 * DAY
TARGET = CrawlTarget(brand="Acme", source="steam", target="440")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Give a store that a daemon had until a minute before NOW."""
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        run = store.daemon_runs.start(1, "0.1", NOW - DAY)
        store.daemon_runs.beat(run, NOW - MINUTE)
        yield store


@pytest.fixture
def settings() -> Settings:
    sources = [{"source": "steam", "app_id": 440}]
    raw = {"brands": [{"name": "Acme", "query": "acme", "sources": sources}]}
    return parse_settings(raw, options_models(), where="x")


def server_says(store: Store, at: datetime, ahead: timedelta) -> None:
    """Write a crawl that a server answered, by whose clock ours is ahead."""
    run = store.crawls.start(TARGET, at)
    report = CrawlReport(
        outcome=CrawlOutcome.OK, stats={"earful/clock_ahead_s": int(ahead.total_seconds())}
    )
    store.crawls.finish(run, report, at, SourceStanding(state=SourceState.OK, since=at))


def test_without_a_daemon_the_clock_is_believed(tmp_path: Path, settings: Settings) -> None:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        assert believed(store, settings, NOW) == NOW


@pytest.mark.parametrize("away", [MINUTE, 6 * DAY])
def test_a_restart_after_days_is_believed(
    store: Store, settings: Settings, away: timedelta
) -> None:
    store.daemon_runs.start(2, "0.1", NOW + away)
    assert believed(store, settings, NOW + away + DAY) == NOW + away + DAY


def test_a_start_years_later_goes_on_from_the_last_heartbeat(
    store: Store, settings: Settings
) -> None:
    store.daemon_runs.start(2, "0.1", NOW + YEARS)
    assert believed(store, settings, NOW + YEARS + DAY) == NOW - MINUTE + DAY


def test_a_server_tells_that_years_have_passed(store: Store, settings: Settings) -> None:
    store.daemon_runs.start(2, "0.1", NOW + YEARS)
    server_says(store, NOW + YEARS + MINUTE, timedelta(seconds=3))
    assert believed(store, settings, NOW + YEARS + DAY) == NOW + YEARS + DAY


def test_a_server_tells_that_they_have_not(store: Store, settings: Settings) -> None:
    store.daemon_runs.start(2, "0.1", NOW + 3 * DAY)
    server_says(store, NOW + 3 * DAY, 3 * DAY)
    assert believed(store, settings, NOW + 4 * DAY) == NOW + DAY


def test_a_server_that_is_behind_makes_no_time_later(store: Store, settings: Settings) -> None:
    server_says(store, NOW, -YEARS)
    assert believed(store, settings, NOW + DAY) == NOW + DAY


def test_a_word_of_before_the_clock_was_set_counts_no_more(
    store: Store, settings: Settings
) -> None:
    server_says(store, NOW, timedelta(0))
    run = store.daemon_runs.start(2, "0.1", NOW)
    store.daemon_runs.clock_set(run, YEARS, NOW + YEARS)
    assert believed(store, settings, NOW + YEARS + DAY) == NOW + DAY - MINUTE
