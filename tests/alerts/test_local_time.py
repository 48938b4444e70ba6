"""Local clock times: no day is without its moment, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.decide.local_time import DAY, latest_day, local_moment, next_moment
from alerts.scheduler import _Daily

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "America/Havana",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "America/New_York",
)
TIMES = (time(0), time(0, 30), time(2, 15), time(2, 30), time(9), time(23, 30))


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "at", "moment"),
    [
        # skipped: moved on by as much
        ("Europe/Berlin", date(2026, 3, 29), time(2, 30), "2026-03-29T01:30"),
        ("America/Sao_Paulo", date(2018, 11, 4), time(0), "2018-11-04T03:00"),
        ("Asia/Beirut", date(2026, 3, 29), time(0), "2026-03-28T22:00"),
        ("Africa/Cairo", date(2026, 4, 24), time(0, 15), "2026-04-23T22:15"),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), "2026-10-03T15:45"),
        # twice: the first
        ("Europe/Berlin", date(2026, 10, 25), time(2, 30), "2026-10-25T00:30"),
        ("America/Sao_Paulo", date(2018, 2, 17), time(23, 30), "2018-02-18T01:30"),
        ("Australia/Lord_Howe", date(2026, 4, 5), time(1, 45), "2026-04-04T14:45"),
    ],
)
def test_a_time_that_is_skipped_or_comes_twice(zone, day, at, moment):
    assert local_moment(day, at, ZoneInfo(zone)) == utc(moment)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", TIMES, ids=str)
def test_a_daily_job_runs_once_on_each_local_day_of_years(zone, at):
    """APScheduler's CronTrigger left out midnight of the day after the clocks went on."""
    place = ZoneInfo(zone)
    trigger = _Daily(at, place)
    day, moment = date(2017, 6, 1), None
    before = local_moment(day, at, place)
    for number in range(800):
        moment = trigger.get_next_fire_time(moment, before)
        assert moment == local_moment(day + number * DAY, at, place)
        assert latest_day(at, place, moment) == day + number * DAY
        assert latest_day(at, place, moment - timedelta(seconds=1)) == day + (number - 1) * DAY


@given(
    st.sampled_from(ZONES),
    st.sampled_from(TIMES),
    st.integers(0, 15 * 366 * 86400).map(
        lambda seconds: utc("2015-01-01T00:00") + timedelta(seconds=seconds)
    ),
)
@settings(deadline=None, max_examples=300)
def test_the_next_comes_right_after_the_latest(zone, at, now):
    place = ZoneInfo(zone)
    today = latest_day(at, place, now)
    assert local_moment(today, at, place) <= now
    assert next_moment(at, place, now) == local_moment(today + DAY, at, place) > now
