"""Times in all their forms as aware UTC: epochs, ISO 8601, RFC 2822, and as people write dates."""

from __future__ import annotations

import math
import re
from calendar import timegm
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from storage.fields.entry_error import EntryError, kind_of
from storage.models import RefusalReason

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
LATEST_AHEAD = timedelta(days=2)


class DateOrder(StrEnum):
    """Which of the first two numbers of 03/04/2026 is the day."""

    DAY_FIRST = "DD/MM/YYYY"
    MONTH_FIRST = "MM/DD/YYYY"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class DateReading:
    """What a date does not say itself: its order, its pattern (`strptime`), its language, zone."""

    order: DateOrder = DateOrder.EITHER
    pattern: str | None = None
    languages: tuple[str, ...] = ()
    zone: tzinfo = UTC


class AmbiguousDateError(EntryError):
    """A date that is one day or another, by where its author lives."""


AS_IT_SAYS = DateReading()
_NO_MOMENT = frozenset({"", "-", "–", "—", "n/a", "na", "null", "none", "nan", "nat", "never"})
_ZERO_DATE = re.compile(r"0000-00-00.*")
_EXCEL_EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
_SPREADSHEET_DAYS = range(34_700, 80_000)  # 1995 to 2119
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")
_TIME = (
    r"(?:\s*[T,]?\s*(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})"
    r"(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?\s*(?:(?P<half>[ap])\.?m\.?)?"
    r"\s*(?:uhr\b)?\s*(?P<zone>z\b|[a-z]{3,4}\b)?\s*(?P<offset>[+-]\d{1,2}(?::?\d{2})?)?)?"
)
# Zones by the letters that exports write, in hours east of Greenwich.
_ZONES = {
    "z": 0, "utc": 0, "gmt": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6,
    "pst": -8, "pdt": -7, "bst": 1, "cet": 1, "cest": 2, "eet": 2, "eest": 3, "msk": 3, "jst": 9,
}  # fmt: skip
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})([-/.])(?P<month>\d{{1,2}})\2(?P<day>\d{{1,2}}){_TIME}", re.IGNORECASE
)
_YEAR_LAST = re.compile(
    rf"(?P<first>\d{{1,2}})(?P<mark>[-/.])(?P<second_part>\d{{1,2}})(?P=mark)"
    rf"(?P<year>\d{{4}}|\d{{2}}){_TIME}",
    re.IGNORECASE,
)
_EASTERN = re.compile(
    r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]\s*(\d{1,2}:\d{2}(?::\d{2})?)?"
)
_MAIL = re.compile(r"(?:[a-z]{3},\s*)?\d{1,2} [a-z]{3} \d{4} \d{2}:\d{2}.*", re.IGNORECASE)
# A date with the month's name, wherever it stands: "Reviewed in Spain on September 5, 2026".
_NAMED = re.compile(
    r"(?:(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.)?[\s-]+(?:de\s+|of\s+)?(?P<word>[^\W\d_]{3,})\.?,?"
    r"[\s-]+(?:del?\s+)?(?P<year>\d{4}|\d{2}\b)"
    r"|(?P<us_word>[^\W\d_]{3,})\.?\s+(?P<us_day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<us_year>\d{4}))",
    re.IGNORECASE,
)
# What may stand between such a date and the time of day.
_TIME_AFTER = re.compile(
    rf"\s*(?:г\.?|года)?\s*[,·|]?\s*(?:at|um|à|a las|às|alle|om|kl\.?|o)?{_TIME}", re.IGNORECASE
)


def moment(
    value: object, now: datetime, field: str = "created_at", reading: DateReading = AS_IT_SAYS
) -> datetime:
    """Read an aware UTC time out of an epoch, ISO 8601, RFC 2822 or a date as people write it.

    Zoneless times are taken as `reading.zone`. Before 1995 or more than two days ahead of `now`
    is refused; so is what may be one day or another (AmbiguousDateError).
    """
    when = _moment(value, field, reading)
    if not EARLIEST <= when <= now + LATEST_AHEAD:
        raise EntryError(f"{field} {when:%Y-%m-%d} is no believable date", RefusalReason.DATE)
    return when.replace(microsecond=0)


def later(
    value: object, now: datetime, field: str, reading: DateReading = AS_IT_SAYS
) -> datetime | None:
    """Read a time that the mention can do without: None when missing, zero or nonsense."""
    if is_no_moment(value):
        return None
    try:
        return moment(value, now, field, reading)
    except EntryError:
        return None


def is_no_moment(value: object) -> bool:
    """Tell whether a value stands for no time: empty, null, zero, `0000-00-00`."""
    if isinstance(value, str):
        text = value.strip().casefold()
        return text in _NO_MOMENT or text == "0" or _ZERO_DATE.fullmatch(text) is not None
    return value in (None, 0)


def order_shown(value: object) -> DateOrder | None:
    """Tell which order a date shows; None where it has no such two numbers."""
    if not isinstance(value, str):
        return None
    match = _YEAR_LAST.fullmatch(value.strip())
    if match is None or match["mark"] == "." or match["first"] == match["second_part"]:
        return None
    first, second = int(match["first"]), int(match["second_part"])
    if first > 12 >= second:
        return DateOrder.DAY_FIRST
    if second > 12 >= first:
        return DateOrder.MONTH_FIRST
    return DateOrder.EITHER if first <= 12 and second <= 12 else None


def _moment(value: object, field: str, reading: DateReading) -> datetime:
    if value is None or value == "":
        raise EntryError(f"{field} is missing", RefusalReason.DATE)
    try:
        if isinstance(value, datetime):
            when = value
        elif isinstance(value, tuple):  # a struct_time, as feedparser gives
            when = datetime.fromtimestamp(timegm(value), UTC)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            when = _from_number(float(value))
        elif isinstance(value, str):
            when = _from_text(value.strip(), field, reading)
        else:
            raise EntryError(f"{field} is {kind_of(value)}, not a time", RefusalReason.DATE)
        return (when.replace(tzinfo=reading.zone) if when.tzinfo is None else when).astimezone(UTC)
    except EntryError:
        raise
    except (ValueError, OverflowError, OSError, TypeError, IndexError) as error:
        raise EntryError(
            f"{field} {str(value)[:40]!r} cannot be read as a time", RefusalReason.DATE
        ) from error


def _from_number(number: float) -> datetime:
    """Read seconds, milliseconds or more of the epoch, 20260905, or a spreadsheet's day."""
    if not math.isfinite(number):
        raise ValueError("not finite")
    if int(number) in _SPREADSHEET_DAYS:
        return _EXCEL_EPOCH + timedelta(seconds=round(number * 86_400))
    if 19_950_101 <= number < 21_000_101 and number.is_integer():
        return datetime.strptime(f"{number:.0f}", "%Y%m%d").replace(tzinfo=UTC)
    for too_large in (1e17, 1e14, 1e11):
        if abs(number) > too_large:
            return datetime.fromtimestamp(number / (too_large / 1e8), UTC)
    return datetime.fromtimestamp(number, UTC)


def _from_text(text: str, field: str, reading: DateReading) -> datetime:
    if reading.pattern:
        try:
            return datetime.strptime(text, reading.pattern)  # noqa: DTZ007 - the zone comes after
        except ValueError:
            pass  # a column may hold other forms too: they are read as they say
    if _NUMBER.fullmatch(text):
        return _from_number(float(text.replace(",", ".")))
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    if eastern := _EASTERN.search(text):
        text = "{}-{}-{} {}".format(*(part or "" for part in eastern.groups())).strip()
    if match := _YEAR_FIRST.fullmatch(text):
        return _at_time(int(match["year"]), int(match["month"]), int(match["day"]), match)
    if match := _YEAR_LAST.fullmatch(text):
        in_year = _month_and_day(text, match, field, reading)
        return _at_time(int(match["year"]), *in_year, match)
    if _MAIL.fullmatch(text):
        return parsedate_to_datetime(text)
    named = _NAMED.search(text)
    if named is None:
        raise ValueError("no whole date stands in it")
    month = _month_called((named["word"] or named["us_word"]).casefold(), reading.languages)
    if month is None:
        raise ValueError("it names no month")
    year, day = int(named["year"] or named["us_year"]), int(named["day"] or named["us_day"])
    return _at_time(year, month, day, _TIME_AFTER.match(text, named.end()))


def _month_and_day(
    text: str, match: re.Match[str], field: str, reading: DateReading
) -> tuple[int, int]:
    first, second = int(match["first"]), int(match["second_part"])
    shown = order_shown(text)
    if shown is DateOrder.EITHER:
        shown = reading.order
    if shown is DateOrder.EITHER:
        months = [datetime(2000, number, 1, tzinfo=UTC) for number in (second, first)]
        raise AmbiguousDateError(
            f"{field} {text!r} is {first} {months[0]:%B} or {second} {months[1]:%B}"
        )
    return (first, second) if shown is DateOrder.MONTH_FIRST else (second, first)


def _at_time(year: int, month: int, day: int, time: re.Match[str] | None) -> datetime:
    """Make a time of a date and, where there is one, the match of a time of day."""
    parts = time.groupdict() if time else {}
    hour = int(parts.get("hour") or 0)
    if half := parts.get("half"):
        hour = hour % 12 + (12 if half in "pP" else 0)
    when = datetime(  # noqa: DTZ001 - the zone comes after
        year + 2000 if year < 100 else year,
        month,
        day,
        hour,
        int(parts.get("minute") or 0),
        int(parts.get("second") or 0),
    )
    zone, offset = parts.get("zone"), parts.get("offset")
    if not zone and not offset:
        return when
    if zone and zone.casefold() not in _ZONES:
        raise ValueError(f"{zone} is no zone that is known")
    east = timedelta(hours=_ZONES[zone.casefold()] if zone else 0)
    if offset:
        digits = offset[1:].replace(":", "")
        hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
        ahead = timedelta(hours=int(hours), minutes=int(minutes))
        east += ahead if offset[0] == "+" else -ahead
    return (when - east).replace(tzinfo=UTC)


@lru_cache(maxsize=1024)
def _month_called(word: str, languages: tuple[str, ...]) -> int | None:
    """Give the number of a month by its name in these languages, or in any.

    A word is looked up once: a file has few of them, however many dates.
    """
    moment: datetime | None = _word_reader(languages).get_date_data(f"15 {word} 2000").date_obj
    return moment.month if moment else None


@lru_cache(maxsize=8)
def _word_reader(languages: tuple[str, ...]) -> Any:
    # Late: it loads what it knows of every language.
    from dateparser.date import DateDataParser

    return DateDataParser(
        languages=list(languages) or None,
        settings={
            # Nothing is guessed: day, month and year must all be there, and no clock is asked.
            "STRICT_PARSING": True,
            "RELATIVE_BASE": datetime(2000, 1, 1),  # noqa: DTZ001 - dateparser wants it zoneless
            "PARSERS": ["absolute-time"],
        },
    )
