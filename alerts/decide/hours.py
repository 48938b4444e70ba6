"""Business hours and quiet hours as people write them in the config."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from alerts.decide.holiday_dates import NO_HOLIDAYS, Holidays
from alerts.decide.working_time import (
    MINUTES_A_DAY,
    BusinessHours,
    Shift,
    is_whole_week,
    joined,
)
from config.errors import ConfigError

__all__ = ["BusinessHours", "parse", "parse_quiet"]

WHERE = "[cases] business_hours"
EXAMPLE = (
    '"Mon-Fri 09:00-18:00 Europe/Berlin", "Mon-Thu 08:00-12:00,13:30-17:00, Fri 08:00-14:00 UTC" '
    'or "24/7"'
)
QUIET_EXAMPLE = (
    '"22:00-07:00 Europe/Berlin" or "Mon-Fri 20:00-08:00, Sat-Sun 00:00-24:00 Europe/Berlin"'
)

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_EVERY_DAY = "Mon-Sun"
_DAY_PART = re.compile(r"[A-Za-z]+(?:\s*[-–]\s*[A-Za-z]+)?")
_TIME_PART = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")
_GROUP = re.compile(
    rf"\s*({_DAY_PART.pattern}(?:\s*/\s*{_DAY_PART.pattern})*)"
    r"((?:\s+\d{1,2}:\d{2}\s*[-–]\s*\d{1,2}:\d{2})+)\s*"
)


@lru_cache(maxsize=64)  # the weeks that are worked out serve the next pass too
def parse(
    text: str, where: str = WHERE, *, holidays: Holidays = NO_HOLIDAYS, zone: str = "UTC"
) -> BusinessHours:
    """Read hours such as `Mon-Fri 08:00-12:00,13:30-18:00, Sat 10:00-14:00 Europe/Berlin`.

    Groups are parted by commas or semicolons; several spans may follow their days, and a group
    without days is of those before it; a span that ends before it starts runs past midnight.
    `24/7` needs no zone: its holidays are then those of `zone`. Raises ConfigError, which names
    `where` the text stands.
    """
    hours = " ".join(text.split())
    try:
        if hours.lower().startswith("24/7"):
            place = _zone(hours[4:].strip() or zone)
            shifts = tuple(Shift(number, 0, MINUTES_A_DAY) for number in range(7))
        else:
            said, place = _spans_of(hours)
            shifts = joined(said)
    except _WrongHoursError as wrong:
        raise ConfigError(f'{where} = "{text}": {wrong}; write it like {EXAMPLE}') from None
    if is_whole_week(shifts) and not holidays:
        return BusinessHours((), place)
    return BusinessHours(shifts, place, holidays)


@lru_cache(maxsize=256)
def parse_quiet(text: str, where: str) -> BusinessHours:
    """Read quiet hours as `parse` does, but for two things that people mean by them.

    Times without days are of every day. A span past midnight is in the evening and in the morning
    of each of its days: after `Mon-Fri 20:00-08:00, Sat-Sun 00:00-24:00` it is Monday, 8 o'clock.
    Hours that leave no time of the week are refused: no alert would ever go.
    """
    try:
        evenings, zone = _spans_of(" ".join(text.split()), every_day=True)
        mornings = [
            Shift(shift.weekday, 0, shift.end - MINUTES_A_DAY)
            for shift in evenings
            if shift.end > MINUTES_A_DAY
        ]
        quiet = joined([*evenings, *mornings])
        if is_whole_week(quiet):
            raise _WrongHoursError("they leave no time of the week in which an alert may go")
    except _WrongHoursError as wrong:
        raise ConfigError(f'{where} = "{text}": {wrong}; write it like {QUIET_EXAMPLE}') from None
    return BusinessHours(quiet, zone)


class _WrongHoursError(Exception):
    """What is wrong with hours, for the message that names where they stand."""


def _spans_of(hours: str, *, every_day: bool = False) -> tuple[list[Shift], ZoneInfo]:
    body, _, zone_name = hours.rpartition(" ")
    if not body or re.search(r"\d:\d", zone_name):
        raise _WrongHoursError("the time zone at the end is missing")
    zone = _zone(zone_name)
    shifts: list[Shift] = []
    days = _EVERY_DAY if every_day else ""
    for group in re.split(r"[,;]", body):
        has_no_days = re.match(r"\s*\d", group) is not None
        matched = _GROUP.fullmatch(f"{days} {group}" if has_no_days else group)
        if matched is None:
            raise _WrongHoursError(f'"{group.strip()}" is not days and times')
        if not every_day:
            days = matched[1]
        shifts.extend(_group(matched[1], matched[2]))
    return shifts, zone


def _group(days: str, spans: str) -> Iterator[Shift]:
    numbers = [day for part in days.split("/") for day in _days(part.strip())]
    for times in _TIME_PART.finditer(spans):
        start = _minutes(times[1], times[2])
        end = _minutes(times[3], times[4])
        if start in (MINUTES_A_DAY, end):
            raise _WrongHoursError(f'"{times[0]}" is no span of time')
        if end < start:
            end += MINUTES_A_DAY
        for day in numbers:
            yield Shift(day, start, end)


def _days(part: str) -> list[int]:
    ends = [_day(name.strip()) for name in re.split("[-–]", part)]
    if len(ends) == 1:
        return ends
    length = (ends[1] - ends[0]) % 7 + 1
    return [(ends[0] + step) % 7 for step in range(length)]


def _day(name: str) -> int:
    matching = [number for number, day in enumerate(_DAYS) if day.startswith(name.lower())]
    if len(matching) == 1 and len(name) >= 2:
        return matching[0]
    raise _WrongHoursError(f'"{name}" is no day of the week')


def _minutes(hour: str, minute: str) -> int:
    total = 60 * int(hour) + int(minute)
    if int(minute) > 59 or total > MINUTES_A_DAY:
        raise _WrongHoursError(f'"{hour}:{minute}" is no time of day')
    return total


@lru_cache(maxsize=64)  # to list all zones takes milliseconds, and each judgement asks
def _zone(name: str) -> ZoneInfo:
    known = available_timezones()
    if name in known:
        return ZoneInfo(name)
    close = next((zone for zone in sorted(known) if zone.lower().endswith(name.lower())), None)
    hint = f'; did you mean "{close}"?' if close and len(name) > 2 else ""
    raise _WrongHoursError(f'"{name}" is no time zone{hint}')
