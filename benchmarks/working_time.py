"""Measure what a pass of the clock over 200 waiting cases costs, by kind of business hours.

Beside it stands the plain way, which walks the calendar day by day until it has the answer; both
must give the same moments. Prints the medians of several passes, and last the least ratio.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from alerts.decide.holiday_dates import read_holidays  # noqa: E402
from alerts.decide.hours import parse  # noqa: E402
from alerts.decide.working_time import BusinessHours  # noqa: E402

CASES = 200
SHARE = 0.75
WITHIN = timedelta(hours=4)
NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
KINDS = {
    "office": ("Mon-Fri 09:00-18:00 Europe/Berlin", ()),
    "with a break": ("Mon-Fri 08:00-12:00,13:30-18:00 Europe/Berlin", ()),
    "nights": ("Sun-Thu 22:00-06:00 Australia/Lord_Howe", ()),
    "one hour a week": ("Wed 10:00-11:00 Asia/Kathmandu", ()),
    "office, Bavaria's holidays": ("Mon-Fri 09:00-18:00 Europe/Berlin", ("DE-BY",)),
    "always, Bavaria's holidays": ("Mon-Sun 00:00-24:00 Europe/Berlin", ("DE-BY",)),
    "seven full days": ("Mon-Sun 00:00-24:00 Europe/Berlin", ()),
}


@dataclass(frozen=True)
class DayByDay:
    """The plain way: spans of each day from the start on, overlaps joined, ten years at most."""

    hours: BusinessHours

    def due(self, start: datetime, within: timedelta) -> datetime:
        left = within
        for opens, closes in self._spans(start):
            begin = max(opens, start)
            if left <= closes - begin:
                return begin + left
            left -= closes - begin
        raise OverflowError(within)

    def worked(self, start: datetime, end: datetime) -> timedelta:
        total = timedelta(0)
        for opens, closes in self._spans(start):
            if opens >= end:
                break
            total += min(closes, end) - max(opens, start)
        return total

    def is_open(self, moment: datetime) -> bool:
        opens, closes = next(self._spans(moment))
        return opens <= moment < closes

    def _spans(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        first = start.astimezone(self.hours.zone).date() - timedelta(days=1)
        held: tuple[datetime, datetime] | None = None
        for number in range(3660):
            day = first + timedelta(days=number)
            for opens, closes in self._spans_of(day):
                if closes <= start:
                    continue
                if held is not None and opens <= held[1]:
                    held = (held[0], max(held[1], closes))
                    continue
                if held is not None:
                    yield held
                held = (opens, closes)
        if held is not None:
            yield held

    def _spans_of(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        if day in self.hours.holidays:
            return
        midnight = datetime.combine(day, clock_time(), self.hours.zone)
        shifts = self.hours.shifts or parse("Mon-Sun 00:00-24:00 UTC", holidays=ANY).shifts
        for shift in shifts:
            if shift.weekday == day.weekday():
                opens, closes = (
                    (midnight + timedelta(minutes=minutes)).astimezone(UTC)
                    for minutes in (shift.start, shift.end)
                )
                if opens < closes:
                    yield opens, closes


ANY = read_holidays(("2026-01-01",), "here")


def one_pass(hours: BusinessHours | DayByDay, starts: list[datetime]) -> list[object]:
    """Ask of each case what the clock asks: when it is due, and whether to remind now."""
    answers: list[object] = []
    for start in starts:
        due = hours.due(start, WITHIN)
        remind_at = hours.due(start, SHARE * hours.worked(start, due))
        answers.append((due, remind_at, hours.is_open(NOW)))
    return answers


def median_ms(work: Callable[[], object], times: int) -> float:
    took = []
    for _ in range(times):
        began = time.process_time()
        work()
        took.append(1000 * (time.process_time() - began))
    return statistics.median(took)


def main() -> None:
    starts = [NOW - number * timedelta(minutes=37) for number in range(CASES)]
    ratios = []
    print(f"{CASES} cases a pass, milliseconds of CPU; the first pass works its weeks out")
    for name, (text, codes) in KINDS.items():
        holidays = read_holidays(codes, "here")
        hours = parse(text, holidays=holidays)
        plain = DayByDay(hours)
        first = median_ms(lambda hours=hours: one_pass(hours, starts), 1)  # type: ignore[misc]
        now = median_ms(lambda hours=hours: one_pass(hours, starts), 9)  # type: ignore[misc]
        before = median_ms(lambda plain=plain: one_pass(plain, starts), 1)  # type: ignore[misc]
        if one_pass(hours, starts) != one_pass(plain, starts):
            raise SystemExit(f"{name}: the two ways do not agree")
        ratios.append(before / now)
        print(f"{name:28} day by day {before:9.1f}   first {first:6.1f}   now {now:6.2f}   "
              f"{before / now:8.0f} times")  # fmt: skip
    print(f"at least {min(ratios):.0f} times as fast as day by day")


if __name__ == "__main__":
    main()
