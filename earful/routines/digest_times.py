"""When digests fall due, and which local days each tells of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.decide.local_time import DAY, latest_day, local_moment
from config.settings import Settings
from earful.brand_zones import zone_of

_WEEK = 7
_DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# A week's digest that is later than this is no news any more.
_LATEST = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Period:
    """The local days from `start` to `end`, from digest to digest, and as many from `before` on.

    A day with a clock change has 23 or 25 hours, and all of them belong to it.
    """

    before: datetime
    start: datetime
    end: datetime
    zone: ZoneInfo
    weekly: bool = False


def due_periods(settings: Settings, brand: str, now: datetime) -> list[Period]:
    """Give the periods whose digests were due last: the day's, and the week's where it is due.

    The week's is due for two days: a daemon that was away on the day itself still writes it.
    """
    zone = zone_of(settings, brand)
    at = time.fromisoformat(settings.alerts.digest_at)
    today = latest_day(at, zone, now)
    periods = [_period(today, at, zone, weekly=False)]
    if settings.alerts.weekly_on in _DAY_NAMES:
        ago = (today.weekday() - _DAY_NAMES.index(settings.alerts.weekly_on)) % _WEEK
        week = _period(today - ago * DAY, at, zone, weekly=True)
        if now - week.end <= _LATEST:
            periods.append(week)
    return periods


def _period(last: date, at: time, zone: ZoneInfo, *, weekly: bool) -> Period:
    days = (_WEEK if weekly else 1) * DAY
    before, start, end = (
        local_moment(day, at, zone) for day in (last - 2 * days, last - days, last)
    )
    return Period(before, start, end, zone, weekly)
