"""Several things are written in one transaction by `Store.write`: all of them, or none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.errors import StoreError, StoreLockedError
from storage.models import AlertKind, AlertState, KnownProblem, NewAlert
from storage.store import Store
from tests.docs.modules import ROOT, modules

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
PROBLEM = KnownProblem(key="disk", about="the disk", sentence="The disk is slow.", since=NOW)


class StopError(Exception):
    pass


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "earful.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path, migrate=True) as store:
        yield store


@pytest.fixture
def other(store: Store, path: Path) -> Iterator[Store]:
    """Give another process's view of the store, which waits for nobody."""
    with Store.open(path, patience_s=0) as other:
        yield other


def alert(key: str) -> NewAlert:
    return NewAlert(
        dedupe_key=key,
        kind=AlertKind.OPS,
        brand="",
        channel="#ops",
        payload={"text": "The disk is slow."},
        created_at=NOW,
    )


def written(store: Store) -> tuple[int, int]:
    """Count the alerts and the problems that the store has."""
    return store.outbox.counts()[AlertState.PENDING], len(store.problems.known())


def fail_in(store: Store) -> None:
    """Write an alert in a transaction that fails after it."""
    with store.database.transaction():
        store.outbox.add([alert("failed")])
        raise StopError


def test_others_see_a_unit_only_once_it_is_whole(store: Store, other: Store) -> None:
    with store.write() as unit:
        unit.problems.record([PROBLEM])
        unit.outbox.add([alert("a")])
        assert written(unit) == (1, 1)
        assert written(other) == (0, 0)
    assert written(other) == (1, 1)


def test_nothing_stays_of_a_unit_that_fails(store: Store, other: Store) -> None:
    def write() -> None:
        with store.write() as unit:
            unit.problems.record([PROBLEM])
            unit.outbox.add([alert("a")])
            raise StopError

    with pytest.raises(StopError):
        write()
    assert written(store) == written(other) == (0, 0)
    store.outbox.add([alert("a")])
    assert written(other) == (1, 0)


def test_a_unit_takes_the_write_lock_before_anything_is_written(
    store: Store, other: Store
) -> None:
    with store.write(), pytest.raises(StoreLockedError), other.write():
        pytest.fail("two wrote at once")
    with other.write() as unit:
        unit.outbox.add([alert("a")])
    assert written(store) == (1, 0)


def test_a_part_that_fails_is_undone_alone(store: Store, other: Store) -> None:
    with store.write() as unit:
        unit.problems.record([PROBLEM])
        with pytest.raises(StopError):
            fail_in(unit)
        unit.outbox.add([alert("a")])
    assert written(other) == (1, 1)
    assert store.outbox.knows("a")
    assert not store.outbox.knows("failed")


def test_a_unit_in_a_unit_is_a_part_of_it(store: Store, other: Store) -> None:
    def write() -> None:
        with store.write() as unit:
            with unit.write() as inner:
                inner.outbox.add([alert("a")])
            assert written(other) == (0, 0)
            raise StopError

    with pytest.raises(StopError):
        write()
    assert written(other) == (0, 0)


def test_what_comes_after_an_ended_transaction_is_not_written_alone(
    store: Store, other: Store
) -> None:
    def end() -> None:
        with store.database.transaction() as connection:
            connection.execute("ROLLBACK")  # as SQLite itself does on a full disk
            raise StopError

    def write() -> None:
        with store.write() as unit:
            unit.problems.record([PROBLEM])
            with pytest.raises(StopError):
                end()
            unit.outbox.add([alert("a")])

    with pytest.raises(StoreError, match="has undone all"):
        write()
    assert written(other) == (0, 0)
    # The store itself is as good as before.
    store.outbox.add([alert("b")])
    assert written(other) == (1, 0)


def test_transactions_begin_in_one_place() -> None:
    """Another `BEGIN` would fail inside a unit, and another `COMMIT` would end it too early."""
    begin = re.compile(r"[\"'](BEGIN|SAVEPOINT|COMMIT)\b")
    places = {
        one.path
        for one in modules()
        if begin.search((ROOT / one.path).read_text(encoding="utf-8"))
    }
    assert places == {"storage/database.py"}
