"""Failures in a row, by stage and subject; what ops know; the calendar as written down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.models import KnownProblem
from storage.store import Store

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


def test_failures_count_in_a_row_until_it_works(store: Store) -> None:
    failures = store.failures
    assert [failures.failed("score", NOW + n * MINUTE, f"no {n}\nmodel") for n in (0, 1, 2)] == [
        1,
        2,
        3,
    ]
    (one,) = failures.all()
    assert (one.failures, one.total, one.error) == (3, 3, "no 2 model")
    assert (one.first_at, one.last_at) == (NOW, NOW + 2 * MINUTE)
    failures.worked("score", NOW + 3 * MINUTE)
    assert failures.all() == []
    assert failures.worked_at() == {"score": NOW + 3 * MINUTE}
    assert failures.failed("score", NOW + 4 * MINUTE, "again") == 1
    (one,) = failures.all()
    assert (one.first_at, one.total) == (NOW + 4 * MINUTE, 4)
    assert failures.counts() == {"score": 4}


def test_a_subject_fails_apart_from_its_stage(store: Store) -> None:
    failures = store.failures
    failures.failed("judge", NOW, "bad link", "mention a:1")
    failures.failed("judge", NOW, "bad name", "mention a:2")
    failures.worked("judge", NOW)
    assert set(failures.of("judge")) == {"mention a:1", "mention a:2"}
    failures.worked("judge", NOW, "mention a:1")
    assert set(failures.of("judge")) == {"mention a:2"}
    assert failures.forget_others("judge", ["mention a:9"]) == 1
    assert failures.of("judge") == {}


def test_a_stage_that_works_is_written_down_once_a_minute(store: Store) -> None:
    store.failures.worked("deliver", NOW)
    before = store.database.connection.total_changes
    store.failures.worked("deliver", NOW + MINUTE / 2)
    assert store.database.connection.total_changes == before
    store.failures.worked("deliver", NOW + MINUTE)
    assert store.failures.worked_at() == {"deliver": NOW + MINUTE}
    # The clock was set back: what is written down must not stay in the future.
    store.failures.worked("deliver", NOW - 60 * MINUTE)
    assert store.failures.worked_at() == {"deliver": NOW - 60 * MINUTE}


def test_problems_are_what_the_last_look_saw(store: Store) -> None:
    told = KnownProblem(
        key="a", about="a", sentence="a is broken", since=NOW, seen=3, told_at=NOW + MINUTE
    )
    new = KnownProblem(key="b", about="b", sentence="b is broken", since=NOW)
    store.problems.record([told, new])
    store.problems.record([told, new])
    assert store.problems.known() == {"a": told, "b": new}
    store.problems.record([new])
    assert store.problems.known() == {"b": new}


def test_the_calendar_is_kept_as_the_daemon_wrote_it(store: Store) -> None:
    run = store.daemon_runs.start(1, "1", NOW)
    store.daemon_runs.beat(run, NOW, {"digests": NOW + MINUTE, "gone": None})
    store.daemon_runs.ran("digests", NOW + MINUTE)
    store.daemon_runs.beat(run, NOW + 2 * MINUTE, {"digests": NOW + 3 * MINUTE})
    (routine,) = store.daemon_runs.routines()
    assert (routine.name, routine.next_at, routine.last_at) == (
        "digests",
        NOW + 3 * MINUTE,
        NOW + MINUTE,
    )
    store.daemon_runs.beat(run, NOW + 4 * MINUTE)
    assert store.daemon_runs.routines() == [routine]
