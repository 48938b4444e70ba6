"""What waits in the store, when the clock by which it was written was set or wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from storage.models import (
    AlertKind,
    CrawlOutcome,
    CrawlReport,
    CrawlTarget,
    NewAlert,
    SourceStanding,
    SourceState,
    TroubleKind,
    iso,
)
from storage.store import Store

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TARGET = CrawlTarget(brand="Acme", source="steam", target="440")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as opened:
        yield opened


def alert(store: Store, key: str = "wow:1", at: datetime = NOW, **more: Any) -> int:
    store.outbox.add(
        [
            NewAlert(
                dedupe_key=key, kind=AlertKind.WOW, brand="Acme", channel="#wows",
                payload={"text": "wow"}, created_at=at, **more,
            )
        ]
    )  # fmt: skip
    found = store.outbox.find(key)
    assert found is not None
    return found.id


def rest(store: Store, begun: datetime, until: datetime) -> None:
    run = store.crawls.start(TARGET, begun)
    standing = SourceStanding(
        state=SourceState.BLOCKED, since=begun, failures=3, opens_at=until, reason="429"
    )
    store.crawls.finish(run, CrawlReport(outcome=CrawlOutcome.BLOCKED), begun, standing)


@pytest.mark.parametrize(
    ("step", "left"),
    [(-HOUR, 10 * MINUTE), (-30 * DAY, 10 * MINUTE), (HOUR, -50 * MINUTE)],
    ids=["an hour back", "a month back", "ahead"],
)
def test_a_retry_is_as_far_away_as_it_was(store: Store, step: timedelta, left: timedelta) -> None:
    number = alert(store)
    store.outbox.claim(number, NOW)
    store.outbox.retry(number, NOW + 10 * MINUTE, "no answer", TroubleKind.PASSING)
    store.waits.clock_set(step, NOW + step)
    found = store.outbox.find("wow:1")
    assert found is not None
    assert found.next_attempt_at == NOW + step + left


def test_what_is_being_sent_is_looked_for_in_time(store: Store) -> None:
    number = alert(store)
    store.outbox.claim(number, NOW)
    assert store.waits.clock_set(-HOUR, NOW - HOUR) >= 1
    (found,) = store.outbox.sending()
    assert found.claimed_at == NOW - HOUR


@pytest.mark.parametrize(
    ("until", "bounded"),
    [(NOW + 50 * MINUTE, NOW + 50 * MINUTE), (NOW + 61 * MINUTE, NOW), (NOW + 30 * DAY, NOW)],
)
def test_at_a_start_no_retry_waits_longer_than_it_may(
    store: Store, until: datetime, bounded: datetime
) -> None:
    number = alert(store)
    store.outbox.claim(number, NOW)
    store.outbox.retry(number, until, "no answer", TroubleKind.PASSING)
    store.waits.bound(NOW)
    found = store.outbox.find("wow:1")
    assert found is not None
    assert found.next_attempt_at == bounded


def test_quiet_hours_of_a_wrong_clock_end_as_soon_as_they_would_have(store: Store) -> None:
    month_on = NOW + 30 * DAY
    alert(store, at=month_on, not_before=month_on + 3 * HOUR)
    alert(store, "wow:2", at=NOW - HOUR, not_before=NOW + 3 * HOUR)
    for _ in range(2):  # a second start changes nothing
        store.waits.bound(NOW)
        wrong, right = store.outbox.find("wow:1"), store.outbox.find("wow:2")
        assert wrong is not None
        assert right is not None
        assert (wrong.created_at, wrong.not_before) == (NOW, NOW + 3 * HOUR)
        assert (right.created_at, right.not_before) == (NOW - HOUR, NOW + 3 * HOUR)


def test_a_rest_that_a_wrong_clock_gave_is_over(store: Store) -> None:
    rest(store, NOW + 30 * DAY, NOW + 31 * DAY)
    store.waits.bound(NOW)
    standing = store.crawls.standing(TARGET)
    assert standing is not None
    assert standing.opens_at is None


def test_a_rest_that_a_right_clock_gave_stays_however_long(store: Store) -> None:
    rest(store, NOW - HOUR, NOW + 20 * DAY)
    store.waits.bound(NOW)
    standing = store.crawls.standing(TARGET)
    assert standing is not None
    assert standing.opens_at == NOW + 20 * DAY


def test_a_reading_of_the_future_is_none_to_go_on_from(store: Store) -> None:
    for at in (NOW - DAY, NOW + 30 * DAY):
        run = store.crawls.start(TARGET, at)
        store.crawls.finish(run, CrawlReport(outcome=CrawlOutcome.OK), at)
    assert store.crawls.last_good(TARGET, NOW) == (NOW - DAY, NOW - DAY)
    # The last try, not the latest time: that would be the last for a month.
    run = store.crawls.start(TARGET, NOW)
    assert store.crawls.last_start(TARGET) == NOW


def test_whom_nobody_answered_is_known_by_the_last_try(store: Store) -> None:
    assert not store.crawls.reached_nobody(TARGET)
    for stats, silent in (({"earful/unreached": ["x.example"]}, True), ({}, False)):
        run = store.crawls.start(TARGET, NOW)
        report = CrawlReport(outcome=CrawlOutcome.FAILED, stats=stats)
        store.crawls.finish(run, report, NOW)
        assert store.crawls.reached_nobody(TARGET) is silent


def test_a_store_with_daemons_in_it_takes_the_new_columns(store: Store) -> None:
    number = store.daemon_runs.start(7, "0.1", NOW)
    store.daemon_runs.goes_by(number, "{}", NOW)
    store.daemon_runs.clock_set(number, -HOUR, NOW - HOUR)
    last = store.daemon_runs.last()
    assert last is not None
    assert (last.clock_step, last.clock_set_at) == (-HOUR, NOW - HOUR)
    assert (last.config_mark, last.config_read_at) == ("{}", NOW)
    # It began no later than now.
    assert (last.started_at, iso(last.heartbeat_at)) == (NOW - HOUR, iso(NOW - HOUR))
