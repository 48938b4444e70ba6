"""What strangers ask in SQL reads what people may see, ends in time, and changes nothing."""

from __future__ import annotations

import hashlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.errors import InputError
from storage.guarded_reading import CELL, WHOLE, Answer, ask
from storage.store import Store
from tests.storage.fixtures import BRAND, Told, build_store, make_mention

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
TABLES = frozenset({"mentions", "cases", "daily_counts"})
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT {} FROM n"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("guarded") / "a store#1.db"
    build_store(path, NOW)
    return path


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    return build_store(tmp_path_factory.mktemp("told") / "same.db", NOW)


def asked(path: Path, sql: str, *, most: int = 500, seconds: float = 5) -> Answer:
    return ask(path, sql, tables=TABLES, most=most, seconds=seconds)


def refusal(path: Path, sql: str, *, seconds: float = 5) -> str:
    with pytest.raises(InputError) as refused:
        asked(path, sql, seconds=seconds)
    (line,) = str(refused.value).splitlines()
    return line


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_select_gives_the_rows_that_the_store_has(path: Path, told: list[Told]) -> None:
    found = asked(path, "SELECT brand, count(*) AS n FROM voice GROUP BY 1 ORDER BY 1")
    brands = sorted({one.mention.brand for one in told})
    assert found.columns == ["brand", "n"]
    assert found.rows == [
        [brand, sum(one.mention.brand == brand for one in told)] for brand in brands
    ]
    assert not found.more


def test_the_full_text_index_can_be_asked(path: Path, told: list[Told]) -> None:
    found = asked(
        path,
        "SELECT count(*) FROM mentions WHERE seq IN "
        "(SELECT rowid FROM mentions_fts WHERE mentions_fts MATCH 'suitcase')",
    )
    assert found.rows == [[sum("suitcase" in one.mention.text for one in told)]]
    assert asked(path, "SELECT value FROM json_each('[7]')").rows == [[7]]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM mentions",
        "UPDATE cases SET state = 'closed'",
        "INSERT INTO mentions (id) VALUES ('x')",
        "DROP TABLE mentions",
        "CREATE TABLE mine (x)",
        "CREATE TEMP TABLE mine AS SELECT 1",
        "ATTACH ':memory:' AS other",
        "DETACH main",
        "VACUUM INTO 'stolen.db'",
        "PRAGMA query_only = 0",
        "PRAGMA writable_schema = 1",
        "SELECT * FROM pragma_table_info('voice')",
        "BEGIN IMMEDIATE",
        "REINDEX",
        "ANALYZE",
        "SELECT load_extension('x')",
        "SELECT key FROM tombstone_key",
        "SELECT key FROM main.tombstone_key",
        "SELECT length(key) FROM tombstone_key t WHERE key > x'80'",
        # Named like a view that may be read, it reads no more for that.
        "WITH voice AS (SELECT hex(key) AS k FROM tombstone_key) SELECT k FROM voice",
        "SELECT (SELECT key FROM tombstone_key) FROM voice",
        "SELECT count(*) FROM voice WHERE EXISTS (SELECT 1 FROM tombstone_key WHERE key > x'')",
        "SELECT rowid FROM tombstone_key",
        "SELECT name FROM _sqlite_migrations",
        "SELECT actor FROM audit",
        "SELECT * FROM sessions",
        "SELECT key FROM pseudonym_key",
    ],
)
def test_nothing_else_is_allowed_and_nothing_changes(
    path: Path, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = digest(path)
    line = refusal(path, sql)
    assert line.startswith("select: ")
    assert "not authorized" in line or "prohibited" in line or "denied" in line
    assert digest(path) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("selec 1", 'near "selec": syntax error'),
        ("SELECT mood FROM voice", "no such column: mood"),
        ("SELECT 1; SELECT 2", "one statement at a time"),
        ("", "no SELECT"),
        ("-- only words", "no SELECT"),
        ("SELECT '" + "x" * 30_000 + "'", "too large"),
        ("SELECT " + "(" * 300 + "1" + ")" * 300, "parser stack overflow"),
        ("SELECT zeroblob(1000000000)", "too big"),
        ("SELECT hex(randomblob(1900000))", "too big"),
        ("SELECT '\ud800'", "surrogates"),
        ("SELECT 1\0", "null"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_line(path: Path, sql: str, reason: str) -> None:
    assert reason in refusal(path, sql)


@pytest.mark.parametrize(
    "sql",
    [
        ENDLESS.format("count(*)"),
        "SELECT count(*) FROM voice a, voice b, voice c, voice d WHERE a.text < b.text || c.text",
        # One call of a function, which hears no interrupt.
        "SELECT instr(zeroblob(2000000), zeroblob(1000000) || x'01')",
        "SELECT printf('%.*c', 1999999999, 'x')",
    ],
)
def test_what_does_not_end_is_ended(path: Path, sql: str) -> None:
    assert "stopped after 0.5 seconds" in refusal(path, sql, seconds=0.5)


def test_what_takes_too_much_memory_ends(path: Path) -> None:
    line = refusal(
        path,
        "SELECT a.text FROM voice a, voice b, voice c, voice d "
        "ORDER BY a.text || b.text || c.text || d.text",
        seconds=60,
    )
    assert "256 MB" in line


def test_an_answer_is_small(path: Path, tmp_path: Path) -> None:
    endless = asked(path, ENDLESS.format("i"), most=7)
    assert endless.rows == [[number] for number in range(1, 8)]
    assert endless.more
    long = asked(path, "SELECT replace(hex(zeroblob(1000)), '0', 'y'), x'0102', 1e999, NULL")
    assert long.rows == [["y" * CELL + " …", "<2 bytes>", "inf", None]]
    many = asked(path, "SELECT replace(hex(zeroblob(200)), '0', 'y') FROM voice")
    assert many.more
    assert len(many.rows) == WHOLE // 400


def test_many_at_once_all_get_their_answer(path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        numbers = threads.map(lambda n: asked(path, f"SELECT {n}").rows[0][0], range(8))
        assert [*numbers] == [*range(8)]


def test_a_store_in_use_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    build_store(path, NOW, days=0)
    with Store.open(path) as store, store.write() as unit:
        unit.mentions.save([make_mention("1", "Not committed yet.", NOW)])
        assert asked(path, "SELECT count(*) FROM voice").rows == [[0]]
    assert asked(path, "SELECT brand FROM voice").rows == [[BRAND]]


def test_what_the_views_read_may_be_read_by_itself(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        (number,) = connection.execute("SELECT count(*) FROM verdicts").fetchone()
    assert "verdicts" not in TABLES
    assert asked(path, "SELECT count(model) FROM verdicts").rows == [[number]]
