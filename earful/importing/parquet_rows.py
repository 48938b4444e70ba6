"""Rows of Parquet, as `earful export` writes it: a batch at a time."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import date, time
from typing import Any

from config.errors import InputError
from config.extras import extra_missing
from earful.importing.file_rows import FileRow
from earful.importing.json_rows import flat
from earful.importing.packed_files import PackedFile

_BATCH = 1000


class ParquetTable:
    """The rows of a Parquet file; `line` counts rows. Times are ISO 8601."""

    shape = "Parquet"

    def __init__(self, file: PackedFile) -> None:
        self._file = file
        self._share = 0.0
        columns: dict[str, None] = {}
        with self._opened() as parquet:
            for field in parquet.schema_arrow:
                columns |= dict.fromkeys(_names(field))
        self.columns = tuple(columns)

    @property
    def size(self) -> int:
        return self._file.size

    @property
    def bytes_read(self) -> int:
        return int(self._share * self.size)

    def __iter__(self) -> Generator[FileRow]:
        number = 0
        with self._opened() as parquet:
            for batch in parquet.iter_batches(batch_size=_BATCH):
                for row in batch.to_pylist():
                    number += 1
                    raw = {name: _written(value) for name, value in row.items()}
                    yield FileRow(number, flat(raw), raw)
                self._share = number / max(1, parquet.metadata.num_rows)

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        if reason := extra_missing("parquet", f"{self._file.path}: Parquet"):
            raise InputError(reason)
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile

        with self._file.opened() as stream:
            try:
                yield ParquetFile(stream)
            except ArrowException as error:
                what = str(error).partition("\n")[0]
                raise InputError(
                    f"{self._file.path}: the Parquet file is damaged ({what}): export it again"
                ) from error


def _names(field: Any, before: str = "") -> Iterator[str]:
    """Name a column, or those of which a structure consists."""
    name = before + field.name
    if field.type.num_fields and str(field.type).startswith("struct"):
        for inner in field.type:
            yield from _names(inner, f"{name}.")
    else:
        yield name


def _written(value: Any) -> Any:
    """Write what JSON has no form for: times as ISO 8601, bytes and the rest as text."""
    if isinstance(value, dict):
        return {name: _written(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_written(one) for one in value]
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
