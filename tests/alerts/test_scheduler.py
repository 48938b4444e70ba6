"""Jobs run on time, late ones late, broken ones alone."""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

import pytest
from apscheduler.events import EVENT_JOB_EXECUTED, EVENT_JOB_MAX_INSTANCES

from alerts.scheduler import Schedule
from tests.waiting import PATIENCE_S, wait_for


@pytest.fixture
def errors():
    return []


@pytest.fixture
def schedule(errors):
    made = Schedule(on_error=lambda name, error: errors.append((name, error)))
    yield made
    made.stop(wait=False)


def test_runs_again_and_again(schedule):
    runs = []
    schedule.every("tick", timedelta(seconds=0.05), lambda: runs.append(1))
    schedule.start()
    wait_for(lambda: len(runs) >= 3)


def test_a_raising_job_stops_neither_itself_nor_others(schedule, errors, caplog):
    runs = []

    def broken():
        raise RuntimeError("out of order")

    with caplog.at_level(logging.ERROR, "alerts.scheduler"):
        schedule.every("broken", timedelta(seconds=0.05), broken)
        schedule.every("tick", timedelta(seconds=0.05), lambda: runs.append(1))
        schedule.start()
        wait_for(lambda: len(errors) >= 2 and len(runs) >= 3)
    assert errors[0][0] == "broken"
    assert str(errors[0][1]) == "out of order"
    assert "job broken failed: out of order" in caplog.text


def test_a_job_that_takes_long_is_told_of_once_and_once_when_it_has_ended(schedule, caplog):
    let_go = threading.Event()
    left_out: list[object] = []
    ended: list[object] = []
    schedule._scheduler.add_listener(left_out.append, EVENT_JOB_MAX_INSTANCES)
    schedule._scheduler.add_listener(ended.append, EVENT_JOB_EXECUTED)

    def told():
        return [one.getMessage() for one in caplog.records if one.name == "alerts.scheduler"]

    with caplog.at_level(logging.INFO, "alerts.scheduler"):
        schedule.every("long", timedelta(seconds=0.05), lambda: let_go.wait(PATIENCE_S))
        schedule.start()
        wait_for(lambda: len(left_out) >= 3)
        assert told() == ["job long is still running: its runs are left out until it has ended"]
        let_go.set()
        wait_for(lambda: len(ended) >= 2)
        wait_for(lambda: len(told()) >= 2)
        second = told()[1]
    said, _, number = second.rpartition(": ")
    assert said == "job long has ended; runs left out"
    assert int(number) >= 3


def test_a_slow_job_never_overlaps_itself(schedule):
    inside, most = [], []

    def slow():
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.1)
        inside.pop()

    schedule.every("slow", timedelta(seconds=0.02), slow)
    schedule.start()
    wait_for(lambda: len(most) >= 3)
    assert max(most) == 1


def test_a_late_job_runs_late_and_missed_runs_become_one(schedule):
    runs = []
    long = timedelta(hours=3)
    schedule.every("late", timedelta(hours=1), lambda: runs.append(1), first_after=-long)
    schedule.start()
    wait_for(lambda: runs)
    assert schedule.next_runs()["late"] > datetime.now(UTC)
    schedule.stop(wait=True)  # whatever was begun is done by then
    assert runs == [1]


def test_once_in_the_past_runs_now_and_the_same_name_moves_it(schedule):
    runs = []
    schedule.once("soon", lambda: runs.append("later"), timedelta(hours=1))
    schedule.start()
    schedule.once("soon", lambda: runs.append("now"), -timedelta(hours=1))
    wait_for(lambda: runs)
    assert runs == ["now"]


def test_daily_keeps_its_local_time_over_a_clock_change(schedule):
    berlin = ZoneInfo("Europe/Berlin")
    schedule.daily("digest", clock_time(8, 0), berlin, lambda: None)
    schedule.start()
    trigger = schedule._scheduler.get_job("digest").trigger
    before = trigger.get_next_fire_time(None, datetime(2026, 10, 24, 12, 0, tzinfo=berlin))
    after = trigger.get_next_fire_time(before, before + timedelta(seconds=1))
    earlier = trigger.get_next_fire_time(None, datetime(2026, 10, 23, 12, 0, tzinfo=berlin))
    local = [moment.astimezone(berlin).hour for moment in (earlier, before, after)]
    assert local == [8, 8, 8]
    assert before - earlier == timedelta(hours=25)
    assert after - before == timedelta(hours=24)


def test_jitter_moves_runs(schedule):
    schedule.every("jittery", timedelta(minutes=30), lambda: None, timedelta(minutes=5))
    schedule.start()
    gap = schedule.next_runs()["jittery"] - datetime.now(UTC)
    assert timedelta(minutes=24) < gap < timedelta(minutes=36)


def test_stop_waits_for_what_is_under_way(schedule):
    began, ended = threading.Event(), threading.Event()

    def slow():
        began.set()
        time.sleep(0.2)
        ended.set()

    schedule.once("slow", slow)
    schedule.start()
    assert began.wait(PATIENCE_S)
    schedule.stop(wait=True)
    assert ended.is_set()
    schedule.stop()  # again is harmless


def test_sensible_defaults(schedule):
    schedule.every("tick", timedelta(hours=1), lambda: None)
    schedule.start()
    job = schedule._scheduler.get_job("tick")
    assert (job.misfire_grace_time, job.coalesce, job.max_instances) == (None, True, 1)


def test_a_stop_waits_for_a_job_that_asks_for_the_next_runs() -> None:
    schedule = Schedule(threads=1)
    begun, go_on = threading.Event(), threading.Event()
    seen: list[dict[str, datetime | None]] = []

    def job() -> None:
        begun.set()
        go_on.wait(30)
        seen.append(schedule.next_runs())

    schedule.once("asks", job)
    schedule.start()
    assert begun.wait(30)
    stopping = threading.Thread(target=schedule.stop)
    stopping.start()
    go_on.set()
    stopping.join(30)
    assert not stopping.is_alive()
    assert len(seen) == 1
