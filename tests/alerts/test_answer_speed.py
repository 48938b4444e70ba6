"""Who answers how fast: what is measured, what so few answers allow to be said, who is who."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.decide.answer_speed import measure, sum_up
from alerts.decide.holiday_dates import Holidays
from alerts.decide.hours import parse
from alerts.messages import plain
from alerts.messages.speed_notices import answer_speed
from storage.models import AnswerTime, Case, CaseState, FirstAnswer, Take

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = parse("Mon-Fri 09:00-18:00 Europe/Berlin")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


# Thursday at five; four business hours later it is Friday noon.
CASE = Case(
    id=7,
    mention_id="shop:1",
    brand="Acme",
    state=CaseState.RESPONDED,
    opened_at=at("2026-11-19T17:00"),
    due_from=at("2026-11-19T17:00"),
    due_at=at("2026-11-20T12:00"),
)


@pytest.mark.parametrize(
    ("answered", "business", "in_time"),
    [
        ("2026-11-19T17:30", 30, True),
        ("2026-11-19T22:00", 60, True),
        ("2026-11-20T09:00", 60, True),
        ("2026-11-20T12:00", 240, True),
        ("2026-11-20T12:01", 241, False),
        ("2026-11-22T12:00", 600, False),
        ("2026-11-23T10:00", 660, False),
    ],
)
def test_only_business_time_counts(answered, business, in_time):
    time = measure(FirstAnswer(case=CASE, answered_at=at(answered)), OFFICE, "#c", BERLIN)
    assert (time.business, time.in_time) == (business * MINUTE, in_time)
    assert time.answered_on == at(answered).astimezone(BERLIN).date()


def test_holidays_do_not_count():
    friday = Holidays(frozenset({at("2026-11-20T12:00").date()}))
    hours = parse("Mon-Fri 09:00-18:00 Europe/Berlin", holidays=friday)
    first = FirstAnswer(case=CASE, answered_at=at("2026-11-23T10:00"))
    assert measure(first, hours, "#c", BERLIN).business == 2 * HOUR


def test_what_waited_for_the_customer_does_not_count():
    first = FirstAnswer(
        case=replace(CASE, due_at=at("2026-11-24T12:00")),
        answered_at=at("2026-11-23T10:00"),
        waits=(
            (at("2026-11-19T17:30"), at("2026-11-20T10:00")),
            (at("2026-11-20T20:00"), at("2026-11-23T09:30")),
        ),
    )
    time = measure(first, OFFICE, "#c", BERLIN)
    # 17:00 to 17:30, Friday from 10:00 to 18:00, Monday from 9:30 to 10:00
    assert (time.business, time.in_time) == (9 * HOUR, True)


def test_a_case_that_opened_again_is_measured_by_its_first_due_time():
    again = replace(
        CASE,
        state=CaseState.OPEN,
        due_from=at("2026-11-24T09:00"),
        due_at=at("2026-11-24T13:00"),
    )
    for answered, in_time in (("2026-11-20T12:00", True), ("2026-11-20T12:01", False)):
        time = measure(FirstAnswer(case=again, answered_at=at(answered)), OFFICE, "#c", BERLIN)
        assert time.in_time is in_time


def a_time(number, minutes, by="Ana", by_id="U1", *, in_time=True, team="#c"):
    return AnswerTime(
        case_id=number,
        brand="Acme",
        team=team,
        answered_at=CASE.opened_at,
        answered_on=CASE.opened_at.date(),
        business=minutes * MINUTE,
        in_time=in_time,
        by=by,
        by_id=by_id,
    )


def a_take(number, by="Ana", by_id="U1", *, team="#c"):
    return Take(
        case_id=number,
        brand="Acme",
        team=team,
        taken_at=CASE.opened_at,
        taken_on=CASE.opened_at.date(),
        by=by,
        by_id=by_id,
    )


def summed(answers, takes=()):
    period = (at("2026-11-16T09:00"), at("2026-11-23T09:00"))
    return sum_up("Acme", period, BERLIN, OFFICE, answers, takes)


def shown(answers, takes=()):
    return plain(answer_speed(summed(answers, takes)), width=500)


@pytest.mark.parametrize(
    ("minutes", "told"),
    [
        ([], "3 cases taken, none answered yet."),
        ([20], "3 cases taken, 1 answered, in time, after 20 min."),
        (
            [20, 90, 125, 60],
            "4 answered, 4 of them in time; the fastest after 20 min, "
            "the slowest after 2 h 05 min.",
        ),
        (
            [20, 90, 125, 60, 61],
            "5 answered, 5 of them in time; half of them within 1 h 01 min, "
            "the slowest after 2 h 05 min.",
        ),
        (
            [20, 90, 125, 60, 61, 30],
            "6 answered, 6 of them in time; half of them within 1 h 00 min, "
            "the slowest after 2 h 05 min.",
        ),
        (
            range(10, 110, 10),
            "10 answered, 10 of them in time; half of them within 55 min, "
            "nine of ten within 1 h 30 min.",
        ),
        (
            range(10, 120, 10),
            "11 answered, 11 of them in time; half of them within 1 h 00 min, "
            "nine of ten within 1 h 40 min.",
        ),
        # Business time is never told in days.
        ([30 * 60], "1 answered, in time, after 30 h 00 min."),
    ],
)
def test_no_more_is_told_than_so_many_answers_allow(minutes, told):
    answers = [a_time(number, one) for number, one in enumerate(minutes)]
    text = shown(answers, [a_take(number) for number in range(3)])
    assert told in text
    assert text.splitlines()[0] == "Who answered how fast, 16 Nov 2026 to 23 Nov 2026"


def test_people_are_told_apart_by_id_and_known_by_name_in_the_terminal():
    speed = summed(
        [
            a_time(1, 5),
            a_time(2, 5, by_id="U2"),
            a_time(3, 5, "Ben", "U3"),
            a_time(4, 5, "Ben", None),
        ],
        [a_take(3, "Ben", None), a_take(5, "Cem", None), a_take(3, "Ben", "U3")],
    )
    people = [(name, one.taken, one.answered) for name, one in speed.people]
    assert people == [("Ben", 1, 2), ("Ana", 0, 1), ("Ana", 0, 1), ("Cem", 1, 0)]


def test_teams_are_told_where_there_are_several():
    one_team = shown([a_time(1, 5), a_time(2, 5, None, None)])
    assert "By team" not in one_team
    assert "1 answer was seen at its source, and nobody had claimed the case." in one_team
    assert "By person" in one_team
    two = shown([a_time(1, 5), a_time(2, 5, team="#d"), a_time(3, 7, team="#d", in_time=False)])
    assert two.index("#d: 0 cases taken, 2 answered, 1 of them in time") < two.index("#c: 0 cases")


def test_a_crowd_is_cut_and_counted():
    crowd = [a_time(number, 5, f"Person {number:02}", f"U{number}") for number in range(50)]
    assert "and 30 more" in shown(crowd)
