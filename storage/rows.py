"""Rows whose values cannot be read: which row, which column, and what to do about it.

SQLite notices a damaged page, but not a word in it that is none of ours. Whatever makes one of
our words of a row stands under `reads`, so that such a row is a StoreRowError of one line.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache, wraps
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from config.errors import StoreRowError
from storage.models import from_iso

T = TypeVar("T")

Unreadable = Callable[[sqlite3.Row, StoreRowError], object]
"""Told of a row that is passed over, and what is wrong with it."""

Column = tuple[str, str, str, str]
"""A table, its column, its key, and how the row that is read calls that key."""

# What our words raise of a text, a number or a NULL that is none of them.
_ERRORS = (ValueError, TypeError, AttributeError)


class Row(sqlite3.Row):
    """A row that knows which store it is of."""

    path: ClassVar[Path]


@cache
def rows_of(path: Path) -> type[Row]:
    """Give the row factory of the store at a path."""
    return type("Row", (Row,), {"path": path})


def reads(
    table: str,
    key: str = "id",
    *,
    named: str | None = None,
    elsewhere: Mapping[str, Column] | None = None,
) -> Callable[[Callable[[sqlite3.Row], T]], Callable[[sqlite3.Row], T]]:
    """Let what makes a value of a row of `table` raise a StoreRowError that names the row.

    The row holds the table's `key`, under the name `named` where that is another; `elsewhere`
    says of what tables its other columns are.
    """

    def around(read: Callable[[sqlite3.Row], T]) -> Callable[[sqlite3.Row], T]:
        @wraps(read)
        def safely(row: sqlite3.Row) -> T:
            try:
                return read(row)
            except _ERRORS as error:
                column = _culprit(read, row)
                of = (elsewhere or {}).get(column, (table, column, key, named or key))
                raise _error(row, column, of) from error

        return safely

    return around


def pass_over(row: sqlite3.Row, error: StoreRowError) -> None:
    """Leave out a row that cannot be read: who works the queue counts it."""


def read_each(
    rows: Iterable[sqlite3.Row], read: Callable[[sqlite3.Row], T], unreadable: Unreadable | None
) -> list[T]:
    """Read rows of a queue; one that cannot be read is told of and passed over.

    Without `unreadable` it is an error.
    """
    if unreadable is None:
        return [read(row) for row in rows]
    values = []
    for row in rows:
        try:
            values.append(read(row))
        except StoreRowError as error:
            unreadable(row, error)
    return values


def moment_in(row: sqlite3.Row, table: str, column: str) -> datetime | None:
    """Read the one moment of a row, of all that a `column` holds; None for NULL."""
    try:
        return from_iso(row[0]) if row[0] is not None else None
    except _ERRORS as error:
        raise StoreRowError(
            f"{_path(row)}: the table {table} has {_shown(row[0])} for a {column}, which is no "
            f"time: {_advice(row, table, column, column, row[0])}"
        ) from error


class _Watched:
    """A row that keeps which column was asked for last."""

    def __init__(self, row: sqlite3.Row) -> None:
        self._row = row
        self.last = "?"

    def __getitem__(self, column: str) -> Any:
        self.last = column
        return self._row[column]


def _culprit(read: Callable[[sqlite3.Row], object], row: sqlite3.Row) -> str:
    """Read a row again to see of what column nothing can be made."""
    watched = _Watched(row)
    with suppress(*_ERRORS):
        read(watched)  # type: ignore[arg-type]
    return watched.last


def _error(row: sqlite3.Row, column: str, of: Column) -> StoreRowError:
    table, its_column, key, named = of
    return StoreRowError(
        f"{_path(row)}: the table {table} has {_shown(row[column])} as {its_column} where {key} "
        f"is {_shown(row[named])}, which Earful cannot read: "
        f"{_advice(row, table, its_column, key, row[named])}"
    )


def _advice(row: sqlite3.Row, table: str, column: str, key: str, value: object) -> str:
    return (
        f'set it right (sqlite3 {_path(row)} "UPDATE {table} SET {column} = … WHERE {key} = '
        f'{_quoted(value)}"), or put a backup back with `earful restore FILE`'
    )


def _path(row: sqlite3.Row) -> Path:
    return row.path if isinstance(row, Row) else Path("the store")


def _quoted(value: object) -> str:
    if isinstance(value, int | float):
        return str(value)
    doubled = str(value).replace("'", "''")
    return f"'{doubled}'"


def _shown(value: object) -> str:
    return repr(value)[:80]
