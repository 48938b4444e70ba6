"""Talk triggers: what delighted texts speak of that mediocre ones do not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Generic, TypeVar

What = TypeVar("What", int, str)
# All that is looked at together holds at 95%.
_ERROR = 0.05


@dataclass(frozen=True, slots=True)
class Trigger(Generic[What]):
    """What is spoken of (a topic's id, a word) more in delighted than in mediocre texts.

    `log_odds` is the natural logarithm of how many times greater the odds are. `low` and `high`
    bound it, so wide (Bonferroni) that of all that were looked at none strays with 95%.
    """

    what: What
    delighted: int
    mediocre: int
    log_odds: float
    low: float
    high: float


def talk_triggers(
    delighted: Mapping[What, int],
    mediocre: Mapping[What, int],
    delighted_total: int,
    mediocre_total: int,
) -> list[Trigger[What]]:
    """Give what is surely spoken of more in delighted texts, by the lower bound, greatest first.

    Each count is of texts: how many of the `delighted_total` speak of a topic or say a word. Half
    a text is added to each of the four counts (Haldane, Anscombe), so that none is infinite.
    """
    looked_at = delighted.keys() | mediocre.keys()
    if not looked_at or not delighted_total or not mediocre_total:
        return []
    z = NormalDist().inv_cdf(1 - _ERROR / (2 * len(looked_at)))
    found = []
    for what in looked_at:
        here, there = delighted.get(what, 0), mediocre.get(what, 0)
        if not (0 <= here <= delighted_total and 0 <= there <= mediocre_total):
            raise ValueError(f"{what!r} is in more texts than there are")
        cells = (
            here + 0.5,
            delighted_total - here + 0.5,
            there + 0.5,
            mediocre_total - there + 0.5,
        )
        log_odds = math.log(cells[0] * cells[3] / (cells[1] * cells[2]))
        half = z * math.sqrt(sum(1 / cell for cell in cells))
        if log_odds > half:
            low, high = log_odds - half, log_odds + half
            found.append(Trigger(what, here, there, log_odds, low, high))
    return sorted(found, key=lambda one: (-one.low, one.what))
