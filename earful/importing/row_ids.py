"""The id of a row: its source's own, the file's, or what the row says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from hashlib import sha256
from urllib.parse import urlsplit

from crawler.catalog import sources
from earful.importing.column_plan import ColumnPlan
from earful.importing.files import FileRow
from earful.importing.wishes import Wishes
from storage import fields
from storage.models import RefusalReason
from storage.native_ids import Origin, origin_of

# What makes a row without an id the row that it is.
_SAID = (
    "text", "title", "author", "author_id", "created_at", "url", "rating", "rating_max",
)  # fmt: skip
_ALSO_CALLED = {"twitter": "x", "twitter.com": "x", "x.com": "x", "google maps": "google_business"}


class Whose(Enum):
    """Who gave a row its id: its source, the file's maker, or nobody."""

    SOURCE = auto()
    FILE = auto()
    NOBODY = auto()


@dataclass(frozen=True, slots=True)
class RowKey:
    """What a row is known by in its file."""

    source: str
    native_id: str
    whose: Whose

    @property
    def digest(self) -> int:
        """A number of 64 bits for it: a million of them take 8 MB."""
        key = f"{self.source}:{self.native_id}".encode("utf-8", "surrogatepass")
        return int.from_bytes(sha256(key).digest()[:8], "big")


class RowIds:
    """Gives the key of each row of a file that is read by a plan."""

    def __init__(self, plan: ColumnPlan, wishes: Wishes) -> None:
        self._plan, self._wishes = plan, wishes
        self._cell = cell_reader(plan)
        self._sources = _SourceNames()
        pattern = plan.layout.id_pattern
        self._pattern = re.compile(pattern) if pattern else None

    def key(self, row: FileRow) -> RowKey:
        """Name a row; EntryError where its id or its source cannot be."""
        cell = self._cell
        url = cell(row, "url")
        behind = origin_of(url) if isinstance(url, str) and "://" in url else None
        source = self._source(row, url, behind)
        if self._plan.layout.own:
            whole = fields.identity(cell(row, "id"))
            return RowKey(source, whole.removeprefix(f"{source}:"), Whose.SOURCE)
        if behind and behind.source == source:
            return RowKey(source, behind.native_id, Whose.SOURCE)
        given = cell(row, "native_id")
        if given is not None and str(given).strip():
            native_id = fields.identity(given, "native_id")
            if self._pattern and (match := self._pattern.search(native_id)):
                native_id = match[0]
            if self._plan.layout.global_ids:
                return RowKey(source, native_id, Whose.SOURCE)
            return RowKey(source, self.in_set(native_id), Whose.FILE)
        return RowKey(source, self._content_id(row), Whose.NOBODY)

    def in_set(self, native_id: str) -> str:
        """Give a file's own id within the set that the person named."""
        return f"{self._wishes.set_name}/{native_id}" if self._wishes.set_name else native_id

    def _source(self, row: FileRow, url: object, behind: Origin | None) -> str:
        if self._wishes.source:
            return self._wishes.source
        value = self._cell(row, "source")
        if self._plan.layout.own and isinstance(value, str) and value:
            return value
        if "source" in self._plan.columns:
            if behind:
                return behind.source
            if named := self._sources.name(value) or self._sources.name(_host(url)):
                return named
            raise fields.EntryError("source is empty: give --source", RefusalReason.ID)
        return self._plan.layout.source or ""

    def _content_id(self, row: FileRow) -> str:
        parts = [self._wishes.brand, self._wishes.set_name or ""]
        parts += [_as_text(self._cell(row, name)) for name in _SAID]
        content = "\x1f".join(parts).encode("utf-8", "surrogatepass")
        return sha256(content).hexdigest()[:20]


class _SourceNames:
    """Source names for what monitoring tools call them; a known source has its spider's."""

    def __init__(self) -> None:
        self._known = dict(_ALSO_CALLED)
        for name, spider in sources().items():
            host = (urlsplit(spider.default_base_url).hostname or "").removeprefix("www.")
            self._known |= {name: name, spider.label.casefold(): name, host: name}
        self._known.pop("", None)

    def name(self, value: object) -> str | None:
        """Give a source's name in lower case, digits and `_`; None for nothing."""
        if not isinstance(value, str) or not value.strip():
            return None
        called = value.strip().casefold().removeprefix("https://").removeprefix("www.")
        slug = re.sub(r"[^a-z0-9]+", "_", called).strip("_")[:40]
        return self._known.get(called.rstrip("/")) or slug or None


def cell_reader(plan: ColumnPlan) -> Callable[[FileRow, str], object]:
    """Give the function that reads a field's cell, or the cells that make it together."""
    columns: Mapping[str, tuple[str, ...]] = plan.columns

    def cell(row: FileRow, field: str) -> object:
        theirs = columns.get(field)
        if theirs is None:
            return None
        if len(theirs) == 1:
            return row.values.get(theirs[0])
        cells = {name: row.values.get(name) for name in theirs}
        filled = {name: value for name, value in cells.items() if _as_text(value)}
        if field == "text":
            # What each part answers is part of the words.
            return "\n\n".join(
                f"{_asked(name)} {_as_text(value)}" for name, value in filled.items()
            )
        return " ".join(map(_as_text, filled.values()))

    return cell


def _asked(header: str) -> str:
    """Give a header as what its cell answers: `Pros:`, or the question."""
    words = " ".join(header.split())
    return words if words.endswith(("?", ":", ".", "!", "…")) else f"{words}:"


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _host(url: object) -> str | None:
    try:
        return urlsplit(url).hostname if isinstance(url, str) else None
    except ValueError:
        return None
