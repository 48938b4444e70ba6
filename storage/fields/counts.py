"""Counts of people: what a source counted, and how people write such a count."""

from __future__ import annotations

import re

from storage.fields.entry_error import EntryError

_MOST = 2**31
_NO_COUNT = frozenset({"", "-", "–", "—", "n/a", "na", "null", "none", "nan"})
_WRITTEN = re.compile(r"(?P<digits>\d[\d.,' \u00a0\u202f]*)\s*(?P<times>[kmb]|mio|mrd|tsd)?\.?\+?")
_TIMES = {"k": 10**3, "tsd": 10**3, "m": 10**6, "mio": 10**6, "b": 10**9, "mrd": 10**9}


def count(value: object) -> int | None:
    """Read a count of people; None when missing, negative or an overflown counter."""
    try:
        return whole_number(value, "count")
    except EntryError:
        return None


def whole_number(value: object, field: str) -> int | None:
    """Read a count as people write it: `1234`, `1,234`, `12.3K`; None where there is none."""
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
    elif isinstance(value, str):
        text = value.strip().casefold()
        if text in _NO_COUNT:
            return None
        written = _WRITTEN.fullmatch(text)
        if written is None:
            raise EntryError(f"{field} {value[:40]!r} is no number")
        times = _TIMES.get(written["times"] or "", 1)
        number = _digits(written["digits"].strip(), times > 1) * times
    else:
        raise EntryError(f"{field} {str(value)[:40]!r} is no number")
    if not 0 <= number < _MOST:
        raise EntryError(f"{field} {str(value)[:40]} is no count of people")
    return round(number)


def _digits(text: str, is_fraction: bool) -> float:
    """Read digits: a point or comma parts thousands, unless a unit follows or it cannot."""
    bare = re.sub(r"['\s]", "", text)
    groups = re.split(r"[.,]", bare)
    thousands = all(len(group) == 3 for group in groups[1:])
    if len(groups) == 2 and (is_fraction or not thousands):
        return float(f"{groups[0]}.{groups[1] or 0}")
    if len(groups) > 2 and not thousands:
        # 1,234.50: the last mark parts the fraction.
        return float(f"{''.join(groups[:-1])}.{groups[-1]}")
    return float("".join(groups))
