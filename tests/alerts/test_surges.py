"""Hours against the same hours of earlier weeks: a storm in one of those hides no later one."""

from __future__ import annotations

from alerts.decide.surges import is_incident, unusual_now
from storage.models import IncidentKind


def week(mentions, told, angry):
    return {"mentions": mentions, "told": told, "angry": angry}


def test_a_week_with_a_storm_hides_no_incident():
    quiet, storm = [2, 3, 2, 3, 2], 60
    assert is_incident(12, 10, quiet, 1.0)
    assert is_incident(12, 10, [*quiet, storm], 1.0)


def test_a_week_with_a_storm_hides_no_unusual_hours():
    quiet = [week(10, 8, 1)] * 5
    storm = week(90, 80, 70)
    now = week(30, 25, 12)
    assert unusual_now(now, quiet).keys() == {IncidentKind.VOLUME, IncidentKind.ANGER}
    assert unusual_now(now, [*quiet, storm]) == unusual_now(now, quiet)


def test_weeks_that_always_vary_make_no_noise():
    assert not is_incident(26, 10, [5, 40, 4, 35], 1.0)
    varied = [week(count, count, count // 2) for count in (8, 60, 10, 55)]
    assert unusual_now(week(40, 40, 18), varied) == {}
