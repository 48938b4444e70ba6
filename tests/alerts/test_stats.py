"""Rates and their intervals, against published figures and by property."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.decide.stats import (
    Interval,
    Rate,
    difference,
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


def test_a_rate_without_a_count_has_no_value():
    assert Rate(0, 0).value is None
    with pytest.raises(ValueError, match="no rate"):
        Rate(2, 1)
