"""Messages that somebody deleted at Slack: what is about them is neither lost nor alone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.outbox.delivery import DeliveryResult, deliver
from alerts.outbox.send_queue import Pace
from alerts.slack.client import BotTransport
from storage.models import (
    AlertKind,
    CaseState,
    Incident,
    Mention,
    NewAlert,
    NewCase,
    Operation,
)
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack, Fault
from tests.alerts.outboxes import an_alert
from tests.alerts.test_delivery import Clock

COMPLAINTS = "#voice-complaints"
ROOT = "complaint:s:1"


class Team:
    """A store with one case, whose message Slack has, and its delivery."""

    def __init__(self, store: Store, slack: FakeSlack) -> None:
        self.store, self.slack, self.clock = store, slack, Clock()
        now = datetime.now(UTC)
        store.mentions.save(
            [Mention(brand="Acme Air", source="s", native_id="1", text="bad", fetched_at=now)]
        )
        case = NewCase(mention_id="s:1", brand="Acme Air", opened_at=now, due_at=now)
        store.cases.open_new([case])
        store.outbox.add([replace(alert(ROOT, "card"), mention_id="s:1")])
        self.send()
        (self.card,) = slack.roots()

    def send(self) -> DeliveryResult:
        bot = BotTransport(self.slack.token, api_url=self.slack.api_url, timeout=5)
        return deliver(
            self.store.outbox, bot, self.clock, self.clock.sleep,
            pace=Pace(0), rng=random.Random(1),
        )  # fmt: skip

    def close_case(self) -> None:
        case = self.store.cases.unanswered()[0]
        self.store.cases.move(case.id, CaseState.RESPONDED, actor="rita", at=self.clock.now)

    def errors(self, state: str) -> list[str | None]:
        rows = self.store.database.connection.execute(
            "SELECT error FROM alerts WHERE state = ? ORDER BY id", (state,)
        )
        return [row[0] for row in rows]


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        yield fake


@pytest.fixture
def team(tmp_path: Path, slack: FakeSlack) -> Iterator[Team]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield Team(store, slack)


def alert(key: str, text: str) -> NewAlert:
    return an_alert(key, text=text, at=datetime.now(UTC))


def update(text: str, root: str = ROOT) -> NewAlert:
    return replace(alert(f"update:{root}", text), operation=Operation.UPDATE, root_key=root)


def reply(text: str, root: str = ROOT, *, broadcast: bool = False) -> NewAlert:
    made = replace(alert(f"reply:{text}", text), operation=Operation.REPLY, root_key=root)
    return replace(made, payload=made.payload | {"broadcast": True}) if broadcast else made


def threads(slack: FakeSlack) -> dict[str, list[str]]:
    """Give what stands in the channel, each with its thread."""
    return {
        root.text: [one.text for one in slack.thread(root)]
        for root in slack.roots()
        if not root.deleted
    }


def test_an_open_case_whose_message_was_deleted_is_posted_anew_with_its_news(
    team: Team, slack: FakeSlack
) -> None:
    slack.delete(team.card)
    team.store.outbox.add([update("card, claimed"), reply("Rita claimed this case.")])
    team.send()
    assert threads(slack) == {"card, claimed": ["Rita claimed this case."]}
    assert slack.alert_ids() == [ROOT, "reply:Rita claimed this case."]
    assert team.store.outbox.unsent() == []
    team.store.outbox.add([update("card, answered"), reply("Rita has answered.")])
    team.send()
    assert list(threads(slack)) == ["card, answered"]


def test_a_reply_alone_finds_out_too_and_leaves_nothing_astray(
    team: Team, slack: FakeSlack
) -> None:
    slack.delete(team.card)
    team.store.outbox.add([reply("Due soon."), reply("Overdue.", broadcast=True)])
    team.send()
    assert threads(slack) == {"card": ["Due soon.", "Overdue."]}


def test_a_thread_below_a_tombstone_goes_on_below_the_new_message(
    team: Team, slack: FakeSlack
) -> None:
    team.store.outbox.add([reply("Rita claimed this case.")])
    team.send()
    slack.delete(team.card)
    assert team.card.deleted
    team.store.outbox.add([update("card, overdue")])
    team.send()
    team.store.outbox.add([reply("Rita has answered.")])
    team.send()
    assert threads(slack) == {"card, overdue": ["Rita has answered."]}


@pytest.mark.parametrize("code", ["message_not_found", "thread_not_found", "invalid_thread_ts"])
def test_each_word_of_slack_for_a_missing_message_is_understood(
    team: Team, slack: FakeSlack, code: str
) -> None:
    slack.delete(team.card)
    slack.fail("chat.postMessage", Fault.says(code))
    team.store.outbox.add([reply("Due soon.")])
    team.send()
    assert threads(slack) == {"card": ["Due soon."]}


def test_a_closed_case_is_not_raised_from_the_dead(team: Team, slack: FakeSlack) -> None:
    team.close_case()
    slack.delete(team.card)
    team.store.outbox.add([update("card, answered"), reply("Rita has answered.")])
    team.send()
    assert slack.messages() == []
    assert team.store.outbox.unsent() == []
    assert (
        team.errors("dropped") == ["Somebody deleted the message at Slack that it is about."] * 2
    )


def test_who_deletes_it_again_the_same_day_wants_it_gone(team: Team, slack: FakeSlack) -> None:
    slack.delete(team.card)
    team.store.outbox.add([update("card 2")])
    team.send()
    slack.delete(slack.roots()[0])
    team.store.outbox.add([update("card 3"), reply("Claimed."), reply("Overdue.", broadcast=True)])
    team.send()
    # What the channel must hear says itself what it is about.
    assert threads(slack) == {"Overdue.": []}
    assert team.store.outbox.unsent() == []
    team.clock.now += timedelta(days=1)
    team.store.outbox.add([update("card 4")])
    team.send()
    assert threads(slack) == {"Overdue.": [], "card 4": []}


def test_a_message_that_nobody_may_change_stays_and_its_thread_goes_on(
    team: Team, slack: FakeSlack
) -> None:
    for code in ("edit_window_closed", "cant_update_message"):
        slack.fail("chat.update", Fault.says(code))
        team.store.outbox.add([update(f"card, {code}")])
        team.send()
    team.store.outbox.add([reply("Rita has answered.")])
    team.send()
    assert threads(slack) == {"card": ["Rita has answered."]}
    assert [error.split("(")[1] for error in team.errors("dropped") if error] == [
        "edit_window_closed).",
        "cant_update_message).",
    ]


@pytest.mark.parametrize("over", [False, True])
def test_an_incident_is_posted_anew_while_it_goes_on(
    team: Team, slack: FakeSlack, over: bool
) -> None:
    began = team.clock.now.replace(microsecond=0)
    incident = Incident(
        brand="Acme Air", channel=COMPLAINTS, opened_at=began, last_at=began, complaints=12
    )
    team.store.incidents.write(incident)
    root = incident.root_key
    team.store.outbox.add([replace(alert(root, "12 at once"), kind=AlertKind.INCIDENT)])
    team.send()
    slack.delete(slack.roots()[-1])
    if over:
        team.store.incidents.write(replace(incident, closed_at=team.clock.now))
    team.store.outbox.add([update("13 at once", root)])
    team.send()
    assert ("13 at once" in threads(slack)) is not over


@pytest.mark.parametrize("fault", [Fault.cut(posts=True), Fault.http(502, posts=True)])
def test_a_stray_reply_of_an_unclear_try_is_taken_back(
    team: Team, slack: FakeSlack, fault: Fault
) -> None:
    slack.delete(team.card)
    slack.fail("chat.postMessage", fault)
    team.store.outbox.add([reply("Due soon.")])
    for _ in range(6):
        result = team.send()
        if result.next_at is None:
            break
        team.clock.to(result.next_at)
    assert threads(slack) == {"card": ["Due soon."]}


def test_a_stray_reply_that_could_not_be_taken_back_at_once_is_taken_back_later(
    team: Team, slack: FakeSlack
) -> None:
    slack.delete(team.card)
    slack.fail("chat.delete", Fault.cut())
    team.store.outbox.add([reply("Due soon.")])
    for _ in range(6):
        result = team.send()
        if result.next_at is None:
            break
        team.clock.to(result.next_at)
    assert threads(slack) == {"card": ["Due soon."]}


def test_an_open_case_in_a_channel_that_the_team_left_goes_on_in_the_one_of_its_name(
    team: Team, slack: FakeSlack
) -> None:
    slack.rename("voice-complaints", "old").archived = True
    slack.add_channel("voice-complaints")
    team.store.outbox.add([alert("complaint:s:2", "a new case")])
    team.send()
    team.store.outbox.add([update("card, claimed"), reply("Rita claimed this case.")])
    team.send()
    assert slack.texts(COMPLAINTS) == ["a new case", "card, claimed", "Rita claimed this case."]
    assert slack.thread(slack.roots(COMPLAINTS)[1])
