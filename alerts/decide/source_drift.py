"""Drift: a source whose mentions are no longer what they were, against its own past. Pure.

Each share of a source's mentions (of a class, of sure verdicts, of a language, of a length, of a
filled field) is watched by itself. What is judged are the newest days, as many as give enough
mentions; what is usual are the four weeks before, without their own signals, with limits that are
wider where days vary by more than chance (Laney) and exact where few are expected. With some
twenty shares a source, looked at each hour, three sigmas would cry every week: docs/decisions/0045
says how the limits here were chosen, and how often they are wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from alerts.decide.control_charts import Level, usual_level
from alerts.decide.stats import Rate

SIGMAS = 4.5
"""How far beyond the usual a share must lie, in units of what chance explains."""
LEAST_MOVED = 0.15
"""A share that moved by less may have moved, and nobody has to look at it: in points of 1."""
ENOUGH = 30
"""So many mentions are judged at least."""
LONGEST = timedelta(days=7)
"""The newest days reach back so far at most: where a week has not enough, none is judged."""
USUAL = timedelta(days=28)
"""The usual is taken from so long before them."""
# So much farther than it has ever been in the days that are compared.
_FARTHER = 2.0
_LEAST_DAYS, _LEAST_COUNTED = 7, 100
NEW_USUAL = timedelta(days=14)
"""What has lasted for so long is what is usual now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A share that has left its limits; `before` is its usual level, `now` the newest days."""

    share: str
    since: date
    before: float
    now: Rate
    seen_on: date

    @property
    def moved(self) -> float:
        return (self.now.value or 0.0) - self.before


def find_drift(
    share: str, days: Mapping[date, Rate], today: date, known: Drift | None = None
) -> Drift | None:
    """Judge one share of one source by day; `known` is what an earlier look found.

    A drift ends once the share is back within its limits, or has been elsewhere for two weeks:
    then that is its usual level. `days` must begin where the last drift that became usual did.
    """
    judged = _newest(days, today)
    if judged is None:
        # Silence says nothing: neither that it is over, nor that it goes on.
        return known
    first, now = judged
    since = known.since if known is not None else first
    level = _usual(days, since)
    if level is None or now.value is None:
        return None
    if known is not None and today - known.since >= NEW_USUAL:
        return None
    moved = now.value - level.centre
    lower, upper = level.limits(now.total, SIGMAS)
    outside = now.value < lower or now.value > upper
    if abs(moved) < LEAST_MOVED or not outside:
        return None
    if known is None and not (
        _lasts(days, first, today, level, moved)
        and abs(moved) >= _FARTHER * _widest(days, first, today, level)
    ):
        return None
    found = Drift(share=share, since=since, before=level.centre, now=now, seen_on=today)
    return found if known is None else replace(found, before=known.before)


def _newest(days: Mapping[date, Rate], today: date) -> tuple[date, Rate] | None:
    """Sum up the newest days, as few as give enough but two at least; None where none do."""
    part = total = 0
    counted = 0
    for back in range(LONGEST.days):
        day = today - timedelta(days=back)
        rate = days.get(day)
        if rate is None or not rate.total:
            continue
        part, total, counted = part + rate.part, total + rate.total, counted + 1
        if total >= ENOUGH and counted >= 2:
            return day, Rate(part, total)
    return None


def _usual(days: Mapping[date, Rate], since: date) -> Level | None:
    before: Sequence[Rate] = [
        rate for day, rate in days.items() if since - USUAL <= day < since and rate.total
    ]
    if len(before) < _LEAST_DAYS or sum(rate.total for rate in before) < _LEAST_COUNTED:
        return None
    return usual_level(before)


def _lasts(
    days: Mapping[date, Rate], first: date, today: date, level: Level, moved: float
) -> bool:
    """Tell whether the earlier and the later of the days both show it, half as far at least.

    One thread of talk, on one day, is no change of a feed.
    """
    judged = [rate for day, rate in sorted(days.items()) if first <= day <= today and rate.total]
    half = len(judged) // 2
    return half > 0 and all(
        (_share(part) - level.centre) * (1 if moved > 0 else -1) >= abs(moved) / 2
        for part in (judged[:half], judged[half:])
    )


def _widest(days: Mapping[date, Rate], first: date, today: date, level: Level) -> float:
    """Tell how far as many days in a row have been from the usual level before.

    Limits that are reckoned from few weeks do not know of the storms that each month has.
    """
    counted = [
        rate for _, rate in sorted((d, r) for d, r in days.items() if d < first and r.total)
    ]
    judged = sum(1 for day, rate in days.items() if first <= day <= today and rate.total)
    return max(
        (
            abs(_share(window) - level.centre)
            for at in range(len(counted) - judged + 1)
            for window in [counted[at : at + judged]]
            if sum(rate.total for rate in window) >= ENOUGH
        ),
        default=0.0,
    )


def _share(rates: Sequence[Rate]) -> float:
    return sum(rate.part for rate in rates) / sum(rate.total for rate in rates)
