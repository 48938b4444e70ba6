"""A store that a newer Earful has changed: each command says so in one line; nothing changes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from storage.store import Store
from tests.earful.conftest import Earful, earful

__all__ = ["earful"]


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    path = tmp_path / "earful.db"
    Store.open(path, migrate=True).close()
    connection = sqlite3.connect(path)
    connection.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
        "VALUES ('earful', '9999_of_tomorrow', '2031-01-01')"
    )
    connection.commit()
    connection.close()
    (tmp_path / "earful.toml").write_text(
        '[[brands]]\nname = "A"\nquery = "a"\n'
        '[[brands.sources]]\nsource = "lobsters"\nbase_url = "http://127.0.0.1:9"\n'
    )
    (tmp_path / "in.csv").write_text("native_id,text\n1,hello\n")
    return path


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
