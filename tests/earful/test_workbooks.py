"""Workbooks and Parquet: cells come out as people see them, dates as ISO 8601."""

from __future__ import annotations

import gzip
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from config.errors import InputError
from earful.importing.files import open_table
from tests.earful.import_fixtures import cells_of, file_of, refusal, rows_of

# A workbook knows no time zones.
NAIVE = datetime(2026, 11, 20, tzinfo=UTC).replace(tzinfo=None)


def workbook(path: Path, rows: list[list[object]], formats: dict[str, str] | None = None) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    for cell, number_format in (formats or {}).items():
        sheet[cell].number_format = number_format
    book.save(path)
    return path


def test_cells_are_what_people_see(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["When", "Stars", "Share", "Text", "Done", "Day"],
        [
            NAIVE.replace(hour=9, minute=7),
            4,
            0.805,
            "line one\nline, two",
            True,
            date(2026, 11, 20),
        ],
        [NAIVE.replace(day=21), 4.5, 1, '_x0041_ "b"', None, "#N/A"],
    ]
    path = workbook(tmp_path / "in.xlsx", rows, {"C2": "0.0%", "C3": "0%", "A3": "yyyy-mm-dd"})
    table = open_table(path)
    assert table.shape == "Excel, sheet 'Sheet'"
    first, second = rows_of(path)
    assert first.values == {
        "When": "2026-11-20T09:07:00", "Stars": "4", "Share": "80.5%",
        "Text": "line one\nline, two", "Done": "TRUE", "Day": "2026-11-20",
    }  # fmt: skip
    assert second.values == {
        "When": "2026-11-21", "Stars": "4.5", "Share": "100%", "Text": 'A "b"', "Done": "",
        "Day": "",
    }  # fmt: skip
    assert (first.line, second.line, first.raw) == (2, 3, first.values)


def test_titles_above_empty_rows_and_other_sheets(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Empty"
    hidden = book.create_sheet("Hidden")
    hidden.append(["never", "read"])
    hidden.sheet_state = "hidden"
    sheet = book.create_sheet("Reviews")
    for row in (["Reviews of Acme"], [], ["id", "stars", "text"], [1, 5, "a"], [], [2, 4, "b"]):
        sheet.append(row)
    path = tmp_path / "in.xlsx"
    book.save(path)
    assert open_table(path).shape == "Excel, sheet 'Reviews', one of 3, header in row 3"
    assert [(row.line, row.values["text"]) for row in rows_of(path)] == [(4, "a"), (6, "b")]


def test_a_cell_without_a_column_is_a_problem(tmp_path: Path) -> None:
    path = workbook(tmp_path / "in.xlsx", [["id", "text"], [1, "a", "beside"], [2, "b"]])
    assert [row.problem for row in rows_of(path)] == [
        "has 3 cells, the header 2: name all columns", None
    ]  # fmt: skip


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    empty = workbook(tmp_path / "empty.xlsx", [])
    assert refusal(empty) == "no sheet of the workbook has rows"
    whole = workbook(tmp_path / "whole.xlsx", [["a", "b"], [1, 2]])
    assert "--encoding is for tables of text" in refusal(whole, encoding="utf-8")
    cut = file_of(tmp_path, whole.read_bytes()[:-200], "cut.xlsx")
    assert "damaged or cut off" in refusal(cut)


def test_a_sheet_that_breaks_off_is_refused(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "whole.xlsx", [["id", "text"], *([n, "x"] for n in range(300))])
    broken = tmp_path / "broken.xlsx"
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(broken, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content[: len(content) // 2] if "sheet1" in name else content)
    with pytest.raises(InputError, match="no workbook that can be read"):
        list(open_table(broken))


def test_a_sheet_of_libreoffice_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.ods", "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        file.writestr("content.xml", "<x/>")
    assert refusal(tmp_path / "in.ods").startswith("a sheet of LibreOffice")


def test_parquet_is_read_a_batch_at_a_time(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 20, 9, 7, tzinfo=UTC)
    table = pa.table(
        {
            "text": [f"text {n}" for n in range(2500)],
            "rating": [n / 2 for n in range(2500)],
            "created_at": pa.array([moment] * 2500, pa.timestamp("us", tz="UTC")),
            "of": [{"id": n, "tags": ["a"]} for n in range(2500)],
        }
    )
    path = tmp_path / "in.parquet"
    pq.write_table(table, path)
    assert open_table(path).columns == ("text", "rating", "created_at", "of.id", "of.tags")
    rows = rows_of(path)
    assert len(rows) == 2500
    assert rows[2].values == {
        "text": "text 2", "rating": 1.0, "created_at": "2026-11-20T09:07:00+00:00", "of.id": 2,
        "of.tags": ["a"],
    }  # fmt: skip
    packed = file_of(tmp_path, gzip.compress(path.read_bytes()), "in.parquet.gz")
    assert cells_of(packed, "of.id")[-1] == 2499
    broken = file_of(tmp_path, path.read_bytes()[:-100], "cut.parquet")
    assert "the Parquet file is damaged" in refusal(broken)
