"""Mentions with their verdicts as CSV, JSON Lines or Parquet, a row at a time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from config.errors import InputError
from earful.spreadsheet_guard import guarded
from storage.models import from_iso
from storage.reports import Filter
from storage.store import Store

COLUMNS = (
    "id", "brand", "source", "created_at", "author", "author_id", "rating", "rating_max",
    "experience", "stance", "sure", "corrected", "title", "text", "url", "language", "country",
    "product_version", "location", "reach",
    "parent_id", "owner_reply", "owner_replied_at", "fetched_at", "edited_at",
    "p_angry", "p_mediocre", "p_delighted", "p_none", "p_advocate", "p_hater", "p_neither",
    "model", "scored_at",
)  # fmt: skip
_TIMES = ("created_at", "owner_replied_at", "fetched_at", "edited_at", "scored_at")
_TRUTHS = ("sure", "corrected")
_BATCH = 5000


class ExportFormat(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def export(store: Store, which: Filter, kind: ExportFormat | str, target: Path | BinaryIO) -> int:
    """Write the chosen rows of `voice`, the oldest first; returns how many.

    Memory stays bounded whatever the store holds. A Path is put in place only when it is whole.
    In CSV a text that a spreadsheet would run as a formula gets a leading apostrophe, and truths
    are 1 and 0; JSON Lines and Parquet hold every value as it is.
    """
    try:
        write = _WRITERS[ExportFormat(kind)]
    except ValueError:
        raise InputError(f"{kind}: not a format: choose {', '.join(ExportFormat)}") from None
    rows = store.insight.export(which)
    if not isinstance(target, Path):
        return write(rows, target)
    partial = target.with_name(f".{target.name}.partial")
    try:
        with partial.open("wb") as file:
            count = write(rows, file)
        partial.replace(target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return count


def _write_csv(rows: Iterable[dict[str, Any]], target: BinaryIO) -> int:
    text = io.TextIOWrapper(target, encoding="utf-8", newline="", write_through=False)
    count = 0
    try:
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow([guarded(row[column]) for column in COLUMNS])
            count += 1
        text.flush()
    finally:
        # The target is the caller's to close.
        text.detach()
    return count


def _write_jsonl(rows: Iterable[dict[str, Any]], target: BinaryIO) -> int:
    count = 0
    for row in rows:
        line = json.dumps(typed(row), ensure_ascii=False)
        target.write(line.encode("utf-8") + b"\n")
        count += 1
    return count


def _write_parquet(rows: Iterable[dict[str, Any]], target: BinaryIO) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = schema(COLUMNS)
    count = 0
    with pq.ParquetWriter(target, columns, compression="zstd") as writer:
        for batch in _batches(with_moments(typed(row)) for row in rows):
            writer.write_table(pa.Table.from_pylist(batch, schema=columns))
            count += len(batch)
    return count


def schema(columns: Sequence[str]) -> Any:
    """Give the Parquet types of columns of `COLUMNS`."""
    import pyarrow as pa

    numbers = {name: pa.float64() for name in COLUMNS if name.startswith(("p_", "rating"))}
    kinds: dict[str, Any] = (
        dict.fromkeys(COLUMNS, pa.string())
        | dict.fromkeys(_TIMES, pa.timestamp("us", tz="UTC"))
        | dict.fromkeys(_TRUTHS, pa.bool_())
        | numbers
        | {"reach": pa.int64()}
    )
    return pa.schema([(name, kinds[name]) for name in columns])


_WRITERS = {
    ExportFormat.CSV: _write_csv,
    ExportFormat.JSONL: _write_jsonl,
    ExportFormat.PARQUET: _write_parquet,
}


def typed(row: Mapping[str, Any], columns: Sequence[str] = COLUMNS) -> dict[str, Any]:
    """Pick columns of a row of `voice`, with truths as truths."""
    shaped = {column: row[column] for column in columns}
    for name in _TRUTHS:
        shaped[name] = None if shaped[name] is None else bool(shaped[name])
    return shaped


def with_moments(row: dict[str, Any], more: Sequence[str] = ()) -> dict[str, Any]:
    """Turn a row's times, and those in `more`, from text to moments, in place."""
    for name in (*_TIMES, *more):
        row[name] = from_iso(row[name]) if row[name] else None
    return row


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch
