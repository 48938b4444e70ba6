"""From every schema that a store ever had to today's, with rows in every table: none is lost."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database as SqliteUtilsDatabase

from storage.database import view_name, view_statements
from storage.migrations import migrations
from storage.store import Store
from tests.storage.filled import DERIVED, fill, keys, tables

pytestmark = pytest.mark.slow("migrates a store from each of its schemas")

NAMES = [one.name for one in migrations.pending(SqliteUtilsDatabase(memory=True))]
# These could hold no text that is corrected by half: 0044 mends it.
REFUSING = NAMES[NAMES.index("0037_fact_indexes") : NAMES.index("0042_half_corrected")]
# What a migration took away on purpose, and where its rows went.
GONE = {"daily_counts": "cut_days", "erased_counts": "cut_days"}
_ERASED = ("mentions", "angry", "mediocre", "delighted", "none", "advocate", "hater")


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an empty store of each schema: named by the last migration that it had."""
    folder = tmp_path_factory.mktemp("schemas")
    growing = folder / "growing.db"
    for name, following in zip(NAMES, [*NAMES[1:], None], strict=True):
        with closing(sqlite3.connect(growing)) as connection:
            migrations.apply(SqliteUtilsDatabase(connection), stop_before=following)
        shutil.copy(growing, folder / f"{name}.db")
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_store_of_any_earlier_earful_is_brought_up_to_date(
    schemas: Path, tmp_path: Path, name: str
) -> None:
    path = Path(shutil.copy(schemas / f"{name}.db", tmp_path / "earful.db"))
    with closing(sqlite3.connect(path)) as old:
        fill(old, random.Random(name), half_corrected=name not in REFUSING)
        if name != NAMES[-1]:  # of today's store nothing is made anew, and nothing is settled
            make_views(old)
        before = {table: rows(old, table) for table in tables(old)}
    empty = [one for one, found in before.items() if not found and one not in DERIVED]
    assert not empty, "the filler leaves these tables empty"
    with Store.open(path, migrate=True) as store:
        connection = store.database.connection
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert lost(before, connection) == {}
        assert connection.execute("SELECT count(*) FROM mentions_fts").fetchone()[0] == len(
            before["mentions"]
        )
        # Before 0030 what was erased stood in the counts alone, which no mention of theirs shows.
        erased = before.get("erased_counts", before.get("daily_counts", []))
        assert different(store, reckoned(store, tmp_path / "fresh.db"), erased) == {}
    assert_kept(path, name, before)


def make_views(connection: sqlite3.Connection) -> None:
    """Make views as a store in use has them: with one that names what is gone SQLite balks."""
    with connection:
        for sql in view_statements():
            if view_name(sql) not in tables(connection):
                connection.execute(sql)


def rows(connection: sqlite3.Connection, table: str) -> list[dict[str, Any]]:
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    found = connection.execute(f"SELECT {', '.join(names)} FROM {table}")
    return [dict(zip(names, row, strict=True)) for row in found]


def lost(
    before: dict[str, list[dict[str, Any]]], connection: sqlite3.Connection
) -> dict[str, list[dict[str, Any]]]:
    """Name by table the rows that are there no more, or that say something else."""
    today = set(tables(connection))
    found: dict[str, list[dict[str, Any]]] = {}
    for table, old in before.items():
        if table in DERIVED or table in GONE:
            continue
        assert table in today, f"{table} is gone: say in GONE where its rows went"
        own = keys(connection, table)
        now = {tuple(row[one] for one in own): row for row in rows(connection, table)}
        for row in old:
            new = now.get(tuple(row[one] for one in own))
            if new is None or any(row[one] != new[one] for one in row if one in new):
                found.setdefault(table, []).append(row)
    return found


def reckoned(store: Store, path: Path) -> Path:
    """Let a new store reckon anew all that is derived, from the same rows."""
    with Store.open(path, migrate=True) as fresh:
        connection = fresh.database.connection
        connection.execute("ATTACH ? AS old", (str(store.database.path),))
        # A mention and its verdict name each other.
        connection.execute("PRAGMA foreign_keys = OFF")
        order = [one for one in tables(connection) if one not in DERIVED]
        # Facts are made when their mention comes, of what is known of it then.
        order.sort(key=lambda one: (one == "mentions") + 2 * (one not in _BEFORE_MENTIONS))
        with fresh.database.transaction():
            for table in order:
                connection.execute(
                    f"INSERT OR REPLACE INTO main.{table} SELECT * FROM old.{table}"
                )
    return path


_BEFORE_MENTIONS = ("brands", "zone_offsets", "authors", "verdicts", "corrections", "mentions")


def different(
    store: Store, fresh: Path, erased: list[dict[str, Any]]
) -> dict[str, tuple[Any, Any]]:
    """Name by derived table what is there and is not in the fresh reckoning, and the reverse."""
    with Store.open(fresh, readonly=True) as anew:
        found = {}
        for table in sorted(DERIVED):
            had = set(_derived(store.database.connection, table, []))
            wanted = set(_derived(anew.database.connection, table, erased))
            if table == "measure_due":
                had &= wanted  # what is measured once too often is no loss
            if had != wanted:
                found[table] = (sorted(had - wanted, key=str), sorted(wanted - had, key=str))
    return found


def _derived(
    connection: sqlite3.Connection, table: str, erased: list[dict[str, Any]]
) -> Iterator[tuple[Any, ...]]:
    if table == "measure_due":  # how often it was marked is of no account
        yield from map(tuple, connection.execute("SELECT brand FROM measure_due"))
        return
    if table != "cut_days":
        yield from (tuple(row.values()) for row in rows(connection, table))
        return
    cells = {
        (row["brand"], row["day"], row["dimension"], row["value"]): [row[one] for one in _ERASED]
        for row in rows(connection, table)
    }
    for row in erased:  # of what was erased only day, brand and source are known
        for dimension in ("all", "source", "country", "language", "version"):
            value = row["source"] if dimension == "source" else ""
            cell = (row["brand"], row["day"], dimension, value)
            was = cells.get(cell, [0] * len(_ERASED))
            cells[cell] = [a + row[one] for a, one in zip(was, _ERASED, strict=True)]
    yield from ((*cell, *numbers) for cell, numbers in cells.items())


def assert_kept(path: Path, name: str, before: dict[str, list[dict[str, Any]]]) -> None:
    """See that the store lies beside itself as it was, unless there was nothing to migrate."""
    kept = sorted(path.parent.glob("earful.db.before-*"))
    if name == NAMES[-1]:
        assert kept == []
        return
    (backup,) = kept
    assert backup.name == f"earful.db.before-{NAMES[NAMES.index(name) + 1]}"
    with closing(sqlite3.connect(backup)) as connection:
        assert {table: rows(connection, table) for table in tables(connection)} == before
