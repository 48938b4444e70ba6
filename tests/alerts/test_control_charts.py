"""Control charts against published worked examples, at their borders, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as reference

from alerts.decide.control_charts import (
    Kind,
    Rule,
    control_chart,
    p_chart,
    without_signals,
)
from alerts.decide.lasting_shifts import lasting_shifts
from alerts.decide.stats import Rate

# Cans of frozen orange juice, 50 a sample: Montgomery, Introduction to Statistical Quality
# Control, chapter 7, example 1; the first 30 are the wafers of 6.3.3.2 in the NIST/SEMATECH
# e-Handbook, too. After sample 30 the machine was adjusted: a lasting shift.
CANS = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22,
        8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]  # fmt: skip
ADJUSTED = [9, 6, 12, 5, 6, 4, 6, 3, 7, 6, 2, 4, 3, 6, 5, 4, 8, 5, 6, 7, 5, 6, 3, 5]
# Defects on rolls of dyed cloth, by units of 50 square metres: Montgomery, chapter 7, u-chart.
CLOTH = [14, 12, 20, 11, 7, 10, 21, 16, 19, 23]
UNITS = [10, 8, 13, 10, 9.5, 10, 12, 10.5, 12, 12.5]
# Defects on 25 wafers: NIST/SEMATECH e-Handbook 6.3.3.1; the mean is 16, the limits are 4 and 28.
WAFERS = [16, 14, 28, 16, 12, 20, 10, 12, 10, 17, 19, 17, 14,
          16, 15, 13, 14, 16, 11, 20, 11, 19, 16, 31, 13]  # fmt: skip


def u_chart(counts, units, **how):
    return control_chart(counts, units, Kind.COUNT, **how)


def cans(parts):
    return [Rate(part, 50) for part in parts]


class TestPublished:
    def test_the_trial_limits_of_the_cans(self):
        chart = p_chart(cans(CANS), baseline=[Rate(sum(CANS), 1500)])
        assert chart.centre == pytest.approx(0.2313, abs=0.00005)
        assert chart.points[0].upper == pytest.approx(0.4102, abs=0.00005)
        assert chart.points[0].lower == pytest.approx(0.0524, abs=0.00005)
        # Samples 15 and 23, counted from 1.
        assert chart.outside == (14, 22)

    def test_the_limits_without_samples_15_and_23(self):
        chart = p_chart(cans(CANS), baseline=[Rate(sum(CANS) - 22 - 24, 1400)])
        assert chart.centre == pytest.approx(0.2150, abs=0.00005)
        assert chart.points[0].upper == pytest.approx(0.3893, abs=0.00005)
        assert chart.points[0].lower == pytest.approx(0.0407, abs=0.00005)
        # Sample 21 lies outside now.
        assert chart.outside == (14, 20, 22)

    def test_the_baseline_leaves_the_signals_out_by_itself(self):
        chart = p_chart(cans(CANS))
        assert chart.centre == pytest.approx((sum(CANS) - 22 - 24 - 20) / 1350)
        assert chart.outside == (14, 20, 22)

    def test_the_adjustment_is_a_lasting_shift_with_limits_of_its_own(self):
        (shift,) = lasting_shifts(CANS + ADJUSTED, [50] * 54, Kind.SHARE)
        assert shift.start in (29, 30)
        chart = p_chart(cans(ADJUSTED))
        assert chart.centre == pytest.approx(0.1108, abs=0.00005)
        assert chart.points[0].upper == pytest.approx(0.2440, abs=0.0001)
        assert chart.signals == ()

    def test_the_cloth(self):
        chart = u_chart(CLOTH, UNITS)
        assert chart.centre == pytest.approx(1.4233, abs=0.00005)
        assert chart.points[0].upper == pytest.approx(2.5551, abs=0.0001)
        assert chart.points[0].lower == pytest.approx(0.2915, abs=0.0001)
        assert chart.points[1].upper == pytest.approx(2.6886, abs=0.0001)
        assert chart.signals == ()

    def test_the_wafers(self):
        chart = u_chart(WAFERS, [1] * 25, baseline=([400], [25]))
        assert chart.centre == 16
        assert (chart.points[0].lower, chart.points[0].upper) == (4, 28)
        assert chart.outside == (23,)


class TestPChart:
    def test_limits_of_a_textbook_chart(self):
        # 200 of 1000 in ten samples of 100: centre 0.2, three sigmas 0.12
        chart = p_chart([Rate(n, 100) for n in (20, 17, 23, 16, 20, 24, 18, 22, 19, 21)])
        assert chart.centre == pytest.approx(0.2)
        assert chart.points[0].upper == pytest.approx(0.32)
        assert chart.points[0].lower == pytest.approx(0.08)
        assert chart.signals == ()

    @pytest.mark.parametrize(
        ("part", "outside"),
        # centre 0.5 of 100: the limits are 0.35 and 0.65, themselves inside
        [(34, True), (35, False), (36, False), (64, False), (65, False), (66, True)],
    )
    def test_border(self, part, outside):
        chart = p_chart([Rate(part, 100)], baseline=[Rate(50, 100)])
        assert chart.points[0].outside is outside
        assert chart.points[0].above is (part > 50)

    def test_small_samples_have_wide_limits(self):
        chart = p_chart([Rate(3, 10), Rate(300, 1000)])
        assert chart.points[0].upper - chart.points[0].lower > 5 * (
            chart.points[1].upper - chart.points[1].lower
        )

    def test_a_storm_does_not_widen_its_own_limits(self):
        days = [Rate(10, 100)] * 24 + [Rate(60, 100)] * 6
        chart = p_chart(days)
        assert chart.centre == pytest.approx(0.1)
        assert chart.outside == (24, 25, 26, 27, 28, 29)

    def test_where_most_disagree_none_is_a_storm(self):
        days = [Rate(10, 100), Rate(60, 100)] * 10
        assert p_chart(days).centre == pytest.approx(0.35)

    def test_an_empty_period_is_no_point(self):
        chart = p_chart([Rate(0, 0), Rate(5, 10)])
        assert chart.points[0].value is None
        assert chart.signals == ()

    @pytest.mark.parametrize("rates", [[], [Rate(0, 0)]])
    def test_nothing_counted_has_no_centre(self, rates):
        assert p_chart(rates).centre is None

    @given(
        st.lists(
            st.integers(0, 3000).flatmap(
                lambda total: st.builds(Rate, st.integers(0, total), st.just(total))
            ),
            min_size=1,
            max_size=20,
        )
    )
    def test_limits_hold_the_centre(self, rates):
        chart = p_chart(rates)
        if chart.centre is not None:
            for point, rate in zip(chart.points, rates, strict=True):
                assert 0 <= point.lower <= point.upper <= 1
                # A limit is a count: the centre may lie between two of them.
                step = 1 / rate.total if rate.total else 0
                assert point.lower - step <= chart.centre <= point.upper + step


class TestSmallCounts:
    @pytest.mark.parametrize(("size", "share"), [(3, 0.3), (10, 0.1), (40, 0.02), (60, 0.97)])
    def test_limits_are_the_exact_tails(self, size, share):
        rates = [Rate(part, size) for part in range(size + 1)]
        chart = p_chart(rates, baseline=[Rate(round(100_000 * share), 100_000)])
        rare = reference.norm.sf(3)
        law = reference.binom(size, share)
        for part, point in enumerate(chart.points):
            is_rare = bool(min(law.cdf(part), law.sf(part - 1)) < rare)
            assert point.outside is is_rare
            assert is_rare is not (point.lower - 1e-9 <= part / size <= point.upper + 1e-9)

    def test_counts_too(self):
        chart = u_chart(range(12), [1] * 12, baseline=([20], [10]))
        law = reference.poisson(2)
        rare = reference.norm.sf(3)
        assert [point.outside for point in chart.points] == [
            bool(min(law.cdf(k), law.sf(k - 1)) < rare) for k in range(12)
        ]

    def test_days_without_a_complaint_are_no_run(self):
        # By chance alone four days of five have none.
        chart = p_chart([Rate(0, 4)] * 30, baseline=[Rate(50, 1000)])
        assert chart.signals == ()


class TestRunRules:
    # The centre is 0.5, a sigma 0.05: 100 of each.
    @pytest.mark.parametrize(
        ("parts", "rule"),
        [
            ((66,), Rule.BEYOND_3),
            ((34,), Rule.BEYOND_3),
            ((61, 50, 61), Rule.TWO_OF_3),
            ((39, 39), Rule.TWO_OF_3),
            ((56, 56, 50, 56, 56), Rule.FOUR_OF_5),
            ((44, 44, 44, 44), Rule.FOUR_OF_5),
            ((51,) * 8, Rule.EIGHT),
            ((49,) * 8, Rule.EIGHT),
        ],
    )
    def test_the_point_that_completes_a_rule_names_it(self, parts, rule):
        chart = p_chart([Rate(part, 100) for part in parts], baseline=[Rate(50, 100)])
        assert chart.points[-1].rules == (rule,)
        assert chart.signals == (len(parts) - 1,)

    @pytest.mark.parametrize(
        "parts",
        [
            (65, 35),
            (61, 39, 50, 61),  # on two sides, or too far apart
            (60, 60),  # 2 sigma is not beyond 2 sigma
            (56, 56, 50, 50, 56, 56),
            (51,) * 7,
            (51, 51, 51, 51, 50, 51, 51, 51, 51),  # on the centre is on no side
        ],
    )
    def test_what_completes_none(self, parts):
        chart = p_chart([Rate(part, 100) for part in parts], baseline=[Rate(50, 100)])
        assert chart.signals == ()

    def test_a_steady_process_seldom_signals(self):
        rng = np.random.default_rng(7)
        parts = rng.binomial(80, 0.3, 4000)
        chart = p_chart([Rate(int(part), 80) for part in parts])
        # 1 in 91 is the figure of the four rules together (Champ and Woodall 1987).
        assert 0.006 < len(chart.signals) / 4000 < 0.025
        assert len(chart.outside) / 4000 < 0.005


class TestLargeCounts:
    def test_people_who_vary_widen_the_limits_of_large_samples(self):
        rng = np.random.default_rng(8)
        parts = [int(one) for one in rng.binomial(5000, rng.normal(0.3, 0.03, 120))]
        chart = p_chart([Rate(part, 5000) for part in parts])
        # The standard deviation of chance is 0.0065 there, of people 0.03.
        assert chart.spread == pytest.approx(0.03 / 0.0065, rel=0.2)
        assert len(chart.outside) <= 2

    def test_what_varies_as_chance_does_has_the_usual_limits(self):
        rng = np.random.default_rng(9)
        parts = rng.binomial(5000, 0.3, 120)
        assert p_chart([Rate(int(part), 5000) for part in parts]).spread < 1.2

    def test_of_small_samples_it_is_a_signal(self):
        rng = np.random.default_rng(10)
        parts = [int(one) for one in rng.binomial(50, rng.normal(0.5, 0.12, 60).clip(0, 1))]
        assert p_chart([Rate(part, 50) for part in parts]).spread == 1


class TestCounts:
    def test_weeks_beyond_the_others_are_left_out(self):
        assert without_signals([6, 5, 7, 60]) == [6, 5, 7]
        assert without_signals([6, 5, 7, 6]) == [6, 5, 7, 6]
        assert without_signals([]) == []

    def test_weeks_that_vary_stay(self):
        assert without_signals([5, 40, 4, 35]) == [5, 40, 4, 35]

    def test_a_rate_by_the_day_is_charted_by_how_many_days_a_period_has(self):
        chart = control_chart([70, 10], [7, 1], Kind.COUNT, baseline=([100], [10]))
        assert chart.points[0].upper < chart.points[1].upper
