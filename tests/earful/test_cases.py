"""A complaint's case from the first word to the last, through the store, the rules and time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.decide.policy import Policy
from alerts.messages import plain
from config.errors import ConfigError
from config.settings import Settings, parse_settings
from earful import case_acts, case_mutes
from earful.case_acts import Actor
from earful.policies import Policies
from earful.routines.leaderboard_routine import write_leaderboards
from earful.stages import judge_stage
from storage.models import (
    AlertKind,
    Case,
    CaseState,
    Experience,
    Mention,
    NewAlert,
    Operation,
    Stance,
)
from storage.store import Store
from storage.tables.verdicts import Scored
from tests.earful.conftest import Earful
from tests.storage.fixtures import make_verdict

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
DANA = Actor("dana", "U0DANA")
ANGRY, DELIGHTED, MEDIOCRE = Experience.ANGRY, Experience.DELIGHTED, Experience.MEDIOCRE
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class World:
    """A store, a clock that tests move, and what people say."""

    def __init__(self, path: Path, **sections: Any) -> None:
        raw = {
            "store": {"path": str(path)},
            "brands": [{"name": "Acme", "query": "acme", "staff": ["Rita"]}],
            **sections,
        }
        self.settings: Settings = parse_settings(raw, {}, where="test")
        self.store = Store.open(path, migrate=True)
        self.now = NOW
        self._number = 0

    def say(
        self,
        text: str,
        experience: Experience = ANGRY,
        stance: Stance = Stance.NEITHER,
        *,
        judge: bool = True,
        **more: Any,
    ) -> Mention:
        self._number += 1
        values: dict[str, Any] = {
            "brand": "Acme",
            "source": "shop",
            "native_id": str(self._number),
            "text": text,
            "author": f"author {self._number}",
            "created_at": self.now - MINUTE,
            "fetched_at": self.now,
        }
        given = values | more
        mention = Mention(**{"author_native_id": given["author"], **given})
        self.change(mention, experience, stance, judge=judge)
        return mention

    def change(
        self,
        mention: Mention,
        experience: Experience = ANGRY,
        stance: Stance = Stance.NEITHER,
        *,
        judge: bool = True,
    ) -> None:
        self.store.mentions.save([mention])
        for waiting in self.store.verdicts.waiting(99):
            verdict = make_verdict(experience, stance)
            self.store.verdicts.save([Scored(mention=waiting, verdict=verdict)], self.now)
        if judge:
            self.judge()

    def judge(self) -> None:
        judge_stage.judge_waiting(self.store, self.settings, lambda: self.now)

    def act(self, mention: Mention, what: str, **more: Any) -> case_acts.Acted:
        return case_acts.act(
            self.store, Policies(self.settings), mention.id, what, DANA, self.now, **more
        )

    def case(self, mention: Mention) -> Case:
        found = self.store.cases.of_mention(mention.id)
        assert found is not None
        return found

    def events(self, mention: Mention) -> list[str]:
        file = self.store.cases.file(mention.id)
        assert file is not None
        return [event.event for event in file.events]

    def sent(self) -> None:
        """Let Slack have taken all that may go."""
        while waiting := self.store.outbox.waiting(self.now, 999):
            for alert in waiting:
                if self.store.outbox.claim(alert.id, self.now):
                    self.store.outbox.mark_sent(alert.id, f"1.{alert.id}", self.now, "C1")

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return [dict(row) for row in self.store.database.connection.execute(sql)]

    def thread(self, mention: Mention) -> list[str]:
        rows = self.rows(
            "SELECT payload FROM alerts WHERE operation = 'reply' "
            f"AND root_key = 'complaint:{mention.id}' ORDER BY id"
        )
        return [json.loads(row["payload"])["text"] for row in rows]

    def card(self, mention: Mention) -> str:
        """Show the case's message as it is or will be."""
        rows = self.rows(
            f"SELECT payload FROM alerts WHERE dedupe_key = 'complaint:{mention.id}' "
            f"OR (root_key = 'complaint:{mention.id}' AND operation = 'update') "
            "ORDER BY id DESC LIMIT 1"
        )
        return plain(json.loads(rows[0]["payload"]))

    def posts(self, kind: AlertKind | None = None) -> list[dict[str, Any]]:
        rows = self.rows("SELECT * FROM alerts WHERE operation = 'post' ORDER BY id")
        return [row for row in rows if kind in (None, row["kind"])]


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


class TestActs:
    def test_the_message_always_shows_the_present_state(self, world: World) -> None:
        said = world.say("They lost my bag.")
        assert "Open: nobody has claimed it yet." in world.card(said)
        world.sent()
        for what, shown in (
            ("claim", "Claimed by dana"),
            ("release", "Open: nobody has claimed it yet."),
            ("respond", "Answered by dana"),
            ("close", "Closed by dana: done."),
            ("reopen", "Open again: nobody has claimed it."),
            ("dismiss", "Dismissed by dana: not a case."),
        ):
            world.now += HOUR
            assert world.act(said, what).changed
            assert shown in world.card(said), what
            world.sent()
        assert len(world.posts()) == 1
        assert len(world.thread(said)) == 6
        assert world.events(said) == [
            "opened", "claimed", "released", "responded", "closed", "reopened", "dismissed",
        ]  # fmt: skip

    def test_what_makes_no_sense_is_refused_with_what_can_be(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.act(said, "dismiss")
        acted = world.act(said, "respond")
        assert not acted.changed
        assert "is dismissed and cannot become responded: it can become open" in (
            acted.refused or ""
        )

    def test_twice_the_same_is_once(self, world: World) -> None:
        said = world.say("They lost my bag.")
        assert world.act(said, "claim").changed
        assert not world.act(said, "claim").changed
        assert world.events(said) == ["opened", "claimed"]
        assert len(world.thread(said)) == 1

    def test_a_reopened_case_has_a_new_due_time(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.act(said, "respond")
        world.now += DAY
        world.act(said, "reopen")
        assert world.case(said).due_at == world.now + 4 * HOUR
        assert world.case(said).responded_at == NOW  # the first answer is the first answer

    def test_relabel_dismisses_what_is_not_angry(self, world: World) -> None:
        said = world.say("Oh wonderful, as always.")
        acted = case_acts.relabel(
            world.store, Policies(world.settings), said.id, DELIGHTED, DANA, world.now
        )
        assert acted.case is not None
        assert (acted.case.state, acted.case.outcome) == ("dismissed", "wrong_label")
        assert "the label was wrong" in world.card(said)
        voice = world.store.judgements.voice(said.id)
        assert voice is not None
        assert (voice.verdict.experience, voice.verdict.sure) == (DELIGHTED, True)

    @pytest.mark.parametrize("age", [MINUTE, 90 * DAY])
    def test_relabel_opens_a_case_for_what_is_angry_after_all(
        self, world: World, age: timedelta
    ) -> None:
        said = world.say("It was all right, said nobody.", MEDIOCRE, created_at=NOW - age)
        assert world.store.cases.of_mention(said.id) is None
        case_acts.relabel(world.store, Policies(world.settings), said.id, ANGRY, DANA, world.now)
        assert world.case(said).state is CaseState.OPEN
        assert [row["kind"] for row in world.posts(AlertKind.COMPLAINT)] == ["complaint"]


class TestPublicAnswers:
    def test_an_owners_reply_answers_the_case_at_the_time_it_was_written(
        self, world: World
    ) -> None:
        said = world.say("They lost my bag.")
        world.now += 3 * HOUR
        world.change(replace(said, owner_reply="Sorry!", owner_replied_at=NOW + HOUR))
        case = world.case(said)
        assert (case.state, case.responded_at) == ("responded", NOW + HOUR)
        assert world.thread(said) == ["The owner has answered in public."]
        assert "Answered in public" in world.card(said)
        world.judge()
        assert world.events(said) == ["opened", "answered"]

    def test_a_reply_that_was_seen_does_not_answer_a_reopened_case_again(
        self, world: World
    ) -> None:
        said = world.say("They lost my bag.")
        world.change(replace(said, owner_reply="Sorry!", owner_replied_at=NOW + MINUTE))
        world.act(said, "reopen")
        world.judge()
        assert world.case(said).state is CaseState.OPEN
        world.now += HOUR
        world.change(replace(said, owner_reply="Found it!", owner_replied_at=NOW + HOUR))
        assert world.case(said).state is CaseState.RESPONDED

    def test_after_two_answers_in_a_thread_it_says_leave_it(self, world: World) -> None:
        first = world.say("Bad.", parent_id="shop:thread", author="Hal")
        world.change(replace(first, owner_reply="Sorry", owner_replied_at=NOW))
        world.now += HOUR
        second = world.say("Bad again, and the whole thread shall know.", parent_id="shop:thread",
                           author="Hal")  # fmt: skip
        assert world.case(second).mention_id == first.id
        assert world.case(first).state is CaseState.OPEN
        assert "make the second the last" in world.card(first)
        world.act(first, "respond")
        world.now += HOUR
        third = world.say("And a third time, friends.", parent_id="shop:thread", author="Hal")
        assert world.case(third).mention_id == first.id
        assert world.case(first).state is CaseState.RESPONDED
        assert "Leave it" in world.thread(first)[-1]


class TestJoining:
    def test_a_further_complaint_joins_and_makes_no_message(self, world: World) -> None:
        first = world.say("They lost my bag.", author="Hal")
        world.now += HOUR
        second = world.say("Still no bag after all this time.", author="Hal")
        assert world.case(second) == world.case(first)
        assert len(world.posts()) == 1
        assert "1 further complaint by this author" in world.card(first)
        assert "Still no bag" in world.thread(first)[0]

    def test_two_at_once_are_one_case(self, world: World) -> None:
        world.say("They lost my bag.", author="Hal", judge=False)
        world.say("And my coat.", author="Hal")
        assert len(world.store.cases.unanswered()) == 1
        assert len(world.posts()) == 1

    def test_another_matter_after_a_week_is_another_case(self, world: World) -> None:
        first = world.say("They lost my bag.", author="Hal")
        world.now += 8 * DAY
        second = world.say("The coffee is poison.", author="Hal")
        assert world.case(second).id != world.case(first).id

    def test_a_new_complaint_opens_an_answered_case_again(self, world: World) -> None:
        first = world.say("They lost my bag.", author="Hal")
        world.act(first, "respond")
        world.now += DAY
        world.say("They lost it again!", author="Hal")
        assert world.case(first).state is CaseState.OPEN
        assert world.case(first).due_at == world.now + 4 * HOUR

    def test_an_answer_to_the_first_does_not_answer_the_second(self, world: World) -> None:
        first = world.say("They lost my bag.", author="Hal")
        world.now += 2 * HOUR
        second = world.say("And my coat.", author="Hal")
        world.change(replace(first, owner_reply="Sorry", owner_replied_at=NOW + HOUR))
        assert world.case(first).state is CaseState.OPEN
        world.change(replace(second, owner_reply="Sorry", owner_replied_at=world.now))
        assert world.case(first).state is CaseState.RESPONDED

    def test_nameless_authors_join_nobody(self, world: World) -> None:
        world.say("They lost my bag.", author=None)
        world.say("They lost my coat.", author=None)
        assert len(world.store.cases.unanswered()) == 2


class TestEdits:
    def test_five_stars_win_back(self, world: World) -> None:
        said = world.say("They lost my bag.", rating=1.0, rating_max=5.0)
        world.act(said, "respond")
        world.sent()
        world.now += DAY
        edit = replace(
            said, text="They found my bag and drove it to my door at night!", rating=5.0,
            edited_at=world.now, fetched_at=world.now,
        )  # fmt: skip
        world.change(edit, DELIGHTED)
        case = world.case(said)
        assert (case.state, case.outcome) == ("closed", "won_back")
        assert "Won back" in world.thread(said)[-1]
        assert "5 of 5 stars" in world.thread(said)[-1]
        assert world.card(said).startswith("Won back: a customer of Acme")

    @pytest.mark.parametrize(
        "quiet",
        [
            {"created_at": NOW - 60 * DAY},  # too old for a case
            {"owner_reply": "Sorry!", "owner_replied_at": NOW},  # answered before it was seen
            {"author": None},
        ],
        ids=["old", "answered", "unnamed"],
    )
    def test_five_stars_win_back_where_no_case_is(
        self, world: World, quiet: dict[str, Any]
    ) -> None:
        said = world.say("They lost my bag.", rating=1.0, rating_max=5.0, **quiet)
        world.now += HOUR
        edit = replace(said, text="Found it, and drove it home!", rating=5.0, fetched_at=world.now)
        world.change(edit, DELIGHTED)
        (told,) = world.posts(AlertKind.WON_BACK)
        assert told["channel"] == "#voice-wows"
        assert "was angry with you before and is glad now" in told["payload"]
        assert world.posts(AlertKind.WOW) == []
        world.change(replace(edit, text="Found it and drove it home!"), DELIGHTED)
        assert len(world.posts(AlertKind.WON_BACK)) == 1

    def test_what_was_mediocre_and_delights_is_a_wow(self, world: World) -> None:
        said = world.say("It was fine, nothing more.", MEDIOCRE, rating=3.0, rating_max=5.0)
        world.change(
            replace(said, text="After the update it is a delight to use every day.", rating=5.0),
            DELIGHTED,
        )
        assert [row["kind"] for row in world.posts()] == ["wow"]

    def test_an_edited_complaint_changes_its_message(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.sent()
        world.change(replace(said, text="They lost my bag and my cat.", edited_at=world.now))
        assert "and my cat" in world.card(said)
        assert len(world.posts()) == 1

    def test_still_angry_after_the_answer_opens_it_again(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.change(replace(said, owner_reply="Sorry", owner_replied_at=NOW))
        world.now += HOUR
        world.change(
            replace(
                said, text="They are sorry. I have no bag.", owner_reply="Sorry",
                owner_replied_at=NOW, edited_at=world.now,
            )
        )  # fmt: skip
        assert world.case(said).state is CaseState.OPEN
        assert world.events(said)[-1] == "reopened"

    def test_an_old_mention_that_turns_angry_today_alerts(self, world: World) -> None:
        said = world.say("Fine.", MEDIOCRE, created_at=NOW - 60 * DAY)
        world.change(replace(said, text="Not fine any more!", edited_at=NOW))
        assert world.case(said).state is CaseState.OPEN

    def test_a_source_that_rewrites_its_pages_floods_nobody(self, world: World) -> None:
        said = world.say("So bad .", created_at=NOW - 60 * DAY)
        assert world.posts(AlertKind.COMPLAINT) == []
        world.change(replace(said, text="So bad.", edited_at=NOW))
        assert world.posts(AlertKind.COMPLAINT) == []


class TestTime:
    def test_the_claimer_is_reminded_once_and_the_channel_told_once(self, world: World) -> None:
        said = world.say("They lost my bag.")
        world.act(said, "claim")
        world.sent()
        world.now = NOW + 3 * HOUR - MINUTE
        world.judge()
        assert len(world.thread(said)) == 1
        for minutes in (0, 1, 30):
            world.now = NOW + 3 * HOUR + minutes * MINUTE
            world.judge()
        reminders = world.rows("SELECT * FROM alerts WHERE kind = 'reminder'")
        assert len(reminders) == 1
        assert json.loads(reminders[0]["payload"])["text"].startswith("<@U0DANA> this case")
        for minutes in (1, 2, 90):
            world.now = NOW + 4 * HOUR + minutes * MINUTE
            world.judge()
        late = world.rows("SELECT * FROM alerts WHERE kind = 'overdue'")
        assert len(late) == 1
        assert json.loads(late[0]["payload"])["broadcast"] is True
        ops = world.posts(AlertKind.OPS)
        assert [
            "1 complaint about Acme became overdue today" in row["payload"] for row in ops
        ] == [True]

    def test_nobody_is_reminded_of_what_nobody_claimed(self, world: World) -> None:
        world.say("They lost my bag.")
        world.now = NOW + 3 * HOUR + MINUTE
        world.judge()
        assert world.rows("SELECT * FROM alerts WHERE kind = 'reminder'") == []

    def test_reminders_keep_business_hours(self, build: Callable[..., World]) -> None:
        world = build(cases={"business_hours": "Mon-Fri 09:00-18:00 UTC", "respond_within": "8h"})
        world.now = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)  # a Friday: due Monday 16:00
        said = world.say("They lost my bag.")
        world.act(said, "claim")
        assert world.case(said).due_at == datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
        for day, hour, reminders in ((28, 12, 0), (30, 8, 0), (30, 13, 0), (30, 14, 1)):
            world.now = datetime(2026, 11, day, hour, 1, tzinfo=UTC)
            world.judge()
            found = world.rows("SELECT * FROM alerts WHERE kind = 'reminder'")
            assert len(found) == reminders, (day, hour)

    def test_coverage_and_percentiles_per_source(self, world: World) -> None:
        for hours in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10):
            world.now = NOW
            said = world.say(f"Bad number {hours}.")
            world.now = NOW + hours * HOUR
            case_acts.act(
                world.store, Policies(world.settings), said.id, "respond", DANA, world.now
            )
        world.now = NOW
        world.say("Never answered.")
        world.act(world.say("No case."), "dismiss")
        (row,) = world.rows("SELECT * FROM coverage")
        assert (row["source"], row["cases"], row["answered"], row["waiting"]) == (
            "shop", 11, 10, 1,
        )  # fmt: skip
        assert row["coverage"] == pytest.approx(10 / 11, abs=1e-4)
        assert (row["median_hours"], row["p90_hours"], row["in_time"]) == (5.5, 9.0, 4)
        assert len(world.rows("SELECT * FROM response_times")) == 10


def test_a_pass_makes_each_brands_policy_once(
    build: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = build(brands=[{"name": name, "query": name} for name in ("Acme", "Bolt")])
    for number in range(3):
        for brand in ("Acme", "Bolt"):
            world.say(f"{brand} lost bag number {number}.", brand=brand, judge=False)
    made: list[str] = []
    make = Policies._make

    def counted(self: Policies, name: str) -> Policy:
        made.append(name)
        return make(self, name)

    monkeypatch.setattr(Policies, "_make", counted)
    world.judge()
    assert sorted(made) == ["Acme", "Bolt"]
    made.clear()
    world.now += 5 * HOUR
    world.judge()
    assert len(world.rows("SELECT 1 FROM case_events WHERE event = 'overdue'")) == 6
    assert sorted(made) == ["Acme", "Bolt"]


class TestNotTooMuch:
    def test_the_like_of_what_was_dismissed_opens_nothing_for_a_while(self, world: World) -> None:
        world.act(world.say("Acme is a scam, buy gold coins instead.", author="Hal"), "dismiss")
        world.say("And a good day to all of you.", author="Hal")
        world.say("Something else entirely, and it made me furious.")
        assert len(world.store.cases.unanswered()) == 1
        world.now += 15 * DAY
        world.say("Now they have really lost my bag.", author="Hal")
        assert len(world.store.cases.unanswered()) == 2

    def test_a_wrong_label_does_not_silence_its_author(self, world: World) -> None:
        said = world.say("Great, as always...", author="Hal")
        case_acts.relabel(
            world.store, Policies(world.settings), said.id, DELIGHTED, DANA, world.now
        )
        world.say("Now they really lost my bag.", author="Hal")
        assert len(world.store.cases.unanswered()) == 1

    def test_a_muted_author_is_counted_only(self, world: World) -> None:
        said = world.say("Bad bad bad.", author="Troll")
        case_mutes.mute(world.store, Policies(world.settings), said.id, DANA, world.now)
        world.say("Worse worse worse.", author="Troll")
        assert world.store.cases.unanswered() == []
        assert world.store.mentions.count() == 2
        assert world.store.cases.unmute("shop:Troll", "Acme")
        world.now += 15 * DAY
        world.say("Worst.", author="Troll")
        assert len(world.store.cases.unanswered()) == 1

    def test_routes_quiet_hours_and_urgency(self, build: Callable[..., World]) -> None:
        world = build(
            alerts={
                "quiet_hours": "Mon-Sun 20:00-08:00 UTC",
                "routes": [
                    {"query": "refund", "channel": "#billing"},
                    {"stars": "1", "urgent": True},
                ],
            }
        )
        world.now = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
        world.say("No refund for weeks.")
        world.say("They lost my bag.", rating=1.0, rating_max=5.0)
        world.say("They lost my coat.", rating=2.0, rating_max=5.0)
        morning = "2026-11-25T08:00:00+00:00"
        told = [(row["channel"], row["not_before"], row["urgent"]) for row in world.posts()]
        assert told == [
            ("#billing", morning, 0),
            ("#voice-complaints", None, 1),
            ("#voice-complaints", morning, 0),
        ]
        due = [case.due_at - world.now for case in world.store.cases.unanswered()]
        assert due == [HOUR, 4 * HOUR, 4 * HOUR]

    def test_a_route_by_language(self, build: Callable[..., World]) -> None:
        world = build(alerts={"routes": [{"language": "de", "channel": "#deutsch"}]})
        world.say("Mein Koffer ist weg.", language="de-AT")
        world.say("My bag is gone.", language="en")
        told = [row["channel"] for row in world.posts()]
        assert told == ["#deutsch", "#voice-complaints"]

    def test_a_brands_quiet_hours_go_before_the_general_ones(
        self, build: Callable[..., World]
    ) -> None:
        names = {"Acme": "23:00-07:00 UTC", "Bolt": None, "Cask": ""}
        world = build(
            alerts={
                "quiet_hours": "21:00-08:00 UTC",
                "channels": [{"channel": "#own", "quiet_hours": "20:00-09:00 UTC"}],
                "routes": [{"query": "own", "channel": "#own"}],
            },
            brands=[
                {"name": name, "query": name} | ({} if quiet is None else {"quiet_hours": quiet})
                for name, quiet in names.items()
            ],
        )
        world.now = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
        for name in names:
            world.say(f"{name} lost my bag.", brand=name)
        world.say("Acme lost my own bag.")
        told = [(row["brand"], row["not_before"] and row["not_before"][11:13])
                for row in world.posts()]  # fmt: skip
        assert told == [("Acme", "07"), ("Bolt", "08"), ("Cask", None), ("Acme", "09")]

    def test_wrong_quiet_hours_name_their_brand(self, build: Callable[..., World]) -> None:
        world = build(brands=[{"name": "Acme", "query": "a", "quiet_hours": "at night"}])
        with pytest.raises(ConfigError, match=r'^brands\[0\]\.quiet_hours = "at night": '):
            Policies(world.settings).check()

    def test_beyond_a_channels_limit_one_message_counts_up(
        self, build: Callable[..., World]
    ) -> None:
        world = build(
            alerts={
                "channels": [{"channel": "#voice-complaints", "per_hour": 3}],
                "incident_over": 99,
            }
        )
        for number in range(8):
            world.say(f"Complaint number {number}, different from the others.")
        assert len(world.store.cases.unanswered()) == 8
        assert len(world.posts(AlertKind.COMPLAINT)) == 3
        (summary,) = world.posts(AlertKind.LIMITED)
        assert "5 more complaints about Acme came this hour" in summary["payload"]
        world.sent()
        world.say("One more, of another kind.")
        assert len(world.posts(AlertKind.LIMITED)) == 1
        (update,) = world.rows("SELECT * FROM alerts WHERE operation = 'update'")
        assert "6 more complaints" in update["payload"]

    def test_wows_need_substance_and_keep_the_rate(self, build: Callable[..., World]) -> None:
        world = build(alerts={"wows_per_hour": 2})
        world.say("Great!!!", DELIGHTED)
        for number in range(4):
            world.say(f"The crew of flight {number} sang for my mother.", DELIGHTED)
        world.say("Rita!", DELIGHTED)  # a colleague is always told
        assert len(world.posts(AlertKind.WOW)) == 3
        assert world.rows("SELECT * FROM kudos") == [
            {"month": "2026-11", "brand": "Acme", "name": "Rita", "wows": 1,
             "last_at": "2026-11-24T09:29:00+00:00"}
        ]  # fmt: skip
        world.now = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
        assert write_leaderboards(world.store, world.settings, world.now) == 1
        assert write_leaderboards(world.store, world.settings, world.now) == 0
        (board,) = world.posts(AlertKind.KUDOS)
        assert "1. Rita: named in 1 wow" in board["payload"]


class TestFlips:
    def test_the_view_and_the_rules_agree(self, world: World) -> None:
        """Play random lives of authors: each flip of the view is an alert, and no other is."""
        import random

        rng = random.Random(3)
        kinds = [ANGRY, MEDIOCRE, DELIGHTED, Experience.NONE]
        for step in range(150):
            world.now = NOW + step * timedelta(days=9)
            world.say(
                f"Words enough to have substance, number {step}", rng.choice(kinds),
                rng.choice(list(Stance)), author=f"person {step % 9}",
            )  # fmt: skip
        seen = {(row["flip"], row["id"]) for row in world.rows("SELECT flip, id FROM flips")}
        told = {
            (row["kind"], row["mention_id"])
            for row in world.posts()
            if row["kind"] in ("lost_advocate", "won_back")
        }
        assert told == seen
        assert len(seen) > 10


def test_who_is_forgotten_is_forgotten_at_slack_too(world: World) -> None:
    from earful.forgetting import forget_author
    from tests.alerts.fake_slack import FakeSlack
    from tests.alerts.test_buttons import flush

    said = world.say("They lost my bag.", author="Hal")
    world.act(said, "claim")
    with FakeSlack() as slack:
        flush(world.store, slack)
        world.change(replace(said, text="They lost my bag and my cat.", edited_at=NOW))
        assert forget_author(world.store, "shop:Hal") == 1
        flush(world.store, slack)
        shown = [f"{message.text} {message.blocks}" for message in slack.messages()]
    assert len(shown) == 2
    assert all("data was erased" in one and "bag" not in one for one in shown)
    assert "bag" not in str(world.rows("SELECT payload FROM alerts"))
    assert world.rows("SELECT * FROM cases") == []


def test_the_terminal_does_all_that_the_buttons_do(
    earful: Earful, build: Callable[..., World], tmp_path: Path
) -> None:
    world = build()
    said = world.say("They lost my bag.")
    world.say("Oh, great service.", author="Eve")
    world.store.close()
    db = ("--db", str(tmp_path / "earful.db"))
    listed = earful(*db, "case", "list")
    assert listed.code == 0
    assert "They lost my bag." in listed.out
    assert max(len(line) for line in listed.out.splitlines()) <= 80
    claimed = earful(*db, "case", "claim", "1", "--as", "dana", "--note", "on it")
    assert claimed.out == "case 1: claimed by dana\n"
    taken = earful(*db, "case", "claim", said.id, "--as", "omar")
    assert (taken.code, "dana has claimed it already" in taken.err) == (2, True)
    assert earful(*db, "case", "respond", "1", "--as", "dana").out == "case 1: responded\n"
    shown = earful(*db, "case", "show", "1")
    assert "Answered by dana" in shown.out
    assert "claimed by dana: on it" in shown.out
    assert earful(*db, "case", "close", "1", "--as", "dana").out == "case 1: closed\n"
    relabelled = earful(*db, "case", "relabel", "2", "delighted", "--as", "dana")
    assert relabelled.out == "case 2: dismissed\n"
    assert earful(*db, "case", "list").out == ""
    every = [
        json.loads(row)
        for row in earful(*db, "case", "list", "--all", "--json").out.split("\n")
        if row
    ]
    assert [(one["id"], one["state"]) for one in every] == [(1, "closed"), (2, "dismissed")]
    assert earful(*db, "case", "mute", "1", "--as", "dana").out.startswith("case 1: closed")
    assert "is no longer muted" in earful(*db, "case", "mute", "1", "--undo").out
    assert earful(*db, "case", "claim", "77").code == 2
    assert "case 77: there is no such case" in earful(*db, "case", "claim", "77").err


def test_a_new_alert_knows_how_it_is_sent() -> None:
    alert = NewAlert(
        dedupe_key="a", kind=AlertKind.OPS, brand="A", channel="#x", payload={}, created_at=NOW
    )
    assert alert.operation is Operation.POST
