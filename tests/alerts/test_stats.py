"""Rates, intervals, control charts and checkpoints, against published figures and by property."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.decide.stats import (
    Better,
    Interval,
    Rate,
    difference,
    judge_checkpoint,
    p_chart,
    wilson,
)


@st.composite
def rates(draw, least=0):
    total = draw(st.integers(least, 100_000))
    return Rate(draw(st.integers(0, total)), total)


class TestWilson:
    @pytest.mark.parametrize(
        ("part", "total", "low", "high"),
        [  # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0000, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ],
    )
    def test_matches_published_values(self, part, total, low, high):
        found = wilson(part, total)
        assert found.low == pytest.approx(low, abs=0.00006)
        assert found.high == pytest.approx(high, abs=0.00006)

    def test_knows_nothing_without_a_count(self):
        assert wilson(0, 0) == Interval(0.0, 1.0)

    @pytest.mark.parametrize(("part", "total"), [(-1, 3), (4, 3), (1, 0)])
    def test_refuses_what_is_no_rate(self, part, total):
        with pytest.raises(ValueError, match="no rate"):
            wilson(part, total)

    @pytest.mark.parametrize("confidence", [0, 1, -0.2, 95])
    def test_refuses_what_is_no_confidence(self, confidence):
        with pytest.raises(ValueError, match="confidence"):
            wilson(1, 2, confidence)

    @given(rates(least=1))
    def test_holds_the_share_and_lies_within_0_and_1(self, rate):
        found = rate.interval()
        assert 0 <= found.low <= rate.value <= found.high <= 1

    @given(rates(least=1))
    def test_is_mirrored_for_the_opposite_share(self, rate):
        found, other = rate.interval(), wilson(rate.total - rate.part, rate.total)
        assert found.low == pytest.approx(1 - other.high, abs=1e-9)

    @given(rates(least=1))
    def test_narrows_with_more_of_the_same(self, rate):
        few, many = rate.interval(), wilson(rate.part * 10, rate.total * 10)
        assert many.high - many.low < few.high - few.low

    def test_covers_the_truth_about_as_often_as_it_says(self):
        rng = random.Random(5)
        for truth, total in ((0.3, 40), (0.05, 60), (0.5, 15)):
            hits = sum(
                truth in wilson(sum(rng.random() < truth for _ in range(total)), total)
                for _ in range(2000)
            )
            assert 0.92 <= hits / 2000 <= 0.985


class TestDifference:
    def test_matches_published_values(self):
        # Newcombe 1998, Statistics in Medicine 17:873, table II, method 10
        found = difference(Rate(56, 70), Rate(48, 80))
        assert found.low == pytest.approx(0.0524, abs=0.00006)
        assert found.high == pytest.approx(0.3339, abs=0.00006)
        found = difference(Rate(9, 10), Rate(3, 10))
        assert found.low == pytest.approx(0.1705, abs=0.00006)
        assert found.high == pytest.approx(0.8090, abs=0.00006)

    def test_knows_nothing_of_an_empty_rate(self):
        assert difference(Rate(1, 2), Rate(0, 0)) == Interval(-1.0, 1.0)

    @given(rates(least=1), rates(least=1))
    def test_turns_around(self, one, other):
        there, back = difference(one, other), difference(other, one)
        assert there.low == pytest.approx(-back.high, abs=1e-9)

    @given(rates(least=1))
    def test_nothing_differs_from_itself(self, rate):
        assert 0 in difference(rate, rate)


class TestPChart:
    def test_limits_of_a_textbook_chart(self):
        # 20 of 1000 in ten samples of 100: centre 0.02, three sigmas 0.042
        chart = p_chart([Rate(n, 100) for n in (2, 1, 3, 0, 2, 4, 1, 3, 2, 2)])
        assert chart.centre == pytest.approx(0.02)
        assert chart.points[0].upper == pytest.approx(0.062)
        assert chart.points[0].lower == 0.0
        assert chart.outside == ()
        assert chart.consistency == 1.0

    @pytest.mark.parametrize(
        ("part", "outside"),
        # centre 0.5 of 100: the limits are 0.35 and 0.65, themselves inside
        [(34, True), (35, False), (36, False), (64, False), (65, False), (66, True)],
    )
    def test_border(self, part, outside):
        baseline = [Rate(50, 100)]
        chart = p_chart([Rate(part, 100)], baseline=baseline)
        assert chart.points[0].outside is outside
        assert chart.points[0].above is (part == 66)
        assert (part / 100 < chart.points[0].lower) is (part == 34)

    def test_small_samples_have_wide_limits(self):
        chart = p_chart([Rate(3, 10), Rate(300, 1000)])
        assert chart.points[0].upper - chart.points[0].lower > 5 * (
            chart.points[1].upper - chart.points[1].lower
        )

    def test_an_incident_stands_out_against_the_baseline(self):
        usual = [Rate(10, 100)] * 20
        chart = p_chart([*usual, Rate(35, 100)], baseline=usual)
        assert chart.outside == (20,)
        assert chart.consistency == pytest.approx(20 / 21)

    def test_an_empty_period_is_no_point(self):
        chart = p_chart([Rate(0, 0), Rate(5, 10)])
        assert chart.outside == ()
        assert chart.consistency == 1.0

    @pytest.mark.parametrize("rates", [[], [Rate(0, 0)]])
    def test_nothing_counted_has_no_centre_and_no_consistency(self, rates):
        chart = p_chart(rates)
        assert chart.centre is None
        assert chart.consistency is None

    @given(st.lists(rates(), min_size=1, max_size=20))
    def test_limits_hold_the_centre(self, some):
        chart = p_chart(some)
        if chart.centre is not None:
            assert all(p.lower <= chart.centre <= p.upper for p in chart.points)
            assert chart.consistency is None or 0 <= chart.consistency <= 1

    def test_chance_alone_rarely_falls_outside(self):
        rng = random.Random(2)
        days = [Rate(sum(rng.random() < 0.3 for _ in range(80)), 80) for _ in range(1000)]
        consistency = p_chart(days).consistency
        assert consistency is not None
        assert consistency > 0.99


class TestCheckpoint:
    @pytest.mark.parametrize(
        ("part", "total", "reached"),
        [
            (39, 100, False),  # 0.300
            (40, 100, False),  # 0.309
            (41, 100, True),  # 0.319
            (3100, 10000, False),
            (3191, 10000, True),
            (3200, 10000, True),
            (1, 1, False),  # 0.207
            (2, 2, True),  # 0.342
            (0, 0, False),
        ],
    )
    def test_is_reached_only_beyond_chance(self, part, total, reached):
        result = judge_checkpoint(Rate(part, total), 0.31)
        assert result.reached is reached
        assert reached or result.next_target is None

    def test_border_is_the_lower_bound_itself(self):
        low = wilson(45, 100).low
        assert judge_checkpoint(Rate(45, 100), low).reached
        assert not judge_checkpoint(Rate(45, 100), math.nextafter(low, 1)).reached

    @pytest.mark.parametrize(
        ("part", "total", "target", "onward"),
        [
            (371, 1100, 0.30, 0.41),
            (5000, 10000, 0.30, 0.55),
            (995, 1000, 0.90, None),  # rounded up it would be 100%: no goal
            (100, 100, 0.90, None),
        ],
    )
    def test_the_next_goal_is_raised(self, part, total, target, onward):
        assert judge_checkpoint(Rate(part, total), target).next_target == onward

    def test_lower_is_better_is_the_mirror(self):
        result = judge_checkpoint(Rate(40, 1000), 0.10, better=Better.LOWER)
        assert result.reached
        assert result.next_target == 0.03
        assert not judge_checkpoint(Rate(90, 1000), 0.10, better=Better.LOWER).reached

    @pytest.mark.parametrize("target", [-0.1, 1.1, 30])
    def test_refuses_a_goal_that_is_no_share(self, target):
        with pytest.raises(ValueError, match="between 0 and 1"):
            judge_checkpoint(Rate(1, 2), target)

    @given(rates(), st.floats(0, 1))
    def test_the_next_goal_is_not_reached_yet(self, rate, target):
        result = judge_checkpoint(rate, target)
        if result.next_target is not None:
            assert result.next_target > max(target, result.value)
            assert not judge_checkpoint(rate, result.next_target).reached


def test_a_rate_without_a_count_has_no_value():
    assert Rate(0, 0).value is None
    with pytest.raises(ValueError, match="no rate"):
        Rate(2, 1)
