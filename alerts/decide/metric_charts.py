"""A metric over time as people read it: periods with limits, levels, shifts and random acts. Pure.

Days are joined to weeks or months where too little happens in one. Each lasting shift begins a
level of its own, with limits of its own; a period never lies on both sides of a shift.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from scipy import special

from alerts.decide.control_charts import LARGE, MOST_LEFT_OUT, Kind, Rule, control_chart
from alerts.decide.lasting_shifts import LASTS, lasting_shifts
from alerts.decide.stats import Better, Interval, mover, wilson

_DAY = timedelta(days=1)
_JUDGED_BY = timedelta(days=91)
"""How wide periods are is judged by so many last days."""
_LEAST_EXPECTED = 1.0
_MOST_DAYS = 7


class Act(StrEnum):
    """A single point beyond the limits: no change, but something that happened once."""

    EXCELLENCE = "random act of excellence"
    CHAOS = "random act of chaos"


@dataclass(frozen=True, slots=True)
class Counted:
    """`part` of `whole`, as far as it was counted; of a count, `whole` is the number of days."""

    part: int = 0
    whole: int = 0

    def __add__(self, other: Counted) -> Counted:
        return Counted(self.part + other.part, self.whole + other.whole)

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None

    def interval(self, kind: Kind) -> Interval:
        """Bound the level at 95%: Wilson's for a share, the exact one of Poisson for a count."""
        if kind is Kind.SHARE:
            return wilson(self.part, self.whole)
        if not self.whole:
            return Interval(0.0, math.inf)
        low = special.gammaincinv(self.part, 0.025) if self.part else 0.0
        high = special.gammaincinv(self.part + 1, 0.975)
        return Interval(float(low) / self.whole, float(high) / self.whole)


def change(now: Counted, before: Counted, kind: Kind) -> Interval | None:
    """Bound `now - before` at 95%; None where one of them has nothing counted."""
    if now.value is None or before.value is None:
        return None
    return mover(now.value, now.interval(kind), before.value, before.interval(kind))


@dataclass(frozen=True, slots=True)
class Period:
    """A point of a chart, from the day `first` to the one before `until`, on its level's limits.

    `above` tells on which side of the centre it lies, `rules` which of the run rules it completes.
    """

    first: date
    until: date
    counted: Counted
    level: int
    centre: float
    lower: float
    upper: float
    rules: tuple[Rule, ...]
    above: bool
    act: Act | None


@dataclass(frozen=True, slots=True)
class Level:
    """What holds since the day `first`, over `days` on which anything was counted.

    `counted` leaves out what lies beyond the limits; `spread` is by how much more than by chance
    its points vary.
    """

    first: date
    counted: Counted
    days: int
    spread: float


@dataclass(frozen=True, slots=True)
class LastingShift:
    """The level is another one from `day` on; that was seen with the end of the day `found_on`."""

    day: date
    found_on: date
    before: Counted
    after: Counted
    change: Interval | None
    is_better: bool | None


@dataclass(frozen=True, slots=True)
class MetricChart:
    periods: tuple[Period, ...]
    levels: tuple[Level, ...]
    shifts: tuple[LastingShift, ...]

    @property
    def level(self) -> Level | None:
        """The level that holds today."""
        return self.levels[-1] if self.levels else None


def metric_chart(
    days: Mapping[date, Counted],
    today: date,
    *,
    kind: Kind = Kind.SHARE,
    better: Better | None = Better.HIGHER,
    large: float = LARGE,
    shifting: bool = True,
) -> MetricChart:
    """Chart a metric by what was counted on each day up to `today`, which is not over yet.

    Of a share, today is a point already and no evidence yet; of a count, it is none. A metric of
    which neither side is `better` has no acts of excellence or chaos. One that is not `shifting`
    has a single level.
    """
    known = {day: one for day, one in days.items() if one.whole and day <= today}
    if kind is Kind.COUNT:
        known = _every_day(known, today)
    if not known:
        return MetricChart((), (), ())
    ordered = sorted(known)
    starts, found = [ordered[0]], list[date]()
    if shifting:
        starts, found = _shifts(known, ordered, today, kind, large)
    width = _width(known, today) if kind is Kind.SHARE else _MOST_DAYS
    periods: list[Period] = []
    levels = []
    for number, (first, until) in enumerate(pairwise([*starts, ordered[-1] + _DAY])):
        inside = [day for day in ordered if first <= day < until]
        points, spread = _points(known, inside, width, number, (first, until), kind, better, large)
        periods += points
        levels.append(Level(first, _usual(points), len(inside), spread))
    shifts = [
        _shift(one.first, found_on, before.counted, one.counted, kind, better)
        for (before, one), found_on in zip(pairwise(levels), found, strict=True)
    ]
    return MetricChart(tuple(periods), tuple(levels), tuple(shifts))


def consistency(chart: MetricChart) -> dict[date, Counted]:
    """Count by their first day the periods of a chart, and those of them that were steady.

    A period is steady where no rule begins to tell of it. The first periods of a level that is
    worse than the one before are not: they broke what customers could rely on.
    """
    worse = {
        number for number, shift in enumerate(chart.shifts, start=1) if shift.is_better is False
    }
    counted: dict[date, Counted] = {}
    seen: dict[int, int] = {}
    before: Period | None = None
    for period in chart.periods:
        seen[period.level] = seen.get(period.level, 0) + 1
        broken = period.level in worse and seen[period.level] <= LASTS
        counted[period.first] = Counted(int(not broken and not _tells(period, before)), 1)
        before = period
    return counted


def _tells(period: Period, before: Period | None) -> bool:
    """Tell whether a rule tells of a period itself: a run that goes on was told of already."""
    if Rule.BEYOND_3 in period.rules or not period.rules:
        return bool(period.rules)
    goes_on = before is not None and before.above == period.above
    return not (goes_on and before is not None and set(period.rules) & set(before.rules))


def between(days: Mapping[date, Counted], first: date, until: date) -> Counted:
    """Sum up what was counted from `first` to the day before `until`."""
    return sum((one for day, one in days.items() if first <= day < until), Counted())


def _every_day(known: Mapping[date, Counted], today: date) -> dict[date, Counted]:
    """Fill in the days on which nothing happened: of a count they count. Today is not over yet."""
    if not known or min(known) >= today:
        return {}
    first = min(known)
    every = (first + number * _DAY for number in range((today - first).days))
    return {day: Counted(known[day].part if day in known else 0, 1) for day in every}


def _shifts(
    known: Mapping[date, Counted], ordered: Sequence[date], today: date, kind: Kind, large: float
) -> tuple[list[date], list[date]]:
    """Give where the levels start, and when each but the first was seen."""
    closed = [day for day in ordered if day < today]
    grain = 1 if kind is Kind.SHARE else _MOST_DAYS
    bins = _bins(closed, grain)
    counted = [_sum(known, one) for one in bins]
    parts, sizes = [one.part for one in counted], [one.whole for one in counted]
    shifts = lasting_shifts(parts, sizes, kind, large=large)
    starts = [ordered[0], *(bins[one.start][0] for one in shifts)]
    return starts, [bins[one.found][-1] for one in shifts]


def _bins(days: Sequence[date], width: int) -> list[list[date]]:
    """Join days to weeks that begin on Mondays, or to months where `width` is more than a week."""
    bins: list[list[date]] = []
    last: date | None = None
    for day in days:
        first = _first_of(day, width)
        if first != last:
            bins.append([])
        bins[-1].append(day)
        last = first
    return bins


def _first_of(day: date, width: int) -> date:
    if width == 1:
        return day
    return day - day.weekday() * _DAY if width <= _MOST_DAYS else day.replace(day=1)


def _width(known: Mapping[date, Counted], today: date) -> int:
    """Say of how many days a period is, so that the rarer side is expected at least once in it."""
    recent = {day: one for day, one in known.items() if day > today - _JUDGED_BY} or known
    counted = _sum(recent, recent)
    days = max(1, (max(recent) - min(recent)).days + 1)
    # With one more of each: nothing has happened yet is not never.
    share = (counted.part + 1) / (counted.whole + 2)
    rarer = min(share, 1 - share) * counted.whole / days
    return next((width for width in (1, 7) if width * rarer >= _LEAST_EXPECTED), 30)


def _points(
    known: Mapping[date, Counted],
    inside: Sequence[date],
    width: int,
    level: int,
    span: tuple[date, date],
    kind: Kind,
    better: Better | None,
    large: float,
) -> tuple[list[Period], float]:
    bins = _bins(inside, width)
    counted = [_sum(known, one) for one in bins]
    chart = control_chart(
        [one.part for one in counted], [one.whole for one in counted], kind, large=large
    )
    centre = chart.centre or 0.0
    points = []
    for days, one, point in zip(bins, counted, chart.points, strict=True):
        first = max(span[0], _first_of(days[0], width))
        points.append(
            Period(
                first=first,
                until=min(span[1], _next_of(days[0], width)),
                counted=one,
                level=level,
                centre=centre,
                lower=point.lower,
                upper=point.upper,
                rules=point.rules,
                above=point.above,
                act=_act(point.above, better) if point.outside else None,
            )
        )
    return points, chart.spread


def _usual(points: Sequence[Period]) -> Counted:
    """Sum up the points within their limits: a storm is not what the level is."""
    inside = [one for one in points if Rule.BEYOND_3 not in one.rules]
    # Where so many lie outside, none of them is a storm.
    usual = inside if len(points) - len(inside) <= MOST_LEFT_OUT * len(points) else points
    return sum((one.counted for one in usual), Counted())


def _next_of(day: date, width: int) -> date:
    first = _first_of(day, width)
    if width <= _MOST_DAYS:
        return first + width * _DAY
    return (first + 31 * _DAY).replace(day=1)


def _act(above: bool, better: Better | None) -> Act | None:
    if better is None:
        return None
    return Act.EXCELLENCE if above == (better is Better.HIGHER) else Act.CHAOS


def _shift(
    day: date,
    found_on: date,
    before: Counted,
    after: Counted,
    kind: Kind,
    better: Better | None,
) -> LastingShift:
    rises = (after.value or 0.0) > (before.value or 0.0)
    is_better = None if better is None else rises == (better is Better.HIGHER)
    return LastingShift(day, found_on, before, after, change(after, before, kind), is_better)


def _sum(known: Mapping[date, Counted], days: Sequence[date] | Mapping[date, Counted]) -> Counted:
    return sum((known[day] for day in days), Counted())
