"""What a team agrees on over cases: who has them, what they wait for, what is noted on them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alerts.decide.rules import judge
from config.errors import InputError
from earful import case_acts, case_desk, case_mutes
from earful.case_acts import Actor
from earful.forgetting import forget_author
from earful.policies import Policies
from storage.models import CaseEventKind, CaseState, Experience, Mention
from storage.store import Store
from tests.alerts.examples import a_voice
from tests.earful.conftest import Earful
from tests.earful.test_cases import DANA, DAY, HOUR, MINUTE, NOW, World

OMAR = Actor("omar", "U0OMAR")
OFFICE = {"business_hours": "Mon-Fri 09:00-18:00 UTC", "respond_within": "8h"}


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
    return build()


def policies(world: World) -> Policies:
    return Policies(world.settings)


def assign(world: World, said: Mention, to: Actor, by: Actor = DANA, **more: Any) -> Any:
    return case_desk.assign(world.store, policies(world), said.id, to, by, world.now, **more)


def snooze(world: World, said: Mention, until: datetime, **more: Any) -> Any:
    return case_desk.snooze(world.store, policies(world), said.id, until, DANA, world.now, **more)


def alerts_of(world: World, kind: str) -> list[dict[str, Any]]:
    return world.rows(f"SELECT * FROM alerts WHERE kind = '{kind}'")


def gone(world: World, *said: Mention) -> None:
    world.store.mentions.save([], [one.id for one in said], world.now)


class TestNumbers:
    def test_the_first_post_has_the_number_of_its_case(self, world: World) -> None:
        first = world.say("They lost my bag.")
        second = world.say("And they lost my coat.")
        shown = [world.card(said) for said in (first, second)]
        assert ["Case 1" in shown[0], "Case 2" in shown[1]] == [True, True]
        posts = [json.loads(row["payload"]) for row in world.posts()]
        assert all(post["blocks"] for post in posts)

    def test_an_alert_without_its_message_is_refused(self, world: World) -> None:
        voices = [a_voice(author_native_id=None, created_at=world.now)]
        decision = judge(voices, policies(world).of("Acme"), world.now)
        with pytest.raises(ValueError, match=r"^the alert complaint:\S+ has no message$"):
            world.store.outbox.add(decision.alerts)

    def test_a_case_that_a_label_opens_has_its_number_too(self, world: World) -> None:
        said = world.say("It was all right, said nobody.", Experience.MEDIOCRE)
        case_acts.relabel(world.store, policies(world), said.id, Experience.ANGRY, DANA, world.now)
        assert "Case 1" in world.card(said)


class TestAssign:
    def test_an_open_case_is_claimed_for_the_assignee_who_is_pinged_once(
        self, world: World
    ) -> None:
        said = world.say("They lost my bag.")
        assert assign(world, said, OMAR, note="you know her").changed
        case = world.case(said)
        assert (case.state, case.claimed_by, case.claimed_by_id, case.assigned_by) == (
            CaseState.CLAIMED, "omar", "U0OMAR", "dana",
        )  # fmt: skip
        assert world.thread(said) == [
            "dana assigned this case to omar (<@U0OMAR>). “you know her”"
        ]
        assert "Claimed by omar" in world.card(said)
        assert "dana assigned it." in world.card(said)
        assert world.events(said) == ["opened", "assigned"]
        assert not assign(world, said, OMAR).changed
        assert len(world.thread(said)) == 1

    def test_a_claimed_case_is_handed_on_and_can_be_given_back(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.act(said, "claim")
        assert assign(world, said, OMAR).changed
        assert world.case(said).claimed_by_id == "U0OMAR"
        world.act(said, "release")
        case = world.case(said)
        assert (case.state, case.claimed_by, case.assigned_by) == ("open", None, None)

    def test_whoever_takes_an_open_case_claims_it(self, world: World) -> None:
        said = world.say("They lost my bag.")
        assign(world, said, DANA)
        assert world.events(said) == ["opened", "claimed"]
        assert world.case(said).assigned_by is None

    def test_what_is_answered_is_assigned_to_nobody(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.act(said, "respond")
        acted = assign(world, said, OMAR)
        assert (acted.changed, acted.refused) == (
            False, "Case 1 is answered, so nobody waits for an answer: reopen it first.",
        )  # fmt: skip

    def test_the_reminder_goes_to_the_assignee(self, world: World) -> None:
        said = world.say("They lost my bag.")
        assign(world, said, OMAR)
        world.now = NOW + 3 * HOUR + MINUTE
        world.judge()
        (reminder,) = alerts_of(world, "reminder")
        assert "<@U0OMAR>" in json.loads(reminder["payload"])["text"]


class TestSnooze:
    def test_nobody_is_reminded_until_it_wakes_and_pings_who_has_it(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.act(said, "claim")
        until = NOW + 3 * DAY
        assert snooze(world, said, until, note="she looks for the number").changed
        assert "Waiting for the customer until" in world.card(said)
        assert "she looks for the number" in world.card(said)
        for hours in (3.5, 4.5, 40, 71.9):
            world.now = NOW + hours * HOUR
            world.judge()
        assert alerts_of(world, "reminder") == alerts_of(world, "overdue") == []
        assert world.store.cases.counts(world.now)["overdue"] == 0
        world.now = until
        world.judge()
        world.judge()
        case = world.case(said)
        assert (case.snoozed_until, case.snooze_note, case.due_at) == (
            None, None, until + 4 * HOUR,
        )  # fmt: skip
        assert world.thread(said)[-1].startswith(
            "dana (<@U0DANA>), the wait for the customer is over. Answer by"
        )
        assert world.events(said) == ["opened", "claimed", "snoozed", "woken"]
        world.now = until + 4 * HOUR + MINUTE
        world.judge()
        assert len(alerts_of(world, "overdue")) == 1

    def test_what_was_left_of_the_business_time_runs_on(self, build: Callable[..., World]) -> None:
        world = build(cases=OFFICE)
        world.now = datetime(2026, 11, 26, 16, 0, tzinfo=UTC)  # a Thursday
        said = world.say("They lost my bag.")
        assert world.case(said).due_at == datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
        world.now += HOUR  # seven of eight hours are left
        snooze(world, said, datetime(2026, 11, 28, 12, 0, tzinfo=UTC))  # a Saturday
        assert world.case(said).due_at == datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
        # Snoozed again from there, the same seven hours are left.
        world.now = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
        snooze(world, said, datetime(2026, 12, 1, 10, 0, tzinfo=UTC))
        assert world.case(said).due_at == datetime(2026, 12, 1, 17, 0, tzinfo=UTC)
        # Woken before its time, they run from then.
        world.now = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
        case_desk.wake(world.store, policies(world), said.id, DANA, world.now)
        assert world.case(said).due_at == datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
        assert world.thread(said)[-1].startswith("dana ended the wait for the customer.")

    def test_what_was_late_before_stays_late(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.now = NOW + 5 * HOUR
        world.judge()
        snooze(world, said, NOW + DAY)
        (row,) = world.rows("SELECT overdue, snoozed_until FROM open_cases")
        assert row == {"overdue": 0, "snoozed_until": "2026-11-25T09:30:00+00:00"}
        world.now = NOW + DAY
        world.judge()
        assert world.case(said).due_at == NOW + 4 * HOUR
        assert "The answer was due" in world.thread(said)[-1]
        assert len(alerts_of(world, "overdue")) == 1

    @pytest.mark.parametrize("word", ["a further complaint", "an edit", "a reply"])
    def test_the_customers_own_word_wakes_it_at_once(self, world: World, word: str) -> None:
        said = world.say("They lost my bag.", author="Hal", parent_id="shop:thread")
        snooze(world, said, NOW + 3 * DAY)
        world.now = NOW + HOUR
        if word == "a further complaint":
            world.say("Still no bag after all this time.", author="Hal")
        elif word == "an edit":
            world.change(replace(said, text="They lost my bag and my cat.", edited_at=world.now))
        else:
            world.say(
                "My number is K7TQ2.", Experience.NONE, author="Hal", parent_id="shop:thread"
            )
        assert world.case(said).snoozed_until is None
        assert world.case(said).due_at == world.now + 4 * HOUR
        assert "customer has written again" in world.thread(said)[-1]
        world.judge()
        assert world.events(said).count("woken") == 1

    def test_somebody_elses_word_and_an_older_one_wake_nothing(self, world: World) -> None:
        said = world.say("They lost my bag.", author="Hal", parent_id="shop:thread")
        world.say("Which?", Experience.NONE, author="Hal", parent_id="shop:thread")
        world.now = NOW + HOUR
        snooze(world, said, NOW + 3 * DAY)
        world.now = NOW + 2 * HOUR
        world.say("Mine too.", Experience.NONE, author="Ann", parent_id="shop:thread")
        assert world.case(said).is_snoozed

    def test_an_answer_ends_the_wait(self, world: World) -> None:
        said = world.say("They lost my bag.")
        snooze(world, said, NOW + DAY)
        world.now = NOW + 6 * HOUR
        world.act(said, "respond")
        assert world.case(said).snoozed_until is None
        world.now = NOW + 2 * DAY
        world.judge()
        assert "woken" not in world.events(said)
        (row,) = world.rows("SELECT hours, in_time, hours_snoozed FROM response_times")
        assert row == {"hours": 6.0, "in_time": 1, "hours_snoozed": 6.0}

    def test_the_hours_snoozed_end_where_it_woke(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.now = NOW + HOUR
        snooze(world, said, NOW + 3 * HOUR)
        world.now = NOW + 3 * HOUR
        world.judge()
        world.now = NOW + 4 * HOUR
        world.act(said, "respond")
        (row,) = world.rows("SELECT hours, in_time, hours_snoozed FROM response_times")
        assert row == {"hours": 4.0, "in_time": 1, "hours_snoozed": 2.0}

    @pytest.mark.parametrize("until", [NOW, NOW - DAY, NOW + 366 * DAY])
    def test_a_moment_that_cannot_be_meant_is_refused(self, world: World, until: datetime) -> None:
        said = world.say("They lost my bag.")
        with pytest.raises(InputError, match=r"^case 1: "):
            snooze(world, said, until)
        assert world.events(said) == ["opened"]


class TestNotes:
    def test_a_note_stands_in_the_thread_and_in_the_history(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.act(said, "close")
        acted = case_desk.add_note(
            world.store, policies(world), said.id, "Booking K7TQ2\n<!here>", DANA, world.now
        )
        assert acted.changed
        assert world.thread(said)[-1] == "dana noted:\n> Booking K7TQ2\n> &lt;!here&gt;"
        file = world.store.cases.file(said.id)
        assert file is not None
        assert (file.events[-1].event, file.events[-1].note) == (
            CaseEventKind.NOTED, "Booking K7TQ2\n<!here>",
        )  # fmt: skip

    def test_who_is_forgotten_is_forgotten_in_notes_too(self, world: World) -> None:
        said = world.say("They lost my bag.", author="Hal")
        case_desk.add_note(
            world.store, policies(world), said.id, "Hal lives in Porto", DANA, world.now
        )
        snooze(world, said, NOW + DAY, note="Hal is in Porto")
        forget_author(world.store, "shop:Hal")
        for table in ("case_events", "cases", "alerts"):
            assert "Porto" not in str(world.rows(f"SELECT * FROM {table}")), table

    @pytest.mark.parametrize("text", ["", "  \n ", "x" * 2001])
    def test_nothing_and_too_much_are_refused(self, world: World, text: str) -> None:
        said = world.say("They lost my bag.")
        with pytest.raises(InputError, match=r"^case 1: the note "):
            case_desk.add_note(world.store, policies(world), said.id, text, DANA, world.now)


class TestTakenBack:
    def test_its_case_is_closed_and_told_to_whoever_has_it(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.act(said, "claim")
        world.sent()
        world.now = NOW + HOUR
        gone(world, said)
        world.judge()
        world.judge()
        case = world.case(said)
        assert (case.state, case.outcome, case.responded_at) == ("closed", "withdrawn", None)
        assert "Closed: taken back at its source." in world.card(said)
        assert world.thread(said)[-1].startswith("dana (<@U0DANA>), this text was taken back")
        assert world.events(said) == ["opened", "claimed", "withdrawn"]
        world.now = NOW + DAY
        world.judge()
        assert alerts_of(world, "overdue") == []

    def test_what_colleagues_said_before_is_told_all_the_same(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.sent()
        assign(world, said, OMAR)
        gone(world, said)
        world.judge()
        states = world.rows("SELECT state, operation FROM alerts ORDER BY id")
        assert [(row["state"], row["operation"]) for row in states] == [
            ("sent", "post"), ("pending", "update"), ("pending", "reply"), ("pending", "reply"),
        ]  # fmt: skip

    def test_it_opens_again_when_it_is_back(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.sent()
        gone(world, said)
        world.judge()
        world.now = NOW + DAY
        world.change(replace(said, fetched_at=world.now))
        world.judge()
        case = world.case(said)
        assert (case.state, case.due_at) == ("open", world.now + 4 * HOUR)
        assert "stands at its source again" in world.thread(said)[-1]
        assert "Open again" in world.card(said)
        assert world.events(said) == ["opened", "withdrawn", "returned"]
        # And once more.
        world.now += HOUR
        gone(world, said)
        world.judge()
        assert world.case(said).outcome == "withdrawn"

    def test_whoever_follows_up_opens_it_and_it_stays_open(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.sent()
        gone(world, said)
        world.judge()
        world.act(said, "reopen")
        world.now = NOW + HOUR
        world.judge()
        assert world.case(said).state is CaseState.OPEN
        assert "Taken back: this text is no longer at its source." in world.card(said)

    def test_a_further_complaint_that_still_stands_keeps_it_open(self, world: World) -> None:
        first = world.say("They lost my bag.", author="Hal")
        second = world.say("And my coat.", author="Hal")
        world.now = NOW + HOUR
        gone(world, first)
        world.judge()
        world.judge()
        assert world.case(first).state is CaseState.OPEN
        assert "Further complaints of this case still stand" in world.thread(first)[-1]
        assert world.events(first) == ["opened", "joined", "withdrawn"]
        world.now = NOW + 2 * HOUR
        gone(world, second)
        world.judge()
        assert world.case(first).outcome == "withdrawn"

    def test_what_comes_back_as_praise_opens_nothing(self, world: World) -> None:
        said = world.say("They lost my bag.")
        gone(world, said)
        world.judge()
        world.now = NOW + DAY
        found = replace(said, text="They found it!", edited_at=world.now, fetched_at=world.now)
        world.change(found, Experience.DELIGHTED)
        world.judge()
        assert world.case(said).state is CaseState.CLOSED

    def test_what_slack_never_had_is_posted_when_it_is_back(self, world: World) -> None:
        said = world.say("They lost my bag.")
        gone(world, said)
        world.judge()
        world.sent()
        assert world.rows("SELECT state FROM alerts") == [{"state": "dropped"}]
        world.now = NOW + HOUR
        world.change(replace(said, fetched_at=world.now))
        world.judge()
        assert world.rows("SELECT state, operation FROM alerts ORDER BY id") == [
            {"state": "pending", "operation": "post"},
            {"state": "pending", "operation": "reply"},
        ]
        assert "Open again: nobody has claimed it." in world.card(said)

    def test_what_people_ended_stays_as_they_ended_it(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.act(said, "respond")
        gone(world, said)
        world.judge()
        assert world.case(said).state is CaseState.RESPONDED


class TestMutes:
    def test_each_waiting_case_of_the_author_is_dismissed(self, world: World) -> None:
        first = world.say("They lost my bag.", author="Hal")
        world.now = NOW + 8 * DAY
        second = world.say("The coffee is poison.", author="Hal")
        case_mutes.mute(world.store, policies(world), second.id, DANA, world.now)
        assert [world.case(said).outcome for said in (first, second)] == ["muted", "muted"]
        assert [one.author for one in world.store.cases.mutes()] == ["Hal"]

    def test_unmuting_shows_on_each_card_and_is_known(self, world: World) -> None:
        first = world.say("They lost my bag.", author="Hal")
        world.now = NOW + 8 * DAY
        second = world.say("The coffee is poison.", author="Hal")
        case_mutes.mute(world.store, policies(world), first.id, DANA, world.now)
        acted = case_mutes.unmute(world.store, policies(world), second.id, OMAR, world.now)
        assert acted.changed
        for said in (first, second):
            assert world.thread(said)[-1] == (
                "omar unmuted Hal: Earful posts this author's words again."
            )
        assert world.store.cases.mutes() == []
        again = case_mutes.unmute(world.store, policies(world), second.id, OMAR, world.now)
        assert again.refused == "case 2: its author is not muted"

    def test_an_old_click_that_comes_again_mutes_nobody(self, world: World) -> None:
        said = world.say("They lost my bag.", author="Hal")
        case_mutes.mute(world.store, policies(world), said.id, DANA, world.now, click="a")
        case_mutes.unmute(world.store, policies(world), said.id, DANA, world.now, click="b")
        for change, click in ((case_mutes.mute, "a"), (case_mutes.unmute, "b")):
            acted = change(world.store, policies(world), said.id, DANA, world.now, click=click)
            assert (acted.changed, acted.refused) == (False, None)
        assert world.store.cases.muted("Acme") == frozenset()


class TestOvertaken:
    """A click made before a colleague's act undoes nothing of it."""

    @pytest.mark.parametrize(
        ("before", "meanwhile", "late", "word"),
        [
            ((), "claim", "dismiss", "omar has claimed it meanwhile."),
            (("claim",), "respond", "close", "omar has answered meanwhile."),
            (("respond",), "close", "reopen", "omar has closed it meanwhile."),
            (("respond", "close"), "reopen", "dismiss", "omar has changed it meanwhile."),
        ],
    )
    def test_it_gets_an_answer(
        self, world: World, before: tuple[str, ...], meanwhile: str, late: str, word: str
    ) -> None:
        said = world.say("They lost my bag.")
        for what in before:
            world.act(said, what)
        clicked_at = world.now + MINUTE
        world.now += 2 * MINUTE
        case_acts.act(world.store, policies(world), said.id, meanwhile, OMAR, world.now)
        state = world.case(said).state
        acted = world.act(said, late, seen_at=clicked_at, click="c1")
        assert (acted.changed, word in (acted.refused or "")) == (False, True)
        assert world.case(said).state is state
        world.now += MINUTE
        assert world.act(said, late, seen_at=world.now, click="c2").changed

    def test_ones_own_acts_and_what_only_goes_on_are_no_hindrance(self, world: World) -> None:
        said = world.say("They lost my bag.")
        clicked_at = world.now - MINUTE
        world.act(said, "claim")
        assert world.act(said, "release", seen_at=clicked_at).changed
        case_acts.act(world.store, policies(world), said.id, "claim", OMAR, world.now)
        assert world.act(said, "respond", seen_at=clicked_at).changed

    def test_a_new_complaint_is_not_closed_unseen(self, world: World) -> None:
        said = world.say("They lost my bag.", author="Hal")
        world.act(said, "respond")
        clicked_at = world.now + MINUTE
        world.now += HOUR
        world.say("They lost it again!", author="Hal")
        acted = world.act(said, "close", seen_at=clicked_at)
        assert "Its author has complained again meanwhile." in (acted.refused or "")
        assert world.case(said).state is CaseState.OPEN


def test_the_terminal_assigns_snoozes_notes_and_unmutes(
    earful: Earful, build: Callable[..., World], tmp_path: Path
) -> None:
    world = build()
    said = world.say("They lost my bag.", author="Hal")
    world.store.close()
    db = ("--db", str(tmp_path / "earful.db"), "case")
    assigned = earful(*db, "assign", "1", "--to", "U0OMAR77", "--as", "dana")
    assert assigned.out == "case 1: claimed by U0OMAR77\n"
    soon = (datetime.now(UTC) + 3 * DAY).replace(microsecond=0)
    snoozed = earful(
        *db, "snooze", said.id, "--until", soon.isoformat(), "--note", "asked", "--as", "dana"
    )
    assert snoozed.out == (
        f"case 1: claimed by U0OMAR77, waits for the customer until {soon:%Y-%m-%d %H:%M} UTC\n"
    )
    assert " waits" in earful(*db, "list").out
    assert json.loads(earful(*db, "show", "1", "--json").out)["snooze_note"] == "asked"
    assert earful(*db, "wake", "1", "--as", "dana").out == "case 1: claimed by U0OMAR77\n"
    refused = earful(*db, "wake", "1", "--as", "dana")
    assert (refused.code, "Case 1 does not wait for the customer." in refused.err) == (2, True)
    assert earful(*db, "note", "1", "Booking K7TQ2", "--as", "dana").code == 0
    shown = earful(*db, "show", "1").out
    assert "assigned to U0OMAR77 by dana" in shown
    assert f"snoozed until {soon:%Y-%m-%d %H:%M} by dana: asked" in shown
    assert "noted by dana: Booking K7TQ2" in shown
    wrong = earful(*db, "snooze", "1", "--until", "soon")
    assert (wrong.code, "--until: 'soon': write a day such as" in wrong.err) == (2, True)
    assert earful(*db, "mutes").out == ""
    earful(*db, "mute", "1", "--as", "dana")
    assert "Hal" in earful(*db, "mutes").out
    assert earful(*db, "mute", "1", "--undo").out == "shop:Hal is no longer muted\n"
    with Store.open(tmp_path / "earful.db") as store:
        (row,) = store.database.connection.execute(
            "SELECT count(*) FROM alerts WHERE operation = 'reply' AND payload LIKE '%unmuted%'"
        ).fetchone()
    assert row == 1
