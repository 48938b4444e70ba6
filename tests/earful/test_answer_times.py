"""Who took and answered cases, measured as they are worked: in the store and in the digest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.decide.answer_speed import measure
from alerts.messages import plain
from config.errors import ConfigError
from config.settings import parse_settings
from earful import case_acts
from earful.case_acts import Actor
from earful.policies import Policies
from earful.routines import digest_routine
from earful.routines.digest_routine import DIGESTS, write_digests, write_late_digests
from earful.stages import answer_stage
from storage.models import Mention
from tests.earful.test_cases import World

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ANA, BEN = Actor("Ana", "U0ANA"), Actor("Ben", "U0BEN")
# Tuesday, 17 November 2026, eleven o'clock in Berlin
TUESDAY = datetime(2026, 11, 17, 10, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
OFFICE = {"business_hours": "Mon-Fri 09:00-18:00 Europe/Berlin", "respond_within": "4h"}


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[..., World]]:
    worlds: list[World] = []

    def build(**cases: Any) -> World:
        world = World(
            tmp_path / "earful.db",
            alerts={"timezone": "Europe/Berlin", "digest_at": "09:00", "incident_over": 99},
            cases=OFFICE | cases,
        )
        world.now = TUESDAY
        worlds.append(world)
        return world

    yield build
    for world in worlds:
        world.store.close()


def act(world: World, said: Mention, what: str, actor: Actor, after: timedelta) -> None:
    world.now += after
    case_acts.act(world.store, Policies(world.settings), said.id, what, actor, world.now)


def times(world: World) -> list[tuple[Any, ...]]:
    world.judge()
    rows = world.rows("SELECT * FROM answer_times ORDER BY case_id")
    return [(row["answered_by"], row["business_s"] // 60, row["in_time"]) for row in rows]


def speed_reply(world: World) -> str | None:
    world.judge()
    write_digests(world.store, world.settings, MONDAY)
    rows = world.rows("SELECT * FROM alerts WHERE dedupe_key LIKE 'speed:%'")
    if not rows:
        return None
    (row,) = rows
    assert (row["operation"], row["channel"]) == ("reply", "#voice-digest")
    assert row["root_key"] == row["dedupe_key"].removeprefix("speed:")
    return plain(json.loads(row["payload"]), width=300)


class TestMeasuring:
    def test_who_had_claimed_a_case_has_answered_it(self, build: Callable[..., World]) -> None:
        world = build()
        said = world.say("They lost my bag.")
        act(world, said, "claim", ANA, 10 * MINUTE)
        world.judge()
        act(world, said, "respond", BEN, 20 * MINUTE)
        assert times(world) == [("Ana", 30, 1)]
        # What is measured stays, whatever happens to the case.
        act(world, said, "reopen", BEN, HOUR)
        act(world, said, "respond", BEN, HOUR)
        assert times(world) == [("Ana", 30, 1)]
        assert answer_stage.measure_answers(world.store, Policies(world.settings), world.now) == 0

    def test_an_unclaimed_one_is_that_of_who_said_so(self, build: Callable[..., World]) -> None:
        world = build()
        act(world, world.say("They lost my bag."), "respond", BEN, 5 * HOUR)
        assert times(world) == [("Ben", 300, 0)]

    def test_an_answer_seen_at_its_source(self, build: Callable[..., World]) -> None:
        world = build()
        nobody, claimed = world.say("They lost my bag."), world.say("They lost my coat.")
        act(world, claimed, "claim", ANA, MINUTE)
        replied_at = world.now + 29 * MINUTE
        world.now += 2 * HOUR
        for said in (nobody, claimed):
            seen = world.store.mentions.get(said.id)
            assert seen is not None
            world.store.database.connection.execute(
                "UPDATE mentions SET owner_replied_at = ?, owner_reply = 'Sorry' WHERE id = ?",
                (replied_at.isoformat(), said.id),
            )
        assert times(world) == [(None, 30, 1), ("Ana", 30, 1)]

    def test_a_night_and_a_weekend_are_no_business_time(self, build: Callable[..., World]) -> None:
        world = build(holidays=["2026-11-18"])
        world.now = datetime(2026, 11, 17, 16, 0, tzinfo=UTC)  # an hour before six o'clock
        said = world.say("They lost my bag.")
        act(world, said, "respond", BEN, 2 * DAY - 6 * HOUR)  # Thursday, eleven o'clock
        assert times(world) == [("Ben", 180, 1)]

    def test_opened_again_before_it_was_measured(self, build: Callable[..., World]) -> None:
        world = build()
        said = world.say("They lost my bag.")
        act(world, said, "claim", ANA, MINUTE)
        world.judge()
        act(world, said, "respond", BEN, 5 * HOUR)
        act(world, said, "reopen", BEN, MINUTE)
        # Five hours are late, though the case has a new due time.
        assert times(world) == [("Ana", 301, 0)]

    def test_what_waited_for_the_customer(self, build: Callable[..., World]) -> None:
        world = build()
        said = world.say("They lost my bag.")
        case = world.case(said)
        for event, after in (("snoozed", HOUR), ("woken", 3 * HOUR), ("snoozed", 4 * HOUR)):
            world.store.database.connection.execute(
                "INSERT INTO case_events (case_id, at, event, actor) VALUES (?, ?, ?, 'Ana')",
                (case.id, (TUESDAY + after).isoformat(), event),
            )
        world.store.database.connection.execute(
            "UPDATE cases SET state = 'responded', responded_at = ? WHERE id = ?",
            ((TUESDAY + 5 * HOUR).isoformat(), case.id),
        )
        # One hour to the first wait, one between the two; the second lasts until the answer.
        assert times(world) == [(None, 120, 0)]

    def test_one_that_cannot_be_measured_stops_no_other(
        self, build: Callable[..., World], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world = build()
        bag, coat = world.say("They lost my bag."), world.say("They lost my coat.")
        for said in (bag, coat):
            act(world, said, "respond", BEN, MINUTE)

        def bad(first: Any, *rest: Any) -> Any:
            if first.case.id == 1:
                raise ValueError("no such time")
            return measure(first, *rest)

        monkeypatch.setattr(answer_stage, "measure", bad)
        assert times(world) == [("Ben", 2, 1)]
        assert list(world.store.failures.of(answer_stage.ANSWERS)) == ["mention shop:1"]
        monkeypatch.undo()
        world.now += HOUR
        assert len(times(world)) == 2
        assert not world.store.failures.of(answer_stage.ANSWERS)


class TestTheWeek:
    def test_is_told_in_the_thread_of_the_weekly_digest(self, build: Callable[..., World]) -> None:
        world = build()
        for number, actor in enumerate((ANA, ANA, ANA, BEN)):
            said = world.say(f"They lost bag number {number}.")
            act(world, said, "claim", actor, MINUTE)
            world.judge()
            if number:
                act(world, said, "respond", actor, number * 10 * MINUTE)
        told = speed_reply(world)
        assert told is not None
        assert "Who answered how fast, 16 Nov 2026 to 23 Nov 2026" in told
        assert "Acme: 4 cases taken, 3 answered, 3 of them in time" in told
        assert (
            "Ana: 3 cases taken, 2 answered, 2 of them in time; the fastest after 11 min, "
            "the slowest after 21 min."
        ) in told
        assert "Ben: 1 case taken, 1 answered, in time, after 31 min." in told
        assert "(Mon-Fri 09:00-18:00 Europe/Berlin)" in told
        write_digests(world.store, world.settings, MONDAY + HOUR)
        assert len(world.rows("SELECT 1 FROM alerts WHERE dedupe_key LIKE 'speed:%'")) == 1

    def test_one_that_failed_comes_with_the_late_digests(
        self, build: Callable[..., World], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world = build()
        act(world, world.say("They lost my bag."), "respond", BEN, MINUTE)

        def bad(*_: object) -> None:
            raise ValueError("no numbers")

        monkeypatch.setattr(digest_routine, "week_of_answers", bad)
        assert speed_reply(world) is None
        assert list(world.store.failures.of(DIGESTS)) == ["Acme, who answered"]
        monkeypatch.undo()
        write_late_digests(world.store, world.settings, MONDAY + HOUR)
        assert not world.store.failures.of(DIGESTS)
        assert speed_reply(world) is not None

    def test_without_a_claim_and_an_answer_says_nothing(self, build: Callable[..., World]) -> None:
        world = build()
        world.say("They lost my bag.")
        assert speed_reply(world) is None

    def test_what_was_no_case_does_not_count(self, build: Callable[..., World]) -> None:
        world = build()
        said = world.say("They lost my bag.")
        act(world, said, "claim", ANA, MINUTE)
        world.judge()
        act(world, said, "dismiss", ANA, MINUTE)
        assert speed_reply(world) is None
        assert world.rows("SELECT * FROM answer_speed") == []

    def test_by_the_teams_of_the_config(self, build: Callable[..., World]) -> None:
        world = build(
            teams=[
                {"name": "Days", "people": ["U0ANA"]},
                {"name": "Nights", "people": ["ben", "Cem"]},
            ]
        )
        for actor in (ANA, BEN, Actor("Eve", "U0EVE")):
            said = world.say(f"They lost the bag of {actor.name}.")
            act(world, said, "respond", actor, 10 * MINUTE)
        told = speed_reply(world)
        assert told is not None
        for name in ("Days", "Nights", "No team"):
            assert f"{name}: 0 cases taken, 1 answered, in time, after 10 min." in told

    def test_nobody_is_in_two_teams(self) -> None:
        teams = [{"name": "Days", "people": ["Ana"]}, {"name": "Nights", "people": ["ana"]}]
        with pytest.raises(ConfigError, match="'ana' is in the teams 'Days' and 'Nights'"):
            parse_settings({"cases": {"teams": teams}}, {}, where="test")


class TestTheView:
    def test_tells_the_same_by_person_and_team(self, build: Callable[..., World]) -> None:
        world = build()
        for number in range(1, 11):
            world.now = TUESDAY
            said = world.say(f"They lost bag number {number}.")
            act(world, said, "claim", ANA, MINUTE)
            act(world, said, "respond", ANA, (10 * number - 1) * MINUTE)
        world.judge()
        person, team = world.rows("SELECT * FROM answer_speed ORDER BY kind")
        same = {
            "week": "2026-11-16", "brand": "Acme", "taken": 10, "answered": 10, "in_time": 10,
            "median_hours": 0.92, "p90_hours": 1.5,
        }  # fmt: skip
        assert person == same | {"kind": "person", "name": "Ana"}
        assert team == same | {"kind": "team", "name": "#voice-complaints"}

    def test_weeks_are_those_of_the_brands_zone(self, build: Callable[..., World]) -> None:
        world = build(business_hours="24/7")
        sunday = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)  # half past eleven in Berlin
        for begins in (sunday, sunday + HOUR):
            world.now = begins
            act(world, world.say(f"They lost my bag at {begins}."), "respond", ANA, MINUTE)
        world.judge()
        weeks = world.rows("SELECT DISTINCT week, answered FROM answer_speed ORDER BY week")
        assert [tuple(row.values()) for row in weeks] == [("2026-11-16", 1), ("2026-11-23", 1)]
