"""`earful check` shows hours as they were read, and what is at odds; it refuses what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.earful.conftest import Earful

CONFIG = """
[alerts]
timezone = "Europe/Berlin"
{alerts}
[[alerts.channels]]
channel = "#voice-complaints"
quiet_hours = "12:00-13:00 Europe/Berlin"
[cases]
{cases}
[[brands]]
name = "Acme"
query = "acme"
[[brands]]
name = "Bolt"
query = "bolt"
timezone = "Asia/Tokyo"
quiet_hours = ""
"""


@pytest.fixture
def check(earful: Earful, tmp_path: Path) -> Earful:
    def run(*lines: str) -> object:
        alerts = "\n".join(line for line in lines if line.startswith(("quiet", "digest")))
        cases = "\n".join(line for line in lines if line.startswith(("business", "holidays")))
        (tmp_path / "earful.toml").write_text(CONFIG.format(alerts=alerts, cases=cases))
        return earful("check", "--offline")

    return run  # type: ignore[return-value]


def test_shows_each_kind_of_hours(check: Earful) -> None:
    ran = check(
        'quiet_hours = "Mon-Fri 20:00-08:00, Sat-Sun 00:00-24:00 Europe/Berlin"',
        'business_hours = "Mon-Fri 08:00-12:00,13:30-18:00 Europe/Berlin"',
        'holidays = [2099-12-24, "DE-BY"]',
    )
    assert ran.code == 0
    for line in (
        "cases.business_hours: the team works Mon-Fri 08:00-12:00 13:30-18:00 Europe/Berlin",
        "alerts.quiet_hours: alerts wait Mon-Fri 00:00-08:00 20:00-24:00, "
        "Sat-Sun 00:00-24:00 Europe/Berlin",
        "alerts.channels[0].quiet_hours: alerts for #voice-complaints wait "
        "Mon-Sun 12:00-13:00 Europe/Berlin",
        "digests of Acme: alerts.digest_at = 09:00 lies in the quiet hours of #voice-digest "
        "(Sat and Sun): Sat's waits until Mon 08:00; set another time if that is too late",
    ):
        assert f"ok    {line}\n" in ran.out
    (holidays,) = [line for line in ran.out.splitlines() if "cases.holidays" in line]
    assert holidays.startswith("ok    cases.holidays: no business time; the next: ")
    assert holidays.count("(DE-BY)") == 3
    # A brand whose quiet hours are "" has none, and no contradiction.
    assert "Bolt" not in ran.out


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("07:59", "(every day): Mon's waits until Mon 08:00"),
        ("22:00", "(every day): Mon's waits until Tue 08:00"),
        ("08:00", None),
    ],
)
def test_a_digest_time_in_quiet_hours_is_named(check: Earful, at: str, told: str | None) -> None:
    ran = check('quiet_hours = "22:00-08:00 Europe/Berlin"', f'digest_at = "{at}"')
    assert ran.code == 0
    assert ("lies in the quiet hours" in ran.out) is (told is not None)
    assert (told or "") in ran.out


def test_holidays_that_are_over_are_named(check: Earful) -> None:
    ran = check('holidays = ["2020-12-24"]')
    assert "ok    cases.holidays: all of them are over: add those to come\n" in ran.out


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            'quiet_hours = "00:00-24:00 UTC"',
            'alerts.quiet_hours = "00:00-24:00 UTC": they leave no time of the week',
        ),
        ('holidays = ["DE-BV"]', 'cases.holidays[0] = "DE-BV": no such code; did you mean DE-BY'),
        ("holidays = [12]", "cases.holidays"),
    ],
)
def test_what_is_wrong_is_refused_in_one_line(check: Earful, line: str, told: str) -> None:
    ran = check(line)
    assert ran.code == 2
    assert told in ran.err
    assert ran.err.count("\n") == 1
