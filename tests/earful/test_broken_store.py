"""Commands and dashboards on a store that is broken: one line, exit code 1, no traceback."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from earful.pages.datasette_app import datasette
from tests.earful.conftest import Earful
from tests.storage.broken import PAGE, assert_whole
from tests.storage.ways import furnish

COMMANDS = {
    "status": ("status",),
    "status as JSON": ("status", "--json"),
    "search": ("search", "gate"),
    "export": ("export",),
    "report": ("report", "--brand", "Acme Air"),
    "process": ("process", "--no-deliver"),
    "import": ("import", "in.csv", "--brand", "Acme Air", "--source", "s"),
    "correct": ("correct", "labels.csv"),
    "cases": ("case", "list"),
    "claim": ("case", "claim", "1"),
    "forget": ("forget", "--older-than", "1d", "--yes"),
    "backup": ("backup", "copy.db"),
    "serve": ("serve", "--port", "0"),
}


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("furnished") / "earful.db"
    furnish(path)
    return path


@pytest.fixture
def path(furnished: Path, tmp_path: Path) -> Path:
    (tmp_path / "in.csv").write_text("text\nhello\n")
    (tmp_path / "labels.csv").write_text("mention_id,experience\nappstore:hostile,none\n")
    return Path(shutil.copy(furnished, tmp_path / "earful.db"))


def damage(path: Path) -> None:
    """Lose the first page of each table and index."""
    with closing(sqlite3.connect(path)) as connection:
        roots = connection.execute("SELECT rootpage FROM sqlite_master WHERE rootpage > 1")
        pages = [row[0] for row in roots]
    with path.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * PAGE)
            file.write(b"\xff" * PAGE)


def replace_by_text(path: Path) -> None:
    path.write_text("no store at all\n" * 999)


def make_newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('earful', '9999_tomorrow', '2031-01-01')"
        )
        connection.execute("PRAGMA user_version = 9999")


BREAKS: dict[str, tuple[Callable[[Path], None], str]] = {
    "damaged": (damage, "is damaged"),
    "no store": (replace_by_text, "cannot be opened as a store"),
    "newer": (make_newer, "9999_tomorrow"),
}


@pytest.mark.parametrize("fault", BREAKS)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_broken_store_is_one_line(earful: Earful, path: Path, name: str, fault: str) -> None:
    break_it, told = BREAKS[fault]
    break_it(path)
    ran = earful(*COMMANDS[name])
    assert ran.code == 1
    (line,) = ran.err.splitlines()
    assert line.startswith("earful: earful.db: ")
    assert told in line
    if name == "status as JSON":
        found = json.loads(ran.out)
        assert found["healthy"] is False
        (problem,) = found["problems"]
        assert told in problem


@pytest.mark.parametrize("fault", BREAKS)
def test_a_backup_mends_a_broken_store(
    earful: Earful, path: Path, furnished: Path, fault: str
) -> None:
    BREAKS[fault][0](path)
    assert earful("restore", str(furnished)).code == 0
    assert_whole(path)


def ask(path: Path, address: str) -> Any:
    async def asked() -> Any:
        return await datasette(path).client.get(address)

    return asyncio.run(asked())


def test_dashboards_say_what_is_wrong_with_the_store(path: Path) -> None:
    voices = "/earful.json?sql=select+*+from+voice"
    assert ask(path, voices).status_code == 200
    assert ask(path, "/earful.json?sql=select+nonsense").status_code == 400
    damage(path)
    answer = ask(path, voices)
    assert answer.status_code == 503
    assert answer.json()["error"].startswith("earful.db: is damaged")
    assert "Traceback" not in ask(path, "/earful").text
