"""Rising topics, impact and talk triggers, against tables made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sentiment.topics import TopicCount, impact, rising, talk_triggers

BEFORE = [TopicCount(1, 50, 10), TopicCount(2, 30, 3), TopicCount(None, 20, 2)]
NOW = [TopicCount(1, 80, 8), TopicCount(2, 60, 30), TopicCount(None, 60, 6)]


def test_impact_is_what_the_formula_gives_by_hand() -> None:
    # Rates 15% and 22%, their middle 0.185.
    parts = {one.topic_id: one for one in impact(BEFORE, NOW)}
    # Topic 1: shares 0.5 to 0.4, rates 0.2 to 0.1.
    assert parts[1].mix == pytest.approx((0.4 - 0.5) * (0.15 - 0.185))
    assert parts[1].rate == pytest.approx(0.45 * -0.1)
    # Topic 2: as large a share as before, rates 0.1 to 0.5: only the rate moves.
    assert parts[2].mix == pytest.approx(0.0)
    assert parts[2].rate == pytest.approx(0.3 * 0.4)
    assert [one.topic_id for one in impact(BEFORE, NOW)] == [2, 1, None]


@pytest.mark.parametrize("seed", range(20))
def test_impacts_sum_to_the_change_whatever_comes_and_goes(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def period() -> list[TopicCount]:
        topics = [None, *rng.choice(12, 6, replace=False).tolist()]
        sizes = rng.integers(0, 400, len(topics))
        return [
            TopicCount(topic, int(size), int(rng.integers(0, size + 1)))
            for topic, size in zip(topics, sizes, strict=True)
        ]

    before, now = period(), period()

    def rate(counts: list[TopicCount]) -> float:
        return sum(one.hits for one in counts) / sum(one.mentions for one in counts)

    moved = impact(before, now)
    assert math.fsum(one.total for one in moved) == pytest.approx(
        rate(now) - rate(before), abs=1e-12
    )
    assert all(one.low <= one.total <= one.high for one in moved)


def test_a_new_topic_moves_by_mix_alone() -> None:
    new = {
        one.topic_id: one
        for one in impact(
            [TopicCount(1, 100, 10)], [TopicCount(1, 100, 10), TopicCount(2, 50, 40)]
        )
    }
    assert new[2].rate == 0
    assert new[2].mix > 0
    assert new[1].rate == 0


def test_impact_of_an_empty_period_is_nothing_and_a_topic_counts_once() -> None:
    assert impact([], NOW) == []
    assert impact([TopicCount(1, 0, 0)], NOW) == []
    with pytest.raises(ValueError, match="twice"):
        impact([*BEFORE, TopicCount(1, 1, 1)], NOW)
    with pytest.raises(ValueError, match="no rate"):
        TopicCount(1, 2, 3)


def test_the_bounds_of_impact_hold_what_chance_does() -> None:
    rng = np.random.default_rng(5)
    outside = 0
    for _ in range(400):
        periods = []
        for _ in range(2):
            topic = rng.random(500) < 0.3
            hit = rng.random(500) < np.where(topic, 0.4, 0.15)
            periods.append(
                [
                    TopicCount(1, int(topic.sum()), int((hit & topic).sum())),
                    TopicCount(None, int((~topic).sum()), int((hit & ~topic).sum())),
                ]
            )
        one = next(one for one in impact(*periods) if one.topic_id == 1)
        outside += not one.low <= 0 <= one.high
    # 5% are expected: 20 of 400, 3 standard deviations are 13.
    assert 7 <= outside <= 33


def test_a_rise_is_told_and_steady_topics_are_not() -> None:
    steady = [10, 11, 9, 10, 12, 10, 9, 11, 10, 10, 11]
    rise = [4, 5, 3, 4, 6, 4, 5, 4, 5, 4, 24]
    found = rising({1: steady, 2: rise}, [200] * 11)
    assert [one.topic_id for one in found] == [2]
    assert found[0].count == 24
    assert found[0].usual == pytest.approx(4.4)
    assert found[0].usual < found[0].limit < 24


@pytest.mark.parametrize(
    ("series", "total", "rises"),
    [
        # Twice as many of everything is no rise of the topic.
        ([5] * 10 + [10], [100] * 10 + [200], False),
        # Four times of nearly nothing is chance: a ratio would call it.
        ([1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 4], [100] * 11, False),
        # A new topic that many speak of at once.
        ([0] * 10 + [12], [100] * 11, True),
        # Five of a quiet brand's six, after none: more than chance explains.
        ([0] * 10 + [5], [6] * 11, True),
        # A topic that has always swung.
        ([2, 18, 1, 20, 3, 17, 2, 19, 1, 21, 22], [100] * 11, False),
        # One old storm is no part of what is usual.
        ([5, 5, 60, 5, 5, 5, 5, 5, 5, 5, 19], [100] * 11, True),
        # Too little is known.
        ([1, 9], [10, 10], False),
        ([0, 0, 0, 9], [2, 3, 2, 9], False),
        ([5] * 11, [100] * 10 + [0], False),
    ],
)
def test_rises_by_table(series: list[int], total: list[int], rises: bool) -> None:
    if total[-1] == 0:
        series = [*series[:-1], 0]
    assert bool(rising({7: series}, total)) is rises


def test_chance_alone_seldom_rises() -> None:
    rng = np.random.default_rng(2)
    counts = {topic: rng.binomial(300, 0.03, 15).tolist() for topic in range(2000)}
    # Three standard deviations: 1.35 in a thousand, a little more for what is usual is estimated.
    assert len(rising(counts, [300] * 15)) <= 10


def test_a_table_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="more mentions than the brand"):
        rising({1: [1, 1, 1, 1, 9]}, [10, 10, 10, 10, 8])


def test_talk_triggers_by_hand() -> None:
    found = talk_triggers({1: 60, 2: 30, 3: 3}, {1: 20, 2: 28, 3: 1}, 200, 200)
    assert [one.what for one in found] == [1]
    one = found[0]
    assert one.log_odds == pytest.approx(math.log(60.5 * 180.5 / (140.5 * 20.5)))
    error = math.sqrt(1 / 60.5 + 1 / 140.5 + 1 / 20.5 + 1 / 180.5)
    # Three were looked at: 5% are parted among them.
    assert one.high - one.log_odds == pytest.approx(2.39398 * error, rel=1e-4)
    assert (one.delighted, one.mediocre) == (60, 20)


def test_the_more_is_looked_at_the_more_must_be_seen() -> None:
    alone = talk_triggers({"crew": 30}, {"crew": 15}, 200, 200)
    among = talk_triggers(
        {"crew": 30} | {f"w{n}": 10 for n in range(500)},
        {"crew": 15} | {f"w{n}": 10 for n in range(500)},
        200,
        200,
    )
    assert [one.what for one in alone] == ["crew"]
    assert among == []


def test_triggers_of_nothing() -> None:
    assert talk_triggers({}, {}, 10, 10) == []
    assert talk_triggers({1: 1}, {}, 10, 0) == []
    with pytest.raises(ValueError, match="more texts"):
        talk_triggers({1: 11}, {}, 10, 10)
