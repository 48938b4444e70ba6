"""Cases climb their ladders through the store, the outbox and a fake Slack, with time moved."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from earful import case_acts, case_desk
from earful.case_acts import Actor
from earful.forgetting import forget_author
from earful.isolation import Isolation
from earful.policies import Policies
from earful.stages.case_ladder import Climbing
from storage.models import AlertKind, Experience, Mention, Stance
from storage.store import Store
from tests.earful.test_cases import DANA, DAY, HOUR, MINUTE, NOW, World

OMAR = Actor("omar", "U0OMAR")
CHANNEL = "#voice-complaints"
ROTA = {
    "people": [{"name": "Kim", "slack": "U0KIM000"}, {"name": "Lee", "slack": "U0LEE000"}],
    "starts": "2026-11-23 09:00",
}
URL = "https://shop.example/reviews/1"


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[..., World]]:
    worlds: list[World] = []

    def build(**sections: Any) -> World:
        worlds.append(World(tmp_path / "earful.db", **sections))
        return worlds[-1]

    yield build
    for world in worlds:
        world.store.close()


@pytest.fixture
def world(build: Callable[..., World]) -> World:
    return build(on_call=[ROTA])


def pass_time(world: World, until: timedelta, step: timedelta = 10 * MINUTE) -> None:
    """Let the clock go on, with a pass every `step` and what waits delivered."""
    while world.now < NOW + until:
        world.now = min(world.now + step, NOW + until)
        world.judge()
        world.sent()


def lines(world: World, *kinds: str) -> list[dict[str, Any]]:
    """Give the ladder's messages, in order, with their payloads read."""
    marks = ", ".join(repr(kind) for kind in kinds or ("warning", "reminder", "overdue"))
    rows = world.rows(f"SELECT * FROM alerts WHERE kind IN ({marks}) ORDER BY id")
    return [row | {"payload": json.loads(row["payload"])} for row in rows]


def texts(world: World, *kinds: str) -> list[str]:
    return [row["payload"]["text"] for row in lines(world, *kinds)]


def seen_in_channel(world: World, channel: str = CHANNEL) -> int:
    """Count what a channel showed: posts, and replies that were broadcast."""
    return world.store.outbox.posted_since(NOW - DAY).get(channel, 0)


def act(world: World, mention: Mention, what: str, actor: Actor) -> None:
    policies = Policies(world.settings)
    assert case_acts.act(world.store, policies, mention.id, what, actor, world.now).changed


def climbing(world: World, store: Store) -> Climbing:
    return Climbing(store, Policies(world.settings), Isolation(store, "cases", NOW), world.now)


class TestOneCase:
    def test_a_case_that_nobody_claims_is_warned_of_before_it_is_due(self, world: World) -> None:
        said = world.say("They lost my bag.", url=URL)
        world.sent()
        pass_time(world, 2 * HOUR - MINUTE)
        assert lines(world) == []
        pass_time(world, 2 * HOUR)
        (warning,) = lines(world)
        assert warning["payload"]["text"].startswith(
            "<@U0KIM000> Nobody has claimed case 1 yet. The answer is due "
        )
        assert (warning["operation"], warning["root_key"]) == ("reply", f"complaint:{said.id}")
        assert warning["payload"]["broadcast"] is True
        pass_time(world, 4 * HOUR)
        assert len(lines(world)) == 1

    def test_each_line_can_be_worked_from_where_it_is_read(self, world: World) -> None:
        said = world.say("They lost my bag.", url=URL, author="Sam")
        world.sent()
        pass_time(world, 2 * HOUR)
        act(world, said, "claim", DANA)
        pass_time(world, 5 * HOUR)
        found = lines(world)
        assert [row["kind"] for row in found] == ["warning", "reminder", "overdue"]
        for row in found:
            whole = json.dumps(row["payload"], ensure_ascii=False)
            for part in ("Sam in the import", "They lost my bag.", f"<{URL}|", "Case 1"):
                assert part in whole, row["kind"]

    def test_after_a_handover_the_new_owner_is_reminded(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.sent()
        act(world, said, "claim", DANA)
        pass_time(world, 3 * HOUR)
        act(world, said, "release", DANA)
        act(world, said, "claim", OMAR)
        pass_time(world, 3 * HOUR + 30 * MINUTE)
        pinged = [text.split(" ")[0] for text in texts(world, "reminder")]
        assert pinged == ["<@U0DANA>", "<@U0OMAR>"]

    def test_overdue_pings_the_claimer_and_then_who_is_on_call_too(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.sent()
        act(world, said, "claim", DANA)
        pass_time(world, 9 * HOUR)
        first, second = texts(world, "overdue")
        assert first.startswith("<@U0DANA> Overdue: case 1 has had no answer since ")
        assert first.count("<@") == 1
        assert second.startswith("<@U0DANA> <@U0KIM000> Overdue: ")
        assert world.events(said) == ["opened", "claimed", "reminded", "overdue", "escalated"]

    def test_overdue_and_unclaimed_pings_who_is_on_call(self, world: World) -> None:
        world.say("They lost my bag.")
        world.sent()
        world.now = NOW + 4 * HOUR + MINUTE
        world.judge()
        (text,) = texts(world)
        assert text.startswith("<@U0KIM000> Overdue: ")
        assert "nobody has claimed the case" in text

    def test_a_second_channel_hears_of_it_with_words_link_and_number(
        self, build: Callable[..., World]
    ) -> None:
        steps = [{"after": "1h", "ping": "S0LEADS1", "channel": "#support-leads"}]
        world = build(alerts={"channels": [{"channel": CHANNEL, "ladder": steps}]})
        world.say("They lost my bag.", url=URL)
        world.sent()
        pass_time(world, 7 * HOUR)
        thread, leads = lines(world)
        assert (thread["channel"], thread["operation"]) == (CHANNEL, "reply")
        assert (leads["channel"], leads["operation"]) == ("#support-leads", "post")
        assert leads["payload"]["text"].startswith("<!subteam^S0LEADS1> Overdue: case 1 ")
        whole = json.dumps(leads["payload"])
        assert f"<{URL}|" in whole
        assert "Its message is in #voice-complaints" in whole

    def test_a_new_due_time_climbs_anew(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.sent()
        pass_time(world, 5 * HOUR)
        act(world, said, "respond", DANA)
        act(world, said, "reopen", DANA)
        pass_time(world, 10 * HOUR)
        kinds = [row["kind"] for row in lines(world)]
        assert kinds == ["warning", "overdue", "warning", "overdue"]

    def test_names_and_words_from_outside_ping_nobody(self, world: World) -> None:
        said = world.say("<!channel> <@U0BOSS00>", author="<!here>", url="https://x.example/<@U1>")
        world.sent()
        act(world, said, "claim", Actor("<!everyone>", None))
        pass_time(world, 9 * HOUR)
        for row in lines(world):
            whole = json.dumps(row["payload"])
            assert "<!channel" not in whole
            assert "<!here" not in whole
            assert "<!everyone" not in whole
            assert "<@U0BOSS00" not in whole
            assert "<@U1" not in whole

    def test_two_processes_that_look_at_once_say_it_once(
        self, world: World, tmp_path: Path
    ) -> None:
        said = world.say("They lost my bag.")
        world.sent()
        world.now = NOW + 5 * HOUR
        with Store.open(tmp_path / "earful.db") as other:
            passes = [
                Climbing(
                    store, Policies(world.settings), Isolation(store, "cases", NOW), world.now
                )
                for store in (world.store, other)
            ]
            found = [one.rises(world.case(said)) for one in passes]
            assert [one.say(rises) for one, rises in zip(passes, found, strict=True)] == [1, 0]
        assert len(lines(world)) == 1

    def test_what_was_answered_while_a_pass_went_on_is_not_said(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.now = NOW + 5 * HOUR
        one_pass = climbing(world, world.store)
        rises = one_pass.rises(world.case(said))
        act(world, said, "respond", DANA)
        assert one_pass.say(rises) == 0
        assert lines(world) == []


QUIET = {"quiet_hours": "12:00-20:00 UTC"}


class TestQuiet:
    def test_a_line_waits_for_the_end_of_quiet_hours(self, build: Callable[..., World]) -> None:
        world = build(alerts=QUIET)
        world.say("They lost my bag.")
        pass_time(world, 10 * HOUR + 20 * MINUTE)
        assert texts(world)[0].startswith("Nobody has claimed case 1 yet.")
        assert len(lines(world)) == 1
        pass_time(world, 10 * HOUR + 40 * MINUTE)
        (overdue,) = lines(world, "overdue")
        assert overdue["created_at"][11:16] == "20:00"
        assert "6 hours ago" in overdue["payload"]["text"]

    def test_what_is_answered_meanwhile_is_not_called_overdue(
        self, build: Callable[..., World]
    ) -> None:
        world = build(alerts=QUIET)
        said = world.say("They lost my bag.")
        pass_time(world, 6 * HOUR)
        act(world, said, "respond", DANA)
        pass_time(world, 12 * HOUR)
        assert lines(world, "overdue") == []

    def test_an_urgent_case_climbs_through_them(self, build: Callable[..., World]) -> None:
        world = build(alerts=QUIET)
        world.now = NOW - DAY
        world.say(
            "Fly with them, all of you!", Experience.DELIGHTED, Stance.ADVOCATE, author="Ann"
        )
        world.now = NOW + 5 * HOUR  # 14:30
        world.say("They left me standing in the rain.", author="Ann")
        world.now += 70 * MINUTE  # it was due within an hour
        world.judge()
        (overdue,) = lines(world, "overdue")
        assert overdue["urgent"] == 1
        assert overdue["not_before"] is None


class TestMany:
    def test_what_is_overdue_at_once_makes_one_post(self, world: World) -> None:
        said = [world.say(f"Complaint {number}, unlike the others.") for number in range(8)]
        world.sent()
        act(world, said[3], "claim", DANA)
        before = seen_in_channel(world)
        world.now = NOW + 5 * HOUR
        world.judge()
        world.judge()
        assert seen_in_channel(world) == before + 1
        (line,) = [row for row in lines(world, "overdue") if row["operation"] == "post"]
        text = line["payload"]["text"]
        assert text.startswith("<@U0KIM000> 8 cases are overdue. ")
        listed = line["payload"]["blocks"][1]["text"]["text"]
        assert listed.count("\n") == 7
        assert "• Case 4, due " in listed
        assert "dana has claimed it: “Complaint 3, unlike the others.”" in listed
        # Who has one of them is pinged in its thread.
        (whisper,) = lines(world, "reminder")
        assert whisper["root_key"] == f"complaint:{said[3].id}"
        assert whisper["payload"]["text"].startswith("<@U0DANA> this case is yours.")
        assert "broadcast" not in whisper["payload"]
        assert all(world.events(one)[-1] == "overdue" for one in said)

    def test_a_few_are_said_one_by_one(self, world: World) -> None:
        for number in range(5):
            world.say(f"Complaint {number}, unlike the others.")
        world.sent()
        world.now = NOW + 5 * HOUR
        world.judge()
        assert len(lines(world, "overdue")) == 5

    def test_a_channels_limit_counts_them_and_one_message_counts_up(
        self, build: Callable[..., World]
    ) -> None:
        limit = {"channels": [{"channel": CHANNEL, "per_hour": 3}]}
        world = build(alerts=limit)
        for number in range(7):
            world.say(f"Complaint {number}, unlike the others.")
            world.sent()
            world.now += 21 * MINUTE
        # From then on one after the other becomes overdue, three an hour of them in posts.
        for minutes in range(4 * 60, 7 * 60, 5):
            world.now = NOW + minutes * MINUTE
            world.judge()
            world.sent()
            shown = world.store.outbox.posted_since(world.now - HOUR + MINUTE).get(CHANNEL, 0)
            assert shown <= 4, minutes  # three, and the message that counts up
        assert len(world.store.ladder.climbed()) == 7

    def test_where_the_limit_is_used_up_one_message_counts_up(
        self, build: Callable[..., World]
    ) -> None:
        world = build(alerts={"channels": [{"channel": CHANNEL, "per_hour": 2}]})
        # Due at 13:30 and 13:50; at 13:20 others take the hour's places.
        for minutes in (0, 20, 230, 230):
            world.now = NOW + minutes * MINUTE
            world.say(f"They lost my bag {minutes}.", url=URL)
            world.sent()
        told = []
        for minutes in (241, 261):
            world.now = NOW + minutes * MINUTE
            world.judge()
            told.append(lines(world, "overdue")[-1])
            world.sent()
        assert [row["operation"] for row in told] == ["post", "update"]
        assert told[0]["payload"]["text"].startswith("1 case is overdue. Case 1 waits longest: ")
        assert told[1]["payload"]["text"].startswith("2 cases are overdue. Case 1 waits longest: ")
        assert "Case 2, due " in told[1]["payload"]["blocks"][1]["text"]["text"]

    def test_a_case_without_a_message_gets_one_that_can_be_worked(
        self, build: Callable[..., World]
    ) -> None:
        limit = {"channels": [{"channel": CHANNEL, "per_hour": 1}]}
        world = build(alerts=limit)
        world.say("They lost my bag.")
        folded = world.say("They lost my coat.")
        world.sent()
        assert world.store.cases.file(folded.id).channel is None  # type: ignore[union-attr]
        world.now = NOW + 4 * HOUR - MINUTE
        act(world, world.store.mentions.get("shop:1"), "respond", DANA)  # type: ignore[arg-type]
        world.now = NOW + 4 * HOUR + MINUTE
        world.judge()
        (card,) = world.rows(f"SELECT * FROM alerts WHERE dedupe_key = 'complaint:{folded.id}'")
        assert "Overdue" in card["payload"]
        assert "case_claim" in card["payload"]
        world.sent()
        act(world, folded, "claim", DANA)
        assert "Claimed by dana" in world.card(folded)
        assert world.thread(folded) == ["dana claimed this case."]


class TestIncidents:
    def test_its_cases_share_one_line_for_each_step_in_its_thread(self, world: World) -> None:
        for number in range(40):
            world.now = NOW + number * timedelta(seconds=20)
            world.say(f"I cannot log in since the update {number}, login fails.", judge=False)
        world.judge()
        world.sent()
        before = seen_in_channel(world)
        pass_time(world, 6 * HOUR, 5 * MINUTE)
        (root,) = world.posts(AlertKind.INCIDENT)
        warning, overdue = [row for row in lines(world) if row["operation"] == "reply"]
        for row in (warning, overdue):
            assert row["root_key"] == root["dedupe_key"]
            assert row["payload"]["broadcast"] is True
        assert warning["payload"]["text"].startswith("<@U0KIM000> Nobody has claimed 40 cases ")
        assert overdue["payload"]["text"].startswith(
            "<@U0KIM000> 40 cases of the incident at Acme"
        )
        assert "And 30 more cases: see " in json.dumps(overdue["payload"])
        # Two lines, and the word that it is over.
        assert seen_in_channel(world) == before + 3

    def test_who_claimed_some_of_them_is_reminded_once_for_all(self, world: World) -> None:
        said = [
            world.say(f"I cannot log in since the update {number}, login fails.", judge=False)
            for number in range(12)
        ]
        world.judge()
        world.sent()
        for one in said[:7]:
            act(world, one, "claim", DANA)
        pass_time(world, 4 * HOUR)
        (reminder,) = lines(world, "reminder")
        assert reminder["payload"]["text"].startswith("<@U0DANA> 7 claimed cases of the incident ")
        (warning,) = lines(world, "warning")
        assert "5 cases of the incident" in warning["payload"]["text"]

    def test_an_incident_whose_cases_come_later_counts_up(self, world: World) -> None:
        for start, number in ((0, 12), (12, 5)):
            for place in range(start, start + number):
                world.say(f"I cannot log in since the update {place}, login fails.", judge=False)
            world.judge()
            world.sent()
            world.now += 15 * MINUTE
        world.now = NOW + 4 * HOUR + MINUTE
        world.judge()
        world.sent()
        world.now = NOW + 4 * HOUR + 20 * MINUTE
        world.judge()
        replies = [row for row in lines(world, "overdue") if row["operation"] == "reply"]
        updates = [row for row in lines(world, "overdue") if row["operation"] == "update"]
        assert len(replies) == 1
        assert "12 cases of the incident" in replies[0]["payload"]["text"]
        assert "17 cases of the incident" in updates[-1]["payload"]["text"]

    def test_a_line_that_waits_for_slack_keeps_its_pings_as_it_grows(self, world: World) -> None:
        for place in range(12):
            world.say(f"I cannot log in since the update {place}, login fails.", judge=False)
        world.judge()
        world.sent()
        world.now = NOW + 15 * MINUTE
        late = [
            world.say(f"I cannot log in since the update {place}, login fails.", judge=False)
            for place in range(12, 14)
        ]
        world.judge()
        world.sent()
        for one in late:
            act(world, one, "claim", Actor("max"))
        for minutes in (241, 261):
            world.now = NOW + minutes * MINUTE
            world.judge()  # and Slack takes nothing
        (line,) = lines(world, "overdue")
        assert line["payload"]["text"].startswith("<@U0KIM000> 14 cases of the incident ")
        assert line["payload"]["broadcast"] is True


def test_what_was_said_before_the_ladder_came_is_not_said_again(
    build: Callable[..., World], tmp_path: Path
) -> None:
    world = build()
    reminded, overdue = world.say("They lost my bag."), world.say("They lost my coat.")
    world.sent()
    act(world, reminded, "claim", DANA)
    connection = world.store.database.connection
    with world.store.database.transaction():
        connection.execute("DROP TABLE ladder_steps")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name = '0021_ladder'")
        connection.execute(
            "UPDATE cases SET reminded_at = '2026-11-24T12:30:00+00:00' WHERE mention_id = ?",
            (reminded.id,),
        )
        connection.execute(
            "UPDATE cases SET due_at = '2026-11-24T11:00:00+00:00', "
            "overdue_told_at = '2026-11-24T11:01:00+00:00' WHERE mention_id = ?",
            (overdue.id,),
        )
    world.store.close()
    world.store = Store.open(tmp_path / "earful.db", migrate=True)
    world.now = NOW + 3 * HOUR + 15 * MINUTE  # 12:45
    world.judge()
    assert [row["mention_id"] for row in lines(world)] == [overdue.id]
    assert lines(world)[0]["created_at"][11:16] == "12:45"


def test_a_case_that_waits_for_the_customer_does_not_climb(world: World) -> None:
    said = world.say("They lost my bag.")
    world.sent()
    pass_time(world, HOUR)
    snoozed = case_desk.snooze(
        world.store, Policies(world.settings), said.id, NOW + DAY, DANA, world.now
    )
    assert snoozed.changed
    pass_time(world, DAY + 80 * MINUTE)
    assert lines(world) == []
    # Three of its four hours were left: half of them are over 90 minutes after it woke.
    pass_time(world, DAY + 100 * MINUTE)
    assert [row["kind"] for row in lines(world)] == ["warning"]
    pass_time(world, DAY + 3 * HOUR + 10 * MINUTE)
    assert [row["kind"] for row in lines(world)] == ["warning", "overdue"]


def test_to_whom_a_case_is_assigned_is_reminded_too(world: World) -> None:
    said = world.say("They lost my bag.")
    world.sent()
    act(world, said, "claim", DANA)
    pass_time(world, 3 * HOUR)
    assigned = case_desk.assign(
        world.store, Policies(world.settings), said.id, OMAR, DANA, world.now
    )
    assert assigned.changed
    pass_time(world, 3 * HOUR + 30 * MINUTE)
    pinged = [text.split(" ")[0] for text in texts(world, "reminder")]
    assert pinged == ["<@U0DANA>", "<@U0OMAR>"]


def test_an_overdue_case_climbs_on_where_it_was_when_it_began_to_wait(world: World) -> None:
    said = world.say("They lost my bag.")
    world.sent()
    pass_time(world, 5 * HOUR)
    assert [row["kind"] for row in lines(world)] == ["warning", "overdue"]
    case_desk.snooze(world.store, Policies(world.settings), said.id, NOW + DAY, DANA, world.now)
    pass_time(world, DAY + 2 * HOUR + 50 * MINUTE)
    assert len(lines(world)) == 2
    # One of the four hours to the next step was over when it began to wait.
    pass_time(world, DAY + 3 * HOUR + 10 * MINUTE)
    assert [row["kind"] for row in lines(world)] == ["warning", "overdue", "overdue"]


def test_who_is_forgotten_is_taken_out_of_a_line_about_many(world: World) -> None:
    for number in range(8):
        world.say(f"Complaint {number}, unlike the others.", author=f"Sam {number}")
    world.sent()
    world.now = NOW + 5 * HOUR
    world.judge()
    world.sent()
    assert forget_author(world.store, "shop:Sam 3") == 1
    world.sent()
    said = [row for row in lines(world) if row["operation"] != "reply"]
    assert [row["operation"] for row in said] == ["post", "update"]
    kept = json.dumps([row["payload"] for row in said], ensure_ascii=False)
    assert "Complaint 2, unlike" in kept
    assert "Complaint 3, unlike" not in kept
    assert "Sam 3" not in kept
