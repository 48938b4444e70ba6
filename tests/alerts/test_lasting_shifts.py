"""Lasting shifts by simulation: how often a true one is found, and how often chance makes one."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from alerts.decide.control_charts import Kind, Rule
from alerts.decide.goal_judging import SURE, judge_checkpoint, surely_beyond
from alerts.decide.lasting_shifts import LASTS, lasting_shifts
from alerts.decide.metric_charts import Act, Counted, Level, consistency, metric_chart
from alerts.decide.stats import Better, Rate
from tests.alerts.goals import level

FIRST = date(2026, 1, 1)
YEAR = 365


def shifts(parts, size):
    return lasting_shifts([int(one) for one in parts], [size] * len(parts), Kind.SHARE)


def days(parts, size=40, first=FIRST):
    """What was counted day by day."""
    return {
        first + timedelta(days=place): Counted(int(part), size) for place, part in enumerate(parts)
    }


def after(parts):
    return FIRST + timedelta(days=len(parts))


class TestGoals:
    """The simulations of issue 15, with their goals."""

    @pytest.mark.parametrize(
        ("size", "before", "since"), [(40, 30, 30), (40, 90, 30), (30, 60, 30)]
    )
    def test_a_lasting_shift_of_20_to_30_percent_is_found(self, size, before, since):
        rng = np.random.default_rng(15)
        runs, found, close = 300, 0, 0
        for _ in range(runs):
            parts = [*rng.binomial(size, 0.2, before), *rng.binomial(size, 0.3, since)]
            seen = shifts(parts, size)
            found += bool(seen)
            close += any(abs(shift.start - before) <= 7 for shift in seen)
        assert found / runs >= 0.95
        assert close / runs >= 0.8

    @pytest.mark.parametrize(("size", "before"), [(30, 30), (60, 15), (40, 20)])
    def test_what_is_too_short_to_be_sure_of_is_told_by_the_run_rules(self, size, before):
        rng = np.random.default_rng(16)
        runs, told = 200, 0
        for _ in range(runs):
            parts = [*rng.binomial(size, 0.2, before), *rng.binomial(size, 0.3, before)]
            chart = metric_chart(days(parts, size), after(parts), better=Better.LOWER)
            told += bool(chart.shifts) or any(one.rules for one in chart.periods)
        assert told / runs >= 0.95

    @pytest.mark.parametrize(("size", "share"), [(40, 0.2), (8, 0.3), (20, 0.05), (200, 0.5)])
    def test_a_steady_process_is_seldom_called_shifted(self, size, share):
        # Looked at on each day of the year: what is found never depends on what comes later.
        rng = np.random.default_rng(17)
        runs = 250
        called = sum(bool(shifts(rng.binomial(size, share, YEAR), size)) for _ in range(runs))
        assert called / runs < 0.05

    @pytest.mark.parametrize(("size", "share"), [(40, 0.3), (5, 0.3), (30, 0.05)])
    def test_a_constant_rate_at_the_target_is_seldom_celebrated(self, size, share):
        rng = np.random.default_rng(18)
        runs = 250
        celebrated = sum(self.celebrated(rng, size, share) for _ in range(runs))
        assert celebrated / runs < 0.05

    def celebrated(self, rng, size, share):
        """Judge a goal at the end of each day of a year, as the daemon does."""
        parts = rng.binomial(size, share, YEAR)
        seen = shifts(parts, size)
        for today in range(1, YEAR + 1):
            start = max([0, *(shift.start for shift in seen if shift.found < today)])
            held = Level(FIRST, Counted(int(parts[start:today].sum()), size * (today - start)),
                         today - start, 1.0)  # fmt: skip
            window = parts[max(0, today - 30) : today]
            rate = Rate(int(window.sum()), size * len(window))
            if judge_checkpoint(rate, share, held).reached:
                return True
        return False

    def test_a_goal_that_was_overtaken_is_celebrated(self):
        rng = np.random.default_rng(19)
        reached = 0
        for _ in range(100):
            parts = [*rng.binomial(40, 0.25, 120), *rng.binomial(40, 0.36, 45)]
            chart = metric_chart(days(parts), after(parts))
            window = Rate(int(sum(parts[-30:])), 30 * 40)
            reached += judge_checkpoint(window, 0.3, chart.level).reached
        assert reached >= 95


class TestShifts:
    @pytest.mark.parametrize("length", [1, 2, 3, 4])
    def test_a_storm_of_days_is_no_shift(self, length):
        rng = np.random.default_rng(20)
        called = 0
        for _ in range(100):
            parts = rng.binomial(40, 0.2, 120)
            parts[60 : 60 + length] = rng.binomial(40, 0.6, length)
            called += bool(shifts(parts, 40))
        assert called <= 8

    def test_a_shift_and_its_way_back_are_two(self):
        rng = np.random.default_rng(21)
        parts = [*rng.binomial(50, 0.2, 60), *rng.binomial(50, 0.45, 30),
                 *rng.binomial(50, 0.2, 60)]  # fmt: skip
        up, down = shifts(parts, 50)
        assert abs(up.start - 60) <= 2
        assert abs(down.start - 90) <= 2
        assert up.found >= up.start + LASTS - 1

    # Of seed 22 two are found, a week apart: a lucky day before the shift begins the first.
    @pytest.mark.parametrize("seed", [22, 122, 222])
    def test_what_was_found_stays_when_more_days_come(self, seed):
        rng = np.random.default_rng(seed)
        parts = [*rng.binomial(50, 0.2, 60), *rng.binomial(50, 0.4, 60)]
        whole = shifts(parts, 50)
        assert whole
        for today in range(50, 120):
            known = [one for one in whole if one.found < today]
            seen = shifts(parts[:today], 50)
            assert [one.found for one in seen] == [one.found for one in known]
            for one, then in zip(known, seen, strict=True):
                assert then.start == one.start or today <= one.found + LASTS

    def test_one_shift_is_found_once(self):
        rng = np.random.default_rng(33)
        once = 0
        for _ in range(100):
            parts = [*rng.binomial(50, 0.2, 60), *rng.binomial(50, 0.4, 60)]
            seen = shifts(parts, 50)
            once += len(seen) == 1 and abs(seen[0].start - 60) <= 2
            assert all(one.found >= one.start + LASTS - 1 for one in seen)
        assert once >= 93

    def test_days_on_which_nothing_was_counted_are_no_evidence(self):
        rng = np.random.default_rng(23)
        parts = [*rng.binomial(50, 0.2, 40), *rng.binomial(50, 0.4, 40)]
        (dense,) = shifts(parts, 50)
        spaced, sizes = [], []
        for part in parts:
            spaced += [int(part), 0]
            sizes += [50, 0]
        (found,) = lasting_shifts(spaced, sizes, Kind.SHARE)
        assert (found.start, found.found) == (2 * dense.start, 2 * dense.found)

    @pytest.mark.parametrize("parts", [[], [3], [0] * 40, [50] * 40])
    def test_nothing_to_find(self, parts):
        assert shifts(parts, 50) == []

    def test_counts_shift_too(self):
        rng = np.random.default_rng(24)
        counts = [int(one) for one in [*rng.poisson(30, 20), *rng.poisson(60, 20)]]
        (shift,) = lasting_shifts(counts, [7] * 40, Kind.COUNT)
        assert abs(shift.start - 20) <= 1


class TestMetricChart:
    def test_limits_are_reckoned_anew_after_a_shift(self):
        rng = np.random.default_rng(25)
        parts = [*rng.binomial(40, 0.2, 60), *rng.binomial(40, 0.4, 60)]
        chart = metric_chart(days(parts), after(parts), better=Better.LOWER)
        (shift,) = chart.shifts
        assert abs((shift.day - FIRST).days - 60) <= 3
        assert shift.is_better is False
        assert shift.before.value == pytest.approx(0.2, abs=0.03)
        assert shift.after.value == pytest.approx(0.4, abs=0.03)
        assert shift.change is not None
        assert 0.2 in shift.change
        assert 0 not in shift.change
        assert {one.level for one in chart.periods} == {0, 1}
        first, last = chart.periods[0], chart.periods[-1]
        assert first.upper < 0.42
        assert last.lower > 0.12
        assert all(one.first < shift.day for one in chart.periods if one.level == 0)

    @pytest.mark.parametrize(
        ("better", "act"),
        [(Better.HIGHER, Act.EXCELLENCE), (Better.LOWER, Act.CHAOS), (None, None)],
    )
    def test_a_single_point_is_a_random_act_and_no_change(self, better, act):
        rng = np.random.default_rng(26)
        parts = rng.binomial(40, 0.2, 60)
        parts[40] = 26
        chart = metric_chart(days(parts), after(parts), better=better)
        assert chart.shifts == ()
        (lone,) = [one for one in chart.periods if Rule.BEYOND_3 in one.rules]
        assert lone.first == FIRST + timedelta(days=40)
        assert lone.act is act
        # Nor is it what the level is.
        assert chart.level is not None
        assert chart.level.counted.whole == 59 * 40

    def test_today_is_a_point_and_no_evidence(self):
        rng = np.random.default_rng(27)
        parts = [*rng.binomial(40, 0.2, 60), *rng.binomial(40, 0.5, 9)]
        seen = [metric_chart(days(parts[:n]), after(parts[: n - 1])) for n in range(61, 70)]
        assert [len(one.periods) for one in seen] == list(range(61, 70))
        assert seen[0].shifts == ()

    @pytest.mark.parametrize(
        ("size", "share", "width"), [(40, 0.3, 1), (2, 0.3, 7), (1, 0.05, 31)]
    )
    def test_days_are_joined_where_too_little_happens_in_one(self, size, share, width):
        rng = np.random.default_rng(28)
        parts = rng.binomial(size, share, 181)
        chart = metric_chart(days(parts, size), after(parts))
        assert max((one.until - one.first).days for one in chart.periods) == width
        assert sum(one.counted.whole for one in chart.periods) == 181 * size

    def test_no_period_lies_on_both_sides_of_a_shift(self):
        rng = np.random.default_rng(29)
        parts = [*rng.binomial(3, 0.1, 100), *rng.binomial(3, 0.7, 100)]
        chart = metric_chart(days(parts, 3), after(parts))
        (shift,) = chart.shifts
        assert shift.day.weekday() != 0
        assert any(one.until == shift.day for one in chart.periods)
        assert any(one.first == shift.day for one in chart.periods)

    def test_volume_by_the_week(self):
        rng = np.random.default_rng(30)
        counts = {day: Counted(one.part, 1) for day, one in days(rng.poisson(6, 200)).items()}
        chart = metric_chart(counts, after(range(200)), kind=Kind.COUNT, better=None, large=0)
        assert {(one.until - one.first).days for one in chart.periods[1:-1]} == {7}
        assert chart.shifts == ()

    def test_nothing_counted_has_no_chart(self):
        for known in ({}, {FIRST: Counted(0, 0)}, {FIRST + timedelta(days=9): Counted(1, 2)}):
            assert metric_chart(known, FIRST).periods == ()
            assert metric_chart(known, FIRST).level is None


class TestConsistency:
    """The worked example of docs/metrics.md."""

    def index(self, parts, better=Better.LOWER):
        chart = metric_chart(days(parts), after(parts), better=better)
        counted = consistency(chart).values()
        return sum(counted, Counted())

    def test_the_worked_example(self):
        quiet = [8, 7, 9, 8, 6, 10, 8, 9, 7, 8] * 6
        assert self.index(quiet) == Counted(60, 60)
        # Two days of a storm: 58 of 60 are steady.
        assert self.index([*quiet[:30], 26, 27, *quiet[32:]]) == Counted(58, 60)

    def test_a_change_for_the_worse_costs_its_first_8_periods(self):
        rng = np.random.default_rng(31)
        worse = [*rng.binomial(40, 0.2, 45), *rng.binomial(40, 0.5, 45)]
        lost = self.index(worse), self.index(worse, Better.HIGHER)
        assert lost[1].part - lost[0].part >= LASTS - 2
        assert lost[0].whole == 90

    def test_a_steady_brand_is_near_1(self):
        rng = np.random.default_rng(32)
        shares = [self.index(rng.binomial(40, 0.2, 90)).value for _ in range(60)]
        assert np.mean(shares) > 0.97


class TestSurelyBeyond:
    def test_grows_with_what_was_seen_and_with_the_lead(self):
        sure = [
            surely_beyond(Counted(36 * n, 100 * n), 0.3, 1.0, Better.HIGHER) for n in (2, 8, 32)
        ]
        assert sure == sorted(sure)
        assert sure[-1] > SURE
        assert surely_beyond(Counted(400, 1000), 0.3, 1.0, Better.HIGHER) > sure[1]

    def test_lower_is_the_mirror(self):
        up = surely_beyond(Counted(90, 300), 0.2, 1.0, Better.HIGHER)
        down = surely_beyond(Counted(210, 300), 0.8, 1.0, Better.LOWER)
        assert up == pytest.approx(down)

    def test_what_varies_more_tells_less(self):
        seen = Counted(370, 1000)
        assert surely_beyond(seen, 0.3, 2.0, Better.HIGHER) < surely_beyond(
            seen, 0.3, 1.0, Better.HIGHER
        )

    @pytest.mark.parametrize("seen", [Counted(0, 0), Counted(0, 900), Counted(300, 1000)])
    def test_knows_nothing_of_what_does_not_lead(self, seen):
        assert surely_beyond(seen, 0.3, 1.0, Better.HIGHER) == 0.0

    @pytest.mark.parametrize("target", [1e-3, 0.999, 1.0])
    def test_extreme_goals(self, target):
        for part in (0, 500, 1000):
            for better in Better:
                assert 0 <= surely_beyond(Counted(part, 1000), target, 1.0, better) <= 1


class TestCheckpoint:
    def test_needs_a_level_that_has_held(self):
        rate = Rate(400, 1000)
        assert judge_checkpoint(rate, 0.3, level(rate, days=LASTS)).reached
        assert not judge_checkpoint(rate, 0.3, level(rate, days=LASTS - 1)).reached
        assert not judge_checkpoint(rate, 0.3, None).reached

    def test_needs_the_window_too(self):
        held = level(Rate(400, 1000))
        assert not judge_checkpoint(Rate(29, 100), 0.3, held).reached
        assert judge_checkpoint(Rate(30, 100), 0.3, held).reached
        assert not judge_checkpoint(Rate(0, 0), 0.3, held).reached

    @pytest.mark.parametrize(
        ("part", "total", "target", "onward"),
        [
            (391, 1100, 0.30, 0.42),
            (5000, 10000, 0.30, 0.55),
            (995, 1000, 0.90, None),  # rounded up it would be 100%: no goal
            (100, 100, 0.90, None),
        ],
    )
    def test_the_next_goal_is_raised(self, part, total, target, onward):
        rate = Rate(part, total)
        assert judge_checkpoint(rate, target, level(rate)).next_target == onward

    def test_lower_is_better_is_the_mirror(self):
        rate = Rate(40, 1000)
        result = judge_checkpoint(rate, 0.10, level(rate), better=Better.LOWER)
        assert result.reached
        assert result.next_target == 0.03
        close = Rate(90, 1000)
        assert not judge_checkpoint(close, 0.10, level(close), better=Better.LOWER).reached

    @pytest.mark.parametrize("target", [-0.1, 1.1, 30])
    def test_refuses_a_goal_that_is_no_share(self, target):
        with pytest.raises(ValueError, match="between 0 and 1"):
            judge_checkpoint(Rate(1, 2), target, None)
