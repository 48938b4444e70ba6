"""Rates with their uncertainty, control charts, checkpoints. Pure; shares are of 1.

Sources: Wilson (1927) for a proportion's interval, Newcombe (1998, method 10) for a
difference, Shewhart's p-chart with three-sigma limits for consistency.
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
    a, b = now.interval(confidence), before.interval(confidence)
    gap = now.value - before.value
    low = gap - math.hypot(now.value - a.low, b.high - before.value)
    high = gap + math.hypot(a.high - now.value, before.value - b.low)
    return Interval(max(-1.0, low), min(1.0, high))


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """One period of a p-chart; its limits are wider where fewer were counted."""

    rate: Rate
    lower: float
    upper: float

    @property
    def outside(self) -> bool:
        value = self.rate.value
        return value is not None and not self.lower <= value <= self.upper

    @property
    def above(self) -> bool:
        value = self.rate.value
        return value is not None and value > self.upper


@dataclass(frozen=True, slots=True)
class PChart:
    """`centre` is the share over the baseline, None where nothing was counted."""

    centre: float | None
    points: tuple[ChartPoint, ...]

    @property
    def outside(self) -> tuple[int, ...]:
        """Positions of the points that chance alone does not explain."""
        return tuple(place for place, point in enumerate(self.points) if point.outside)

    @property
    def consistency(self) -> float | None:
        """Share of counted points inside their limits; None without a counted point."""
        counted = [point for point in self.points if point.rate.total]
        if not counted:
            return None
        return sum(not point.outside for point in counted) / len(counted)


def p_chart(
    rates: Sequence[Rate], *, sigmas: float = 3.0, baseline: Sequence[Rate] | None = None
) -> PChart:
    """Draw limits around the pooled share of `baseline` (all of `rates` unless given)."""
    reference = rates if baseline is None else baseline
    total = sum(rate.total for rate in reference)
    if total == 0:
        return PChart(None, tuple(ChartPoint(rate, 0.0, 1.0) for rate in rates))
    centre = sum(rate.part for rate in reference) / total
    return PChart(centre, tuple(_point(rate, centre, sigmas) for rate in rates))


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


@dataclass(frozen=True, slots=True)
class CheckpointResult:
    """`reached` is True only where chance is ruled out; then `next_target` is the raised goal,
    None where none can be better."""

    target: float
    value: float | None
    interval: Interval
    total: int
    reached: bool
    next_target: float | None


def judge_checkpoint(
    rate: Rate,
    target: float,
    *,
    better: Better = Better.HIGHER,
    confidence: float = 0.95,
    raise_by: float = 0.1,
) -> CheckpointResult:
    """Judge a goal: reached when even the worse end of the interval has reached it.

    The next goal closes `raise_by` of what is missing to the best possible share, counted from
    the better of goal and value, rounded to whole percent away from the present.
    """
    if not 0 <= target <= 1:
        raise ValueError(f"a target is a share between 0 and 1, not {target}")
    interval = rate.interval(confidence)
    value = rate.value
    if better is Better.HIGHER:
        reached = value is not None and interval.low >= target
    else:
        reached = value is not None and interval.high <= target
    onward = None
    if reached and value is not None:
        onward = _raised(target, value, better, raise_by)
    return CheckpointResult(target, value, interval, rate.total, reached, onward)


def _raised(target: float, value: float, better: Better, raise_by: float) -> float | None:
    if better is Better.LOWER:
        mirrored = _raised(1 - target, 1 - value, Better.HIGHER, raise_by)
        return None if mirrored is None else round(1 - mirrored, 2)
    present = max(target, value)
    # A whole percent: the epsilon keeps 0.37000000000000005 from becoming 0.38.
    onward = math.ceil(100 * (present + raise_by * (1 - present)) - 1e-9) / 100
    return onward if present < onward < 1 else None


def _point(rate: Rate, centre: float, sigmas: float) -> ChartPoint:
    if rate.total == 0:
        return ChartPoint(rate, 0.0, 1.0)
    half = sigmas * math.sqrt(centre * (1 - centre) / rate.total)
    return ChartPoint(rate, max(0.0, centre - half), min(1.0, centre + half))


def _z(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not {confidence}")
    return NormalDist().inv_cdf((1 + confidence) / 2)
