"""Which column of a file is read as which field: by layout, by name, by what --map says."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from zoneinfo import ZoneInfo

from config.errors import InputError
from earful.importing.layouts import FIELDS, Layout, fits, folded

# What two columns may make together; of any other field there is one column.
_JOINED = frozenset({"text", "title", "author", "created_at", "edited_at", "owner_replied_at"})
_ZONE = re.compile(r"\(([A-Z]\w+(?:/[\w+-]+)*)\)")
_SCALE = re.compile(
    r"\b(?:[01]\s*(?:-|–|to|bis|à|a)\s*|out of\s*|/\s*)(?P<most>[1-9]\d{0,2})\b", re.IGNORECASE
)
_NPS = re.compile(r"\bnps\b|net promoter|likely.{0,60}recommend", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """What is read of a file: `columns` gives the columns of each field, in their order."""

    layout: Layout
    columns: Mapping[str, tuple[str, ...]]
    unread: tuple[str, ...]

    @property
    def rating_max(self) -> float | None:
        """The end of the scale, as the layout or the rating's header tells it."""
        for header in self.columns.get("rating", ()):
            if match := _SCALE.search(header):
                return float(match["most"])
            if _NPS.search(header):
                return 10.0
        return self.layout.rating_max

    def zone(self, field: str) -> tzinfo | None:
        """The time zone that a header names, as in `Rated at (America/New_York)`."""
        for header in self.columns.get(field, ()):
            for name in _ZONE.findall(header):
                try:
                    return ZoneInfo(name)
                except (KeyError, ValueError, OSError):
                    continue
        return None


def plan_columns(
    headers: Sequence[str], layout: Layout, maps: Sequence[tuple[str, str]], where: str
) -> ColumnPlan:
    """Decide on each column; InputError names what does not fit, before anything is read.

    `maps` are pairs of a file's column and ours; an empty ours leaves the column out.
    """
    mapped = _mapped(headers, maps, where)
    left_out = {theirs for theirs, ours in maps if not ours}
    free = [
        h for h in headers if h not in left_out and not any(h in own for own in mapped.values())
    ]
    columns = dict(mapped)
    for field in dict.fromkeys((*layout.columns, *FIELDS)):
        if field not in columns and (theirs := _by_layout(field, layout, free, where)):
            columns[field] = theirs
            free = [header for header in free if header not in theirs]
    if not {"text", "title", "rating"} & columns.keys():
        raise InputError(
            f"{where}: no column `text`; the file has: {_listed(headers)}; name the one that "
            "holds the words with --map THEIRS=text"
        )
    for field, theirs in columns.items():
        if len(theirs) > 1 and field not in _JOINED:
            names = " and ".join(f"`{name}`" for name in theirs)
            raise InputError(f"{where}: {names} are both `{field}`: choose one with --map")
    read = {header for theirs in columns.values() for header in theirs}
    return ColumnPlan(layout, columns, tuple(h for h in headers if h not in read))


def _mapped(
    headers: Sequence[str], maps: Sequence[tuple[str, str]], where: str
) -> dict[str, tuple[str, ...]]:
    mapped: dict[str, tuple[str, ...]] = {}
    for theirs, ours in maps:
        if ours and ours not in FIELDS:
            raise InputError(f"--map: {ours!r} is no column of mentions{_did_you_mean(ours)}")
        header = theirs if theirs in headers else _close(theirs, headers)
        if header is None:
            raise InputError(
                f"{where}: --map: there is no column {theirs!r}; the file has: {_listed(headers)}"
            )
        if ours:
            mapped[ours] = (*mapped.get(ours, ()), header)
    return mapped


def _close(theirs: str, headers: Sequence[str]) -> str | None:
    """Give the one header that differs in capitals and spaces alone."""
    same = [header for header in headers if folded(header) == folded(theirs)]
    return same[0] if len(same) == 1 else None


def _by_layout(
    field: str, layout: Layout, free: Sequence[str], where: str
) -> tuple[str, ...] | None:
    spellings = (*layout.columns.get(field, ()), *((field,) if field in FIELDS else ()))
    plain = [spelling for spelling in spellings if not spelling.startswith("~")]
    candidates = [theirs for spelling in plain if (theirs := _columns_of(spelling, free))]
    if not candidates:
        patterns = [spelling for spelling in spellings if spelling.startswith("~")]
        asked = tuple(h for h in free if any(fits(pattern, h) for pattern in patterns))
        return asked or None
    if layout.asks and field in ("text", "rating"):
        # The field's own name leaves no doubt; between others a person chooses.
        one = [spelling for spelling in plain if " + " not in spelling]
        others = [h for h in free if any(fits(spelling, h) for spelling in one)]
        if len(others) > 1 and candidates[0][0] != field:
            names = " or ".join(f"`{name}`" for name in others)
            raise InputError(
                f"{where}: is {names} the {field}? Name it with --map THEIRS={field}; repeated, "
                "it joins columns of text"
            )
    return candidates[0]


def _columns_of(spelling: str, headers: Sequence[str]) -> tuple[str, ...]:
    """Give the columns of a spelling: all parts of `Date + Time`, or none."""
    parts = spelling.split(" + ")
    columns = [next((h for h in headers if folded(h) == folded(part)), None) for part in parts]
    return tuple(h for h in columns if h) if all(columns) else ()


def _listed(headers: Sequence[str]) -> str:
    return ", ".join(" ".join(header.split()) for header in headers) or "nothing"


def _did_you_mean(name: str) -> str:
    close = difflib.get_close_matches(name, FIELDS, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; they are: {', '.join(FIELDS)}"
