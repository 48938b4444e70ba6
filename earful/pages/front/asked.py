"""What an address asks for: its filters read, and addresses that keep them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Protocol, TypeVar
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from storage.models import Experience, Stance
from storage.page_reads.choice import Choice
from storage.page_reads.tallies import KnownBrand

PERIODS: dict[str, int | None] = {
    "7 days": 7,
    "30 days": 30,
    "90 days": 90,
    "12 months": 365,
    "all time": None,
}
DEFAULT_PERIOD = "30 days"
# What the pages' addresses keep, in this order; a list also has what narrows it further.
_FILTERS = ("brand", "period", "since", "until", "source", "language", "topic", "country",
            "version", "staff", "named", "location")  # fmt: skip
_NARROWER = ("experience", "stance", "sure", "corrected", "waiting", "words")
V = TypeVar("V")
_TRUE = {"1": True, "0": False}


class Field(Protocol):
    """A field of a form."""

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a page shows. `given` are the filters as the address has them, bad ones left out.

    `first` is None for all time. `notes` say what could not be read. `own` are the brands that
    are no competitors.
    """

    choice: Choice
    period: str
    first: date | None
    last: date
    today: date
    zone: ZoneInfo
    zone_name: str
    brands: Sequence[KnownBrand]
    given: Mapping[str, str]
    notes: tuple[str, ...] = ()
    root: str = "/"

    @property
    def brand(self) -> KnownBrand | None:
        """The one brand that is shown; None where it is all of several."""
        return next((one for one in self.brands if one.name == self.choice.brand), None)

    @property
    def own(self) -> list[KnownBrand]:
        return [one for one in self.brands if not one.competitor]

    @property
    def days(self) -> int | None:
        return None if self.first is None else (self.last - self.first).days + 1

    def link(self, path: str = "", **changes: object) -> str:
        """Give the address of a page with these filters; a change to None takes one out."""
        kept: dict[str, str] = dict(self.given)
        for name, value in changes.items():
            if value is None:
                kept.pop(name, None)
            else:
                kept[name] = str(value)
        order = [*_FILTERS, *_NARROWER]
        pairs = sorted(
            kept.items(), key=lambda pair: order.index(pair[0]) if pair[0] in order else 99
        )
        query = urlencode(pairs, quote_via=quote, errors="replace")
        return f"{self.root}{path}" + (f"?{query}" if query else "")

    def beside(self, fields: Iterable[Field]) -> dict[str, str]:
        """Give the filters that a form has no field of its own for: it must not lose them."""
        shown = {one.name for one in fields} | {"period", "since", "until", "experience", "stance"}
        shown.add("words")
        return {name: value for name, value in self.given.items() if name not in shown}

    def of_day(self, first: date, last: date | None = None) -> dict[str, object]:
        """Give the changes of an address that choose days."""
        return {"period": None, "since": first.isoformat(), "until": (last or first).isoformat()}

    def same_days(self) -> dict[str, object]:
        """Give the changes of an address that keep these days, whatever brand it shows.

        "30 days" of a brand in another time zone may be others.
        """
        if self.first is None:
            return {"until": self.last.isoformat()}
        return self.of_day(self.first, self.last)

    def between(self) -> tuple[datetime | None, datetime | None]:
        """Give the moments between which the chosen days lie, in UTC; the second is outside."""

        def begin(day: date) -> datetime:
            return datetime.combine(day, datetime.min.time(), self.zone).astimezone(UTC)

        first = begin(self.first) if self.first is not None else None
        return first, begin(self.last + timedelta(days=1))

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)


def read(
    args: Mapping[str, str],
    brands: Sequence[KnownBrand],
    now: datetime,
    *,
    root: str = "/",
) -> Asked:
    """Read the filters of an address; what cannot be read is left out and noted."""
    given = {n: args[n].strip() for n in (*_FILTERS, *_NARROWER) if args.get(n, "").strip()}
    reader = _Reader(given)
    brand = _brand(given, brands)
    zone_name, zone = _zone(brand, brands)
    today = now.astimezone(zone).date()
    if given.get("period", DEFAULT_PERIOD) not in PERIODS:
        reader.drop("period", f"use {', '.join(PERIODS)}")
    if "period" in given:
        given.pop("since", None)  # a form sends both: the period is what its reader chose last
    since, until = reader.day("since"), reader.day("until")
    period = given.get("period", DEFAULT_PERIOD)
    last = until or today
    length = PERIODS[period]
    first = since or (None if length is None else last - timedelta(days=length - 1))
    if first is not None and first > last:
        reader.notes.append(f"{first} is after {last}: the days are read the other way round.")
        first, last = last, first
    choice = Choice(
        brand=brand,
        first=first,
        last=last,
        source=given.get("source"),
        country=given.get("country"),
        language=given.get("language"),
        version=given.get("version"),
        topic=given.get("topic"),
        staff=given.get("staff"),
        named=given.get("named"),
        location=given.get("location"),
        experience=reader.word("experience", Experience),
        stance=reader.word("stance", Stance),
        sure=reader.truth("sure"),
        corrected=reader.truth("corrected"),
        waiting=bool(reader.truth("waiting")),
        words=given.get("words"),
    )
    return Asked(
        choice=choice,
        period="" if since else period,
        first=first,
        last=last,
        today=today,
        zone=zone,
        zone_name=zone_name,
        brands=brands,
        given=given,
        notes=tuple(reader.notes),
        root=root,
    )


def narrowed_not(asked: Asked) -> Asked:
    """Leave out what narrows a list: a home page has no such filter."""
    given = {name: value for name, value in asked.given.items() if name in _FILTERS}
    plain = replace(
        asked.choice,
        experience=None, stance=None, sure=None, corrected=None, waiting=False, words=None,
    )  # fmt: skip
    return replace(asked, choice=plain, given=given)


@dataclass(slots=True)
class _Reader:
    given: dict[str, str]
    notes: list[str] = field(default_factory=list)

    def drop(self, name: str, hint: str) -> None:
        self.notes.append(f"{name}={self.given.pop(name)[:40]} was left out: {hint}.")

    def day(self, name: str) -> date | None:
        return self._read(name, date.fromisoformat, "a day is written 2026-01-31")

    def truth(self, name: str) -> bool | None:
        return self._read(name, _TRUE.__getitem__, "it is 1 or 0")

    def word(self, name: str, kind: type[Experience] | type[Stance]) -> str | None:
        found = self._read(name, kind, f"it is one of {', '.join(kind)}")
        return None if found is None else str(found)

    def _read(self, name: str, how: Callable[[str], V], hint: str) -> V | None:
        if name not in self.given:
            return None
        try:
            return how(self.given[name])
        except (ValueError, KeyError):
            self.drop(name, hint)
            return None


def _brand(given: Mapping[str, str], brands: Sequence[KnownBrand]) -> str | None:
    """Choose the brand of the address; the only one there is where it names none."""
    if given.get("brand"):
        return given["brand"]
    own = [one.name for one in brands if not one.competitor]
    return own[0] if len(own) == 1 else None


def _zone(brand: str | None, brands: Sequence[KnownBrand]) -> tuple[str, ZoneInfo]:
    zones = {one.zone for one in brands if brand in (None, one.name)}
    name = zones.pop() if len(zones) == 1 else "UTC"
    try:
        return name, ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC", ZoneInfo("UTC")
