"""The short form of `make faults`: some kills, some faults, some hostile input at each door."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.store import Store
from tests.alerts.fake_slack import FakeSlack
from tests.crawler.site import running_site
from tests.proof import faults, kills
from tests.proof.fuzz import DOORS, fuzz
from tests.proof.kills import see_to_aside
from tests.proof.pipeline import Pipeline, outcome
from tests.proof.replay_site import ReplaySite


@pytest.mark.slow("kills a daemon and its children four times, and lets the last one finish")
def test_killed_at_random_moments_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    tally = kills.run(tmp_path, kills=4, mentions=60, limit_s=600, serve=False)
    assert tally.kills.total() == 4
    assert tally.outcome.due > 0, "a run in which nobody complains shows nothing"
    assert tally.good, str(tally)


@pytest.mark.slow("scores with the real command what was put aside")
def test_what_was_at_hand_at_two_kills_is_seen_to(tmp_path: Path) -> None:
    with running_site() as site, FakeSlack() as slack:
        shown = ReplaySite(site, 1)
        shown.show(12)
        pipeline = Pipeline(tmp_path, shown, slack, serve=False)
        crawled = pipeline.carry_out("crawl")
        assert crawled.returncode == 0, crawled.stderr
        with Store.open(pipeline.store) as store:
            at_hand = store.verdicts.waiting(3)
            for _ in range(2):
                store.scoring_tries.begin(at_hand, datetime.now(UTC))
        scored = pipeline.carry_out("process")
        with Store.open(pipeline.store, readonly=True) as store:
            assert store.verdicts.count_waiting() == len(at_hand), scored.stderr
        assert see_to_aside(pipeline, time.monotonic() + 300) == len(at_hand)
        assert outcome(pipeline).good, str(outcome(pipeline))
        assert see_to_aside(pipeline, time.monotonic()) == 0


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
