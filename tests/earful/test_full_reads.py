"""No question that a click asks reads a big table from end to end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.made_store import make_store
from benchmarks.store_questions import Question, questions
from storage.connection import Connection
from tests.storage.scans import scans
from tests.storage.test_history import BIG

# What begins at an end of an index and leaves it early, without a LIMIT to say so; crawl_runs are
# pruned.
ENDS_EARLY = {
    "dashboard voice, notice": {"mentions", "crawl_runs"},  # whether there is any
    "dashboard voice, health": {"crawl_runs"},
    "saved query merely_okay": {"mention_facts"},  # from now back to a day, by an index over time
    "saved query changed_reviews": {"mention_versions"},  # so too
}


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    path: Path = tmp_path_factory.mktemp("questions") / "store.db"
    make_store(path, 1_000)
    with closing(Connection(path, "ro", 30)) as connection:
        yield connection


def read_through(connection: Connection, one: Question) -> set[str]:
    """Name the big tables that a question reads to their end, whatever it looks for."""
    of_index = dict(connection.execute("SELECT name, tbl_name FROM sqlite_master").fetchall())
    return {of_index.get(name, name) for name in scans(connection, one.sql, one.values)} & {*BIG}


def test_questions_read_what_they_ask_for(connection: Connection) -> None:
    asked, found = 0, dict[str, set[str]]()
    for one in questions(connection, "ba"):
        asked += 1
        # A page of a table takes its rows in the order of an index, and ends with the page.
        if "limit" not in one.sql.lower():
            known = ENDS_EARLY.get(one.name.split(":")[0], set())
            if more := read_through(connection, one) - known:
                found[one.name] = more
    assert found == {}
    assert asked > 400


@pytest.mark.parametrize("kind", ["count", "facet"])
def test_counts_beside_a_choice_of_voice_are_looked_up(connection: Connection, kind: str) -> None:
    for one in questions(connection, "ba"):
        if one.name.startswith("voice, ") and kind in one.name and not one.searches:
            assert read_through(connection, one) == set(), one.name


@pytest.mark.parametrize("column", ["language", "country", "product_version"])
def test_a_rare_value_is_found_by_its_index_newest_first(
    connection: Connection, column: str
) -> None:
    plan = [
        str(row[3])
        for row in connection.execute(
            "EXPLAIN QUERY PLAN SELECT created_at, brand, text FROM voice "
            f'WHERE "{column}" = ? ORDER BY counted_at DESC LIMIT 51',
            ("xx",),
        )
    ]
    assert any(f"({column}=?)" in step for step in plan), plan
    assert not any("TEMP B-TREE" in step for step in plan), plan
