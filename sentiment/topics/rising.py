"""Topics that rise: more than chance explains, by control limits.

A p-chart's upper limit at three standard deviations, exact for small numbers: the most that comes
of chance once in 740 periods, given what the periods before counted (beta-binomial, for the usual
share is known from counts as well). Where a topic has always swung more than chance does, its
limit is that much wider, as on Laney's p' chart (2002). Periods that were signals themselves are
left out of what is usual.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# One-sided, three standard deviations.
_CHANCE = 0.00135
_SIGMAS = 3.0
# Fewer mentions of a topic than this are no rise, whatever was usual.
_LEAST = 5
# So many mentions before, and so many periods, are needed to tell what is usual.
_LEAST_BEFORE = 20
_LEAST_PERIODS = 3
# How much a topic swings by itself can be told from so many periods. Neighbours differ by 1.128
# standard deviations on average where nothing but chance moves them.
_SWING_PERIODS = 8
_NEIGHBOURS = 1.128


@dataclass(frozen=True, slots=True)
class Rise:
    """A topic's count in the latest period, what was usual, and the most that chance explains."""

    topic_id: int
    count: int
    usual: float
    limit: float


def rising(counts: Mapping[int, Sequence[int]], totals: Sequence[int]) -> list[Rise]:
    """Find topics whose share in the latest period lies above its upper control limit.

    `counts` holds for each topic its mentions in equal periods, oldest first, the judged one
    last; `totals` all mentions of the brand in the same periods. The clearest rise first.
    """
    whole = np.asarray(totals, float)
    if len(whole) <= _LEAST_PERIODS or whole[:-1].sum() < _LEAST_BEFORE or not whole[-1]:
        return []
    found = []
    for topic, series in counts.items():
        part = np.asarray(series, float)
        if part.shape != whole.shape or (part > whole).any() or (part < 0).any():
            raise ValueError(f"topic {topic} has other periods or more mentions than the brand")
        if part[-1] < _LEAST:
            continue
        usual, limit = _limit(part, whole)
        if part[-1] > limit:
            found.append(Rise(topic, int(part[-1]), usual, limit))
    return sorted(found, key=lambda one: (-(one.count - one.usual) / one.limit, one.topic_id))


def _limit(part: NDArray[np.float64], whole: NDArray[np.float64]) -> tuple[float, float]:
    """Give what is usual in the latest period and the most that chance explains."""
    from scipy.stats import betabinom

    hits, counted = part[:-1][whole[:-1] > 0], whole[:-1][whole[:-1] > 0]
    swing = 1.0
    for _ in range(2):
        share = hits.sum() / counted.sum()
        spread = np.sqrt(max(share * (1 - share), 1e-12) / counted)
        z = (hits / counted - share) / spread
        if len(z) >= _SWING_PERIODS:
            swing = max(1.0, float(np.abs(np.diff(z)).mean()) / _NEIGHBOURS)
        kept = np.abs(z) <= _SIGMAS * swing
        if kept.all() or kept.sum() < _LEAST_PERIODS:
            break
        hits, counted = hits[kept], counted[kept]
    n = int(whole[-1])
    usual = n * float(hits.sum() / counted.sum())
    chance = betabinom(n, hits.sum() + 0.5, counted.sum() - hits.sum() + 0.5)
    return usual, usual + swing * (float(chance.isf(_CHANCE)) - usual)
