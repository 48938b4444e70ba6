"""Talk triggers: what delighted texts speak of that mediocre ones do not."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trigger:
    """What is spoken of (a topic's id, a word) more in delighted than in mediocre texts.

    `log_odds` is the logarithm of how many times greater the odds are; `low` and `high` bound it,
    wide enough for all that were looked at together to hold at 95%.
    """

    what: Hashable
    delighted: int
    mediocre: int
    log_odds: float
    low: float
    high: float


def talk_triggers(
    delighted: Mapping[Hashable, int],
    mediocre: Mapping[Hashable, int],
    delighted_total: int,
    mediocre_total: int,
) -> list[Trigger]:
    """Give what is surely spoken of more in delighted texts, by the lower bound, greatest first.

    Each count is of texts: how many of the `delighted_total` speak of a topic or say a word.
    """
    raise NotImplementedError
