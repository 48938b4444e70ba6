"""Stores that are damaged in one place, cut, gone, forbidden or on a read-only disk."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import pytest

from config.errors import (
    InputError,
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreReadOnlyError,
    StoreRefusedError,
    StoreUnreachableError,
)
from storage.backups import restore, verify
from storage.connection import is_frozen
from storage.database import Database
from storage.reports import Filter
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
from tests.storage.erasure import ERASURE
from tests.storage.ways import NOW, furnish, mention

NOBODY = 65534


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("furnished") / "earful.db"
    furnish(path)
    return path


@pytest.fixture
def path(furnished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(furnished, tmp_path / "earful.db"))


def root_of(path: Path, name: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        sql = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        return int(connection.execute(sql, (name,)).fetchone()[0])


def overwrite(path: Path, page: int, start: int = 0) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE + start)
        file.write(b"\xff" * (PAGE - start))


# Damage in one place

PLACES: dict[str, Callable[[Store], object]] = {
    "mentions": lambda store: list(store.insight.export(Filter())),
    "mentions_by_time": lambda store: store.mentions.newest("Acme Air", "appstore"),
    "mentions_fts_data": lambda store: store.insight.search("gate", Filter(), 9),
    "alerts": lambda store: store.outbox.unsent(),
    "idx__sqlite_migrations_migration_set_name": lambda store: store.mentions.count(),
}


@pytest.mark.parametrize("place", PLACES)
def test_damage_in_one_place_is_told_by_what_meets_it(path: Path, place: str) -> None:
    overwrite(path, root_of(path, place))

    def meet() -> None:
        with opened(path, readonly=True) as store:
            PLACES[place](store)

    with pytest.raises(StoreCorruptError) as caught:
        meet()
    one_line(caught.value, path)
    with pytest.raises(InputError, match="damaged"):
        verify(path)


@pytest.mark.parametrize("start", [0, 100])
@pytest.mark.parametrize("how", [{}, {"readonly": True}, {"migrate": True}])
def test_a_damaged_head_keeps_everybody_out(path: Path, start: int, how: dict[str, bool]) -> None:
    overwrite(path, 1, start)
    before = path.read_bytes()
    with pytest.raises(StoreCorruptError) as caught:
        Store.open(path, **how)
    assert "`earful restore FILE`" in one_line(caught.value, path)
    assert path.read_bytes() == before


def test_a_name_that_is_no_text_is_damage(path: Path) -> None:
    # sqlite3 then fails to decode SQLite's own message.
    content = path.read_bytes()
    path.write_bytes(content.replace(b"TABLE cases (", b"TABLE ca\xff\xfe\xfd ("))
    with pytest.raises(StoreCorruptError) as caught:
        Store.open(path)
    one_line(caught.value, path)


def test_words_that_are_no_text_are_damage(path: Path) -> None:
    with opened(path) as store:
        store.database.connection.execute(
            "UPDATE mentions SET language = CAST(x'fffe' AS TEXT) WHERE id = 'appstore:hostile'"
        )
        with pytest.raises(StoreCorruptError) as caught:
            store.mentions.get("appstore:hostile")
        one_line(caught.value, path)
        with pytest.raises(StoreCorruptError):
            list(store.insight.export(Filter()))


def test_a_store_that_is_cut_while_it_is_open(path: Path) -> None:
    with opened(path) as store:
        os.truncate(path, 3 * PAGE)
        with pytest.raises((StoreCorruptError, StoreUnreachableError)) as caught:
            store.mentions.count()
        one_line(caught.value, path)


# Gone, replaced, or not there


@pytest.mark.parametrize("fate", ["deleted", "replaced", "without its folder"])
def test_nothing_is_written_into_a_store_that_is_gone(
    path: Path, furnished: Path, fate: str
) -> None:
    with opened(path) as store:
        if fate == "deleted":
            path.unlink()
        elif fate == "replaced":
            Path(shutil.copy(furnished, path.with_name("new"))).replace(path)
        else:
            shutil.rmtree(path.parent)
        with pytest.raises(StoreUnreachableError) as caught:
            store.mentions.save([mention()])
        assert "is not stored" in one_line(caught.value, path)
        assert not store.database.connection.in_transaction
    if fate == "replaced":
        assert_whole(path)
    else:
        assert isinstance(probe(path), StoreUnreachableError)


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    for how in ({}, {"migrate": True}):
        with pytest.raises(StoreUnreachableError, match="it is a folder"):
            Store.open(tmp_path, **how)


def test_a_path_through_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnreachableError) as caught:
        Store.open(tmp_path / "file" / "earful.db", migrate=True)
    one_line(caught.value, tmp_path / "file" / "earful.db")


# Transactions


def test_a_commit_that_fails_is_rolled_back(path: Path) -> None:
    with opened(path) as store:

        def write() -> None:
            with store.database.transaction() as connection:
                connection.execute("PRAGMA defer_foreign_keys = ON")
                connection.execute("UPDATE cases SET mention_id = 'nobody' WHERE id = 1")

        with pytest.raises(StoreRefusedError, match="FOREIGN KEY"):
            write()
        assert not store.database.connection.in_transaction
        case = store.cases.get(1)
        assert case is not None
        assert case.mention_id != "nobody"
    assert_whole(path)


def test_the_first_error_is_the_one_to_see(path: Path) -> None:
    class FirstError(Exception):
        pass

    with opened(path) as store:

        def fail(ended: bool) -> None:
            with store.database.transaction() as connection:
                if ended:  # as SQLite itself does on a full disk
                    connection.execute("ROLLBACK")
                raise FirstError

        for ended in (True, False):
            with pytest.raises(FirstError):
                fail(ended)
            assert not store.database.connection.in_transaction
    assert_whole(path)


def test_each_error_of_a_cursor_is_ours(path: Path) -> None:
    with opened(path) as store:
        connection = store.database.connection
        fails = "SELECT abs(-9223372036854775808) FROM mentions"  # as its rows are stepped
        for attempt in (
            lambda: connection.execute("SELECT nothing"),
            lambda: connection.executemany("INSERT INTO nothing VALUES (?)", [(1,)]),
            lambda: connection.executescript("SELECT nothing"),
            lambda: connection.cursor().execute("SELECT nothing"),
            lambda: connection.execute(fails).fetchone(),
            lambda: connection.execute(fails).fetchall(),
            lambda: connection.execute(fails).fetchmany(2),
            lambda: next(connection.execute(fails)),
            lambda: list(connection.execute(fails)),
        ):
            with pytest.raises(StoreRefusedError) as caught:
                attempt()
            one_line(caught.value, path)
            assert isinstance(caught.value.__cause__, sqlite3.Error)
    with pytest.raises(StoreRefusedError, match="closed"):
        store.mentions.count()


def test_migrating_reads_sqlites_own_errors_and_tells_ours(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE mentions (x)")
    with pytest.raises(StoreRefusedError, match="already exists") as caught:
        Store.open(path, migrate=True)
    one_line(caught.value, path)


def test_views_are_made_once(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        before = connection.execute("PRAGMA schema_version").fetchone()
        Store.open(path, migrate=True).close()
        assert connection.execute("PRAGMA schema_version").fetchone() == before


# Upkeep of a broken store


@pytest.mark.parametrize("damage", ["head", "tables", "no store", "gone"])
def test_a_backup_is_restored_over_a_broken_store(
    path: Path, furnished: Path, damage: str
) -> None:
    if damage == "head":
        overwrite(path, 1)
    elif damage == "tables":
        overwrite(path, root_of(path, "mentions"))
    elif damage == "no store":
        path.write_text("no store at all\n" * 999)
    else:
        path.unlink()
    broken = path.read_bytes() if path.exists() else None
    restore(furnished, path, at=NOW, patience_s=PATIENCE_S)
    aside = path.with_name("earful.db.before-restore")
    kept = aside.read_bytes() if aside.exists() else None
    # What SQLite can read at all is copied by it, which counts the change in the first page.
    first = PAGE if damage == "tables" else 0
    assert kept and broken and kept[first:] == broken[first:] if damage != "gone" else not kept
    assert_whole(path)


def test_restoring_keeps_what_only_the_write_ahead_log_held(path: Path, furnished: Path) -> None:
    with opened(path) as reader:
        rows = reader.database.connection.execute("SELECT id FROM mentions")
        next(rows)  # a reader keeps the log from being merged
        with opened(path) as store:
            store.mentions.save([mention("only in the log")])
        restore(furnished, path, at=NOW, force=True, patience_s=PATIENCE_S)
        rows.close()
    with opened(path.with_name("earful.db.before-restore")) as old:
        assert old.mentions.get("appstore:only in the log") is not None
    assert_whole(path)


def test_nothing_is_restored_over_a_store_that_is_written(path: Path, furnished: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as rival:
        rival.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreLockedError) as caught:
            restore(furnished, path, at=NOW, patience_s=PATIENCE_S)
        one_line(caught.value, path)
        rival.execute("ROLLBACK")
    assert_whole(path)


def test_forgetting_says_where_words_are_left(path: Path) -> None:
    with opened(path) as reader, opened(path) as store:
        rows = reader.database.connection.execute("SELECT id FROM mentions")
        next(rows)
        with pytest.raises(StoreLockedError, match="1 mentions are erased, but") as caught:
            store.upkeep.forget_author("appstore:@SUM(A1)", ERASURE)
        one_line(caught.value, path)
        rows.close()
        assert store.upkeep.forget_author("appstore:@SUM(A1)", ERASURE) == 0
        assert not Path(f"{path}-wal").stat().st_size


def test_a_backup_tells_which_disk_is_full(path: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 100) as disk, opened(path) as store:
        with pytest.raises(StoreFullError) as caught:
            store.upkeep.backup(disk / "copy.db")
        one_line(caught.value, disk / "copy.db")
        assert [*disk.iterdir()] == []
    assert_whole(path)


def test_a_restore_on_a_full_disk_leaves_the_store(furnished: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2000) as disk:
        path = Path(shutil.copy(furnished, disk / "earful.db"))
        filler = fill(disk)
        with pytest.raises(StoreFullError) as caught:
            restore(furnished, path, at=NOW, patience_s=PATIENCE_S)
        one_line(caught.value, path)
        # Even a reader needs a little: SQLite makes a file beside the store.
        with pytest.raises(StoreFullError) as caught:
            opened(path, readonly=True)
        one_line(caught.value, path)
        filler.unlink()
        assert_whole(path)


# Read-only disks and permissions


def test_a_read_only_disk_is_read(furnished: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2000) as disk:
        path = Path(shutil.copy(furnished, disk / "earful.db"))
        assert not is_frozen(path)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        assert is_frozen(path)
        for readonly in (True, False):
            with opened(path, readonly=readonly) as store:
                assert store.mentions.count()
                with pytest.raises(StoreReadOnlyError) as caught:
                    store.mentions.save([mention()])
                one_line(caught.value, path)
        Store.open(path, migrate=True).close()
        assert isinstance(probe(path), StoreReadOnlyError)
        assert [*disk.iterdir()] == [path]


def test_a_folder_that_is_read_only_here_may_change(path: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2000) as disk:
        subprocess.run(["mount", "--bind", str(path.parent), str(disk)], check=True)
        try:
            subprocess.run(["mount", "-o", "remount,ro,bind", str(disk)], check=True)
            seen = disk / path.name
            assert not is_frozen(seen)
            with pytest.raises(StoreReadOnlyError, match="work as the user of `earful run`"):
                opened(seen, readonly=True)
            # Whoever writes to the store keeps the files that a reader needs.
            with opened(path) as store, opened(seen, readonly=True) as reader:
                before = reader.mentions.count()
                store.mentions.save([mention()])
                assert reader.mentions.count() == before + 1
        finally:
            subprocess.run(["umount", str(disk)], check=True)


def _ask(path: Path, pipe: Pipe, call: Callable[[Path], object]) -> None:
    if os.geteuid() == 0:
        os.setuid(NOBODY)
    try:
        pipe.send((None, call(path)))
    except StoreError as error:
        pipe.send((type(error), str(error)))
    finally:
        pipe.close()


def ask_as_nobody(path: Path, call: Callable[[Path], object]) -> tuple[object, object]:
    """Call in a process of a user without rights; gives the kind of a StoreError, and the line."""
    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_ask, args=(path, there, call))
    with warnings.catch_warnings():
        # Later Pythons warn of threads, which the child does not need.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    there.close()
    kind, told = here.recv()
    process.join()
    return kind, told


@pytest.fixture
def public(furnished: Path) -> Iterator[Path]:
    """Give a store in a folder that others can look into; pytest's own are closed to them."""
    # What a test loads late, nobody could not.
    opened(furnished).close()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copy(furnished, Path(folder) / "earful.db"))
        path.chmod(0o444)
        yield path
        path.parent.chmod(0o700)


def _count(path: Path) -> int:
    with opened(path, readonly=True) as store:
        return store.mentions.count()


def _save(path: Path) -> int:
    with opened(path) as store:
        return store.mentions.save([mention()]).new


def test_a_file_that_may_only_be_read(public: Path) -> None:
    public.parent.chmod(0o777)
    kind, told = ask_as_nobody(public, _count)
    assert (kind, told) == (None, _count(public))
    kind, told = ask_as_nobody(public, _save)
    assert kind is StoreReadOnlyError
    assert "check the permissions of the file" in str(told)
    assert isinstance(ask_as_nobody(public, probe)[1], StoreReadOnlyError)


def test_a_folder_that_may_only_be_read(public: Path) -> None:
    public.parent.chmod(0o555)
    kind, told = ask_as_nobody(public, _count)
    assert kind is StoreReadOnlyError
    assert f"{public.parent} cannot be written: work as the user of `earful run`" in str(told)


def test_a_file_that_may_not_be_read(public: Path) -> None:
    public.chmod(0)
    public.parent.chmod(0o777)
    for call in (_count, _save):
        kind, told = ask_as_nobody(public, call)
        assert kind is StoreReadOnlyError
        assert "cannot be read by this user" in str(told)


def _make(path: Path) -> None:
    Store.open(path.with_name("new") / "earful.db", migrate=True)


def test_a_folder_in_which_no_store_can_be_made(public: Path) -> None:
    public.parent.chmod(0o555)
    kind, told = ask_as_nobody(public, _make)
    assert kind is StoreReadOnlyError
    assert "permission denied" in str(told)


# Probing


def test_a_store_that_can_be_written_is_left_as_it_is(path: Path) -> None:
    before = path.read_bytes()
    assert probe(path, floor_bytes=1) is None
    assert path.read_bytes() == before
    assert [*path.parent.iterdir()] == [path]


def test_a_probe_tells_of_a_locked_and_of_an_old_store(path: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as rival:
        rival.execute("BEGIN IMMEDIATE")
        assert isinstance(probe(path, patience_s=PATIENCE_S, floor_bytes=1), StoreLockedError)
        rival.execute("ROLLBACK")
    old = tmp_path / "old.db"
    Database(old).close()
    assert "older than this Earful" in str(probe(old, floor_bytes=1))
    none = tmp_path / "none.db"
    assert isinstance(probe(none), StoreUnreachableError)
    assert not none.exists()


def test_a_probe_tells_of_a_full_disk_and_of_one_that_soon_is(
    furnished: Path, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", 3000) as disk:
        path = Path(shutil.copy(furnished, disk / "earful.db"))
        assert probe(path, floor_bytes=PAGE) is None
        soon = probe(path)
        assert isinstance(soon, StoreFullError)
        assert "MB are free" in one_line(soon, path)
        with opened(path):
            filler = fill(disk)
            assert isinstance(probe(path, floor_bytes=0), StoreFullError)
            filler.unlink()
            assert probe(path, floor_bytes=PAGE) is None
