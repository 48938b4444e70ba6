"""What the store can hold of a mention: its texts are mended, bad side fields dropped."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from storage.models import Mention

_LARGEST = 2**63 - 1
"""The largest integer that SQLite holds."""


class UnstorableError(ValueError):
    """A mention that the store cannot hold; the message says which field and why."""


def storable(mention: Mention) -> Mention:
    """Give a mention as the store can hold it; UnstorableError where one it needs is bad.

    Lone surrogates, which SQLite cannot hold, are replaced, and NULs, which end its strings, left
    out. A field that a mention can do without is dropped when it is no number or time of its kind.
    """
    changed: dict[str, Any] = {}
    for name, read in _NEEDED.items():
        given = getattr(mention, name)
        try:
            kept = read(given)
        except (TypeError, ValueError, OverflowError) as error:
            raise UnstorableError(f"{name} {_shown(given)} cannot be stored: {error}") from error
        if kept is not given:
            changed[name] = kept
    for name, read in _SIDE.items():
        given = getattr(mention, name)
        if given is None:
            continue
        try:
            kept = read(given)
        except (TypeError, ValueError, OverflowError):
            kept = None
        if kept is not given:
            changed[name] = kept
    if changed.get("rating", 0) is None or changed.get("rating_max", 0) is None:
        # One without the other says nothing.
        changed |= {"rating": None, "rating_max": None}
    return replace(mention, **changed) if changed else mention


def mended(text: str) -> str:
    """Join surrogate pairs that were escaped apart, replace lone ones, and leave out NULs."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\x00", "") if "\x00" in text else text


def _text(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise TypeError(f"it is of type {type(value).__name__}, not text")
    return mended(value)


def _name(value: object) -> str:
    text = _text(value)
    if not text:
        raise ValueError("it is empty")
    return text


def _share(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"it is of type {type(value).__name__}, not a number")
    if not math.isfinite(value):
        raise ValueError("it is not finite")
    return value


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"it is of type {type(value).__name__}, not a whole number")
    if not 0 <= value <= _LARGEST:
        raise OverflowError("it is negative or too large")
    return value


def _moment(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"it is of type {type(value).__name__}, not a time")
    value.astimezone(UTC)  # before the year 1 or after 9999 there is none
    return value


def _moment_or_none(value: object) -> datetime | None:
    return None if value is None else _moment(value)


def _shown(value: object) -> str:
    return repr(value if isinstance(value, str) else str(value))[:60]


_Read = Callable[[object], Any]
_NEEDED: dict[str, _Read] = {
    "brand": _name,
    "source": _name,
    "native_id": _name,
    "text": _text,
    "created_at": _moment_or_none,
    "fetched_at": _moment,
}
_SIDE: dict[str, _Read] = {
    **dict.fromkeys(
        (
            "url",
            "title",
            "author",
            "author_native_id",
            "language",
            "parent_id",
            "owner_reply",
            "country",
            "product_version",
            "location",
        ),
        _text,
    ),
    "rating": _share,
    "rating_max": _share,
    "reach": _count,
    "edited_at": _moment,
    "owner_replied_at": _moment,
}
