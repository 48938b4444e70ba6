"""Which days are holidays: dates, and the public holidays of countries and their parts.

The calendars are those of the package `holidays`, which is loaded only where a code names one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from itertools import takewhile

from config.errors import ConfigError

EXAMPLE = '["2026-12-24", "DE-BY"]: dates, and codes of ISO 3166 for a country or its part'
_YEARS_AHEAD = 3
_MEANT = 5


@dataclass(frozen=True)
class Holidays:
    """Days off: single `dates`, and the public holidays of `codes` such as `DE` and `DE-BY`."""

    dates: frozenset[date] = frozenset()
    codes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.dates or self.codes)

    def __contains__(self, day: date) -> bool:
        return day in self.dates or any(day in _of_year(code, day.year) for code in self.codes)

    def coming(self, today: date, number: int) -> list[tuple[date, str]]:
        """Give the next holidays from a day on, each with its name and the codes that have it.

        A date of the config has no name of its own. None is given that is years away.
        """
        named: dict[date, list[str]] = {day: [] for day in self.dates}
        for code in self.codes:
            for year in range(today.year, today.year + _YEARS_AHEAD):
                for day, name in _of_year(code, year).items():
                    named.setdefault(day, []).append(f"{name} ({code})")
        return [(day, ", ".join(named[day])) for day in sorted(named) if day >= today][:number]


NO_HOLIDAYS = Holidays()


@lru_cache(maxsize=64)
def read_holidays(entries: tuple[str, ...], where: str) -> Holidays:
    """Read the entries of a config; ConfigError names the entry, after `where`, and a like one."""
    dates: set[date] = set()
    codes: list[str] = []
    for place, entry in enumerate(entries):
        if entry[:1].isdigit():
            try:
                dates.add(date.fromisoformat(entry.strip()))
            except ValueError:
                raise _refused(where, place, entry, "there is no such date") from None
        elif (code := entry.strip().upper()) in _codes():
            codes.append(code)
        else:
            raise _refused(where, place, entry, f"no such code{_hint(entry)}")
    return Holidays(frozenset(dates), tuple(dict.fromkeys(codes)))


def _refused(where: str, place: int, entry: str, what: str) -> ConfigError:
    return ConfigError(f'{where}[{place}] = "{entry}": {what}; write it like {EXAMPLE}')


@lru_cache(maxsize=1)
def _codes() -> frozenset[str]:
    """Give every code that the package knows: `DE`, `DE-BY`."""
    import holidays

    countries: Mapping[str, Iterable[str]] = holidays.list_supported_countries()
    parts = {f"{code}-{part}".upper() for code, parts in countries.items() for part in parts}
    return frozenset({code.upper() for code in countries} | parts)


def _hint(entry: str) -> str:
    """Name the code that was meant: the like of a mistyped one, or that of a country's name."""
    from holidays import registry

    text = entry.strip()
    named = registry.COUNTRIES.get(text.casefold().replace(" ", "_"))
    if named is not None:
        return f"; did you mean {named[1]}?"
    country = text.upper().partition("-")[0]
    # Of codes that are as like, one of the same country is meant.
    for known in ([one for one in _codes() if one.startswith(f"{country}-")], list(_codes())):
        if like := get_close_matches(text.upper(), sorted(known), n=_MEANT, cutoff=0.7):
            like.sort(key=lambda one: -_alike(one, text.upper()))
            return f"; did you mean {' or '.join(like)}?"
    return ""


def _alike(one: str, other: str) -> int:
    """Count the letters with which both begin."""
    return sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    )


@lru_cache(maxsize=1024)
def _of_year(code: str, year: int) -> Mapping[date, str]:
    import holidays

    country, _, part = code.partition("-")
    # The package writes a few parts in small letters, and is strict about it.
    known = holidays.list_supported_countries()[country]
    subdivision = next((one for one in known if one.upper() == part), None)
    found = holidays.country_holidays(country, subdiv=subdivision, years=year, language="en_US")
    # Around the new year the package's calendar may hold days of another year.
    return {day: name for day, name in found.items() if day.year == year}
