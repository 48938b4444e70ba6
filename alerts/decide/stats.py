"""Rates with their uncertainty. Pure; shares are of 1.

Sources: Wilson (1927) for a proportion's interval, Newcombe (1998, method 10) for a difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Rate:
    """`part` of `total`, e.g. wows of all told experiences."""

    part: int
    total: int

    def __post_init__(self) -> None:
        if not 0 <= self.part <= self.total:
            raise ValueError(f"{self.part} of {self.total} is no rate")

    @property
    def value(self) -> float | None:
        """None where nothing was counted: no share can be told."""
        return self.part / self.total if self.total else None

    def interval(self, confidence: float = 0.95) -> Interval:
        return wilson(self.part, self.total, confidence)


def wilson(part: int, total: int, confidence: float = 0.95) -> Interval:
    """Bound a share; 0 to 1 where nothing was counted. Holds for small and extreme counts."""
    if not 0 <= part <= total:
        raise ValueError(f"{part} of {total} is no rate")
    if total == 0:
        return Interval(0.0, 1.0)
    z = _z(confidence)
    share = part / total
    scale = 1 + z * z / total
    centre = (share + z * z / (2 * total)) / scale
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / scale
    # At the ends the formula is exact; floating point is not.
    low = 0.0 if part == 0 else max(0.0, centre - half)
    high = 1.0 if part == total else min(1.0, centre + half)
    return Interval(low, high)


def difference(now: Rate, before: Rate, confidence: float = 0.95) -> Interval:
    """Bound `now - before`; what holds 0 inside may be chance. -1 to 1 where one is empty."""
    if now.value is None or before.value is None:
        return Interval(-1.0, 1.0)
    moved = mover(now.value, now.interval(confidence), before.value, before.interval(confidence))
    return Interval(max(-1.0, moved.low), min(1.0, moved.high))


def mover(now: float, around_now: Interval, before: float, around_before: Interval) -> Interval:
    """Bound `now - before` from the interval of each: the square root of what both leave open."""
    gap = now - before
    low = gap - math.hypot(now - around_now.low, around_before.high - before)
    high = gap + math.hypot(around_now.high - now, before - around_before.low)
    return Interval(low, high)


def count_limit(baseline: Sequence[int], share: float, *, sigmas: float = 3.0) -> float:
    """Give the upper control limit of a u-chart: the most that chance explains in one period.

    `baseline` are counts over longer periods, of which the judged one is a `share`. One more is
    always allowed than the mean: a rate of nothing would make a single count an alarm.
    """
    mean = share * sum(baseline) / len(baseline) if baseline else 0.0
    return mean + sigmas * math.sqrt(max(mean, 1.0))


def binomial_tail(part: int, total: int, share: float) -> float:
    """Give the probability that `part` or more of `total` are so by chance, each by `share`."""
    if part <= 0 or share >= 1:
        return 1.0
    if share <= 0:
        return 0.0
    return min(
        1.0,
        math.fsum(
            math.exp(
                math.lgamma(total + 1) - math.lgamma(hits + 1) - math.lgamma(total - hits + 1)
                + hits * math.log(share) + (total - hits) * math.log1p(-share)
            )
            for hits in range(part, total + 1)
        ),
    )  # fmt: skip


def percentile(values: Sequence[float], share: float) -> float | None:
    """Give the smallest value that `share` of all do not exceed; the median lies between two."""
    ordered = sorted(values)
    if not ordered:
        return None
    if share == 0.5:
        middle = len(ordered)
        return (ordered[(middle - 1) // 2] + ordered[middle // 2]) / 2
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]


class Better(StrEnum):
    HIGHER = "higher"
    LOWER = "lower"


def _z(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not {confidence}")
    return NormalDist().inv_cdf((1 + confidence) / 2)
