"""A wall clock that is set is seen against a steady one; jobs run at their distance anyway."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine

from alerts.clock_steps import ClockSteps
from alerts.outbox.send_queue import Pace
from alerts.scheduler import Schedule
from tests.waiting import PATIENCE_S

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wall_s", "steady_s", "step_s"),
    [
        (60.0, 60.0, None),
        (61.9, 60.0, None),
        (62.0, 60.0, 2.0),
        (60.0 - 3600, 60.0, -3600.0),
        (60.0 + 30 * 86400, 60.0, 30 * 86400.0),
    ],
)
def test_a_step_is_where_the_clocks_part(
    wall_s: float, steady_s: float, step_s: float | None
) -> None:
    wall, steady = [1000.0, 1000.0 + wall_s], [5.0, 5.0 + steady_s]
    steps = ClockSteps(lambda: wall.pop(0), lambda: steady.pop(0))
    assert steps.look() == (None if step_s is None else timedelta(seconds=step_s))


def test_a_step_is_seen_once() -> None:
    wall, steady = [0.0, -3600.0, -3599.0], [0.0, 1.0, 2.0]
    steps = ClockSteps(lambda: wall.pop(0), lambda: steady.pop(0))
    assert steps.look() is not None
    assert steps.look() is None


@pytest.mark.parametrize("step", [-HOUR, -30 * 24 * HOUR, 30 * 24 * HOUR])
def test_jobs_run_on_whatever_the_clock_is_set_to(step: timedelta) -> None:
    ran, heard = threading.Event(), threading.Event()
    steps: list[timedelta] = []

    def on_step(by: timedelta) -> None:
        steps.append(by)
        heard.set()

    with time_machine.travel(datetime.now(UTC)) as clock:
        schedule = Schedule(threads=2, on_step=on_step)
        schedule.every("often", timedelta(seconds=0.1), ran.set)
        schedule.every("seldom", 10 * 24 * HOUR, lambda: None)
        schedule.start()
        try:
            assert ran.wait(PATIENCE_S)
            clock.shift(step)
            assert heard.wait(PATIENCE_S)
            ran.clear()
            assert ran.wait(PATIENCE_S)
            seldom = schedule.next_runs()["seldom"]
        finally:
            schedule.stop()
        assert [round(one / HOUR) for one in steps] == [round(step / HOUR)]
        assert seldom is not None
        # As far away as before; ahead of time it fell due, ran, and is a whole distance away.
        assert abs(seldom - datetime.now(UTC) - 10 * 24 * HOUR) < HOUR


def test_a_daily_job_keeps_its_clock_time() -> None:
    heard = threading.Event()
    with time_machine.travel(datetime(2026, 5, 20, 9, 30, tzinfo=UTC)) as clock:
        schedule = Schedule(threads=1, on_step=lambda by: heard.set())
        schedule.daily("digest", time(9), UTC, lambda: None)
        schedule.start()
        try:
            clock.shift(-30 * 24 * HOUR)
            assert heard.wait(PATIENCE_S)
            next_at = schedule.next_runs()["digest"]
        finally:
            schedule.stop()
    assert next_at == datetime(2026, 4, 21, 9, tzinfo=UTC)


def test_a_pace_that_a_wrong_clock_began_is_kept_once() -> None:
    pace, ahead = Pace(1.0), timedelta(days=30)
    pace.took("C1", NOW + ahead)
    assert pace.wait("C1", NOW) == 1.0
    assert pace.wait("C1", NOW + timedelta(seconds=0.25)) == 0.75
    assert pace.wait("C1", NOW + timedelta(seconds=1)) == 0.0
