"""How much each topic moved a rate between two periods: parts that sum to the whole change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TopicCount:
    """A topic's mentions in a period and how many of them are of the kind that is looked at.

    Every mention counts once, at its first topic; `topic_id` None are those of no topic.
    """

    topic_id: int | None
    mentions: int
    hits: int


@dataclass(frozen=True, slots=True)
class Impact:
    """What a topic moved the rate by: `mix`, for it is spoken of more or less, and `rate`, for it
    feels other than before; both shares of 1. `total` is their sum."""

    topic_id: int | None
    mix: float
    rate: float

    @property
    def total(self) -> float:
        return self.mix + self.rate


def impact(before: Sequence[TopicCount], now: Sequence[TopicCount]) -> list[Impact]:
    """Part the change of a rate (hits of mentions) among topics; the largest mover first.

    The totals sum to the rate of `now` less that of `before`. Empty where either period has no
    mention.
    """
    raise NotImplementedError
