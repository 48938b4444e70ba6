"""How much each topic moved a rate between two periods: parts that sum to the whole change.

The rate of a period is the mean of its topics' rates, weighed by their shares of the mentions. Its
change is parted as Kitagawa (1955) does, both periods alike: with shares w, rates r and the mean R
of the two periods' rates, a topic moves the rate by

    mix   (w' - w) ((r + r') / 2 - R)     for it is spoken of more, or less
    rate  (w + w') / 2 (r' - r)           for it feels other than before

Shares sum to 1 in both periods, so that the R cancel out and the parts sum to the change. A topic
that one period lacks has no rate there: all that it moves is mix. Both parts of a topic together
are the difference of two means, of 1[topic] (hit - R), and so have a standard error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class TopicCount:
    """A topic's mentions in a period and how many of them are of the kind that is looked at.

    Every mention counts once, at its first topic; `topic_id` None are those of no topic.
    """

    topic_id: int | None
    mentions: int
    hits: int

    def __post_init__(self) -> None:
        if not 0 <= self.hits <= self.mentions:
            raise ValueError(f"{self.hits} of {self.mentions} mentions is no rate")


@dataclass(frozen=True, slots=True)
class Impact:
    """What a topic moved the rate by: `mix`, for it is spoken of more or less, and `rate`, for it
    feels other than before; shares of 1. `low` and `high` bound their sum with 95%."""

    topic_id: int | None
    mix: float
    rate: float
    low: float
    high: float

    @property
    def total(self) -> float:
        return self.mix + self.rate


def impact(before: Sequence[TopicCount], now: Sequence[TopicCount]) -> list[Impact]:
    """Part the change of a rate (hits of mentions) among topics; the largest mover first.

    The totals sum to the rate of `now` less that of `before`. Empty where either period has no
    mention.
    """
    earlier, later = _by_topic(before), _by_topic(now)
    n_0 = sum(one.mentions for one in earlier.values())
    n_1 = sum(one.mentions for one in later.values())
    if not n_0 or not n_1:
        return []
    rate_0 = sum(one.hits for one in earlier.values()) / n_0
    rate_1 = sum(one.hits for one in later.values()) / n_1
    middle = (rate_0 + rate_1) / 2
    moved = []
    for topic in earlier.keys() | later.keys():
        none = TopicCount(topic, 0, 0)
        was, is_now = earlier.get(topic, none), later.get(topic, none)
        w_0, w_1 = was.mentions / n_0, is_now.mentions / n_1
        r_0 = was.hits / was.mentions if was.mentions else None
        r_1 = is_now.hits / is_now.mentions if is_now.mentions else None
        a, b = r_0 if r_0 is not None else r_1 or 0.0, r_1 if r_1 is not None else r_0 or 0.0
        mix = (w_1 - w_0) * ((a + b) / 2 - middle)
        rate = (w_0 + w_1) / 2 * (b - a)
        half = _Z * math.sqrt(_variance(was, n_0, middle) + _variance(is_now, n_1, middle))
        moved.append(Impact(topic, mix, rate, mix + rate - half, mix + rate + half))
    return sorted(moved, key=lambda one: (-abs(one.total), one.topic_id is None, one.topic_id))


def _by_topic(counts: Sequence[TopicCount]) -> Mapping[int | None, TopicCount]:
    by_topic: dict[int | None, TopicCount] = {}
    for one in counts:
        if one.topic_id in by_topic:
            raise ValueError(f"topic {one.topic_id} is counted twice in a period")
        by_topic[one.topic_id] = one
    return by_topic


def _variance(one: TopicCount, total: int, middle: float) -> float:
    """Give the variance of the mean of 1[topic] (hit - middle) over a period's mentions."""
    misses = one.mentions - one.hits
    mean = (one.hits * (1 - middle) - misses * middle) / total
    squares = (one.hits * (1 - middle) ** 2 + misses * middle**2) / total
    return max(0.0, squares - mean * mean) / total
