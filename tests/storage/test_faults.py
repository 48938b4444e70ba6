"""Each way into a store that is locked, full, damaged, read-only or newer: one line of ours."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from config.errors import (
    InputError,
    StoreCorruptError,
    StoreFullError,
    StoreLockedError,
    StoreReadOnlyError,
    StoreTooNewError,
)
from storage.backups import restore, verify
from storage.database import Database
from storage.store import Store
from storage.write_check import probe
from tests.storage.broken import (
    PAGE,
    PATIENCE_S,
    assert_whole,
    fill,
    one_line,
    opened,
    small_disk,
)
from tests.storage.ways import NOW, WAYS, found_methods, furnish, mention

each_way = pytest.mark.parametrize("name", WAYS)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("furnished") / "earful.db"
    furnish(path)
    return path


@pytest.fixture
def path(furnished: Path, tmp_path: Path) -> Path:
    """Give a store of the test's own."""
    return Path(shutil.copy(furnished, tmp_path / "earful.db"))


@pytest.fixture(scope="module")
def another(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Make further stores, for faults under which nothing can change: one for all ways in."""

    def copied() -> Path:
        return Path(shutil.copy(furnished, tmp_path_factory.mktemp("store") / "earful.db"))

    return copied


def test_no_way_into_the_store_is_left_out() -> None:
    assert set(WAYS) == found_methods()


@each_way
def test_a_whole_store_lets_everything_in(path: Path, name: str) -> None:
    with opened(path) as store:
        before = store.database.connection.total_changes
        WAYS[name].go(store)
        changed = store.database.connection.total_changes > before
    assert changed or not WAYS[name].writes or name in NOTHING_TO_WRITE


# A write transaction that has nothing to change here: SQLite still asks for the lock.
NOTHING_TO_WRITE = {
    "judgements.judge_copies",
    "outbox.drop_orphans",
    "outbox.park_threads",
    "upkeep.forget_deleted",
}


# Locked


@pytest.fixture(scope="module")
def locked(another: Callable[[], Path]) -> Iterator[Store]:
    path = another()
    with closing(sqlite3.connect(path, isolation_level=None)) as rival, opened(path) as store:
        rival.execute("BEGIN IMMEDIATE")
        yield store
        rival.execute("ROLLBACK")
        assert_whole(path)


@each_way
def test_locked(locked: Store, name: str) -> None:
    if not WAYS[name].writes:
        WAYS[name].go(locked)
        return
    with pytest.raises(StoreLockedError) as caught:
        WAYS[name].go(locked)
    assert "try again" in one_line(caught.value, locked.database.path)


def test_locked_against_readers_too(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as rival:
        rival.execute("PRAGMA locking_mode = EXCLUSIVE")
        rival.execute("BEGIN EXCLUSIVE")
        for how in ({}, {"readonly": True}, {"migrate": True}):
            with pytest.raises(StoreLockedError) as caught:
                Store.open(path, patience_s=PATIENCE_S, **how)
            one_line(caught.value, path)
        rival.execute("ROLLBACK")
    assert_whole(path)


# Read-only


@pytest.fixture(scope="module")
def readonly(another: Callable[[], Path]) -> Iterator[Store]:
    path = another()
    with opened(path, readonly=True) as store:
        yield store
    assert_whole(path)


@each_way
def test_read_only(readonly: Store, name: str) -> None:
    if not WAYS[name].writes:
        WAYS[name].go(readonly)
        return
    with pytest.raises(StoreReadOnlyError) as caught:
        WAYS[name].go(readonly)
    assert "check the permissions" in one_line(caught.value, readonly.database.path)


# Full


def test_no_page_left(path: Path) -> None:
    """SQLite has rolled back when it says that it is full: there is nothing left to roll back."""
    with opened(path) as store:
        before = store.mentions.count()
        connection = store.database.connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreFullError) as caught:
            store.mentions.save([mention(f"{number}") for number in range(999)])
        assert "free some space" in one_line(caught.value, path)
        assert not connection.in_transaction
        assert store.mentions.count() == before
    assert_whole(path)


@pytest.fixture(scope="module")
def full(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with small_disk(tmp_path_factory.mktemp("full") / "disk", 2000) as disk:
        path = Path(shutil.copy(furnished, disk / "earful.db"))
        with opened(path) as store:
            filler = fill(disk)
            yield store
            filler.unlink()
            assert_whole(path)


@each_way
def test_disk_full(full: Store, name: str) -> None:
    way = WAYS[name]
    if (not way.writes and not way.copies) or name in NOTHING_TO_WRITE:
        way.go(full)
        return
    with pytest.raises(StoreFullError) as caught:
        way.go(full)
    where = full.database.path
    one_line(caught.value, where.with_name(way.copies) if way.copies else where)


# Damaged


@pytest.fixture(scope="module")
def corrupt(another: Callable[[], Path]) -> Iterator[Store]:
    """Open a store, then lose the first page of each of its tables and indexes."""
    path = another()
    with closing(sqlite3.connect(path)) as connection:
        roots = connection.execute("SELECT rootpage FROM sqlite_master WHERE rootpage > 1")
        pages = [row[0] for row in roots]
    with opened(path) as store:
        with path.open("r+b") as file:
            for page in pages:
                file.seek((page - 1) * PAGE)
                file.write(b"\xff" * PAGE)
        yield store


@each_way
def test_corrupt(corrupt: Store, name: str) -> None:
    with pytest.raises(StoreCorruptError) as caught:
        WAYS[name].go(corrupt)
    assert "`earful restore FILE`" in one_line(caught.value, corrupt.database.path)
    assert not corrupt.database.connection.in_transaction


# Newer


def test_newer(path: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('earful', '9999_tomorrow', '2031-01-01')"
        )
        connection.execute("PRAGMA user_version = 9999")
    before = path.read_bytes()
    for how in ({}, {"readonly": True}, {"migrate": True}):
        with pytest.raises(StoreTooNewError) as caught:
            Store.open(path, **how)
        told = one_line(caught.value, path)
        assert "9999_tomorrow" in told
        assert "update this Earful" in told
    assert isinstance(probe(path), StoreTooNewError)
    for check in (verify, lambda backup: restore(backup, tmp_path / "other.db", at=NOW)):
        with pytest.raises(InputError, match="9999_tomorrow"):
            check(path)
    assert path.read_bytes() == before
    with Database(path).transaction() as connection:
        connection.execute("DELETE FROM _sqlite_migrations WHERE name = '9999_tomorrow'")
        connection.execute("PRAGMA user_version = 1")
    assert_whole(path)
