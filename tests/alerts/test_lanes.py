"""Jobs of one lane in the order of their moments, jobs of several at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from alerts.slack.lanes import PATIENCE_S, Lanes
from tests.waiting import PATIENCE_S as TEST_PATIENCE_S
from tests.waiting import wait_for


@pytest.fixture
def lanes() -> Iterator[Lanes]:
    made = Lanes(4, "test")
    yield made
    made.stop()


def test_jobs_of_a_lane_go_by_their_moments_whatever_thread_brings_them(lanes: Lanes) -> None:
    free = threading.Event()
    done: list[int] = []
    lanes.submit("case", "first", lambda: free.wait(TEST_PATIENCE_S), 0.5)
    threads = [
        threading.Thread(
            target=lanes.submit, args=("case", str(at), partial(done.append, at), float(at))
        )
        for at in (3, 1, 4, 2, 5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    free.set()
    wait_for(lambda: len(done) == 5)
    assert done == [1, 2, 3, 4, 5]


def test_what_was_announced_keeps_its_place_for_a_slow_thread(lanes: Lanes) -> None:
    done: list[str] = []
    lanes.announce("case", "slow", 1.0)
    lanes.announce("case", "quick", 2.0)
    lanes.submit("case", "quick", lambda: done.append("quick"), 2.0)
    time.sleep(0.05)
    assert done == []
    lanes.submit("case", "slow", lambda: done.append("slow"), 1.0)
    wait_for(lambda: len(done) == 2)
    assert done == ["slow", "quick"]


def test_what_never_comes_holds_nobody_up_for_long(lanes: Lanes) -> None:
    done: list[float] = []
    began = time.monotonic()
    lanes.announce("case", "lost", 1.0)
    lanes.submit("case", "other", lambda: done.append(time.monotonic() - began), 2.0)
    lanes.submit("elsewhere", "third", lambda: done.append(0.0))
    wait_for(lambda: len(done) == 2)
    assert done[0] == 0.0
    assert PATIENCE_S / 2 < done[1] < 4 * PATIENCE_S


def test_lanes_do_not_wait_for_one_another(lanes: Lanes) -> None:
    free = threading.Event()
    done: list[int] = []
    lanes.submit("held", "one", lambda: free.wait(TEST_PATIENCE_S))
    lanes.submit("free", "two", lambda: done.append(2))
    wait_for(lambda: done)
    free.set()


def test_what_was_taken_is_done_before_it_stops() -> None:
    lanes = Lanes(2, "test")
    done: list[int] = []
    for number in range(20):
        lanes.submit("case", str(number), partial(done.append, number))
    lanes.stop()
    assert done == list(range(20))
