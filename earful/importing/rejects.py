"""Refused rows in a file of their own, which can be imported once they are mended."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from config.errors import InputError
from earful.importing.files import FileRow, Table

# Headers that no layout knows: what stands under them is not read again.
_ADDED = ("Rejected line", "Rejected because")
_WHOLE = "Rejected row"


class Rejects:
    """Writes refused rows: the row itself, its line and the reason.

    As CSV (`.csv`) with the file's own columns, else as JSON Lines of `line`, `reason` and `row`.
    """

    def __init__(self, path: Path, table: Table, source: Path) -> None:
        if path.exists() and path.samefile(source):
            raise InputError(f"--rejects: {path} is the file that is read: name another")
        self._path, self._columns = path, table.columns
        self._as_csv = path.suffix.lower() in (".csv", ".tsv")
        self._delimiter = "\t" if path.suffix.lower() == ".tsv" else ","

    def __enter__(self) -> Self:
        try:
            self._file = self._path.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise InputError(f"{self._path}: cannot be written: {error.strerror}") from error
        if self._as_csv:
            self._file.write("\ufeff")  # without it Excel takes UTF-8 for something else
            self._file.write(self._line([*_ADDED, *self._columns, _WHOLE]))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def __call__(self, row: FileRow, reason: str) -> None:
        """Write one refused row."""
        if self._as_csv:
            cells = [_cell(row.values.get(name)) for name in self._columns]
            whole = "" if row.values else _cell(row.raw)
            self._file.write(self._line([row.line, reason, *cells, whole]))
            return
        itself = row.raw if isinstance(row.raw, dict) or not row.values else dict(row.values)
        entry = {"line": row.line, "reason": reason, "row": itself}
        self._file.write(json.dumps(entry, ensure_ascii=False, default=str) + "\n")

    def _line(self, cells: list[Any]) -> str:
        line = io.StringIO()
        csv.writer(line, delimiter=self._delimiter).writerow(cells)
        return line.getvalue()


class MendedRows:
    """A file of refused rows as the table that they came from."""

    def __init__(self, table: Table) -> None:
        self._table = table
        nested = [name for name in table.columns if name.startswith("row.")]
        self.columns = tuple(name.removeprefix("row.") for name in nested)

    @property
    def shape(self) -> str:
        return f"{self._table.shape}, rows that were refused"

    @property
    def bytes_read(self) -> int:
        return self._table.bytes_read

    @property
    def size(self) -> int:
        return self._table.size

    def __iter__(self) -> Generator[FileRow]:
        with closing(iter(self._table)) as rows:
            yield from map(self._mended, rows)

    @staticmethod
    def _mended(row: FileRow) -> FileRow:
        values = {
            name.removeprefix("row."): value
            for name, value in row.values.items()
            if name.startswith("row.")
        }
        problem = row.problem
        if not problem and not values:
            problem = f"it is not mended: {row.values.get('reason')}"
        itself = row.raw.get("row", row.raw) if isinstance(row.raw, dict) else row.raw
        return FileRow(row.line, values, itself, problem)


def as_mended(table: Table) -> Table:
    """Give a file of refused rows as the table that they came from; any other table as it is."""
    columns = set(table.columns)
    rest = columns - {"line", "reason", "row"}
    if {"line", "reason"} <= columns and rest and all(name.startswith("row.") for name in rest):
        return MendedRows(table)
    return table


def _cell(value: object) -> object:
    return (
        json.dumps(value, ensure_ascii=False, default=str)
        if isinstance(value, list | dict)
        else value
    )
