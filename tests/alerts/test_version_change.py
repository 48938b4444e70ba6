"""A version that makes things worse is told from chance, each source and country by itself."""

from __future__ import annotations

from random import Random

import pytest
from scipy.stats import fisher_exact

from alerts.decide.stats import Rate
from alerts.decide.version_change import (
    CHANCE,
    MIN_TOLD,
    Direction,
    Stratum,
    compare,
    earlier_versions,
    look_number,
)


def stratum(before: tuple[int, int], after: tuple[int, int]) -> Stratum:
    return Stratum(Rate(*before), Rate(*after))


@pytest.mark.parametrize(
    ("before", "after"), [((10, 100), (20, 60)), ((5, 200), (1, 21)), ((30, 90), (30, 90))]
)
def test_one_stratum_is_fishers_test(before: tuple[int, int], after: tuple[int, int]) -> None:
    change = compare([stratum(before, after)])
    table = [[after[0], after[1] - after[0]], [before[0], before[1] - before[0]]]
    tails = [fisher_exact(table, alternative=side).pvalue for side in ("less", "greater")]
    assert change is not None
    assert change.p_value == pytest.approx(min(1.0, 2 * min(tails)))


def test_a_change_in_who_writes_is_no_change_in_what_they_tell() -> None:
    # Each country complains as before; after the release more of the angry one write.
    strata = [stratum((40, 100), (120, 300)), stratum((30, 300), (10, 100))]
    change = compare(strata)
    assert change is not None
    assert (change.before.value, change.after.value) == (70 / 400, 130 / 400)
    assert change.difference == pytest.approx(0)
    assert 0 in change.interval
    assert change.direction(less_is_better=True) is None
    pooled = compare([stratum((70, 400), (130, 400))])
    assert pooled is not None
    assert pooled.direction(less_is_better=True) is Direction.WORSE


def test_what_is_worse_and_what_is_better() -> None:
    worse = compare([stratum((12, 120), (30, 80)), stratum((10, 100), (20, 70))])
    assert worse is not None
    assert worse.interval.low > 0.1
    assert worse.direction(less_is_better=True) is Direction.WORSE
    assert worse.direction(less_is_better=False) is Direction.BETTER


def test_too_few_are_not_compared() -> None:
    assert compare([stratum((0, MIN_TOLD), (MIN_TOLD - 1, MIN_TOLD - 1))]) is None
    assert compare([stratum((0, MIN_TOLD), (0, 0)), stratum((0, 0), (9, MIN_TOLD))]) is None
    assert compare([stratum((0, MIN_TOLD), (9, MIN_TOLD))]) is not None
    assert compare([]) is None


def test_the_interval_of_a_difference_holds_the_truth_as_often_as_it_says() -> None:
    chance, held = Random(5), 0
    for _ in range(2_000):
        strata = [
            stratum(_draw(chance, low, 90), _draw(chance, low + 0.1, size))
            for low, size in ((0.1, 60), (0.3, 40), (0.05, 80))
        ]
        change = compare(strata)
        assert change is not None
        held += 0.1 in change.interval
    assert held / 2_000 == pytest.approx(0.95, abs=0.015)


def _draw(chance: Random, share: float, total: int) -> tuple[int, int]:
    return sum(chance.random() < share for _ in range(total)), total


def looked_at(chance: Random, before: float, after: float, most: int) -> tuple[bool, int]:
    """Look at a version as its mentions come in; tell whether it is called worse, and when."""
    base = _draw(chance, before, 300)
    parts = told = looks = 0
    while told < most:
        told += 1
        parts += chance.random() < after
        if look_number(told) > looks:
            looks = look_number(told)
            change = compare([stratum(base, (parts, told))])
            if change is not None and change.direction(less_is_better=True):
                return True, told
    return False, told


def test_a_version_that_changes_nothing_is_hardly_ever_called_worse_or_better() -> None:
    chance = Random(11)
    found = sum(looked_at(chance, 0.2, 0.2, 700)[0] for _ in range(1_000))
    # Of two metrics: so many by chance in one of them.
    assert found / 1_000 < 0.025


def test_a_version_that_doubles_complaints_is_found() -> None:
    chance = Random(12)
    looked = [looked_at(chance, 0.15, 0.3, 700) for _ in range(200)]
    assert sum(found for found, _ in looked) / 200 > 0.95
    assert CHANCE < 0.01


def test_versions_are_ordered_by_number() -> None:
    versions = ["1.9", "1.10", "1.10.1", "2.0b1", "2026 spring", "", "1.2"]
    assert earlier_versions("1.10", versions) == ("1.9", "1.2")
    assert earlier_versions("2.0", versions) == ("1.9", "1.10", "1.10.1", "2.0b1", "1.2")
    assert earlier_versions("2026 spring", versions) == ()
    assert [look_number(told) for told in (0, 19, 20, 39, 40, 79, 80)] == [0, 0, 1, 1, 2, 2, 3]
