"""Topics that rise: more than chance explains, by control limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


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
    raise NotImplementedError
