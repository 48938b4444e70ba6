"""What a person says of a file beside the file itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

from config.errors import InputError
from storage import fields
from storage.fields import AS_IT_SAYS, DateOrder, DateReading

# Where 03/04/2026 is March. In English without a country nobody knows.
_MONTH_FIRST = frozenset({"en-US", "en-PH", "en-PR"})
_EITHER = frozenset({"en", "en-CA", "zh", "ja", "ko", "hu"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options of one import.

    `maps` are pairs of a file's column and ours ("" leaves it out). `set_name` parts the ids of
    one survey from another's. `edits`: rows whose ids are stored with other words are edits.
    """

    brand: str
    source: str | None = None
    maps: tuple[tuple[str, str], ...] = ()
    layout: str | None = None
    set_name: str | None = None
    rating_max: float | None = None
    language: str | None = None
    dates: DateReading = AS_IT_SAYS
    edits: bool = False


def date_reading(date_format: str | None, language: str | None) -> DateReading:
    """Give how dates are read; InputError where --date-format or --language cannot be.

    `date_format` is an order such as `DD/MM/YYYY`, or a pattern of `strptime`.
    """
    order, pattern = _by_language(language), None
    if date_format:
        if "%" in date_format:
            pattern = date_format
        by_format = _order_of(date_format)
        if by_format is None and pattern is None:
            raise InputError(
                f"--date-format: {date_format!r}: write DD/MM/YYYY, MM/DD/YYYY, or a pattern "
                "such as %d.%m.%y"
            )
        order = by_format or order
    languages = (language.split("-")[0],) if language else ()
    return DateReading(order, pattern, languages)


def language_wished(name: str | None) -> str | None:
    """Give the tag of a language that a person names; InputError where there is none."""
    if name is None:
        return None
    if (tag := fields.language(name)) is None:
        raise InputError(f"--language: {name!r} is no language: write en, en-GB, de, Deutsch …")
    return tag


def _by_language(language: str | None) -> DateOrder:
    if language is None or language in _EITHER or language.split("-")[0] in _EITHER - {"en"}:
        return DateOrder.EITHER
    return DateOrder.MONTH_FIRST if language in _MONTH_FIRST else DateOrder.DAY_FIRST


def _order_of(date_format: str) -> DateOrder | None:
    """Find which comes first, the day or the month; what follows the date is the time's."""
    parts = re.findall(r"%?(d+|m+|b|y+)", re.split(r"[hH]", date_format)[0].casefold())
    letters = "".join(dict.fromkeys(one[0].replace("b", "m") for one in parts))
    orders = {"dmy": DateOrder.DAY_FIRST, "mdy": DateOrder.MONTH_FIRST}
    return orders.get(letters) or (DateOrder.EITHER if letters == "ymd" else None)
