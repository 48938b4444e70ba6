"""Working time: what can be written, and when an answer is due over nights, weekends and DST."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from time import process_time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.decide.holiday_dates import NO_HOLIDAYS, Holidays
from alerts.decide.hours import parse, parse_quiet
from config.errors import ConfigError

BERLIN = "Mon-Fri 09:00-18:00 Europe/Berlin"
WEEKEND = "Mon-Fri 20:00-08:00, Sat-Sun 00:00-24:00 Europe/Berlin"


def at(text, zone="Europe/Berlin"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def hours(number):
    return timedelta(hours=number)


@pytest.mark.parametrize(
    ("text", "start", "within", "due"),
    [
        # 20 November 2026 is a Friday
        (BERLIN, "2026-11-19T10:00", 4, "2026-11-19T14:00"),
        (BERLIN, "2026-11-19T13:59", 4, "2026-11-19T17:59"),
        (BERLIN, "2026-11-19T14:00", 4, "2026-11-19T18:00"),
        (BERLIN, "2026-11-19T14:01", 4, "2026-11-20T09:01"),
        (BERLIN, "2026-11-20T17:00", 4, "2026-11-23T12:00"),
        (BERLIN, "2026-11-20T18:00", 4, "2026-11-23T13:00"),
        (BERLIN, "2026-11-21T12:00", 4, "2026-11-23T13:00"),
        (BERLIN, "2026-11-19T06:00", 4, "2026-11-19T13:00"),
        (BERLIN, "2026-11-19T09:00", 0, "2026-11-19T09:00"),
        (BERLIN, "2026-11-19T18:00", 0, "2026-11-20T09:00"),
        (BERLIN, "2026-11-16T09:00", 45, "2026-11-20T18:00"),
        (BERLIN, "2026-11-16T09:00", 46, "2026-11-23T10:00"),
        # 25 October 2026, 3:00: back to 2:00; 29 March 2026, 2:00: on to 3:00
        (BERLIN, "2026-10-23T17:00", 2, "2026-10-26T10:00"),
        (BERLIN, "2026-03-27T17:00", 2, "2026-03-30T10:00"),
        ("Sat-Sun 00:00-24:00 Europe/Berlin", "2026-10-25T00:00", 25, "2026-10-26T00:00"),
        ("Sat-Sun 00:00-24:00 Europe/Berlin", "2026-10-25T00:00", 26, "2026-10-31T01:00"),
        ("Sat-Sun 00:00-06:00 Europe/Berlin", "2026-10-25T00:00", 6.5, "2026-10-25T05:30"),
        ("Sun 00:00-06:00 Europe/Berlin", "2026-03-29T00:00", 5, "2026-03-29T06:00"),
        ("Sun 02:30-06:00 Europe/Berlin", "2026-03-29T00:00", 1, "2026-03-29T04:30"),
        # over midnight, several spans, several groups
        ("Fri 22:00-06:00 Europe/Berlin", "2026-11-21T01:00", 5, "2026-11-21T06:00"),
        ("Fri 22:00-06:00 Europe/Berlin", "2026-11-21T01:00", 6, "2026-11-27T23:00"),
        ("Mon-Fri 9:00-12:00 13:00-18:00 Europe/Berlin", "2026-11-19T11:00", 2,
         "2026-11-19T14:00"),
        ("Mon-Thu 09:00-17:00, Fri 09:00-14:00 Europe/Berlin", "2026-11-20T13:00", 2,
         "2026-11-23T10:00"),
        ("Fri-Mon 09:00-10:00 Europe/Berlin", "2026-11-20T09:30", 2, "2026-11-22T09:30"),
        ("Mon/Wed 09:00-10:00; sat 09:00-10:00 Europe/Berlin", "2026-11-16T09:30", 2,
         "2026-11-21T09:30"),
        ("Mon 09:00-12:00, Mon 11:00-13:00 Europe/Berlin", "2026-11-16T09:00", 4,
         "2026-11-16T13:00"),
        # a break at noon; a group without days is of those before it
        ("Mon-Fri 08:00-12:00,13:30-18:00 Europe/Berlin", "2026-11-19T11:00", 2,
         "2026-11-19T14:30"),
        ("Mon-Thu 08:00-12:00, 13:30-18:00; Fri 08:00-12:00 Europe/Berlin", "2026-11-20T11:00", 3,
         "2026-11-23T10:00"),
        ("24/7", "2026-11-21T01:00", 4, "2026-11-21T05:00"),
        # all of the week, said otherwise
        ("Mon-Sun 00:00-24:00 Europe/Berlin", "2026-10-25T01:00", 4, "2026-10-25T04:00"),
        ("Mon-Sun 00:00-12:00 12:00-24:00 UTC", "2026-11-21T01:00", 400, "2026-12-07T17:00"),
        ("Mon-Sun 09:00-08:59, Mon-Sun 08:00-10:00 UTC", "2026-11-21T01:00", 48,
         "2026-11-23T01:00"),
        ("24/7 Europe/Berlin", "2026-10-25T01:00", 4, "2026-10-25T04:00"),
    ],
)  # fmt: skip
def test_due(text, start, within, due):
    assert parse(text).due(at(start), hours(within)) == at(due)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the time zone at the end is missing"),
        ("Mon-Fri 09:00-18:00", "the time zone at the end is missing"),
        ("Mon-Fri 09:00-18:00 Berlin", 'did you mean "Europe/Berlin"?'),
        ("Mon-Fri 09:00-18:00 Mars/Olympus", '"Mars/Olympus" is no time zone'),
        ("24/7 Nowhere", '"Nowhere" is no time zone'),
        ("Mon-Fri 9-18 Europe/Berlin", "is not days and times"),
        ("Mon-Fri Europe/Berlin", "is not days and times"),
        ("09:00-18:00 Europe/Berlin", "is not days and times"),
        ("Mon-Fri 09:00-18:00, Europe/Berlin", "is not days and times"),
        ("Mon-Fryday 09:00-18:00 UTC", '"Fryday" is no day of the week'),
        ("T 09:00-18:00 UTC", '"T" is no day of the week'),
        ("Mon 09:60-18:00 UTC", '"09:60" is no time of day'),
        ("Mon 09:00-24:01 UTC", '"24:01" is no time of day'),
        ("Mon 09:00-09:00 UTC", "is no span of time"),
        ("Mon 24:00-09:00 UTC", "is no span of time"),
    ],
)
def test_refuses_with_what_where_and_what_to_do(text, told):
    with pytest.raises(ConfigError) as caught:
        parse(text)
    message = str(caught.value)
    assert message.startswith(f'[cases] business_hours = "{text}": ')
    assert told in message
    assert "write it like" in message
    assert "\n" not in message


def test_is_open():
    office = parse(BERLIN)
    assert not office.is_open(at("2026-11-19T08:59"))
    assert office.is_open(at("2026-11-19T09:00"))
    assert office.is_open(at("2026-11-19T17:59"))
    assert not office.is_open(at("2026-11-19T18:00"))
    assert parse("24/7").is_open(at("2026-11-21T03:00"))


texts = st.sampled_from(
    [
        BERLIN,
        "24/7",
        "Mon-Fri 09:00-12:00 13:00-18:00, Sat 10:00-14:00 America/New_York",
        "Sun-Thu 22:00-06:00 Australia/Lord_Howe",
        "Sat-Sun 00:00-24:00 Europe/Berlin",
        "Mon-Sun 01:30-02:30 Europe/Berlin",
        "Wed 10:00-10:01 Asia/Kathmandu",
        "Mon-Sun 00:00-24:00 America/Sao_Paulo",
    ]
)
moments = st.integers(0, 5 * 366 * 86400).map(
    lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
spans = st.integers(0, 40 * 3600).map(lambda seconds: timedelta(seconds=seconds))


class TestProperties:
    @given(texts, moments, spans)
    @settings(deadline=None, max_examples=150)
    def test_due_is_never_before_the_time_allowed(self, text, start, within):
        due = parse(text).due(start, min(within, timedelta(minutes=50)))
        assert due >= start + min(within, timedelta(minutes=50))
        assert due.tzinfo is UTC

    @given(texts, moments, spans, spans)
    @settings(deadline=None, max_examples=100)
    def test_time_adds_up(self, text, start, one, other):
        office = parse(text)
        one, other = one / 50, other / 50
        both = office.due(start, one + other)
        in_steps = office.due(office.due(start, one), other)
        # A step that ends as a shift does may go on at the next one: the same working time.
        assert both == in_steps or not office.is_open(both)

    @given(texts, moments, spans, st.integers(0, 100_000))
    @settings(deadline=None, max_examples=100)
    def test_a_later_start_is_never_due_earlier(self, text, start, within, later):
        office = parse(text)
        within /= 50
        assert office.due(start, within) <= office.due(start + timedelta(seconds=later), within)

    @given(texts, moments, st.integers(1, 3000))
    @settings(deadline=None, max_examples=60)
    def test_just_as_much_working_time_passes_as_was_allowed(self, text, start, seconds):
        office = parse(text)
        start = start.replace(second=0, microsecond=0)
        minutes = seconds // 60
        due = office.due(start, timedelta(minutes=minutes))
        if due - start > timedelta(days=3):
            return
        passed, moment = 0, start
        while moment < due:
            passed += office.is_open(moment)
            moment += timedelta(minutes=1)
        assert passed == minutes


@pytest.mark.parametrize(
    ("text", "moment", "until"),
    [
        ("22:00-07:00 Europe/Berlin", "2026-11-19T23:00", "2026-11-20T07:00"),
        ("22:00-07:00 Europe/Berlin", "2026-11-22T06:59", "2026-11-22T07:00"),
        ("22:00-07:00 Europe/Berlin", "2026-11-22T07:00", None),
        ("Mon-Fri 22:00-07:00 Europe/Berlin", "2026-11-22T06:59", None),
        ("22:00-24:00, Sat-Sun 00:00-24:00 Europe/Berlin", "2026-11-20T22:30", "2026-11-23T00:00"),
        # Past midnight: the evening and the morning of each day, and the morning after the last.
        (WEEKEND, "2026-11-21T12:00", "2026-11-23T08:00"),
        (WEEKEND, "2026-11-20T20:00", "2026-11-23T08:00"),
        (WEEKEND, "2026-11-23T00:00", "2026-11-23T08:00"),
        (WEEKEND, "2026-11-23T08:00", None),
        (WEEKEND, "2026-11-23T19:59", None),
        (WEEKEND, "2026-11-23T20:00", "2026-11-24T08:00"),
        ("Mon-Fri 22:00-07:00 Europe/Berlin", "2026-11-23T03:00", "2026-11-23T07:00"),
        ("Mon-Fri 22:00-07:00 Europe/Berlin", "2026-11-21T03:00", "2026-11-21T07:00"),
        ("Mon-Fri 22:00-07:00 Europe/Berlin", "2026-11-22T23:00", None),
        # The weekend of a clock change is as long as it is.
        (WEEKEND, "2026-10-24T12:00", "2026-10-26T08:00"),
        # Times without days stay those of every day, wherever they stand.
        ("Sat-Sun 00:00-24:00, 22:00-07:00 UTC", "2026-11-25T23:00", "2026-11-26T07:00"),
        ("12:00-13:00 22:00-23:00 Europe/Berlin", "2026-11-19T12:30", "2026-11-19T13:00"),
    ],
)
def test_how_long_it_is_quiet(text, moment, until):
    zone = text.split()[-1]
    quiet = parse_quiet(text, "x")
    assert quiet.closing(at(moment, zone)) == (at(until, zone) if until else None)


@pytest.mark.parametrize(
    "text",
    [
        "00:00-24:00 Europe/Berlin",
        "Mon-Fri 00:00-24:00, Sat-Sun 00:00-24:00 UTC",
        "08:00-20:00, 20:00-08:00 UTC",
        "Mon-Sat 07:00-06:59, 06:00-08:00, Sun 00:00-24:00 UTC",
    ],
)
def test_hours_that_are_always_quiet_are_refused(text):
    with pytest.raises(ConfigError) as caught:
        parse_quiet(text, "alerts.quiet_hours")
    assert str(caught.value).startswith(
        f'alerts.quiet_hours = "{text}": they leave no time of the week in which an alert may go'
    )


@pytest.mark.parametrize("text", ["22:00-07:00", "10pm-7am UTC", "24/7 UTC", "22:00-22:00 UTC"])
def test_wrong_quiet_hours_name_their_place(text):
    with pytest.raises(ConfigError) as caught:
        parse_quiet(text, "brands[0].quiet_hours")
    assert str(caught.value).startswith(f'brands[0].quiet_hours = "{text}": ')
    assert 'write it like "22:00-07:00 Europe/Berlin"' in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BERLIN, BERLIN),
        ("24/7", "24/7 UTC"),
        ("Mon-Sun 00:00-24:00 Europe/Berlin", "24/7 Europe/Berlin"),
        (
            "Mon/tue/Wed/Thu 8:00-12:00,13:30-18:00; fri 08:00-14:00 UTC",
            "Mon-Thu 08:00-12:00 13:30-18:00, Fri 08:00-14:00 UTC",
        ),
        ("Fri 22:00-06:00 UTC", "Fri 22:00-24:00, Sat 00:00-06:00 UTC"),
    ],
)
def test_hours_are_shown_as_they_were_read(text, words):
    hours = parse(text)
    assert hours.in_words() == words
    assert parse(words) == hours


@pytest.mark.parametrize("holidays", [NO_HOLIDAYS, Holidays(frozenset({date(2026, 12, 25)}))])
def test_a_week_of_full_days_is_as_fast_as_any(holidays):
    always = parse("Mon-Sun 00:00-24:00 Europe/Berlin", holidays=holidays)
    start = at("2026-11-19T10:00")
    began = process_time()
    for number in range(200):
        begin = start + number * hours(1)
        due = always.due(begin, hours(4))
        assert always.worked(begin, due) == hours(4)
        assert always.is_open(due)
    # Once 12 s: each question walked through ten years of days.
    assert process_time() - began < 1
