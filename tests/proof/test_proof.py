"""The short form of `make faults`: some kills, some faults, some hostile input at each door."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proof import faults, kills
from tests.proof.fuzz import DOORS, fuzz


@pytest.mark.slow("kills a daemon and its children four times, and lets the last one finish")
def test_killed_at_random_moments_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    tally = kills.run(tmp_path, kills=4, mentions=60, limit_s=600, serve=False)
    assert tally.kills.total() == 4
    assert tally.outcome.due > 0, "a run in which nobody complains shows nothing"
    assert tally.good, str(tally)


@pytest.mark.slow("a daemon under load, and a fault in it")
@pytest.mark.parametrize("name", ["slack_hangs", "clock_back"])
def test_a_fault_under_load_is_seen_and_passes(name: str) -> None:
    came = faults.run(name)
    assert came.good, faults.table([came])
    assert (came.lost, came.doubled) == (0, 0)


@pytest.mark.parametrize("door", DOORS)
def test_hostile_input_ends_in_no_traceback(door: str) -> None:
    found = fuzz(door, 120)
    assert found.cases == 120
    assert found.failures == {}


def test_the_harness_tells_a_failure() -> None:
    """One that finds nothing whatever comes would prove nothing."""
    came = fuzz("config", 2, breaking=True)
    assert came.failures
    assert all("RuntimeError" in kind for kind in came.failures)
