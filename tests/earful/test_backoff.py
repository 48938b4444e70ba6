"""A stage that fails again and again is left alone for longer each time, and by itself."""

from __future__ import annotations

from earful.backoff import Backoff


def test_the_first_failures_cost_nothing_then_waits_double_to_ten_times() -> None:
    now = 0.0
    backoff = Backoff(60.0, lambda: now)
    waits = []
    for _ in range(9):
        backoff.failed("score")
        began = now
        while backoff.waits("score"):
            now += 1.0
        waits.append(now - began)
    assert waits == [0, 0, 60, 120, 240, 480, 600, 600, 600]
    assert not backoff.waits("judge")


def test_one_success_ends_it() -> None:
    now = 0.0
    backoff = Backoff(60.0, lambda: now)
    for _ in range(5):
        backoff.failed("score")
    assert backoff.waits("score")
    backoff.worked("score")
    assert not backoff.waits("score")
    backoff.failed("score")
    assert not backoff.waits("score")
