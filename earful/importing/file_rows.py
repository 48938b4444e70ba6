"""What every file of rows is read into: its rows, its columns, and how it was read."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row of a file.

    `line` is where the row begins, as an editor counts; the row of a sheet or of Parquet.
    `values` holds a cell (text) by its header; what JSON nests is flattened with dots, lists stay
    lists, null is None. `raw` is the row itself: the lines of a table, or the object of JSON. A
    row that cannot be read as one has a `problem`, and no values.
    """

    line: int
    values: Mapping[str, Any]
    raw: str | dict[str, Any]
    problem: str | None = None


class Table(Protocol):
    """The rows of a file; may be iterated more than once."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, each once, in the file's order."""
        ...

    @property
    def shape(self) -> str:
        """How the file is read, for people: `UTF-16, separated by commas`."""
        ...

    @property
    def bytes_read(self) -> int:
        """How far the running iteration has come, in bytes of the file as it lies there."""
        ...

    @property
    def size(self) -> int: ...

    def __iter__(self) -> Generator[FileRow]:
        """Read the rows; who may stop before the last closes what this gives, and so the file."""
        ...
