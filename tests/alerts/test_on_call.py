"""Who is on call at a moment, through swaps and changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.decide.on_call import Duty, OnCallPerson, Rota, Swap, rota_for

BERLIN = ZoneInfo("Europe/Berlin")
DANA, OMAR, KIM = (OnCallPerson(name, f"U0{name.upper()}00") for name in ("dana", "omar", "kim"))
WEEK = timedelta(weeks=1)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


WEEKLY = Rota((DANA, OMAR, KIM), WEEK, local("2026-03-16 09:00"), BERLIN)
NIGHTS = Rota((DANA, OMAR), timedelta(hours=12), local("2026-03-28 08:00"), BERLIN)
# In the hour that the clock repeats, and in the hour that it skips.
REPEATED = Rota((DANA, OMAR), timedelta(days=1), local("2026-10-24 02:30"), BERLIN)
SKIPPED = Rota((DANA, OMAR), timedelta(days=1), local("2026-03-28 02:30"), BERLIN)
SWAPPED = Rota(
    (DANA, OMAR, KIM), WEEK, local("2026-11-30 09:00"), BERLIN,
    swaps=(
        Swap(local("2026-12-01 09:00"), local("2026-12-02 09:00"), KIM),
        Swap(local("2026-12-07 06:00"), local("2026-12-07 12:00"), KIM),
        Swap(local("2026-12-07 10:00"), local("2026-12-07 11:00"), DANA),
    ),
)  # fmt: skip

MOMENTS = [
    # A weekly turn changes at nine on the wall, in winter and in summer.
    (WEEKLY, "2026-03-16 07:59", None),
    (WEEKLY, "2026-03-16 08:00", Duty(DANA, utc("2026-03-23 08:00"), OMAR)),
    (WEEKLY, "2026-03-23 07:59", Duty(DANA, utc("2026-03-23 08:00"), OMAR)),
    (WEEKLY, "2026-03-23 08:00", Duty(OMAR, utc("2026-03-30 07:00"), KIM)),
    (WEEKLY, "2026-03-30 06:59", Duty(OMAR, utc("2026-03-30 07:00"), KIM)),
    (WEEKLY, "2026-03-30 07:00", Duty(KIM, utc("2026-04-06 07:00"), DANA)),
    (WEEKLY, "2026-10-26 07:59", Duty(OMAR, utc("2026-10-26 08:00"), KIM)),
    # Days and nights: the night of the change is an hour shorter.
    (NIGHTS, "2026-03-28 18:59", Duty(DANA, utc("2026-03-28 19:00"), OMAR)),
    (NIGHTS, "2026-03-28 19:00", Duty(OMAR, utc("2026-03-29 06:00"), DANA)),
    (NIGHTS, "2026-03-29 06:00", Duty(DANA, utc("2026-03-29 18:00"), OMAR)),
    # 02:30 comes twice on 25 October: the turn changes at the first, and not back.
    (REPEATED, "2026-10-25 00:29", Duty(DANA, utc("2026-10-25 00:30"), OMAR)),
    (REPEATED, "2026-10-25 00:30", Duty(OMAR, utc("2026-10-26 01:30"), DANA)),
    (REPEATED, "2026-10-25 01:10", Duty(OMAR, utc("2026-10-26 01:30"), DANA)),
    # 02:30 is skipped on 29 March: the turn changes at 03:30.
    (SKIPPED, "2026-03-29 01:29", Duty(DANA, utc("2026-03-29 01:30"), OMAR)),
    (SKIPPED, "2026-03-29 01:30", Duty(OMAR, utc("2026-03-30 00:30"), DANA)),
    # Swaps: the person's turn is cut, and of two that overlap the last in the file counts.
    (SWAPPED, "2026-12-01 07:59", Duty(DANA, utc("2026-12-01 08:00"), KIM)),
    (SWAPPED, "2026-12-01 08:00", Duty(KIM, utc("2026-12-02 08:00"), DANA)),
    (SWAPPED, "2026-12-02 08:00", Duty(DANA, utc("2026-12-07 05:00"), KIM)),
    (SWAPPED, "2026-12-07 09:00", Duty(DANA, utc("2026-12-07 10:00"), KIM)),
    (SWAPPED, "2026-12-07 10:00", Duty(KIM, utc("2026-12-07 11:00"), OMAR)),
]


@pytest.mark.parametrize(("rota", "moment", "duty"), MOMENTS)
def test_who_is_on_call(rota: Rota, moment: str, duty: Duty | None) -> None:
    assert rota.at(utc(moment)) == duty


def test_at_each_moment_of_a_year_somebody_is_on_call_until_somebody_else_is() -> None:
    for rota in (WEEKLY, NIGHTS, REPEATED, SKIPPED):
        moment = rota.begins
        for _ in range(100):
            duty = rota.at(moment)
            assert duty is not None
            assert duty.until is not None
            assert moment < duty.until
            before = rota.at(duty.until - timedelta(seconds=1))
            assert before is not None
            assert before.person == duty.person
            after = rota.at(duty.until)
            assert after is not None
            assert after.person == duty.then != duty.person
            moment = duty.until


def test_who_is_alone_is_on_call_for_ever() -> None:
    alone = Rota((DANA,), WEEK, local("2026-03-16 09:00"), BERLIN)
    assert alone.at(utc("2030-01-01 00:00")) == Duty(DANA, None, None)


def test_the_most_particular_rota_is_asked() -> None:
    every = Rota((DANA,), WEEK, local("2026-03-16 09:00"), BERLIN)
    brand = Rota((OMAR,), WEEK, local("2026-03-16 09:00"), BERLIN, brand="Acme")
    channel = Rota((KIM,), WEEK, local("2026-03-16 09:00"), BERLIN, channel="#own")
    rotas = [every, brand, channel]
    assert rota_for(rotas, "acme", "#own") is channel
    assert rota_for(rotas, "acme", "#other") is brand
    assert rota_for(rotas, "Bolt", "#other") is every
    assert rota_for([brand], "Bolt", "#other") is None
