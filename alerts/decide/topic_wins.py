"""Topics of which a competitor's customers speak better, or worse, than a brand's own. Pure.

Topics are matched by their names, whatever the case: own topics that both brands have are called
alike. A difference counts where chance does not explain it, with all topics and rates that were
compared taken into account (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alerts.decide.stats import Interval, Rate, difference

MIN_TOLD = 20
"""So many told experiences of a topic are needed on each side."""
LESS_IS_BETTER = {"wow_rate": False, "complaint_rate": True}


@dataclass(frozen=True, slots=True)
class TopicGap:
    """A topic in which one of two brands is better; `difference` is ours less theirs."""

    topic: str
    metric: str
    ours: Rate
    theirs: Rate
    difference: Interval
    we_win: bool


def topic_gaps(
    ours: Mapping[tuple[str, str], Rate], theirs: Mapping[tuple[str, str], Rate]
) -> list[TopicGap]:
    """Compare two brands' rates by (topic, metric); the widest gap comes first."""
    mine = {(topic.casefold(), metric): (topic, rate) for (topic, metric), rate in ours.items()}
    other = {(topic.casefold(), metric): rate for (topic, metric), rate in theirs.items()}
    both = [key for key in mine if key in other and _enough(mine[key][1], other[key])]
    gaps = []
    for key in both:
        (topic, rate), their_rate = mine[key], other[key]
        bounds = difference(rate, their_rate, 1 - 0.05 / len(both))
        if 0 not in bounds:
            we_win = (bounds.low > 0) != LESS_IS_BETTER[key[1]]
            gaps.append(TopicGap(topic, key[1], rate, their_rate, bounds, we_win))
    return sorted(gaps, key=lambda gap: (-_width(gap), gap.topic, gap.metric))


def rates_of(rows: Iterable[Mapping[str, object]]) -> dict[tuple[str, str], Rate]:
    """Give the rates by (topic, metric) of rows of the view `cuts` whose dimension is topic."""
    return {
        (str(row["value"]), str(row["metric"])): Rate(_number(row["part"]), _number(row["whole"]))
        for row in rows
        if row["metric"] in LESS_IS_BETTER
    }


def _enough(*rates: Rate) -> bool:
    return all(rate.total >= MIN_TOLD for rate in rates)


def _width(gap: TopicGap) -> float:
    return abs((gap.ours.value or 0) - (gap.theirs.value or 0))


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value
