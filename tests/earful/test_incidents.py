"""Many complaints at once are one message that explains itself, is worked, ends and comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.messages import plain
from earful.routines.spike_routine import watch_spikes
from storage.models import AlertKind, CaseState, IncidentKind, Stance
from tests.earful.test_cases import ANGRY, DAY, DELIGHTED, HOUR, MEDIOCRE, MINUTE, NOW, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "earful.db")
    yield world
    world.store.close()


def latest(world: World, kind: AlertKind) -> str:
    """Show the message of the last incident or spike as it is or will be."""
    rows = world.rows(
        f"SELECT payload FROM alerts WHERE kind = '{kind}' AND operation <> 'reply' "
        "ORDER BY id DESC LIMIT 1"
    )
    return " ".join(plain(json.loads(rows[0]["payload"])).split())


def in_thread(world: World, kind: AlertKind) -> list[str]:
    rows = world.rows(
        f"SELECT payload FROM alerts WHERE kind = '{kind}' AND operation = 'reply' ORDER BY id"
    )
    return [json.loads(row["payload"])["text"] for row in rows]


class TestIncidents:
    def burst(self, world: World, number: int, start: int = 0) -> None:
        for place in range(start, start + number):
            world.say(f"I cannot log in since the update {place}, login fails.", judge=False)
        world.judge()

    def test_many_complaints_are_one_message_that_counts_up_and_ends(self, world: World) -> None:
        self.burst(world, 37)
        assert len(world.store.cases.unanswered()) == 37
        assert world.posts(AlertKind.COMPLAINT) == []
        (post,) = world.posts(AlertKind.INCIDENT)
        assert "37 complaints about" in post["payload"]
        assert "login" in post["payload"]
        world.sent()
        world.now += 5 * MINUTE
        self.burst(world, 5, 37)
        assert len(world.posts()) == 1
        (update,) = world.rows("SELECT * FROM alerts WHERE operation = 'update'")
        assert "42 complaints about" in update["payload"]
        world.sent()
        world.now += 19 * MINUTE
        world.judge()
        assert len(world.store.incidents.open()) == 1
        world.now += 20 * MINUTE
        world.judge()
        assert world.store.incidents.open() == []
        last = world.rows("SELECT * FROM alerts ORDER BY id DESC LIMIT 2")
        assert any("It is over" in row["payload"] for row in last)
        world.say("An ordinary complaint about a seat.")
        assert len(world.posts(AlertKind.COMPLAINT)) == 1

    @pytest.mark.parametrize(("number", "incident"), [(9, 0), (10, 0), (11, 1)])
    def test_the_border(self, world: World, number: int, incident: int) -> None:
        self.burst(world, number)
        assert len(world.posts(AlertKind.INCIDENT)) == incident
        assert len(world.posts(AlertKind.COMPLAINT)) == (0 if incident else number)

    def test_what_is_usual_at_this_hour_is_no_incident(self, world: World) -> None:
        for week in (1, 2, 3, 4):
            for place in range(60):
                world.say(
                    f"Monday morning grief {place}", judge=False,
                    created_at=NOW - week * 7 * DAY - (place - 20) * MINUTE,
                )  # fmt: skip
        world.judge()
        self.burst(world, 20, 300)
        assert world.posts(AlertKind.INCIDENT) == []
        self.burst(world, 20, 400)
        assert len(world.posts(AlertKind.INCIDENT)) == 1

    def test_a_lost_advocate_is_told_even_then(self, world: World) -> None:
        world.say("Fly with them, all of you!", DELIGHTED, Stance.ADVOCATE, author="Ann",
                  created_at=NOW - 3 * DAY)  # fmt: skip
        self.burst(world, 20)
        world.say("They left me standing in the rain.", author="Ann")
        assert len(world.posts(AlertKind.LOST_ADVOCATE)) == 1

    def test_spikes_are_judged_against_the_same_hours_before(self, world: World) -> None:
        for week in (1, 2, 3, 4):
            for place in range(20):
                kind = ANGRY if place < 2 else MEDIOCRE
                created = NOW - week * 7 * DAY - (1 + place) * 5 * MINUTE
                world.say(f"usual {place}", kind, judge=False, created_at=created)
        for place in range(20):
            kind = ANGRY if place < 3 else MEDIOCRE
            created = NOW - (1 + place) * 5 * MINUTE
            world.say(f"today {place}", kind, judge=False, created_at=created)
        assert watch_spikes(world.store, world.settings, NOW) == 0
        for place in range(30):
            world.say(f"storm {place}", ANGRY, judge=False)
        assert watch_spikes(world.store, world.settings, NOW) == 2
        assert watch_spikes(world.store, world.settings, NOW + MINUTE) == 0
        told = [row["payload"] for row in world.posts(AlertKind.SPIKE)]
        assert "50 mentions in 3 hours: far more than usual." in told[0]
        assert "33 angry mentions in 3 hours: a far larger share" in told[1]

    def test_it_explains_itself(self, world: World) -> None:
        for hours in range(24, 0, -1):
            world.now = NOW - hours * HOUR
            world.say(
                f"An old grief about a seat, number {hours}.",
                source="appstore",
                country="US",
                product_version="5.1",
            )
        world.now = NOW
        self.burst_from(world, 20, "google_play", "DE", "5.2.1")
        for place in range(4):
            words = f"Login fails on the phone that I bought in {2000 + place}."
            world.say(words, source="appstore", country="US", product_version="5.1")
        shown = latest(world, AlertKind.INCIDENT)
        assert "20 of 24 were written on Google Play, before: none" in shown
        assert "20 of 24 are about version 5.2.1, before: none" in shown
        assert "20 of 24 come from Germany, before: none" in shown
        assert "say “login fails”" in shown
        assert shown.count("• “I cannot log in") == 1, "each quote has words of its own"

    def burst_from(
        self, world: World, number: int, source: str, country: str, version: str
    ) -> None:
        for place in range(number):
            world.say(
                f"I cannot log in since the update {place}, login fails.", judge=False,
                source=source, country=country, product_version=version,
            )  # fmt: skip
        world.judge()

    def test_without_anything_to_compare_with_nothing_is_said_to_set_it_apart(
        self, world: World
    ) -> None:
        self.burst_from(world, 20, "google_play", "DE", "5.2.1")
        shown = latest(world, AlertKind.INCIDENT)
        assert "Google Play, before" not in shown
        assert "would be usual" not in shown

    def test_what_comes_back_within_a_day_goes_on_in_its_message(self, world: World) -> None:
        self.burst(world, 20)
        world.sent()
        world.now += 2 * HOUR
        world.judge()
        assert world.store.incidents.open() == []
        world.sent()
        world.now += 20 * HOUR
        self.burst(world, 15, 100)
        assert len(world.posts(AlertKind.INCIDENT)) == 1
        (state,) = world.store.incidents.open()
        assert (state.complaints, state.back_at) == (35, world.now)
        assert "Back since" in latest(world, AlertKind.INCIDENT)
        world.now += 2 * HOUR
        world.judge()
        world.judge()
        told = in_thread(world, AlertKind.INCIDENT)
        assert [text.split(":")[0] for text in told] == ["It is over", "It is back", "It is over"]
        world.now += 25 * HOUR
        self.burst(world, 15, 200)
        assert len(world.posts(AlertKind.INCIDENT)) == 2

    def test_its_message_follows_the_work_on_its_cases(self, world: World) -> None:
        self.burst(world, 12)
        world.sent()
        assert "12 cases: 12 open." in latest(world, AlertKind.INCIDENT)
        before = len(world.rows("SELECT id FROM alerts"))
        world.now += MINUTE
        world.judge()
        assert len(world.rows("SELECT id FROM alerts")) == before, "nothing changed"
        first = world.store.mentions.get("shop:1")
        assert first is not None
        world.act(first, "claim")
        world.judge()
        shown = latest(world, AlertKind.INCIDENT)
        assert "12 cases: 11 open, 1 claimed. Claimed by dana." in shown
        assert world.case(first).state is CaseState.CLAIMED

    def test_a_spike_is_one_message_that_follows_it_ends_and_comes_back(
        self, world: World
    ) -> None:
        for week in (1, 2, 3, 4):
            for place in range(20):
                for more in (timedelta(0), 10 * HOUR):
                    created = NOW - week * 7 * DAY - (1 + place) * 5 * MINUTE + more
                    world.say(f"usual {place}", MEDIOCRE, judge=False, created_at=created)
        for place in range(60):
            world.say(f"a storm of words {place}", MEDIOCRE, judge=False)
        assert watch_spikes(world.store, world.settings, NOW) == 1
        assert "60 mentions in 3 hours" in latest(world, AlertKind.SPIKE)
        world.sent()
        for place in range(30):
            world.say(f"more and more words {place}", MEDIOCRE, judge=False)
        later = NOW + 30 * MINUTE
        watch_spikes(world.store, world.settings, later)
        assert "90 mentions in 3 hours" in latest(world, AlertKind.SPIKE)
        watch_spikes(world.store, world.settings, NOW + 4 * HOUR)
        assert world.store.incidents.open(kind=IncidentKind.VOLUME) == []
        assert "Over since" in latest(world, AlertKind.SPIKE)
        world.now = NOW + 10 * HOUR
        for place in range(95):
            world.say(f"and again words {place}", MEDIOCRE, judge=False)
        watch_spikes(world.store, world.settings, world.now)
        assert len(world.posts(AlertKind.SPIKE)) == 1
        told = in_thread(world, AlertKind.SPIKE)
        assert [text.split(":")[0] for text in told] == ["It is over", "It is back"]
        assert "95 mentions in 3 hours" in latest(world, AlertKind.SPIKE)
