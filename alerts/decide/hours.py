"""When a team works, and when an answer is due if only that time counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from config.errors import ConfigError

WHERE = "[cases] business_hours"
EXAMPLE = (
    '"Mon-Fri 09:00-18:00 Europe/Berlin", "Mon-Thu 08:00-17:00, Fri 08:00-14:00 UTC" or "24/7"'
)
QUIET_EXAMPLE = (
    '"22:00-07:00 Europe/Berlin" or "Mon-Fri 20:00-08:00, Sat-Sun 00:00-24:00 Europe/Berlin"'
)

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_PART = re.compile(r"[A-Za-z]+(?:\s*[-–]\s*[A-Za-z]+)?")
_TIME_PART = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")
_GROUP = re.compile(
    rf"\s*({_DAY_PART.pattern}(?:\s*/\s*{_DAY_PART.pattern})*)"
    r"((?:\s+\d{1,2}:\d{2}\s*[-–]\s*\d{1,2}:\d{2})+)\s*"
)
_MINUTES_A_DAY = 24 * 60
_MAX_DAYS_AHEAD = 3660


@dataclass(frozen=True, slots=True)
class Shift:
    """Working minutes of one weekday (Monday is 0), counted from local midnight, end excluded."""

    weekday: int
    start: int
    end: int


@dataclass(frozen=True)
class BusinessHours:
    """Weekly shifts in one time zone; none means always."""

    shifts: tuple[Shift, ...]
    zone: ZoneInfo

    @property
    def always(self) -> bool:
        return not self.shifts

    def due(self, start: datetime, within: timedelta) -> datetime:
        """Give the UTC moment when `within` of working time has passed since `start`.

        With no time allowed it is the first working moment from `start` on. Time is counted as
        it truly passes, so a shift over a clock change is an hour longer or shorter.
        """
        start = start.astimezone(UTC)
        if self.always:
            return start + within
        left = within
        for opens, closes in self._spans(start):
            begin = max(opens, start)
            if left <= closes - begin:
                return begin + left
            left -= closes - begin
        raise OverflowError(f"{within} of working time is more than ten years away")

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """Give the working time that passes between two moments."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if self.always:
            return max(end - start, timedelta(0))
        total = timedelta(0)
        for opens, closes in self._spans(start):
            if opens >= end:
                break
            total += min(closes, end) - max(opens, start)
        return total

    def is_open(self, moment: datetime) -> bool:
        """Tell whether the team works at `moment`."""
        if self.always:
            return True
        opens, closes = next(self._spans(moment.astimezone(UTC)))
        return opens <= moment < closes

    def closing(self, moment: datetime) -> datetime | None:
        """Give the end of the span that `moment` lies in; None outside, or where there is none."""
        if self.always:
            return None
        opens, closes = next(self._spans(moment.astimezone(UTC)))
        return closes if opens <= moment < closes else None

    def _spans(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield working spans that end after `start`, in order, overlaps joined."""
        first = start.astimezone(self.zone).date() - timedelta(days=1)
        held: tuple[datetime, datetime] | None = None
        for offset in range(_MAX_DAYS_AHEAD):
            day = first + timedelta(days=offset)
            for shift in self.shifts:
                if shift.weekday != day.weekday():
                    continue
                opens, closes = self._at(day, shift.start), self._at(day, shift.end)
                if closes <= start or closes <= opens:
                    continue
                if held is not None and opens <= held[1]:
                    held = (held[0], max(held[1], closes))
                    continue
                if held is not None:
                    yield held
                held = (opens, closes)
        if held is not None:
            yield held

    def _at(self, day: date, minutes: int) -> datetime:
        """Give the UTC moment of a local clock time; one that a clock change skips is moved on."""
        local = datetime.combine(day, time(), self.zone) + timedelta(minutes=minutes)
        return local.astimezone(UTC)


def parse(text: str, where: str = WHERE) -> BusinessHours:
    """Read hours such as `Mon-Fri 09:00-12:00 13:00-18:00, Sat 10:00-14:00 Europe/Berlin`.

    Groups are parted by commas or semicolons; several spans may follow their days; a span that
    ends before it starts runs past midnight. `24/7` needs no zone. Raises ConfigError, which
    names `where` the text stands.
    """
    hours = " ".join(text.split())
    try:
        if hours.lower().startswith("24/7"):
            rest = hours[4:].strip()
            return BusinessHours((), _zone(rest) if rest else ZoneInfo("UTC"))
        return _spans_of(hours)
    except _WrongHoursError as wrong:
        raise ConfigError(f'{where} = "{text}": {wrong}; write it like {EXAMPLE}') from None


def parse_quiet(text: str, where: str) -> BusinessHours:
    """Read quiet hours as `parse` does; times without days are of every day."""
    try:
        return _spans_of(" ".join(text.split()), every_day=True)
    except _WrongHoursError as wrong:
        raise ConfigError(f'{where} = "{text}": {wrong}; write it like {QUIET_EXAMPLE}') from None


class _WrongHoursError(Exception):
    """What is wrong with hours, for the message that names where they stand."""


def _spans_of(hours: str, *, every_day: bool = False) -> BusinessHours:
    body, _, zone_name = hours.rpartition(" ")
    if not body or re.search(r"\d:\d", zone_name):
        raise _WrongHoursError("the time zone at the end is missing")
    zone = _zone(zone_name)
    shifts: list[Shift] = []
    for group in re.split(r"[,;]", body):
        has_no_days = re.match(r"\s*\d", group) is not None
        shifts.extend(_group(f"Mon-Sun {group}" if every_day and has_no_days else group))
    return BusinessHours(_in_order(shifts), zone)


def _group(group: str) -> Iterator[Shift]:
    matched = _GROUP.fullmatch(group)
    if matched is None:
        raise _WrongHoursError(f'"{group.strip()}" is not days and times')
    days = [day for part in matched[1].split("/") for day in _days(part.strip())]
    for times in _TIME_PART.finditer(matched[2]):
        start = _minutes(times[1], times[2])
        end = _minutes(times[3], times[4])
        if start in (_MINUTES_A_DAY, end):
            raise _WrongHoursError(f'"{times[0]}" is no span of time')
        if end < start:
            end += _MINUTES_A_DAY
        for day in days:
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
    if int(minute) > 59 or total > _MINUTES_A_DAY:
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


def _in_order(shifts: list[Shift]) -> tuple[Shift, ...]:
    return tuple(sorted(set(shifts), key=lambda shift: (shift.weekday, shift.start, shift.end)))
