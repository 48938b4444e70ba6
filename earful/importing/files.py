"""A file as it comes, as rows: what every format is read into."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from config.errors import InputError


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row of a file.

    `line` is where the row begins, as an editor counts. `values` holds a cell (text) by its
    header; what JSON nests is flattened with dots, lists stay lists, null is None. `raw` is the
    row itself: the lines of a table, or the object of JSON. A row that is none has a `problem`.
    """

    line: int
    values: Mapping[str, Any]
    raw: str | dict[str, Any]
    problem: str | None = None


class Table(Protocol):
    """The rows of a file; may be iterated more than once."""

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def shape(self) -> str:
        """How the file is read, for people: `UTF-16, separated by commas`."""
        ...

    @property
    def bytes_read(self) -> int: ...

    @property
    def size(self) -> int: ...

    def __iter__(self) -> Iterator[FileRow]: ...


def open_table(
    path: Path,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    quotes: str | None = None,
) -> Table:
    """Open a file of rows; InputError says what keeps it from being read."""
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.suffix.lower() in (".csv", ".tsv"):
        return _Delimited(path, encoding or "utf-8-sig", delimiter)
    return _Lines(path, encoding or "utf-8")


class _Delimited:
    def __init__(self, path: Path, encoding: str, delimiter: str | None) -> None:
        self._path, self._encoding = path, encoding
        self.size, self.bytes_read = path.stat().st_size, 0
        with path.open(encoding=encoding, newline="") as file:
            first = file.readline()
        self._delimiter = delimiter or max(",;\t", key=first.count)
        self.columns = tuple(next(csv.reader([first], delimiter=self._delimiter), []))
        self.shape = "UTF-8"

    def __iter__(self) -> Iterator[FileRow]:
        with self._path.open(encoding=self._encoding, newline="") as file:
            reader = csv.reader(file, delimiter=self._delimiter)
            next(reader, None)
            line = reader.line_num + 1
            for cells in reader:
                if cells:
                    values = dict(zip(self.columns, cells, strict=False))
                    yield FileRow(line, values, ",".join(cells))
                line = reader.line_num + 1
        self.bytes_read = self.size


class _Lines:
    def __init__(self, path: Path, encoding: str) -> None:
        self._path, self._encoding = path, encoding
        self.size, self.bytes_read = path.stat().st_size, 0
        columns: dict[str, None] = {}
        for row in self:
            columns |= dict.fromkeys(row.values)
        self.columns = tuple(columns)
        self.shape = "UTF-8, JSON Lines"

    def __iter__(self) -> Iterator[FileRow]:
        with self._path.open(encoding=self._encoding) as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    row = json.loads(line)
                    yield FileRow(number, row, row)
        self.bytes_read = self.size
