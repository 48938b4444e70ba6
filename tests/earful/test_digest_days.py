"""Digests tell of local days, however long; they wait in quiet hours; months are local too."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from config.errors import ConfigError
from earful.policies import Policies
from earful.routines.digest_routine import write_digests
from earful.routines.digest_times import due_periods
from earful.routines.leaderboard_routine import write_leaderboards
from storage.models import Experience, Mention
from tests.earful.conftest import Earful
from tests.earful.test_cases import World

DELIGHTED, ANGRY = Experience.DELIGHTED, Experience.ANGRY
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def local(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[..., World]]:
    worlds: list[World] = []

    def build(zone: str = "Europe/Berlin", at: str = "09:00", **alerts: Any) -> World:
        sections = {"alerts": {"timezone": zone, "digest_at": at, **alerts}}
        worlds.append(World(tmp_path / "earful.db", **sections))
        return worlds[-1]

    yield build
    for world in worlds:
        world.store.close()


def say(world: World, when: datetime, experience: Experience = ANGRY) -> Mention:
    world.now = when
    words = f"Acme at {when:%H:%M} on {when:%d %b}: so many words that it can be picked"
    return world.say(words, experience, judge=False, created_at=when)


def digests(world: World, now: datetime) -> list[str]:
    """Write what is due, and give what the new digests say."""
    known = {row["id"] for row in world.rows("SELECT id FROM alerts")}
    write_digests(world.store, world.settings, now)
    rows = world.rows("SELECT * FROM alerts WHERE operation = 'post' ORDER BY id")
    return [json.loads(row["payload"])["text"] for row in rows if row["id"] not in known]


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-25", 24)],
)
def test_a_digest_tells_of_all_hours_of_its_local_day(
    build: Callable[..., World], day: str, hours: int
) -> None:
    world = build(weekly_on="never")
    end = local(f"{day}T09:00")
    start = local(f"{day}T09:00") - hours * HOUR
    for number in range(-1, hours + 1):
        say(world, start + number * HOUR)
    (told,) = digests(world, end)
    assert f"{hours} mentions" in told
    # The next one begins where it ended: nothing is told twice, and nothing never.
    (then,) = digests(world, end + DAY + HOUR)
    assert "1 mention (" in then


@pytest.mark.parametrize(("day", "hours"), [("2026-03-30", 167), ("2026-10-26", 169)])
def test_a_week_with_a_clock_change_is_whole(
    build: Callable[..., World], day: str, hours: int
) -> None:
    world = build()
    end = local(f"{day}T09:00")
    (_, week) = due_periods(world.settings, "Acme", end)
    assert (week.end - week.start, week.start - week.before) == (hours * HOUR, 168 * HOUR)
    assert week.weekly


@pytest.mark.parametrize(
    ("zone", "monday"),
    [
        ("Europe/Berlin", "2026-03-30"),
        ("America/Sao_Paulo", "2018-11-05"),
        ("Africa/Cairo", "2026-04-27"),
        ("Asia/Beirut", "2026-03-30"),
        ("Australia/Lord_Howe", "2026-10-05"),
        ("America/New_York", "2026-11-02"),
    ],
)
@pytest.mark.parametrize("at", ["00:00", "02:30", "23:45"])
def test_every_day_around_a_clock_change_has_its_digest(
    build: Callable[..., World], zone: str, monday: str, at: str
) -> None:
    world = build(zone, at)
    place = ZoneInfo(zone)
    start = local(f"{monday}T12:00", zone) - 5 * DAY
    ends = []
    for quarters in range(4 * 24 * 7):
        for period in due_periods(world.settings, "Acme", start + quarters * HOUR / 4):
            if (period.end, period.weekly) not in ends:
                ends.append((period.end, period.weekly))
    days = [end.astimezone(place).date() for end, weekly in ends if not weekly]
    assert days == [days[0] + number * DAY for number in range(8)]
    weeks = [f"{end.astimezone(place):%Y-%m-%d}" for end, weekly in ends if weekly]
    assert monday in weeks


def test_a_title_names_the_days_of_the_brands_calendar(build: Callable[..., World]) -> None:
    world = build("Asia/Tokyo", "00:00")
    end = local("2026-11-23T00:00", "Asia/Tokyo")
    say(world, end - HOUR)
    day, week = digests(world, end)
    assert day.startswith("Acme, 22 Nov 2026: 1 mention")
    assert week.startswith("Acme, 16 Nov 2026 to 22 Nov 2026: 1 mention")
    picture = world.rows("SELECT payload FROM alerts WHERE operation = 'upload'")[0]
    assert json.loads(picture["payload"])["text"].endswith(
        "11-21: 0 angry, 0 mediocre, 0 delighted; 11-22: 1 angry, 0 mediocre, 0 delighted"
    )


def test_a_weeks_digest_that_fell_due_while_nothing_ran_comes_late_and_once(
    build: Callable[..., World],
) -> None:
    world = build()
    monday = local("2026-11-23T09:00")
    say(world, monday - 3 * DAY)
    # Nothing was said on Monday: the day's digest needs no message.
    (told,) = digests(world, monday + DAY + HOUR)
    assert told.startswith("Acme, 16 Nov 2026 to 23 Nov 2026: 1 mention")
    assert digests(world, monday + DAY + 2 * HOUR) == []
    (_, week) = due_periods(world.settings, "Acme", monday + 2 * DAY)
    assert week.end == monday
    assert len(due_periods(world.settings, "Acme", monday + 2 * DAY + timedelta(seconds=1))) == 1


def test_digests_and_celebrations_wait_in_quiet_hours(build: Callable[..., World]) -> None:
    world = build(quiet_hours="Mon-Fri 20:00-08:00, Sat-Sun 00:00-24:00 Europe/Berlin")
    saturday = local("2026-11-28T09:00")
    praised = say(world, saturday - 30 * DAY, DELIGHTED)
    world.store.judgements.name_staff({praised.id: ["Rita"]})
    say(world, saturday - HOUR)
    world.now = saturday
    assert digests(world, saturday)
    assert write_leaderboards(world.store, world.settings, saturday) == 1
    monday = local("2026-11-30T08:00")
    waiting = world.rows(
        "SELECT kind, operation, not_before FROM alerts WHERE kind <> 'complaint'"
    )
    assert {row["not_before"] for row in waiting} == {monday.isoformat()}
    assert {(row["kind"], row["operation"]) for row in waiting} == {
        ("digest", "post"),
        ("digest", "upload"),
        ("kudos", "post"),
    }
    assert not world.store.outbox.waiting(saturday, 9)
    assert world.store.outbox.waiting(monday, 9)


def test_a_month_of_praise_is_the_brands_own(build: Callable[..., World]) -> None:
    world = build("Asia/Tokyo")
    # Late October in London is November in Tokyo.
    ours = ("2026-11-01T03:00", "2026-11-30T23:00")
    for when in (*ours, "2026-12-01T01:00", "2026-12-01T02:00"):
        praised = say(world, local(when, "Asia/Tokyo"), DELIGHTED)
        world.store.judgements.name_staff({praised.id: ["Rita"]})
    now = local("2026-12-01T09:00", "Asia/Tokyo")
    assert write_leaderboards(world.store, world.settings, now) == 1
    (told,) = world.rows("SELECT dedupe_key, payload FROM alerts WHERE kind = 'kudos'")
    assert told["dedupe_key"] == "kudos:Acme:2026-11"
    assert "2 wows" in told["payload"]


def test_a_report_is_of_the_brands_days(
    build: Callable[..., World], earful: Earful, tmp_path: Path
) -> None:
    world = build("Asia/Tokyo")
    say(world, local("2026-11-11T05:00", "Asia/Tokyo"))
    say(world, local("2026-11-12T05:00", "Asia/Tokyo"))
    (tmp_path / "earful.toml").write_text(
        '[alerts]\ntimezone = "Asia/Tokyo"\n[[brands]]\nname = "Acme"\nquery = "acme"\n'
    )
    ran = earful("report", "--since", "2026-11-11", "--until", "2026-11-12")
    assert ran.code == 0
    page = (tmp_path / "earful-report.html").read_text()
    # Five in the morning of the 11th, which is the evening before in London.
    assert "11 Nov 2026" in page
    assert "12 Nov 2026" not in page
    assert "Acme at 20:00 on 10 Nov" in page
    assert "Acme at 20:00 on 11 Nov" not in page
    assert "(1 day, Asia/Tokyo)" in page


def test_hours_that_are_always_quiet_do_not_start(build: Callable[..., World]) -> None:
    world = build(quiet_hours="00:00-24:00 UTC")
    with pytest.raises(ConfigError, match=r"^alerts\.quiet_hours = .* no time of the week"):
        Policies(world.settings).check()
