"""Known layouts of files, read from `layouts.toml`, and which of them a file is in."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from config.errors import InputError

FIELDS = (
    "native_id", "url", "author", "author_id", "title", "text", "rating", "rating_max",
    "language", "created_at", "edited_at", "reach", "parent_id", "owner_reply",
    "owner_replied_at", "source", "country", "product_version",
    "location",
)  # fmt: skip
_FILE = Path(__file__).with_name("layouts.toml")
_FALLBACK = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One layout of files; `layouts.toml` says what each of its keys means."""

    name: str
    label: str
    columns: Mapping[str, tuple[str, ...]]
    signs: tuple[tuple[str, ...], ...] = ()
    source: str | None = None
    rating_max: float | None = None
    rating_words: Mapping[str, float]
    global_ids: bool = False
    id_pattern: str | None = None
    translated: bool = False
    asks: bool = False

    @property
    def own(self) -> bool:
        """Tell whether Earful wrote it: its texts are clean already, its ids whole."""
        return "id" in self.columns


def folded(header: str) -> str:
    """Give a header as it is compared: `Review Created (UTC)` is `reviewcreated`."""
    return re.sub(r"(?![.#])[\W_]", "", re.sub(r"\([^()]*\)", "", header).casefold())


def fits(spelling: str, header: str) -> bool:
    """Tell whether a header is what a spelling or a pattern means."""
    if spelling.startswith("~"):
        return re.search(spelling[1:], " ".join(header.split()), re.IGNORECASE) is not None
    return all(folded(part) == folded(header) for part in spelling.split(" + "))


def recognised(headers: Sequence[str]) -> Layout:
    """Give the layout that a file's headers show: the one with the most signs, else `table`."""
    every = layouts()
    candidates = [
        layout
        for layout in every.values()
        if layout.signs and all(_has_any(sign, headers) for sign in layout.signs)
    ]
    return max(candidates, key=lambda layout: len(layout.signs), default=every[_FALLBACK])


def layout_named(name: str) -> Layout:
    """Give a layout by its name; InputError lists the names."""
    every = layouts()
    if (layout := every.get(name.strip().casefold())) is None:
        raise InputError(f"--as: {name!r} is no known layout; they are: {', '.join(every)}")
    return layout


@cache
def layouts() -> dict[str, Layout]:
    """Give every known layout by its name."""
    with _FILE.open("rb") as file:
        tables = tomllib.load(file)
    return {name: _layout(name, table, tables) for name, table in tables.items()}


def _layout(name: str, table: Mapping[str, Any], tables: Mapping[str, Any]) -> Layout:
    given = dict(table)
    base = tables[given.pop("like")]["columns"] if "like" in given else {}
    columns = {ours: _many(theirs) for ours, theirs in {**base, **given.pop("columns")}.items()}
    signs = tuple(_sign(sign, columns) for sign in _many(given.pop("signs", ())))
    words = {"rating_words": given.pop("rating_words", {})}
    return Layout(name=name, columns=columns, signs=signs, **words, **given)


def _sign(sign: str, columns: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Give the spellings of a sign; what `=field` may be called is in the columns."""
    spellings: list[str] = []
    for part in (sign,) if sign.startswith("~") else sign.split("|"):
        spellings += columns[part[1:]] if part.startswith("=") else (part,)
    return tuple(spellings)


def _many(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _has_any(spellings: Sequence[str], headers: Sequence[str]) -> bool:
    return any(fits(spelling, header) for spelling in spellings for header in headers)
