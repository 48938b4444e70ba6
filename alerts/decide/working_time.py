"""Working time: when an answer is due, and how much of it passes, if only that time counts. Pure.

A week's spans are worked out once as moments, and looked up by bisection from then on.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from alerts.decide.holiday_dates import NO_HOLIDAYS, Holidays
from alerts.decide.local_time import DAY, local_day, local_moment

MINUTES_A_DAY = 24 * 60
DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEK = timedelta(weeks=1)
_MAX_WEEKS_AHEAD = 523
_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True, order=True)
class Shift:
    """Working minutes of one weekday (Monday is 0), counted from local midnight, end excluded."""

    weekday: int
    start: int
    end: int


@dataclass(frozen=True)
class BusinessHours:
    """Weekly shifts in one time zone; none means always. Holidays are no working time at all.

    Shifts are in order, and touch one another only over midnight: see `joined`.
    """

    shifts: tuple[Shift, ...]
    zone: ZoneInfo
    holidays: Holidays = NO_HOLIDAYS
    _weeks: dict[date, _Week] = field(default_factory=dict, init=False, repr=False, compare=False)

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
        monday = self._monday(start)
        if not within:
            return next(max(opens, start) for opens, closes in self._spans(start))
        left = within + self._week(monday).passed(start)
        for _ in range(_MAX_WEEKS_AHEAD):
            week = self._week(monday)
            if left <= week.total:
                return week.after(left)
            left -= week.total
            monday += _WEEK
        raise OverflowError(f"{within} of working time is more than ten years away")

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """Give the working time that passes between two moments."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if start >= end:
            return _NOTHING
        if self.always:
            return end - start
        monday, last = self._monday(start), self._monday(end)
        total = self._week(last).passed(end) - self._week(monday).passed(start)
        while monday < last:
            total += self._week(monday).total
            monday += _WEEK
        return total

    def is_open(self, moment: datetime) -> bool:
        """Tell whether the team works at `moment`."""
        if self.always:
            return True
        moment = moment.astimezone(UTC)
        return self._week(self._monday(moment)).span_at(moment) is not None

    def closing(self, moment: datetime) -> datetime | None:
        """Give the end of the span that `moment` lies in; None outside, or where there is none."""
        if self.always or not self.is_open(moment):
            return None
        spans = self._spans(moment.astimezone(UTC))
        _, end = next(spans)
        for opens, closes in spans:
            if opens > end:
                break
            end = closes
        return end

    def in_words(self) -> str:
        """Write the shifts and their zone: days that are alike together, as `parse` reads them."""
        if self.always:
            return f"24/7 {self.zone.key}"
        groups: list[tuple[int, int, str]] = []
        for number in range(7):
            times = " ".join(
                f"{_clock(shift.start)}-{_clock(shift.end)}"
                for shift in self.shifts
                if shift.weekday == number
            )
            if groups and groups[-1][2] == times:
                groups[-1] = (groups[-1][0], number, times)
            else:
                groups.append((number, number, times))
        said = [f"{_days(first, last)} {times}" for first, last, times in groups if times]
        return f"{', '.join(said)} {self.zone.key}"

    def _spans(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield working spans that end after `start`, in order, each within one local week."""
        monday = self._monday(start)
        for _ in range(_MAX_WEEKS_AHEAD):
            week = self._week(monday)
            first = bisect_right(week.closes, start)
            yield from zip(week.opens[first:], week.closes[first:], strict=True)
            monday += _WEEK

    def _monday(self, moment: datetime) -> date:
        day = local_day(moment, self.zone)
        return day - day.weekday() * DAY

    def _week(self, monday: date) -> _Week:
        if monday not in self._weeks:
            self._weeks[monday] = _Week.of(list(self._spans_of(monday)))
        return self._weeks[monday]

    def _spans_of(self, monday: date) -> Iterator[tuple[datetime, datetime]]:
        for shift in self.shifts:
            day = monday + shift.weekday * DAY
            if day not in self.holidays:
                yield self._at(day, shift.start), self._at(day, shift.end)

    def _at(self, day: date, minutes: int) -> datetime:
        if minutes == MINUTES_A_DAY:
            return local_moment(day + DAY, time(), self.zone)
        return local_moment(day, time(*divmod(minutes, 60)), self.zone)


@dataclass(frozen=True, slots=True)
class _Week:
    """The working spans of one local week; `before` is the working time before each, and all."""

    opens: list[datetime]
    closes: list[datetime]
    before: list[timedelta]

    @classmethod
    def of(cls, spans: list[tuple[datetime, datetime]]) -> _Week:
        joined: list[tuple[datetime, datetime]] = []
        for opens, closes in spans:
            if closes <= opens:  # a clock change skips it
                continue
            if joined and opens <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], closes))
            else:
                joined.append((opens, closes))
        lengths = [closes - opens for opens, closes in joined]
        return cls(
            [opens for opens, _ in joined],
            [closes for _, closes in joined],
            [*accumulate(lengths, initial=_NOTHING)],
        )

    @property
    def total(self) -> timedelta:
        return self.before[-1]

    def passed(self, moment: datetime) -> timedelta:
        """Give the working time of the week before a moment."""
        number = bisect_left(self.opens, moment)
        if not number:
            return _NOTHING
        return self.before[number - 1] + (
            min(moment, self.closes[number - 1]) - self.opens[number - 1]
        )

    def after(self, worked: timedelta) -> datetime:
        """Give the moment when so much of the week's working time, and not none, has passed."""
        number = bisect_left(self.before, worked) - 1
        return self.opens[number] + (worked - self.before[number])

    def span_at(self, moment: datetime) -> tuple[datetime, datetime] | None:
        number = bisect_right(self.opens, moment) - 1
        if number < 0 or moment >= self.closes[number]:
            return None
        return self.opens[number], self.closes[number]


def joined(shifts: list[Shift]) -> tuple[Shift, ...]:
    """Put shifts in order, each within its day, with what overlaps or touches made one.

    A shift that runs past midnight is that of its day and that of the next one.
    """
    parts: list[Shift] = []
    for shift in shifts:
        parts.append(Shift(shift.weekday, shift.start, min(shift.end, MINUTES_A_DAY)))
        if shift.end > MINUTES_A_DAY:
            parts.append(Shift((shift.weekday + 1) % 7, 0, shift.end - MINUTES_A_DAY))
    done: list[Shift] = []
    for part in sorted(parts):
        last = done[-1] if done else None
        if last and last.weekday == part.weekday and part.start <= last.end:
            done[-1] = Shift(last.weekday, last.start, max(last.end, part.end))
        else:
            done.append(part)
    return tuple(done)


def is_whole_week(shifts: tuple[Shift, ...]) -> bool:
    """Tell whether shifts as `joined` gives them leave no minute of the week out."""
    return shifts == tuple(Shift(number, 0, MINUTES_A_DAY) for number in range(7))


def _days(first: int, last: int) -> str:
    return DAY_NAMES[first] if first == last else f"{DAY_NAMES[first]}-{DAY_NAMES[last]}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
