"""Lasting shifts: since when a share or a count has another level. Pure.

A change-point model looked at day by day (Hawkins, Qiu and Kang 2003): of all days on which the
level might have changed the likeliest is taken, and declared a shift where both the counts (by
their likelihood ratio) and the ranks of the days (Mann and Whitney) say so beyond chance. The
counts alone would take a storm of a few days for a change; ranks do not. Long spans need less
than short ones (the penalty of Duembgen and Spokoiny 2001).

The threshold is set by simulation: a steady process, looked at each day of a year, is called
shifted in under 5% of years; docs/decisions/0032 has the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from alerts.decide.control_charts import LARGE, Floats, Kind, sigma_z

Places: TypeAlias = NDArray[np.int64]

LASTS = 8
"""So many counted periods must a level have held, as a run of 8 in the Western Electric rules."""

_THRESHOLD = 2.15
_GROWTH = 0.15
_GROWS_FROM = 60
_LOOKS = 64
_LONGEST = 400
"""So far back a level is compared: what came before would only cost time."""


@dataclass(frozen=True, slots=True)
class Shift:
    """From the position `start` on the level is another; it was seen with the position `found`."""

    start: int
    found: int


def lasting_shifts(
    parts: Sequence[float], sizes: Sequence[float], kind: Kind, *, large: float = LARGE
) -> list[Shift]:
    """Find the shifts of a series, in its order: that one was found depends on nothing later.

    Where it starts is settled 8 periods after it was found.

    Where a size is 0 nothing was counted: no such period is evidence, or the start of a level.
    """
    all_sizes = np.asarray(sizes, dtype=float)
    places = np.flatnonzero(all_sizes > 0)
    k, n = np.asarray(parts, dtype=float)[places], all_sizes[places]
    found: list[Shift] = []
    first, look = 0, 2 * LASTS
    while (shift := _next(k, n, kind, large, first, look)) is not None:
        seen = shift[1]
        # The days that follow tell better where it began; until then none is looked for.
        settled = min(seen + LASTS, len(k))
        first = _settled(k, n, kind, first, shift, settled)
        look = max(settled + 1, first + 2 * LASTS)
        found.append(Shift(int(places[first]), int(places[seen - 1])))
    return found


def _next(
    k: Floats, n: Floats, kind: Kind, large: float, first: int, look: int
) -> tuple[int, int] | None:
    """Give where the next shift starts and with how many periods it is seen, or None."""
    while look <= len(k):
        begin = max(first, look - _LONGEST)
        looks: Places = np.arange(look, min(look + _LOOKS, len(k) + 1))
        for at in looks[_candidates(k, n, kind, begin, looks)]:
            start = _start(k[begin:at], n[begin:at], kind, large)
            if start is not None:
                return begin + start, int(at)
        look = int(looks[-1]) + 1
    return None


def _candidates(k: Floats, n: Floats, kind: Kind, begin: int, looks: Places) -> NDArray[np.bool_]:
    """Mark the looks at which the counts alone say that something changed."""
    sum_k, sum_n = np.cumsum(k[begin : looks[-1]]), np.cumsum(n[begin : looks[-1]])
    length = looks - begin
    split = np.arange(LASTS, int(length[-1]) - LASTS + 1)
    z = _likelihood_z(
        sum_k[split - 1][None, :],
        sum_n[split - 1][None, :],
        sum_k[length - 1][:, None],
        sum_n[length - 1][:, None],
        kind,
    )
    z[split[None, :] > length[:, None] - LASTS] = -np.inf
    return np.asarray(z.max(axis=1) > _threshold(length))


def _start(k: Floats, n: Floats, kind: Kind, large: float) -> int | None:
    """Give where the new level of one look starts, if there is one beyond chance."""
    length = len(k)
    split = np.arange(LASTS, length - LASTS + 1)
    sum_k, sum_n = np.cumsum(k), np.cumsum(n)
    centre = float(sum_k[-1] / sum_n[-1])
    spread = sigma_z(k, n, centre, kind, large)
    likely = _likelihood_z(sum_k[:-1], sum_n[:-1], sum_k[-1], sum_n[-1], kind, spread)
    if length - 1 - int(likely.argmax()) < LASTS:
        return None  # What changed is too new: it has not lasted yet.
    ranked = _rank_z(k / n, split) - _penalty(sum_n[split - 1], sum_n[-1])
    strength = np.minimum(likely[split - 1], ranked)
    best = int(strength.argmax())
    return int(split[best]) if strength[best] > _threshold(np.asarray(length)) else None


def _likelihood_z(
    k1: Floats, n1: Floats, k: Floats, n: Floats, kind: Kind, spread: float = 1.0
) -> Floats:
    """Give the signed root of the likelihood ratio of two levels against one, less the penalty."""
    gain = _fit(k1, n1, kind) + _fit(k - k1, n - n1, kind) - _fit(k, n, kind)
    return np.asarray(np.sqrt(np.maximum(2 * gain, 0)) / spread - _penalty(n1, n))


def _fit(k: Floats, n: Floats, kind: Kind) -> Floats:
    """Give the highest log-likelihood of a level, but for what all levels share."""
    if kind is Kind.COUNT:
        return np.asarray(special.xlogy(k, k) - special.xlogy(k, n))
    rest = np.maximum(n - k, 0)
    return np.asarray(special.xlogy(k, k) + special.xlogy(rest, rest) - special.xlogy(n, n))


def _penalty(n1: Floats, n: Floats) -> Floats:
    share = np.clip(4 * n1 * (n - n1) / np.maximum(n, 1e-9) ** 2, 1e-6, 1.0)
    return np.asarray(np.sqrt(2 * (1 - np.log(share))))


def _rank_z(values: Floats, split: Places) -> Floats:
    """Give for each split how far the ranks of its two sides lie apart, in sigmas."""
    length = len(values)
    _, place, times = np.unique(values, return_inverse=True, return_counts=True)
    # Equal values share the mean of their ranks.
    ranks = (np.cumsum(times) - (times - 1) / 2)[place]
    later = length - split
    sums = (ranks.sum() - np.cumsum(ranks))[split - 1]
    variance = split * later / (length - 1) * ranks.var()
    return np.asarray(
        np.abs(sums - later * (length + 1) / 2) / np.sqrt(np.maximum(variance, 1e-9))
    )


def _threshold(length: Places) -> Floats:
    # Whoever looks for longer has more chances to be misled.
    return np.asarray(_THRESHOLD + _GROWTH * np.log(np.asarray(length) / _GROWS_FROM))


def _settled(
    k: Floats, n: Floats, kind: Kind, first: int, shift: tuple[int, int], until: int
) -> int:
    """Say anew where a level began, now that more is known: it had lasted when it was seen."""
    start, seen = shift
    begin = max(first, until - _LONGEST)
    sum_k, sum_n = np.cumsum(k[begin:until]), np.cumsum(n[begin:until])
    split = np.arange(LASTS, seen - begin - LASTS + 1)
    if not len(split):
        return start
    z = _likelihood_z(sum_k[split - 1], sum_n[split - 1], sum_k[-1], sum_n[-1], kind)
    return begin + int(split[int(z.argmax())])
