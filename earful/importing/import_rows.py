"""Import mentions from CSV or JSON Lines: good rows are kept, refused ones are named."""

from __future__ import annotations

import csv
import difflib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from config.errors import InputError
from storage.models import Mention, SaveResult
from storage.store import Store

# The columns an import may bring, named like the table.
COLUMNS = (
    "native_id", "url", "author", "author_id", "title", "text", "rating", "rating_max",
    "language", "created_at", "edited_at", "reach", "parent_id", "owner_reply",
    "owner_replied_at",
)  # fmt: skip
# No review is longer; what is longer is a file that was cut wrongly.
MAX_TEXT = 100_000
EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
_BATCH = 500
_MOST_PEOPLE = 10**11

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not imported; `row` counts from 1, a CSV's header aside."""

    row: int
    reason: str


@dataclass(slots=True)
class ImportReport:
    rows: int = 0
    saved: SaveResult = field(default_factory=SaveResult)
    refused: list[Refusal] = field(default_factory=list)


def import_file(
    store: Store,
    path: Path,
    *,
    brand: str,
    source: str,
    columns: Mapping[str, str],
    now: datetime,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Import a `.csv`, `.tsv` or JSON Lines file; safe to repeat.

    `columns` maps names in the file to the table's. `progress` is told the bytes read so far.
    Raises InputError when the file cannot be read at all or lacks a text column.
    """
    for ours in columns.values():
        if ours not in COLUMNS:
            raise InputError(f"--map: {ours!r} is no column of mentions{_did_you_mean(ours)}")
    report = ImportReport()
    batch: list[tuple[int, Mention]] = []
    try:
        with path.open("rb") as file:
            for number, row in enumerate(_rows(file, path, columns), start=1):
                report.rows = number
                try:
                    batch.append((number, _mention(row, brand, source, now)))
                except ValueError as error:
                    report.refused.append(Refusal(number, str(error)))
                if len(batch) >= _BATCH:
                    _save(store, batch, report)
                    batch.clear()
                    if progress:
                        progress(file.tell())
            _save(store, batch, report)
            if progress:
                progress(file.tell())
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    report.refused.sort(key=lambda refusal: refusal.row)
    return report


def _save(store: Store, batch: Sequence[tuple[int, Mention]], report: ImportReport) -> None:
    """Store a batch of rows; those that the store cannot hold are refused by their number."""
    saved = store.mentions.save([mention for _, mention in batch])
    report.saved += saved
    rows = {mention.id: number for number, mention in batch}
    report.refused += [Refusal(rows[one.mention_id], one.reason) for one in saved.refused]


@dataclass(frozen=True, slots=True)
class _Broken:
    """A row that could not even be parsed."""

    reason: str


def _rows(file: BinaryIO, path: Path, columns: Mapping[str, str]) -> Iterator[Row | _Broken]:
    if path.suffix.lower() in (".csv", ".tsv"):
        return _csv_rows(file, path, columns)
    if path.suffix.lower() in (".jsonl", ".ndjson", ".json"):
        return _json_rows(file, path, columns)
    raise InputError(f"{path}: give a .csv, .tsv or .jsonl file")


def _csv_rows(file: BinaryIO, path: Path, columns: Mapping[str, str]) -> Iterator[Row | _Broken]:
    csv.field_size_limit(16 * 1024 * 1024)
    lines = (line.decode("utf-8-sig" if n == 0 else "utf-8", "replace").replace("\x00", "")
             for n, line in enumerate(file))  # fmt: skip
    if file.read(2) in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(f"{path}: UTF-16: save it as UTF-8")
    file.seek(0)
    first = next(lines, "")
    delimiter = "\t" if path.suffix.lower() == ".tsv" else max(",;\t", key=first.count)
    header = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
    _check_columns(path, header, columns)
    names = [columns.get(name, name) for name in header]
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _Broken(f"not CSV: {error}")
            continue
        if not values:
            continue
        if len(values) > len(names):
            yield _Broken(f"has {len(values)} cells, the header {len(names)}: quote the text")
            continue
        yield dict(zip(names, values, strict=False))


def _check_columns(path: Path, header: list[str], columns: Mapping[str, str]) -> None:
    for theirs in columns:
        if theirs not in header:
            raise InputError(
                f"{path}: --map: there is no column {theirs!r}; the file has: {', '.join(header)}"
            )
    if "text" not in [columns.get(name, name) for name in header]:
        raise InputError(
            f"{path}: no column `text`; the file has: {', '.join(header) or 'nothing'}; name the "
            "one that holds the words with --map THEIRS=text"
        )


def _json_rows(file: BinaryIO, path: Path, columns: Mapping[str, str]) -> Iterator[Row | _Broken]:
    seen: set[str] = set()
    for number, line in enumerate(file):
        if not line.strip():
            continue
        if number == 0 and line.lstrip().startswith(b"["):
            raise InputError(f"{path}: a JSON array: write one JSON object a line instead")
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield _Broken(f"not JSON: {error}")
            continue
        if not isinstance(row, dict):
            yield _Broken("not a JSON object")
            continue
        seen.update(row)
        yield {columns.get(name, name): value for name, value in row.items()}
    for theirs in columns:
        if seen and theirs not in seen:
            raise InputError(
                f"{path}: --map: no row has {theirs!r}; the rows have: {', '.join(sorted(seen))}"
            )


def _mention(row: Row | _Broken, brand: str, source: str, now: datetime) -> Mention:
    """Make a mention of a row; ValueError says what is wrong with it."""
    if isinstance(row, _Broken):
        raise ValueError(row.reason)
    text = _text(row, "text") or ""
    title = _text(row, "title")
    rating, rating_max = _rating(row)
    if not text.strip() and not title and rating is None:
        raise ValueError("text is empty, and there is neither title nor rating")
    if len(text) > MAX_TEXT:
        raise ValueError(f"text has {len(text):,} characters; {MAX_TEXT:,} is the most")
    created_at = _moment(row, "created_at", now)
    return Mention(
        brand=brand,
        source=source,
        native_id=_text(row, "native_id") or _content_id(row),
        url=_url(row),
        author=_text(row, "author"),
        author_native_id=_text(row, "author_id"),
        title=title,
        text=text,
        rating=rating,
        rating_max=rating_max,
        language=_text(row, "language"),
        created_at=created_at,
        edited_at=_moment(row, "edited_at", now),
        reach=_reach(row),
        parent_id=_text(row, "parent_id"),
        owner_reply=_text(row, "owner_reply"),
        owner_replied_at=_moment(row, "owner_replied_at", now),
        fetched_at=now,
    )


def _text(row: Row, name: str) -> str | None:
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, bool | list | dict):
        raise ValueError(f"{name} is {type(value).__name__}, not text")
    return str(value).strip() or None


def _number(row: Row, name: str) -> float | None:
    value = row.get(name)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool):
            raise ValueError
        number = float(str(value).strip().replace(",", "."))
    except ValueError:
        raise ValueError(f"{name} {value!r} is not a number") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError(f"{name} {value!r} is not a number")
    return number


def _rating(row: Row) -> tuple[float | None, float | None]:
    rating, most = _number(row, "rating"), _number(row, "rating_max")
    if rating is None:
        return None, None
    most = 5.0 if most is None else most
    if not (0 <= rating <= most and most > 0):
        raise ValueError(f"rating {rating:g} does not lie between 0 and rating_max {most:g}")
    return rating, most


def _reach(row: Row) -> int | None:
    reach = _number(row, "reach")
    if reach is not None and not 0 <= reach < _MOST_PEOPLE:
        raise ValueError(f"reach {reach:g} is {'negative' if reach < 0 else 'no count of people'}")
    return None if reach is None else int(reach)


def _moment(row: Row, name: str, now: datetime) -> datetime | None:
    value = row.get(name)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value, UTC)
        else:
            moment = datetime.fromisoformat(str(value).strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{name} {value!r} is not an ISO 8601 time") from None
    if not EARLIEST <= moment <= now + timedelta(days=2):
        raise ValueError(f"{name} {value!r} lies before 1995 or in the future")
    return moment


def _url(row: Row) -> str | None:
    url = _text(row, "url")
    return url if url and url.lower().startswith(("http://", "https://")) else None


def _content_id(row: Row) -> str:
    """Name a row without an id by what it says, so that importing it again finds it."""
    said = [
        row.get(name) for name in ("text", "title", "author", "author_id", "created_at", "url")
    ]
    return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()[:20]


def _did_you_mean(name: str) -> str:
    close = difflib.get_close_matches(name, COLUMNS, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; they are: {', '.join(COLUMNS)}"
