"""A store that a newer Earful has changed: each command says so in one line; nothing changes."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database as SqliteUtilsDatabase

from config.errors import StoreTooNewError
from storage.migrations import GENTLE, migrations, number_of
from storage.store import Store
from tests.earful.conftest import Earful, earful

__all__ = ["earful"]

NAMES = [one.name for one in migrations.pending(SqliteUtilsDatabase(memory=True))]


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    path = tmp_path / "earful.db"
    Store.open(path, migrate=True).close()
    connection = sqlite3.connect(path)
    connection.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
        "VALUES ('earful', '9999_of_tomorrow', '2031-01-01')"
    )
    connection.execute("PRAGMA user_version = 9999")
    connection.commit()
    connection.close()
    (tmp_path / "earful.toml").write_text(
        '[[brands]]\nname = "A"\nquery = "a"\n'
        '[[brands.sources]]\nsource = "lobsters"\nbase_url = "http://127.0.0.1:9"\n'
    )
    (tmp_path / "in.csv").write_text("native_id,text\n1,hello\n2,world\n")
    return path


@pytest.mark.parametrize("oldest", [None, 0, 9999])
def test_it_is_refused_unless_it_says_that_this_earful_may_open_it(
    newer: Path, oldest: int | None
) -> None:
    with closing(sqlite3.connect(newer)) as connection:
        if oldest is not None:
            connection.execute(f"PRAGMA user_version = {oldest}")
    for how in ({}, {"readonly": True}, {"migrate": True}):
        with pytest.raises(StoreTooNewError):
            Store.open(newer, **how)


def test_a_gentle_newer_one_is_worked_on_as_it_is(newer: Path, earful: Earful) -> None:
    with closing(sqlite3.connect(newer)) as connection:
        wall = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'wow_wall'")
        _, select = re.split(r"\sAS\s", wall.fetchone()[0], maxsplit=1)
        connection.executescript(
            f"""
            PRAGMA user_version = {number_of(NAMES[-1])};
            CREATE TABLE moods (mention_id TEXT, mood TEXT);
            CREATE INDEX mentions_of_tomorrow ON mentions(reach);
            DROP VIEW wow_wall;
            CREATE VIEW wow_wall AS SELECT *, 1 AS mood FROM ({select});
            """
        )
    for command in ("import in.csv --brand A --source s", "process", "search hello", "report",
                    "export", "forget --mention s:2 --yes", "backup copy.db"):  # fmt: skip
        ran = earful(*command.split())
        assert ran.code == 0, (command, ran.err)
    for path in (newer, newer.with_name("copy.db")):
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT text FROM mentions").fetchall() == [("hello",)]
            assert "mood" in [one[1] for one in connection.execute("PRAGMA table_info(wow_wall)")]
            assert connection.execute("PRAGMA user_version").fetchone()[0] == number_of(NAMES[-1])


def test_a_store_names_the_oldest_earful_that_may_open_it(tmp_path: Path) -> None:
    closing_ones = [number_of(name) for name in NAMES if name not in GENTLE]
    path = tmp_path / "earful.db"
    for before in (0, 1):
        Store.open(path, migrate=True).close()
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA user_version").fetchone()[0] == closing_ones[-1]
            # One of an Earful that named none is told so at the next start.
            connection.execute(f"PRAGMA user_version = {before}")


@pytest.mark.parametrize("name", sorted(GENTLE))
def test_a_gentle_migration_changes_nothing_that_an_older_earful_knows(
    tmp_path: Path, name: str
) -> None:
    def schema(following: str | None) -> set[str]:
        with closing(sqlite3.connect(tmp_path / "earful.db")) as connection:
            migrations.apply(SqliteUtilsDatabase(connection), stop_before=following)
            rows = connection.execute(
                "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'index'"
            )
            return {row[0] for row in rows}

    before = schema(name)
    place = NAMES.index(name)
    after = schema(NAMES[place + 1] if name != NAMES[-1] else None)
    assert before <= after
    assert not [sql for sql in after - before if sql.startswith("CREATE TRIGGER")]


@pytest.mark.parametrize(
    "command",
    ["run --no-serve", "process", "status", "status --json", "search hello", "report", "export",
     "import in.csv --brand A --source s", "forget --mention s:1", "backup copy.db", "crawl",
     "alerts list", "case list", "topics", "relevance", "advocates", "kudos", "compare",
     "serve --port 0"],
)  # fmt: skip
def test_each_command_refuses_it_in_one_line(newer: Path, earful: Earful, command: str) -> None:
    ran = earful(*command.split())
    assert ran.code in (1, 2), ran.out
    said = (ran.err or ran.out).strip()
    assert "a newer Earful has changed its tables (9999_of_tomorrow)" in said
    assert "update this Earful, or put a backup from before back" in said
    assert "Traceback" not in said
    connection = sqlite3.connect(newer)
    assert connection.execute("SELECT count(*) FROM mentions").fetchone() == (0,)
    connection.close()
