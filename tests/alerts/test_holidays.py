"""Holidays: what may be written, what is refused, and that they are no working time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.decide.holiday_dates import NO_HOLIDAYS, Holidays, read_holidays
from alerts.decide.hours import parse
from config.errors import ConfigError
from config.settings import parse_settings
from earful.policies import Policies

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = "Mon-Fri 09:00-18:00 Europe/Berlin"
BAVARIA = read_holidays(("2026-12-24", "de-by"), "cases.holidays")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def hours(number):
    return timedelta(hours=number)


def test_dates_and_the_holidays_of_a_part_of_a_country():
    assert Holidays(frozenset({date(2026, 12, 24)}), ("DE-BY",)) == BAVARIA
    days = [
        date(2026, 12, number) for number in range(23, 29) if date(2026, 12, number) in BAVARIA
    ]
    assert days == [date(2026, 12, 24), date(2026, 12, 25), date(2026, 12, 26)]
    # Epiphany is one in Bavaria, and not in Berlin.
    assert date(2027, 1, 6) in BAVARIA
    assert date(2027, 1, 6) not in read_holidays(("DE-BE", "DE"), "x")
    assert not NO_HOLIDAYS
    assert date(2026, 12, 25) not in NO_HOLIDAYS


@pytest.mark.parametrize("code", ["GB-SCT", "US", "AU-NSW WESTERN", "BR-são paulo capital", "UK"])
def test_codes_however_they_are_written(code):
    assert date(2026, 12, 25) in read_holidays((code,), "x")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("DE-BV", "did you mean DE-BY or "),
        ("Germany", "did you mean DE?"),
        ("united states", "did you mean US?"),
        ("DE_BY", "did you mean DE-BY"),
        ("Qqqq", "no such code; write it like"),
        ("", "no such code; write it like"),
        ("2026-02-29", "there is no such date; write it like"),
        ("25.12.2026", "there is no such date; write it like"),
    ],
)
def test_what_is_mistyped_is_refused_in_a_line_with_what_was_meant(entry, told):
    with pytest.raises(ConfigError) as caught:
        read_holidays(("2026-12-24", entry), "cases.holidays")
    message = str(caught.value)
    assert message.startswith(f'cases.holidays[1] = "{entry}": ')
    assert told in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "start", "within", "due"),
    [
        # Thursday 24, Friday 25 December 2026, the weekend, Monday
        (OFFICE, "2026-12-23T17:00", 4, "2026-12-28T12:00"),
        (OFFICE, "2026-12-24T10:00", 1, "2026-12-28T10:00"),
        (OFFICE, "2026-12-25T10:00", 0, "2026-12-28T09:00"),
        # A night into a holiday ends at midnight.
        ("Wed-Thu 22:00-06:00 Europe/Berlin", "2026-12-23T21:00", 3, "2026-12-30T23:00"),
        # Always, but for holidays.
        ("24/7 Europe/Berlin", "2026-12-23T23:00", 2, "2026-12-27T01:00"),
    ],
)
def test_a_holiday_is_no_working_time(text, start, within, due):
    office = parse(text, holidays=BAVARIA)
    assert office.due(at(start), hours(within)) == at(due)
    assert office.worked(at(start), at(due)) == hours(within)
    assert not office.is_open(at("2026-12-25T10:00"))
    assert office.closing(at("2026-12-25T10:00")) is None


def test_the_days_of_24_7_are_those_of_the_configs_zone():
    raw = {
        "alerts": {"timezone": "Asia/Tokyo"},
        "cases": {"holidays": [date(2026, 12, 24)]},
        "brands": [{"name": "Acme", "query": "acme"}],
    }
    work = Policies(parse_settings(raw, {}, where="test")).hours
    midnight = datetime(2026, 12, 23, 15, tzinfo=UTC)
    assert work.is_open(midnight - timedelta(seconds=1))
    assert not work.is_open(midnight)
    assert work.is_open(midnight + timedelta(days=1))


def test_the_next_ones_by_name():
    assert BAVARIA.coming(date(2026, 12, 24), 3) == [
        (date(2026, 12, 24), ""),
        (date(2026, 12, 25), "Christmas Day (DE-BY)"),
        (date(2026, 12, 26), "Second Day of Christmas (DE-BY)"),
    ]
    two = read_holidays(("DE", "AT"), "x").coming(date(2026, 12, 25), 1)
    assert two == [(date(2026, 12, 25), "Christmas Day (DE), Christmas Day (AT)")]
    assert Holidays(frozenset({date(2025, 12, 24)})).coming(date(2026, 1, 1), 3) == []
