"""Sheets of Excel, their cells as people see them."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import datetime, time
from itertools import islice
from typing import Any

from config.errors import InputError
from earful.importing.file_rows import FileRow
from earful.importing.header_rows import column_names, header_place
from earful.importing.packed_files import PackedFile

_SAMPLE_ROWS = 100
# How a workbook writes control characters within texts.
_CODE = re.compile(r"_x([0-9A-Fa-f]{4})_")
# What is in quotes or brackets in a number format stands for no digit.
_SHOWN_AS_TEXT = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')


class SheetTable:
    """The first sheet of a workbook that has rows. Dates are ISO, numbers as they are shown."""

    def __init__(self, file: PackedFile) -> None:
        self._file = file
        self._sheet, self._sheets = "", 0
        with self._book() as book:
            self._sheets = len(book.worksheets)
            for sheet in book.worksheets:
                if sheet.sheet_state != "visible":
                    continue
                rows = list(_filled_rows(sheet, _SAMPLE_ROWS))
                if rows:
                    self._sheet = sheet.title
                    break
            else:
                raise InputError(f"{file.path}: no sheet of the workbook has rows")
        place = header_place([cells for _, cells in rows])
        self._header_row, header = rows[place]
        self.columns = column_names(header)

    @property
    def size(self) -> int:
        return self._file.size

    @property
    def bytes_read(self) -> int:
        return self._file.bytes_read

    @property
    def shape(self) -> str:
        parts = [f"Excel, sheet {self._sheet!r}"]
        if self._sheets > 1:
            parts.append(f"one of {self._sheets}")
        if self._header_row > 1:
            parts.append(f"header in row {self._header_row}")
        return ", ".join(parts)

    def __iter__(self) -> Generator[FileRow]:
        width = len(self.columns)
        with self._book() as book:
            for number, cells in _filled_rows(book[self._sheet]):
                if number <= self._header_row:
                    continue
                values = dict(
                    zip(self.columns, (*cells, *[""] * (width - len(cells))), strict=False)
                )
                problem = None
                if any(cells[width:]):
                    problem = f"has {len(cells)} cells, the header {width}: name all columns"
                yield FileRow(number, {} if problem else values, values, problem)

    @contextmanager
    def _book(self) -> Iterator[Any]:
        # openpyxl takes 0.2 s to load, which only a workbook is worth.
        import openpyxl

        with self._file.opened() as stream:
            try:
                with warnings.catch_warnings():
                    # It warns of what it leaves out: drop-down lists, styles.
                    warnings.simplefilter("ignore")
                    book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
                try:
                    yield book
                finally:
                    book.close()
            except (KeyError, ValueError, SyntaxError, zipfile.BadZipFile) as error:
                # A SyntaxError is what broken XML is.
                raise InputError(
                    f"{self._file.path}: no workbook that can be read ({error}): save it again as "
                    ".xlsx, or as CSV in UTF-8"
                ) from error


def _filled_rows(sheet: Any, most: int | None = None) -> Iterator[tuple[int, list[str]]]:
    """Give rows that hold anything, with their numbers in the sheet."""
    # Some programs write that a sheet is one cell large, and then give it thousands.
    sheet.reset_dimensions()
    rows = enumerate(sheet.iter_rows(), start=1)
    filled = ((n, cells) for n, row in rows if any(cells := [_shown(cell) for cell in row]))
    return islice(filled, most)


def _shown(cell: Any) -> str:
    """Write a cell as it is shown; times as ISO 8601, errors as nothing."""
    value = cell.value
    if value is None or cell.data_type == "e":
        return ""
    if isinstance(value, str):
        return _CODE.sub(lambda code: chr(int(code[1], 16)), value)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        if "%" in _SHOWN_AS_TEXT.sub("", cell.number_format or ""):
            return f"{value * 100:.12g}%"
        return str(int(value)) if value == int(value) else f"{value:.15g}"
    if isinstance(value, datetime):
        shows_hours = "h" in _SHOWN_AS_TEXT.sub("", cell.number_format or "").lower()
        if value.time() == time.min and not shows_hours:
            return value.date().isoformat()
        return value.isoformat(timespec="seconds")
    return str(value)
