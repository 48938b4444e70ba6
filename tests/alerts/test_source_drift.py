"""Drift of a source: real changes are found within days, quiet months stay quiet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest

from alerts.decide.source_drift import LEAST_MOVED, NEW_USUAL, Drift, find_drift
from alerts.decide.stats import Rate

START = date(2026, 3, 2)
Days = dict[date, Rate]


def quiet(volume: float, share: float, days: int, seed: int, spread: float = 0.0) -> Days:
    """Make days of a process that does not change; `spread` correlates the mentions of a day."""
    rng = np.random.default_rng(seed)
    made = {}
    for number in range(days):
        day = START + timedelta(days=number)
        total = int(rng.poisson(volume * (0.5 if day.weekday() >= 5 else 1)))
        level = share
        if spread and 0 < share < 1:
            scale = 1 / spread - 1
            level = float(rng.beta(share * scale, (1 - share) * scale))
        made[day] = Rate(int(rng.binomial(total, level)), total)
    return made


def watched(days: Days, first: int = 28) -> list[Drift | None]:
    """Look at each day in turn, as the routine does."""
    found: list[Drift | None] = []
    known = None
    for number in range(first, len(days)):
        today = START + timedelta(days=number)
        so_far = {day: rate for day, rate in days.items() if day <= today}
        known = find_drift("experience none", so_far, today, known)
        found.append(known)
    return found


@pytest.mark.parametrize(("volume", "within"), [(300, 2), (60, 2), (15, 3), (6, 7)])
@pytest.mark.parametrize(("before", "after"), [(0.08, 0.61), (0.9, 0.3), (0.0, 0.5), (1.0, 0.4)])
def test_a_changed_feed_is_seen_within_days(
    volume: float, within: int, before: float, after: float
) -> None:
    days = quiet(volume, before, 40, seed=1)
    changed = quiet(volume, after, 60, seed=2)
    days |= {day: rate for day, rate in changed.items() if day >= START + timedelta(days=40)}
    found = watched(days)
    seen = next(number for number, one in enumerate(found) if one is not None)
    assert 12 <= seen <= 12 + within
    drift = found[seen]
    assert drift is not None
    assert drift.before == pytest.approx(before, abs=0.03)
    assert abs(drift.moved) > LEAST_MOVED


def test_it_ends_when_the_share_is_back() -> None:
    days = quiet(60, 0.1, 70, seed=3)
    away = quiet(60, 0.7, 70, seed=4)
    days |= {START + timedelta(days=n): away[START + timedelta(days=n)] for n in range(40, 46)}
    found = watched(days)
    assert found[12 + 2] is not None
    assert found[12 + 9 :] == [None] * len(found[12 + 9 :])


def test_what_lasts_two_weeks_is_the_usual_level_from_then_on() -> None:
    days = quiet(60, 0.1, 90, seed=5)
    away = quiet(60, 0.7, 90, seed=6)
    days |= {day: rate for day, rate in away.items() if day >= START + timedelta(days=40)}
    found = watched(days)
    drift = next(one for one in found if one is not None)
    after = (drift.since + NEW_USUAL - START).days - 28
    assert found[after - 1] is not None
    assert found[after] is None
    # As the store does: from then on nothing before it counts.
    later = {day: rate for day, rate in days.items() if day >= drift.since}
    quiet_again = [
        find_drift("x", {d: r for d, r in later.items() if d <= day}, day)
        for day in later
        if day >= drift.since + NEW_USUAL
    ]
    assert set(quiet_again) == {None}


def test_one_thread_of_talk_on_one_day_is_no_change() -> None:
    days = quiet(20, 0.1, 45, seed=7)
    days[START + timedelta(days=40)] = Rate(58, 60)
    assert set(watched(days)) == {None}


@pytest.mark.parametrize(
    "days",
    [
        pytest.param(dict, id="nothing"),
        pytest.param(lambda: quiet(60, 0.5, 6, seed=8), id="a week of history"),
        pytest.param(lambda: quiet(0.5, 0.5, 90, seed=9), id="hardly anybody speaks"),
        pytest.param(
            lambda: {day: Rate(0, 0) for day in quiet(1, 0.5, 60, seed=10)}, id="silence"
        ),
    ],
)
def test_too_little_is_never_judged(days: Callable[[], Days]) -> None:
    assert set(watched(days(), first=0)) <= {None}


@pytest.mark.parametrize("spread", [0.0, 0.03])
def test_quiet_months_stay_quiet(spread: float) -> None:
    """Of 40 sources with ten shares, two months each: at most one alarm in all."""
    alarms = 0
    for seed in range(40):
        for number, share in enumerate((0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1.0, 0.2)):
            days = quiet(20, share, 88, seed=1000 * seed + number, spread=spread)
            found = watched(days)
            alarms += sum(
                one is not None and (at == 0 or found[at - 1] is None)
                for at, one in enumerate(found)
            )
    assert alarms <= 1
