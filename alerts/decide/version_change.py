"""Whether a version of the product made things better or worse, or chance explains it. Pure.

Compared are the mentions of a version with those of earlier ones, each source and country with
itself, so that a change in who writes is not taken for a change in what they tell. The test is
exact: Fisher's, over strata (the conditional test of Mantel and Haenszel's design). The size of
the change is their pooled difference of shares, with Sato's interval (1989); Newcombe's where one
stratum is all there is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from packaging.version import InvalidVersion, Version

from alerts.decide.stats import Interval, Rate, difference

MIN_TOLD = 20
"""So many told experiences before and after are needed to compare."""
CHANCE = 0.004
"""What a look may find by chance, in each metric: looks repeat as mentions come in."""


class Direction(StrEnum):
    WORSE = "worse"
    BETTER = "better"


@dataclass(frozen=True, slots=True)
class Stratum:
    """One source and country: a share of the mentions before the version, and of those of it."""

    before: Rate
    after: Rate


@dataclass(frozen=True, slots=True)
class Change:
    """`difference` is after less before, each stratum with itself; `p_value` is of both sides."""

    before: Rate
    after: Rate
    difference: float
    interval: Interval
    p_value: float

    def direction(self, *, less_is_better: bool, chance: float = CHANCE) -> Direction | None:
        """Tell which way it changed; None where chance explains it."""
        if self.p_value > chance or self.difference == 0:
            return None
        return Direction.BETTER if (self.difference < 0) == less_is_better else Direction.WORSE


def compare(strata: Iterable[Stratum]) -> Change | None:
    """Compare after with before; None where too few told of either to compare.

    Strata that lack one side say nothing of the difference and are left out of it.
    """
    both = [one for one in strata if one.before.total and one.after.total]
    before = _pooled(one.before for one in both)
    after = _pooled(one.after for one in both)
    if min(before.total, after.total) < MIN_TOLD:
        return None
    if len(both) == 1:
        gap = both[0].after.part / both[0].after.total - both[0].before.part / both[0].before.total
        return Change(before, after, gap, difference(after, before), _p_value(both))
    gap, interval = _pooled_difference(both)
    return Change(before, after, gap, interval, _p_value(both))


def look_number(told: int) -> int:
    """Number the looks at a version: 1 at 20 told experiences, one more at each doubling."""
    return 0 if told < MIN_TOLD else int(math.log2(told / MIN_TOLD)) + 1


def earlier_versions(version: str, others: Sequence[str]) -> tuple[str, ...]:
    """Give those of the other versions that came before one, by number: 1.10 is after 1.9.

    What is no version number is before none and after none.
    """
    own = number(version)
    if own is None:
        return ()
    return tuple(one for one in others if (other := number(one)) is not None and other < own)


def number(version: str) -> Version | None:
    """Read a version's number; None where it is none ("2026 spring")."""
    try:
        return Version(version.strip())
    except InvalidVersion:
        return None


def _pooled(rates: Iterable[Rate]) -> Rate:
    listed = list(rates)
    return Rate(sum(one.part for one in listed), sum(one.total for one in listed))


def _pooled_difference(strata: Sequence[Stratum]) -> tuple[float, Interval]:
    gap = weight = p = q = 0.0
    for one in strata:
        a, m, b, n = one.after.part, one.after.total, one.before.part, one.before.total
        total = m + n
        gap += (a * n - b * m) / total
        weight += m * n / total
        p += (m * m * b - n * n * a + m * n * (n - m) / 2) / (total * total)
        q += (a * (n - b) + b * (m - a)) / (2 * total)
    gap /= weight
    half = 1.959964 * math.sqrt(max(0.0, gap * p + q)) / weight
    return gap, Interval(max(-1.0, gap - half), min(1.0, gap + half))


def _p_value(strata: Sequence[Stratum]) -> float:
    """Give twice the smaller tail of the sum of the parts after, their margins given."""
    chances: Mapping[int, float] = {0: 1.0}
    seen = 0
    for one in strata:
        seen += one.after.part
        chances = _sum(chances, _hypergeometric(one))
    lower = math.fsum(chance for part, chance in chances.items() if part <= seen)
    upper = math.fsum(chance for part, chance in chances.items() if part >= seen)
    return min(1.0, 2 * min(lower, upper))


def _hypergeometric(one: Stratum) -> dict[int, float]:
    parts = one.after.part + one.before.part
    after, before = one.after.total, one.before.total
    whole = _ways(after + before, parts)
    return {
        part: math.exp(_ways(after, part) + _ways(before, parts - part) - whole)
        for part in range(max(0, parts - before), min(after, parts) + 1)
    }


def _sum(first: Mapping[int, float], second: Mapping[int, float]) -> dict[int, float]:
    found: dict[int, float] = {}
    for part, chance in first.items():
        for more, other in second.items():
            # What is this unlikely changes no figure that is shown.
            if (both := chance * other) > 1e-18:
                found[part + more] = found.get(part + more, 0.0) + both
    return found


def _ways(of: int, part: int) -> float:
    return math.lgamma(of + 1) - math.lgamma(part + 1) - math.lgamma(of - part + 1)
