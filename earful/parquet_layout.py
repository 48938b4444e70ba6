"""A folder of Parquet files by brand and month, for DuckDB, Grafana, Metabase and the like.

    DIR/_schema.json
    DIR/mentions/brand=Acme%20Air/month=2026-11/mentions.parquet
    DIR/daily_counts/brand=Acme%20Air/month=2026-11/daily_counts.parquet

Each file is put in place whole, and says in its metadata what it was made of: no state is kept
beside the files, and whatever was killed is done again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import Timeout

from config.errors import InputError
from earful.export_formats import COLUMNS, typed, with_moments
from earful.export_formats import schema as export_schema
from storage.by_month import ByMonth, Month
from storage.locks import StoreLock
from storage.store import Store

VERSION = 1
"""Raised whenever a column changes its name, type or meaning; one more column does not."""

MENTIONS, DAILY_COUNTS = "mentions", "daily_counts"
ROW_GROUP = 20_000

_ADDED = ("counted_at", "counted", "duplicate_of", "deleted_at", "not_about", "text_hash")
# The folder's name has the brand.
READ = tuple(name for name in COLUMNS if name != "brand") + _ADDED
_COUNTS = ("mentions", "angry", "mediocre", "delighted", "none", "advocate", "hater")
_KEY = b"earful"


@dataclass(frozen=True, slots=True)
class Written:
    """What an export came to: files that are new, changed, gone or as they were; and mentions."""

    new: int = 0
    changed: int = 0
    gone: int = 0
    same: int = 0
    mentions: int = 0
    erased: int = 0


def write_layout(store: Store, folder: Path, brand: str | None = None) -> Written:
    """Bring a folder up to date with the store, of one brand or of all; safe to repeat.

    Only months of which something changed are written. What the store no longer holds is in no
    file of ours afterwards. InputError: the folder cannot be written, holds a newer layout or
    files that are not ours, or another export writes it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check_version(folder)
        with StoreLock(folder / ".export.lock").acquire(timeout=0):
            _say_schema(folder)
            # What a killed export left may hold what was erased since.
            for partial in folder.rglob(".*.partial"):
                partial.unlink()
            return _write(ByMonth(store), folder, brand)
    except Timeout:
        raise InputError(
            f"{folder}: another export writes it: wait until that has ended"
        ) from None
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from error


def mention_files(folder: Path, brand: str | None = None) -> list[tuple[Month, Path]]:
    """Give the files of mentions with their brand and month, in order."""
    return [(month, path) for month, path in _files(folder, MENTIONS) if brand in (None, month[0])]


def _write(source: ByMonth, folder: Path, brand: str | None) -> Written:
    done = Written()
    prints = source.fingerprints(READ, brand)
    for month, fingerprint in sorted(prints.items()):
        path = _path(folder, MENTIONS, month)
        before = _made_of(path)
        mentions = int(fingerprint.partition("-")[0])
        done = replace(done, mentions=done.mentions + mentions)
        if before == fingerprint:
            done = replace(done, same=done.same + 1)
            continue
        had = _ids(path) if before is not None else set()
        rows = source.mentions(month)
        has = _replace(path, mention_schema(), fingerprint, (_mention(row) for row in rows))
        done = _count(done, before is None, len(had - has))
    counts = source.daily_counts(brand)
    for month, days in sorted(counts.items()):
        path = _path(folder, DAILY_COUNTS, month)
        before = _made_of(path)
        fingerprint = json.dumps(days)
        if before == fingerprint:
            done = replace(done, same=done.same + 1)
            continue
        _replace(path, _daily_schema(), fingerprint, map(_daily, days))
        done = _count(done, before is None, 0)
    for name, kept in ((MENTIONS, prints.keys()), (DAILY_COUNTS, counts.keys())):
        for month, path in _files(folder, name):
            if month not in kept and brand in (None, month[0]):
                lost = len(_ids(path)) if name == MENTIONS else 0
                _remove(path, folder)
                done = replace(done, gone=done.gone + 1, erased=done.erased + lost)
    return done


def _count(done: Written, is_new: bool, erased: int) -> Written:
    return replace(
        done,
        new=done.new + is_new,
        changed=done.changed + (not is_new),
        erased=done.erased + erased,
    )


def mention_schema() -> Any:
    """Give the columns of the files of mentions; brand and month are those of their folders."""
    base = export_schema([name for name in READ if name not in _ADDED])
    for name, kind in (
        ("counted_at", pa.timestamp("us", tz="UTC")),
        ("counted", pa.bool_()),
        ("duplicate_of", pa.string()),
        ("deleted_at", pa.timestamp("us", tz="UTC")),
        ("not_about", pa.string()),
        ("text_hash", pa.string()),
        ("day", pa.date32()),
    ):
        base = base.append(pa.field(name, kind))
    return base


def _daily_schema() -> Any:
    return pa.schema(
        [("day", pa.date32()), ("source", pa.string()), *((name, pa.int64()) for name in _COUNTS)]
    )


def _mention(row: Mapping[str, Any]) -> dict[str, Any]:
    shaped = typed(row, READ)
    shaped["counted"] = bool(row["counted"])
    shaped["day"] = date.fromisoformat(row["day"])
    return with_moments(shaped, ("counted_at", "deleted_at"))


def _daily(row: Mapping[str, Any]) -> dict[str, Any]:
    counts = {name: row[name] for name in _COUNTS}
    return {"day": date.fromisoformat(row["day"]), "source": row["source"], **counts}


def _replace(
    path: Path, schema: Any, fingerprint: str, rows: Iterator[dict[str, Any]]
) -> set[str]:
    """Write a file whole and put it in place; gives the ids of its rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    made_of = json.dumps({"layout": VERSION, "fingerprint": fingerprint})
    ids: set[str] = set()
    try:
        with pq.ParquetWriter(
            partial, schema.with_metadata({_KEY: made_of.encode()}), compression="zstd"
        ) as writer:
            while batch := list(islice(rows, ROW_GROUP)):
                ids.update(row["id"] for row in batch if "id" in row)
                writer.write_table(pa.Table.from_pylist(batch, schema=schema))
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return ids


def _made_of(path: Path) -> str | None:
    """Tell what a file was made of; None where there is none, "" where it must be made anew."""
    try:
        metadata = pq.read_schema(path).metadata or {}
    except FileNotFoundError:
        return None
    except (OSError, pa.ArrowInvalid):
        return ""
    try:
        made_of = json.loads(metadata[_KEY])
    except (KeyError, ValueError):
        return ""
    return str(made_of["fingerprint"]) if made_of.get("layout") == VERSION else ""


def _ids(path: Path) -> set[str]:
    try:
        return set(pq.read_table(path, columns=["id"], partitioning=None)["id"].to_pylist())
    except (OSError, pa.ArrowInvalid):
        return set()


def _path(folder: Path, table: str, month: Month) -> Path:
    brand = quote(month[0], safe="")
    return folder / table / f"brand={brand}" / f"month={month[1]}" / f"{table}.parquet"


def _files(folder: Path, table: str) -> list[tuple[Month, Path]]:
    found = []
    for path in sorted(folder.glob(f"{table}/brand=*/month=*/{table}.parquet")):
        brand = unquote(path.parents[1].name.removeprefix("brand="))
        found.append(((brand, path.parent.name.removeprefix("month=")), path))
    return found


def _remove(path: Path, folder: Path) -> None:
    """Delete a file, and the folders above it that nothing is left in."""
    path.unlink()
    for parent in path.parents:
        if parent == folder or any(parent.iterdir()):
            return
        parent.rmdir()


def _check_version(folder: Path) -> None:
    path = folder / "_schema.json"
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        version = int(told["earful_layout"])
    except FileNotFoundError:
        if any(one.name != ".export.lock" for one in folder.iterdir()):
            raise InputError(
                f"{folder}: is not empty and no layout of Earful: name an empty folder"
            ) from None
        return
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{path}: cannot be read: delete it with its folder, and export again") \
            from None  # fmt: skip
    if version > VERSION:
        raise InputError(
            f"{folder}: a newer Earful wrote it (layout {version}): update this Earful, or name "
            "another folder"
        )


def _say_schema(folder: Path) -> None:
    tables = {MENTIONS: mention_schema(), DAILY_COUNTS: _daily_schema()}
    told = {
        "earful_layout": VERSION,
        "partitioned_by": ["brand", "month"],
        "tables": {
            name: {field.name: str(field.type) for field in schema}
            for name, schema in tables.items()
        },
    }
    text = json.dumps(told, indent=2) + "\n"
    path = folder / "_schema.json"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    partial = folder / "._schema.json.partial"
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
