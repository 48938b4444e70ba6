"""The Parquet layout holds what the store holds, whoever reads it, and never half a file."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from earful.forgetting import forget_author
from earful.parquet_layout import (
    READ,
    VERSION,
    Written,
    mention_files,
    mention_schema,
    write_layout,
)
from storage.models import Experience, from_iso
from storage.questions import questions
from storage.reports import Filter
from storage.store import Store
from storage.tables.brands import BrandRow
from tests.earful.conftest import Earful
from tests.storage.fixtures import (
    BRAND,
    OTHER_BRAND,
    Told,
    build_store,
    make_mention,
    store_voices,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ODD = 'Ünder/50% & "Söhne"=x'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "earful.db"
    build_store(path, NOW)
    odd = Told(
        mention=make_mention("odd", "Great.", NOW, brand=ODD, author="o"),
        experience=Experience.DELIGHTED,
    )
    undated = Told(mention=make_mention("no-date", "Fine.", None, fetched_at=NOW), experience=None)
    with Store.open(path) as store:
        store_voices(store, [odd, undated], NOW)
    return path


def write(path: Path, folder: Path, brand: str | None = None) -> Written:
    with Store.open(path, readonly=True) as store:
        return write_layout(store, folder, brand)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(one.relative_to(folder)): one.read_bytes()
        for one in sorted(folder.rglob("*"))
        if one.is_file() and one.name != ".export.lock"
    }


def asked(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """Ask DuckDB, as docs/parquet.md says."""
    with duckdb.connect() as connection:
        for table in ("mentions", "daily_counts"):
            connection.execute(
                f"CREATE VIEW {table} AS SELECT * FROM read_parquet("
                f"'{folder}/{table}/**/*.parquet', hive_partitioning = true)"
            )
        return connection.execute(sql).fetchall()


def test_a_file_holds_each_row_of_the_view(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "layout"
    done = write(path, folder)
    with Store.open(path, readonly=True) as store:
        rows = {row["id"]: row for row in store.insight.export(Filter())}
    read: dict[str, Mapping[str, Any]] = {}
    for (brand, month), file in mention_files(folder):
        for row in pq.read_table(file, partitioning=None).to_pylist():
            assert row["id"] not in read
            read[row["id"]] = row
            told = rows[row["id"]]
            assert told["brand"] == brand
            assert row["day"].isoformat() == told["counted_at"][:10]
            assert row["day"].isoformat()[:7] == month
            for name in READ:
                value = told[name]
                if name.endswith("_at"):
                    value = from_iso(value) if value else None
                elif name in ("sure", "corrected", "counted"):
                    value = None if value is None else bool(value)
                assert row[name] == value, (row["id"], name)
    assert read.keys() == rows.keys()
    assert done.mentions == len(rows)


def test_pyarrow_and_duckdb_read_brands_and_months_from_the_folders(
    path: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "layout"
    write(path, folder)
    with Store.open(path, readonly=True) as store:
        rows = [*store.insight.export(Filter())]
    expected = {
        (brand, month): sum(
            row["brand"] == brand and row["counted_at"].startswith(month) for row in rows
        )
        for brand, month in {(row["brand"], row["counted_at"][:7]) for row in rows}
    }
    table = ds.dataset(folder / "mentions", partitioning="hive").to_table(["brand", "month"])
    by_pyarrow = table.group_by(["brand", "month"]).aggregate([([], "count_all")]).to_pylist()
    assert {(row["brand"], row["month"]): row["count_all"] for row in by_pyarrow} == expected
    by_duckdb = asked(folder, "SELECT brand, month, count(*) FROM mentions GROUP BY 1, 2")
    assert {(brand, month): count for brand, month, count in by_duckdb} == expected
    assert ODD in {brand for brand, _ in expected}


def test_rates_by_month_are_those_that_earful_gives(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "layout"
    write(path, folder)
    for table, told in (
        (
            "mentions",
            "count(*) FILTER (experience = 'delighted'), "
            "count(*) FILTER (experience IN ('angry', 'mediocre', 'delighted'))",
        ),
        ("daily_counts", "sum(delighted), sum(angry + mediocre + delighted)"),
    ):
        where = "WHERE counted AND experience IS NOT NULL" if table == "mentions" else ""
        found = asked(
            folder, f"SELECT brand, month, {told} FROM {table} {where} GROUP BY 1, 2 ORDER BY 1, 2"
        )
        with questions(path) as own:
            for brand in (BRAND, OTHER_BRAND):
                rows = own.counts(Filter(brand=brand), "month", 10)
                assert [
                    (month, wows, told) for name, month, wows, told in found if name == brand
                ] == sorted(
                    (
                        row["value"],
                        row["delighted"],
                        row["angry"] + row["mediocre"] + row["delighted"],
                    )
                    for row in rows
                )


def test_days_are_those_of_the_brands_time_zone(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "layout"
    write(path, folder)
    with Store.open(path) as store:
        store.mentions.save([make_mention("late", "Late.", NOW.replace(day=30, hour=23))])
        store.brands.sync([BrandRow(name=BRAND, time_zone="Pacific/Auckland")])
    write(path, folder)
    found = asked(folder, "SELECT month, day, counted_at FROM mentions WHERE id = 'appstore:late'")
    ((month, day, counted_at),) = found
    assert (month, day) == ("2026-12", date(2026, 12, 1))
    assert counted_at == NOW.replace(day=30, hour=23)
    wrong = "SELECT count(*) FROM mentions WHERE month <> strftime(day, '%Y-%m')"
    assert asked(folder, wrong) == [(0,)]


def test_only_months_that_changed_are_written(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "layout"
    first = write(path, folder)
    assert (first.changed, first.gone, first.same, first.erased) == (0, 0, 0, 0)
    before = contents(folder)
    stamps = {name: (folder / name).stat().st_mtime_ns for name in before}
    assert write(path, folder) == Written(same=first.new, mentions=first.mentions)
    assert {name: (folder / name).stat().st_mtime_ns for name in before} == stamps

    with Store.open(path) as store:
        store.corrections.add(
            "appstore:odd", experience=Experience.MEDIOCRE, stance=None, by="dana", at=NOW
        )
    again = write(path, folder)
    # The month's mentions, and its daily counts.
    assert (again.new, again.changed, again.same) == (0, 2, first.new - 2)
    after = contents(folder)
    assert {name for name in after if after[name] != before[name]} == {
        f"{table}/brand=%C3%9Cnder%2F50%25%20%26%20%22S%C3%B6hne%22%3Dx/month=2026-11/{table}.parquet"
        for table in ("mentions", "daily_counts")
    }


def test_every_column_that_changes_is_seen(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "layout"
    write(path, folder)
    changes = (
        "UPDATE mentions SET reach = 7 WHERE id = 'appstore:odd'",
        "UPDATE mentions SET owner_reply = 'Thanks.' WHERE id = 'appstore:odd'",
        "UPDATE mentions SET country = 'DE' WHERE id = 'appstore:odd'",
        "UPDATE mentions SET deleted_at = fetched_at WHERE id = 'appstore:odd'",
        "UPDATE authors SET name = 'p' WHERE id = 'appstore:o'",
        "UPDATE verdicts SET p_angry = 0.5 WHERE mention_id = 'appstore:odd'",
    )
    for change in changes:
        with Store.open(path) as store:
            assert store.database.connection.execute(change).rowcount == 1, change
        assert write(path, folder).changed == 1, change


def test_what_is_forgotten_leaves_the_files_and_it_is_said(
    path: Path, tmp_path: Path, earful: Earful
) -> None:
    folder = tmp_path / "layout"
    assert earful("--db", str(path), "export", "--layout", str(folder)).code == 0
    with Store.open(path) as store:
        forget_author(store, "appstore:o")
    ran = earful("--db", str(path), "export", "--layout", str(folder))
    assert "1 deleted" in ran.err
    assert "1 mention that the store holds no more left the files" in ran.err
    assert not [month for month, _ in mention_files(folder) if month[0] == ODD]
    # Counts are kept: the day's file is still there.
    assert asked(folder, f"SELECT sum(delighted) FROM daily_counts WHERE brand = '{ODD}'") == [
        (1,)
    ]
    with Store.open(path) as store:
        store.upkeep.forget_older(NOW - timedelta(days=1))
    assert write(path, folder).erased > 50
    assert b"suitcase 7 days" not in b"".join(contents(folder).values())


def test_an_edited_mention_has_its_new_words_alone(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "layout"
    write(path, folder)
    with Store.open(path) as store:
        store.mentions.save([make_mention("odd", "Less great.", NOW, brand=ODD, author="o")])
    write(path, folder)
    found = asked(folder, "SELECT text, experience FROM mentions WHERE id = 'appstore:odd'")
    assert found == [("Less great.", None)]


_KILLED = """
import os, signal, sys
from pathlib import Path
from earful.parquet_layout import write_layout
from storage.store import Store
from storage.tables.brands import BrandRow

calls = 0
def fsync(file):
    global calls
    calls += 1
    if calls == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
os.fsync = fsync
with Store.open(Path(sys.argv[1]), readonly=True) as store:
    write_layout(store, Path(sys.argv[2]))
"""


@pytest.mark.parametrize("at", [1, 3, 6])
def test_a_kill_leaves_no_half_file_and_the_next_export_ends_the_work(
    path: Path, tmp_path: Path, at: int
) -> None:
    folder, whole = tmp_path / "layout", tmp_path / "whole"
    write(path, whole)
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(path), str(folder), str(at)], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert [*folder.rglob(".*.partial")] != []
    for file in folder.rglob("*.parquet"):
        pq.read_table(file, partitioning=None)
    assert len([*folder.rglob("*.parquet")]) == at - 1
    write(path, folder)
    assert contents(folder) == contents(whole)


def test_a_file_that_is_not_whole_is_written_anew(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "layout"
    write(path, folder)
    before = contents(folder)
    (_, file), *_ = mention_files(folder)
    file.write_bytes(file.read_bytes()[:100])
    assert write(path, folder).changed == 1
    assert contents(folder) == before


def test_the_schema_is_told_beside_the_files(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "layout"
    write(path, folder)
    told = json.loads((folder / "_schema.json").read_text())
    assert told["earful_layout"] == VERSION
    assert told["partitioned_by"] == ["brand", "month"]
    for name, columns in told["tables"].items():
        file = next((folder / name).rglob("*.parquet"))
        schema = pq.read_schema(file)
        assert {field.name: str(field.type) for field in schema} == columns
    assert told["tables"]["mentions"].keys() == set(mention_schema().names)


def test_one_brand_leaves_the_others_alone(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "layout"
    done = write(path, folder, OTHER_BRAND)
    assert {month[0] for month, _ in mention_files(folder)} == {OTHER_BRAND}
    write(path, folder, BRAND)
    assert {month[0] for month, _ in mention_files(folder)} == {BRAND, OTHER_BRAND}
    assert write(path, folder, OTHER_BRAND).same == done.new


def test_what_cannot_be_done_is_one_line(path: Path, tmp_path: Path, earful: Earful) -> None:
    def refused(*more: str) -> str:
        ran = earful("--db", str(path), "export", *more)
        assert ran.code == 2, ran
        return ran.err

    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "letters.txt").write_text("mine")
    assert "is not empty and no layout of Earful" in refused("--layout", str(strange))
    assert [one.name for one in strange.iterdir()] == ["letters.txt"]
    newer = tmp_path / "newer"
    newer.mkdir()
    (newer / "_schema.json").write_text('{"earful_layout": 99}')
    assert "a newer Earful wrote it (layout 99)" in refused("--layout", str(newer))
    (newer / "_schema.json").write_text("[]")
    assert "cannot be read" in refused("--layout", str(newer))
    assert "goes with --brand alone" in refused("--layout", "x", "--format", "csv")
    assert "goes with --brand alone" in refused("--layout", "x", "--since", "3d")
    file = tmp_path / "file"
    file.write_text("")
    assert "is a file" in refused("--layout", str(file))
    assert "cannot be written" in refused("--layout", str(file / "below"))


PAGE = Path(__file__).parents[2] / "docs" / "parquet.md"


def test_each_query_of_the_page_runs_and_the_wow_rate_is_ours(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "layout"
    write(path, folder)
    queries = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    views, rates, *others = (
        query.replace("/srv/earful/parquet", str(folder)) for query in queries
    )
    assert len(others) >= 4
    with duckdb.connect() as connection:
        connection.execute(views)
        found = connection.execute(rates).fetchall()
        for query in others:
            connection.execute(query).fetchall()
    with Store.open(path, readonly=True) as store:
        days = store.database.connection.execute("SELECT * FROM daily_experience").fetchall()
    expected = []
    for brand, month in sorted({(row["brand"], row["day"][:7]) for row in days}):
        of = [row for row in days if row["brand"] == brand and row["day"].startswith(month)]
        wows = sum(row["delighted"] for row in of)
        told = wows + sum(row["angry"] + row["mediocre"] for row in of)
        expected.append((brand, month, wows, told, round(wows / told, 4)))
    assert found == expected
