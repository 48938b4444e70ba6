"""Local clock times as moments, whatever a zone's clock changes do to them. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAY = timedelta(days=1)
_A_MOMENT = timedelta(microseconds=1)


def local_moment(day: date, at: time, zone: tzinfo) -> datetime:
    """Give the UTC moment when a zone's clock shows a time of a day; of two the first.

    A time that a clock change skips is moved on by as much as it skips: no day is without one.
    """
    return datetime.combine(day, at, zone).astimezone(UTC)


def local_day(moment: datetime, zone: tzinfo) -> date:
    """Give the date that a zone's calendar shows at a moment."""
    return moment.astimezone(zone).date()


def last_local_day(end: datetime, zone: tzinfo) -> date:
    """Give the date of the last moment before `end`, which is itself no part of a period."""
    return local_day(end - _A_MOMENT, zone)


def first_of_days(days: int, zone: tzinfo, now: datetime) -> datetime:
    """Give the moment when the first of so many days begins, of which today is the last.

    A period of days means this in reports, and on the dashboards, whose days are UTC.
    """
    return local_moment(local_day(now, zone) - (days - 1) * DAY, time(), zone)


def latest_day(at: time, zone: tzinfo, now: datetime) -> date:
    """Give the last day on which a clock time has come by `now`."""
    day = local_day(now, zone)
    while local_moment(day, at, zone) > now:
        day -= DAY
    return day


def next_moment(at: time, zone: tzinfo, after: datetime) -> datetime:
    """Give the first UTC moment after another when a zone's clock shows a time."""
    day = local_day(after, zone) - DAY
    while (moment := local_moment(day, at, zone)) <= after:
        day += DAY
    return moment
