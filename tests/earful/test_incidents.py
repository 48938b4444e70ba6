"""Many complaints at once are one message that explains itself, is worked, ends and comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.messages import plain
from alerts.slack.interactions import Answer, Click
from earful.interactions.dispatch import Interactions
from earful.routines.spike_routine import watch_spikes
from storage.models import (
    AlertKind,
    CaseEventKind,
    CaseMove,
    CaseState,
    IncidentKind,
    Stance,
)
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


class TestWorkingOnAll:
    @pytest.fixture
    def storm(self, world: World) -> str:
        """Make an incident of 14 cases whose message Slack has; gives what its buttons carry."""
        for place in range(14):
            world.say(f"I cannot log in since the update {place}, login fails.", judge=False)
        world.judge()
        world.sent()
        return world.store.incidents.open()[0].root_key

    def press(self, world: World, action: str, value: str, key: str = "C1:1:2") -> Answer | None:
        click = Click(
            key=key, action=action, value=value, user_id="U0DANA", user_name="dana",
            channel_id="C1", message_ts="1.1", trigger_id="t",
        )  # fmt: skip
        path = world.store.database.path
        return Interactions(path, world.settings, lambda: world.now)(click)

    def test_one_click_claims_all_and_is_one_line(self, world: World, storm: str) -> None:
        world.act(world.say("I cannot log in either, login fails."), "claim")
        world.now += MINUTE
        assert self.press(world, "incident_claim", storm) is None
        assert {case.claimed_by for case in world.store.cases.unanswered()} == {"dana"}
        assert "dana claimed 14 cases of this incident." in in_thread(world, AlertKind.INCIDENT)
        assert "15 cases: 15 claimed. Claimed by dana." in latest(world, AlertKind.INCIDENT)
        alerts = len(world.rows("SELECT id FROM alerts"))
        assert self.press(world, "incident_claim", storm) is not None, "nothing is open"
        assert len(world.rows("SELECT id FROM alerts")) == alerts

    def test_one_click_answers_all(self, world: World, storm: str) -> None:
        self.press(world, "incident_claim", storm)
        assert self.press(world, "incident_answered", storm, "C1:1:3") is None
        assert world.store.cases.unanswered() == []
        assert world.store.cases.counts(world.now)["responded"] == 14
        assert "14 cases: 14 answered." in latest(world, AlertKind.INCIDENT)
        told = in_thread(world, AlertKind.INCIDENT)
        assert told[-1] == "dana has answered 14 cases of this incident."
        buttons = world.rows("SELECT payload FROM alerts ORDER BY id DESC LIMIT 1")
        assert "incident_claim" not in str(buttons)

    def test_a_delivery_that_comes_twice_counts_once(self, world: World, storm: str) -> None:
        self.press(world, "incident_claim", storm)
        first = world.store.cases.unanswered()[0]
        move = CaseMove(mention_id=first.mention_id, event=CaseEventKind.RELEASED, at=world.now,
                        to=CaseState.OPEN, actor="lee")  # fmt: skip
        world.store.cases.apply(move)
        self.press(world, "incident_claim", storm)
        assert world.store.cases.unanswered()[0].state is CaseState.OPEN

    def test_an_incident_that_is_not_kept_is_named(self, world: World, storm: str) -> None:
        for action in ("incident_claim", "incident_answered"):
            answer = self.press(world, action, storm.replace("Acme", "Other"))
            assert answer is not None
            assert answer.payload is not None
            assert "not kept any more" in str(answer.payload["text"])

    def test_its_cases_are_listed_with_their_buttons(self, world: World, storm: str) -> None:
        answer = self.press(world, "incident_show", storm)
        assert answer is not None
        assert answer.payload is not None
        shown = plain(dict(answer.payload))
        assert "Cases of this incident" in shown
        assert shown.count("I cannot log in since the update") == 10
        rows = [block for block in answer.payload["blocks"] if block["type"] == "actions"]
        pages = rows[-1]["elements"]
        onward = next(one for one in pages if "value" in one and one["action_id"] == "work_page")
        second = self.press(world, "work_page", onward["value"], "C1:1:9")
        assert second is not None
        assert second.payload is not None
        assert plain(dict(second.payload)).count("I cannot log in since the update") == 4
        self.press(world, "incident_answered", storm, "C1:1:10")
        after = self.press(world, "incident_show", storm, "C1:1:11")
        assert after is not None
        assert after.payload is not None
        assert "has its answer" in str(after.payload["text"])
