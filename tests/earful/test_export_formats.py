"""Exported files hold what the store holds, and a spreadsheet runs none of it."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from config.errors import InputError
from earful.export_formats import COLUMNS, ExportFormat, export
from earful.spreadsheet_guard import guarded, unguarded
from storage.models import Experience, iso
from storage.reports import Filter
from storage.store import Store
from tests.storage.fixtures import BRAND, FORMULA, OTHER_BRAND, Told, build_store

NOW = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def told_and_path(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Told], Path]:
    path = tmp_path_factory.mktemp("export") / "earful.db"
    return build_store(path, NOW, days=10), path


@pytest.fixture
def told(told_and_path: tuple[list[Told], Path]) -> list[Told]:
    return told_and_path[0]


@pytest.fixture
def store(told_and_path: tuple[list[Told], Path]) -> Iterator[Store]:
    with Store.open(told_and_path[1], readonly=True) as store:
        yield store


def wanted(item: Told) -> dict[str, Any]:
    """Give what every format must say of a mention, by name."""
    mention = item.mention
    return {
        "id": mention.id,
        "brand": mention.brand,
        "source": mention.source,
        "created_at": mention.created_at and iso(mention.created_at),
        "author": mention.author,
        "rating": mention.rating,
        "experience": item.current,
        "stance": item.stance,
        "title": mention.title,
        "text": mention.text,
        "url": mention.url,
        "reach": mention.reach,
        "corrected": item.corrected_to is not None,
        "fetched_at": iso(mention.fetched_at),
    }


def test_json_lines_hold_every_value_as_it_is(store: Store, told: list[Told]) -> None:
    target = io.BytesIO()
    count = export(store, Filter(), "jsonl", target)
    rows = {row["id"]: row for row in map(json.loads, target.getvalue().splitlines())}

    assert count == len(told) == len(rows)
    for item in told:
        row = rows[item.mention.id]
        assert tuple(row) == COLUMNS
        assert {name: row[name] for name in wanted(item)} == wanted(item)
        assert row["sure"] is (None if item.experience is None else item.sure or row["corrected"])


def test_parquet_round_trips_with_types(store: Store, told: list[Told], tmp_path: Path) -> None:
    target = tmp_path / "mentions.parquet"
    count = export(store, Filter(), ExportFormat.PARQUET, target)
    table = pq.read_table(target)
    rows = {row["id"]: row for row in table.to_pylist()}

    assert count == table.num_rows == len(told)
    assert str(table.schema.field("created_at").type) == "timestamp[us, tz=UTC]"
    assert str(table.schema.field("sure").type) == "bool"
    for item in told:
        row = rows[item.mention.id]
        expected = wanted(item) | {
            "created_at": item.mention.created_at, "fetched_at": item.mention.fetched_at
        }  # fmt: skip
        assert {name: row[name] for name in expected} == expected


def test_csv_round_trips_but_for_the_apostrophe(store: Store, told: list[Told]) -> None:
    target = io.BytesIO()
    count = export(store, Filter(), "csv", target)
    rows = list(csv.DictReader(io.StringIO(target.getvalue().decode("utf-8"), newline="")))
    by_id = {row["id"]: row for row in rows}

    assert count == len(rows) == len(told)
    assert tuple(rows[0]) == COLUMNS
    for item in told:
        expected = {
            name: "" if value is None else str(int(value) if value in (True, False) else value)
            for name, value in wanted(item).items()
            if name not in ("title", "text", "author", "rating", "reach")
        }
        row = by_id[item.mention.id]
        assert {name: row[name] for name in expected} == expected
        assert row["text"].removeprefix("'") == item.mention.text


def test_csv_runs_no_formula(store: Store) -> None:
    target = io.BytesIO()
    export(store, Filter(), "csv", target)
    cells = [cell for row in csv.reader(io.StringIO(target.getvalue().decode())) for cell in row]
    by_id = {
        row["id"]: row
        for row in csv.DictReader(io.StringIO(target.getvalue().decode(), newline=""))
    }
    row = by_id["appstore:formula"]

    assert (row["text"], row["title"], row["author"]) == (f"'{FORMULA}", "'-1+1", "'@SUM(A1)")
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"), ("+49 30", "'+49 30"), ("-5", "'-5"), ("@me", "'@me"),
        ("\tx", "'\tx"), ("\rx", "'\rx"), ("＝1", "'＝1"),
        ("'=1", "''=1"), ("'tis", "'tis"),
        (-5, -5), (-0.5, -0.5), (None, None), ("fine = good", "fine = good"), ("", ""),
    ],
)  # fmt: skip
def test_only_texts_that_would_run_are_marked(value: object, written: object) -> None:
    assert guarded(value) == written
    assert not isinstance(value, str) or unguarded(guarded(value)) == value


def test_a_filter_chooses_rows(store: Store, told: list[Told]) -> None:
    since, until = NOW - timedelta(days=4), NOW - timedelta(days=1)
    which = Filter(brand=OTHER_BRAND, experience="angry", since=since, until=until)
    target = io.BytesIO()
    export(store, which, "jsonl", target)

    assert {json.loads(line)["id"] for line in target.getvalue().splitlines()} == {
        item.mention.id
        for item in told
        if item.mention.brand == OTHER_BRAND
        and item.current is Experience.ANGRY
        and item.mention.created_at
        and since <= item.mention.created_at < until
    }


@pytest.mark.parametrize("kind", list(ExportFormat))
def test_nothing_chosen_gives_a_whole_empty_file(
    store: Store, tmp_path: Path, kind: ExportFormat
) -> None:
    target = tmp_path / f"none.{kind}"

    assert export(store, Filter(brand="Nobody"), kind, target) == 0
    if kind is ExportFormat.PARQUET:
        assert pq.read_table(target).column_names == list(COLUMNS)
    else:
        assert target.read_text().strip() == (
            ",".join(COLUMNS) if kind is ExportFormat.CSV else ""
        )


def test_a_failed_export_leaves_the_older_file(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "mentions.csv"
    target.write_text("the older one")

    def broken(which: Filter) -> Iterator[dict[str, Any]]:
        raise OSError(28, "No space left on device")
        yield {}

    monkeypatch.setattr(store.insight, "export", broken)
    with pytest.raises(InputError, match=r"mentions\.csv: cannot be written: No space left"):
        export(store, Filter(), "csv", target)
    assert target.read_text() == "the older one"
    assert list(tmp_path.iterdir()) == [target]


def test_a_wrong_format_and_a_wrong_place_are_clear_lines(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="xlsx: not a format: choose csv, jsonl, parquet"):
        export(store, Filter(), "xlsx", tmp_path / "x")
    with pytest.raises(InputError, match="cannot be written: No such file"):
        export(store, Filter(brand=BRAND), "csv", tmp_path / "nowhere" / "x.csv")


@pytest.mark.parametrize("kind", list(ExportFormat))
def test_memory_does_not_grow_with_the_rows(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: ExportFormat
) -> None:
    [row] = [r for r in store.insight.export(Filter()) if r["id"] == "hackernews:ana-1"]

    def peak(rows: int) -> int:
        def many(which: Filter) -> Iterator[dict[str, Any]]:
            for place in range(rows):
                yield row | {"id": f"x:{place}", "text": f"{place} " + "word " * 100}

        monkeypatch.setattr(store.insight, "export", many)
        tracemalloc.start()
        assert export(store, Filter(), kind, tmp_path / "many") == rows
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(10)
    assert peak(30_000) < 2 * peak(10_000)
