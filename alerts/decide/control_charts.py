"""Control charts of shares (p) and of counts (u): limits, and what chance does not explain. Pure.

Sources: Shewhart's three-sigma limits; the run rules of the Western Electric handbook (1956);
limits of exact tails where the normal approximation fails; Laney (2002) where the process varies
by more than chance does from one point to the next. Checked against Montgomery, Introduction to
Statistical Quality Control, and the NIST/SEMATECH handbook.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from alerts.decide.stats import Rate

Floats: TypeAlias = NDArray[np.float64]

SIGMAS = 3.0
_APPROXIMATE_FROM = 5.0
"""From so many expected on both sides on the textbooks draw normal limits; below, exact ones."""
MOST_LEFT_OUT = 0.25
"""A baseline that would lose more than this share has no storm in it: it varies that much."""
_HALF = 0.6
LARGE = 200.0
"""From so many a period on people themselves vary more than chance does: then Laney's limits hold.

Of fewer, what varies more than chance is what a chart is there to show.
"""
_ROUNDS = 20
# No limit lies further above the expected, in units of what normal limits need.
_FAR = 8
_TINY = 1e-9

# Moving ranges of two: their mean for a sigma of 1, the limit of a range, and how sure a mean of
# m of them is, as a share of it.
_MEAN_RANGE = 1.128
_RANGE_LIMIT = 3.267
_RANGE_ERROR = 0.91
_ONE_SIDED = 1.645


class Rule(StrEnum):
    """The Western Electric rules: what a process in control seldom does."""

    BEYOND_3 = "1 beyond 3 sigma"
    TWO_OF_3 = "2 of 3 beyond 2 sigma"
    FOUR_OF_5 = "4 of 5 beyond 1 sigma"
    EIGHT = "8 in a row on one side"


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """One period; its limits are wider where fewer were counted. `rules` are those it breaks."""

    value: float | None
    lower: float
    upper: float
    rules: tuple[Rule, ...] = ()
    above: bool = False

    @property
    def outside(self) -> bool:
        return Rule.BEYOND_3 in self.rules


@dataclass(frozen=True, slots=True)
class Chart:
    """`centre` is that of the baseline without its signals, None where nothing was counted.

    `spread` is Laney's sigma z: 1 where chance alone explains how the points vary.
    """

    centre: float | None
    points: tuple[ChartPoint, ...]
    spread: float = 1.0

    @property
    def outside(self) -> tuple[int, ...]:
        """Positions of the points beyond the limits."""
        return tuple(place for place, point in enumerate(self.points) if point.outside)

    @property
    def signals(self) -> tuple[int, ...]:
        """Positions of the points that break any rule."""
        return tuple(place for place, point in enumerate(self.points) if point.rules)


class Kind(StrEnum):
    """`SHARE`: parts of a size that was counted. `COUNT`: events in an area of opportunity."""

    SHARE = "share"
    COUNT = "count"


def p_chart(rates: Sequence[Rate], *, baseline: Sequence[Rate] | None = None) -> Chart:
    """Chart shares; limits come from `baseline` (the rates themselves unless given)."""
    reference = rates if baseline is None else baseline
    return control_chart(
        [rate.part for rate in rates],
        [rate.total for rate in rates],
        Kind.SHARE,
        baseline=([rate.part for rate in reference], [rate.total for rate in reference]),
    )


def control_chart(
    parts: Sequence[float],
    sizes: Sequence[float],
    kind: Kind,
    *,
    baseline: tuple[Sequence[float], Sequence[float]] | None = None,
    large: float = LARGE,
) -> Chart:
    """Draw a chart of `parts` by `sizes`; a size of 0 is a period in which nothing was counted.

    The baseline leaves out what lies beyond its own limits, again and again until nothing does.
    Laney's limits hold where `large` or more are counted (of counts: happen) in a period.
    """
    k, n = np.asarray(parts, dtype=float), np.asarray(sizes, dtype=float)
    of, by = (k, n) if baseline is None else (np.asarray(one, dtype=float) for one in baseline)
    centre, spread = _baseline(of[by > 0], by[by > 0], kind, large)
    if centre is None:
        widest = 1.0 if kind is Kind.SHARE else math.inf
        return Chart(None, tuple(ChartPoint(None, 0.0, widest) for _ in parts))
    counted = n > 0
    lower, upper, z, side = _placed(k[counted], n[counted], centre, spread, kind)
    rules = _rules(z, side)
    points, place = [], 0
    for is_counted, part, size in zip(counted, k, n, strict=True):
        if not is_counted:
            points.append(ChartPoint(None, 0.0, 1.0 if kind is Kind.SHARE else math.inf))
            continue
        points.append(
            ChartPoint(
                float(part / size),
                float(lower[place]),
                float(upper[place]),
                rules[place],
                bool(part / size > centre),
            )
        )
        place += 1
    return Chart(centre, tuple(points), spread)


def sigma_z(k: Floats, n: Floats, centre: float, kind: Kind, large: float) -> float:
    """Tell by how much more than by chance neighbours differ (Laney); 1 where it may be chance."""
    counted = n.mean() if kind is Kind.SHARE else k.mean()
    if len(k) < 3 or counted < large or not _variance(centre, kind):
        return 1.0
    z = (k / n - centre) / np.sqrt(_variance(centre, kind) / n)
    ranges = np.abs(np.diff(z))
    # A range that is itself out of control is a signal's, not the process's (Nelson 1982).
    usual = ranges[ranges <= _RANGE_LIMIT * ranges.mean()]
    found = float(usual.mean()) / _MEAN_RANGE
    return found if found > 1 + _ONE_SIDED * _RANGE_ERROR / math.sqrt(len(k)) else 1.0


@dataclass(frozen=True, slots=True)
class Level:
    """What is usual: the `centre` of a baseline without its signals, and how it varies.

    `counted` is how much the centre was reckoned from: it is itself known no better than that.
    """

    centre: float
    spread: float
    counted: float

    def limits(self, size: float, sigmas: float) -> tuple[float, float]:
        """Bound a share of so many, exactly where few are expected: lower and upper limit."""
        spread = self.spread * math.sqrt(1 + size / self.counted)
        n = np.asarray([size], dtype=float)
        lower, upper, _, _ = _placed(
            np.zeros(1), n, self.centre, spread, Kind.SHARE, sigmas=sigmas
        )
        return float(lower[0]), float(upper[0])


def usual_level(rates: Sequence[Rate]) -> Level | None:
    """Give the level of a share over some periods; None where nothing was counted.

    What varies from one period to the next by more than chance has wider limits, however few were
    counted. A share that was never seen is taken for half a time: never is not impossible.
    """
    counted = [rate for rate in rates if rate.total]
    k = np.asarray([rate.part for rate in counted], dtype=float)
    n = np.asarray([rate.total for rate in counted], dtype=float)
    if not len(counted):
        return None
    keep = _kept(k, n, Kind.SHARE, 0.0)
    total = float(n[keep].sum())
    centre = float((k[keep].sum() + 0.5) / (total + 1))
    return Level(centre, sigma_z(k[keep], n[keep], centre, Kind.SHARE, 0.0), total)


def without_signals(counts: Sequence[int]) -> list[int]:
    """Give counts over equal periods without those beyond the limits of the others."""
    k = np.asarray(counts, dtype=float)
    keep = _kept(k, np.ones_like(k), Kind.COUNT, LARGE)
    return [count for count, kept in zip(counts, keep, strict=True) if kept]


def _baseline(k: Floats, n: Floats, kind: Kind, large: float) -> tuple[float | None, float]:
    if not n.sum():
        return None, 1.0
    keep = _kept(k, n, kind, large)
    centre = float(k[keep].sum() / n[keep].sum())
    return centre, sigma_z(k[keep], n[keep], centre, kind, large)


def _kept(k: Floats, n: Floats, kind: Kind, large: float) -> NDArray[np.bool_]:
    """Mark the points that a baseline keeps: all, where the rest would not agree either."""
    keep = np.ones(len(k), dtype=bool)
    for _ in range(_ROUNDS):
        if not n[keep].sum():
            break
        centre = float(k[keep].sum() / n[keep].sum())
        spread = sigma_z(k[keep], n[keep], centre, kind, large)
        _, _, z, _ = _placed(k, n, centre, spread, kind)
        # The farthest first: they drag the centre, so that sound points look far from it.
        far = np.where(keep, np.abs(z), 0.0)
        if far.max() <= SIGMAS + _TINY:
            break
        keep &= (far <= SIGMAS + _TINY) | (far < far.max() / 2)
        if (~keep).sum() > MOST_LEFT_OUT * len(k):
            return np.ones(len(k), dtype=bool)
    return keep


def _variance(centre: float, kind: Kind) -> float:
    return centre * (1 - centre) if kind is Kind.SHARE else centre


def _placed(
    k: Floats, n: Floats, centre: float, spread: float, kind: Kind, *, sigmas: float = SIGMAS
) -> tuple[Floats, Floats, Floats, Floats]:
    """Give lower and upper limits, each point's z, and its side of the centre (-1, 0, 1)."""
    value = k / n
    sigma = spread * np.sqrt(_variance(centre, kind) / n)
    lower = np.maximum(0.0, centre - sigmas * sigma)
    upper = centre + sigmas * sigma
    if kind is Kind.SHARE:
        upper = np.minimum(1.0, upper)
    z = np.divide(value - centre, sigma, out=np.zeros_like(value), where=sigma > 0)
    z[(sigma == 0) & (np.abs(value - centre) > _TINY)] = np.inf
    side = np.sign(np.round(value - centre, 12))
    expected = n * centre
    if kind is Kind.SHARE:
        expected = np.minimum(expected, n * (1 - centre))
    few = expected < _APPROXIMATE_FROM
    if few.any():
        exact = _exact(k[few], n[few], centre, spread, kind, sigmas)
        lower[few], upper[few], z[few], allowed = exact
        side[few] *= allowed
    return lower, upper, z, side


def _exact(
    k: Floats, n: Floats, centre: float, spread: float, kind: Kind, sigmas: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Do as `_placed`, by the tails of the binomial or of Poisson's distribution.

    A limit is the last count whose tail is as likely as three sigmas allow. Where most points lie
    on one side by chance alone (most days have no complaint), that side tells nothing: it is 0.
    """
    at_most, at_least = _tails(k, n, centre, kind)[0], _tails(k - 1, n, centre, kind)[1]
    rare = float(special.ndtr(-sigmas * spread))
    lower, upper = (_limit(one, n, centre, rare, kind) for one in (False, True))
    high = k / n > centre
    tail = np.clip(np.where(high, at_least, at_most), 1e-300, 0.5)
    z = np.where(high, -1, 1) * special.ndtri(tail) / spread
    under = _tails(np.ceil(n * centre - _TINY) - 1, n, centre, kind)[0]
    over = _tails(np.floor(n * centre + _TINY), n, centre, kind)[1]
    tells = np.where(high, over, under) <= _HALF
    return lower, upper, z, tells.astype(float)


def _tails(k: Floats, n: Floats, centre: float, kind: Kind) -> tuple[Floats, Floats]:
    """Give the probabilities of at most `k`, and of more."""
    if kind is Kind.COUNT:
        known = k >= 0
        held = np.maximum(k, 0)
        return (
            np.where(known, special.pdtr(held, n * centre), 0.0),
            np.where(known, special.pdtrc(held, n * centre), 1.0),
        )
    whole = np.round(n).astype(np.int64)
    held = np.clip(k, 0, whole)
    return (
        np.where(k < 0, 0.0, special.bdtr(held, whole, centre)),
        np.where(k < 0, 1.0, special.bdtrc(held, whole, centre)),
    )


def _limit(upper: bool, n: Floats, centre: float, rare: float, kind: Kind) -> Floats:
    """Give the highest (or lowest) level whose tail is not rarer than `rare`, by size."""
    sizes, place = np.unique(n, return_inverse=True)
    most = math.ceil(float((sizes * centre).max()) + _FAR * _APPROXIMATE_FROM)
    k = np.arange(0, most + 1, dtype=float)[:, None]
    at_most, above = _tails(k, sizes[None, :], centre, kind)
    if upper:
        at_least = np.vstack([np.ones_like(sizes), above[:-1]])
        allowed = at_least >= rare
        if kind is Kind.SHARE:
            allowed &= k <= sizes
        limits = allowed.sum(axis=0) - 1
    else:
        limits = (at_most < rare).sum(axis=0)
    return np.asarray((limits / sizes)[place])


def _rules(z: Floats, side: Floats) -> list[tuple[Rule, ...]]:
    """Name the rules that each point completes."""
    found: list[tuple[Rule, ...]] = []
    for place in range(len(z)):
        now = []
        if abs(z[place]) > SIGMAS + _TINY:
            now.append(Rule.BEYOND_3)
        for sign in (1.0, -1.0):
            turned = sign * z[max(0, place - 4) : place + 1]
            if turned[-1] > 2 and (turned[-3:] > 2).sum() >= 2:
                now.append(Rule.TWO_OF_3)
            if turned[-1] > 1 and (turned > 1).sum() >= 4:
                now.append(Rule.FOUR_OF_5)
            last = side[max(0, place - 7) : place + 1]
            if len(last) == 8 and (last == sign).all():
                now.append(Rule.EIGHT)
        found.append(tuple(now))
    return found
