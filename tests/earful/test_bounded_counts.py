"""What Datasette asks beside a table's rows is right, and bounded however many there are."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.made_store import NOW, make_store
from earful.pages import bounded_counts, datasette_app
from earful.pages.datasette_app import datasette
from storage.store import Store
from tests.storage.fixtures import make_mention
from tests.storage.scans import scans, steps

MENTIONS = 3_000
BIG = {"mentions", "mention_facts", "verdicts", "authors"}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "earful.db"
    make_store(path, MENTIONS)
    return path


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 1,000 be very many: what is bounded shows in a small store."""
    monkeypatch.setattr(bounded_counts, "MOST", 1_000)


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as connection:
        yield connection


def asked(path: Path, *pages: str) -> list[tuple[int, dict[str, Any]]]:
    async def ask() -> list[tuple[int, dict[str, Any]]]:
        site = datasette(path)
        await site.invoke_startup()
        answers = [await site.client.get(page) for page in pages]
        return [(answer.status_code, answer.json()) for answer in answers]

    return asyncio.run(ask())


def test_counts_and_facets_of_voice_are_those_of_all_its_rows(
    path: Path, connection: sqlite3.Connection
) -> None:
    choices = ["", "brand=Large", "brand=Large&experience=angry", "stance=hater&source=source_3"]
    answers = asked(path, *(f"/earful/voice.json?{choice}&_size=1" for choice in choices))
    for choice, (status, page) in zip(choices, answers, strict=True):
        assert status == 200
        equal = dict(part.split("=") for part in choice.split("&") if part)
        where = " AND ".join(["1", *(f"{name} = :{name}" for name in equal)])
        (rows,) = connection.execute(f"SELECT count(*) FROM voice WHERE {where}", equal).fetchone()
        assert page["filtered_table_rows_count"] == rows
        assert rows > 0
        for facet in ("experience", "stance", "source", "brand"):
            found = {one["value"]: one["count"] for one in page["facet_results"][facet]["results"]}
            assert found == dict(
                connection.execute(
                    f"SELECT {facet}, count(*) FROM voice WHERE {where} GROUP BY 1", equal
                )
            )


def test_other_counts_end_at_what_is_very_many(path: Path) -> None:
    (_, mentions), (_, some), (_, all_tables) = asked(
        path,
        "/earful/mentions.json?_size=1",
        "/earful/voice.json?language=fr&_size=1",
        "/earful.json",
    )
    assert mentions["filtered_table_rows_count"] == 1_001
    assert sum(one["count"] for one in mentions["facet_results"]["brand"]["results"]) == 1_000
    assert 0 < some["filtered_table_rows_count"] < 1_000
    counts = {table["name"]: table["count"] for table in all_tables["tables"]}
    assert counts["mention_facts"] == MENTIONS  # below what that page calls very many
    assert counts["brands"] == 0


def test_a_search_gives_the_newest_of_what_it_looks_at(
    path: Path, connection: sqlite3.Connection
) -> None:
    (word,) = connection.execute(
        "SELECT substr(text, 1, instr(text, ' ') - 1) FROM mentions WHERE seq = 1"
    ).fetchone()
    (_, page), (_, of_brand) = asked(
        path,
        f"/earful/voice.json?_search={word}&_size=5&_shape=objects",
        f"/earful/voice.json?_search={word}&brand=Small&_size=5&_shape=objects",
    )
    for answer, brand in ((page, "%"), (of_brand, "Small")):
        wanted = connection.execute(
            """
            SELECT id FROM voice WHERE seq IN (
                SELECT rowid FROM mentions_fts WHERE mentions_fts MATCH ?
            ) AND brand LIKE ? ORDER BY counted_at DESC LIMIT 5
            """,
            (word, brand),
        ).fetchall()
        assert [row["id"] for row in answer["rows"]] == [row[0] for row in wanted]
        assert 0 < len(wanted) <= 5


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from voice ",
        'select count(*) from voice where "brand" = :p0 ',
        'select count(*) from voice where "experience" = :p0 and "stance" = :p1 ',
    ],
)
def test_a_count_by_cells_reads_no_mention(connection: sqlite3.Connection, sql: str) -> None:
    counted = bounded_counts.bounded(sql)
    assert counted is not None
    values = {name: "x" for name in ("p0", "p1") if f":{name}" in sql}
    assert not scans(connection, counted, values) & BIG


@pytest.fixture(scope="module")
def undated(path: Path) -> Path:
    """Give the store with mentions of one moment, and with some that have no date."""
    copy = path.with_name("undated.db")
    with closing(sqlite3.connect(path)) as made, closing(sqlite3.connect(copy)) as copied:
        made.backup(copied)
    with Store.open(copy) as store:
        store.mentions.save(
            [
                make_mention(
                    f"{kind} {n}",
                    f"Late {kind} {n}",
                    moment,
                    brand=("Large", "Small")[n % 2],
                    fetched_at=NOW,
                    title=f"{n % 5} lost",
                )
                for kind, moment in (("undated", None), ("at once", NOW - timedelta(days=400)))
                for n in range(40)
            ]
        )
    return copy


WRITTEN = (
    "", "brand=Small", "brand=Large&stance=hater", "language=en", "title__contains=lost",
    "language=none", "created_at__isnull=1", "_search=late", "_search=late&brand=Small",
    "_where=brand='Small'+or+brand='Middle'",
)  # fmt: skip


@pytest.mark.parametrize("choice", WRITTEN)
@pytest.mark.parametrize("order", ["", "desc"])
def test_pages_by_when_it_was_written_have_the_rows_of_datasettes_own(
    undated: Path, choice: str, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sort = f"_sort{'_desc' if order else ''}=created_at"
    pages = [
        f"/earful/voice.json?{choice}&{sort}&_size=30&_shape=objects&_next={n}"
        for n in (0, 30, 60, 2_985)
    ]
    monkeypatch.setattr(bounded_counts, "MOST", 10_000)
    ours = asked(undated, *pages)
    monkeypatch.setattr(datasette_app, "bounded", lambda sql: None)
    theirs = asked(undated, *pages)
    for (status, page), (_, own) in zip(ours, theirs, strict=True):
        assert status == 200
        assert page["next"] == own["next"]
        dates = [row["created_at"] for row in page["rows"]]
        assert dates == [row["created_at"] for row in own["rows"]]
        # Which of one moment comes first Datasette leaves open; here it is the row number.
        if len(set(dates)) == len(dates) > 1:
            assert page["rows"] == own["rows"]
    shown = [(row["created_at"] or "", row["seq"]) for _, page in ours[:3] for row in page["rows"]]
    assert shown == sorted(shown, reverse=bool(order))
    assert len(set(shown)) == len(shown)
    assert bool(shown) == (choice != "language=none")


@pytest.mark.parametrize("where", ["", 'where "brand" = :p0 ', 'where "language" = :p0 '])
@pytest.mark.parametrize("order", ["", " desc"])
def test_a_page_by_when_it_was_written_sorts_no_other_rows(
    undated: Path, where: str, order: str
) -> None:
    own = f"select id, created_at, title from voice {where}order by created_at{order} limit 51"
    values = {"p0": "Large" if "brand" in where else "en"} if where else {}
    sql = bounded_counts.bounded(own)
    assert sql is not None
    with closing(sqlite3.connect(undated)) as connection:

        def taken(statement: str) -> int:
            return steps(connection, lambda: connection.execute(statement, values).fetchall())

        assert not scans(connection, sql, values) & BIG
        assert taken(sql) < taken(own) / 5


def test_a_page_says_that_more_rows_are_there(path: Path) -> None:
    async def ask() -> str:
        site = datasette(path)
        await site.invoke_startup()
        return str((await site.client.get("/earful/mentions")).text)

    page = asyncio.run(ask())
    assert "More than 1,000 rows" in page
    assert "1,001 rows" not in page
    assert "The figures below count 1,000 of them." in page
