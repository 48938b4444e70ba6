"""Cases whose channel was archived: what `status` advises, and what `earful alerts` can do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.models import AlertState, NewAlert, Operation
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack
from tests.alerts.outboxes import an_alert
from tests.earful.conftest import Earful
from tests.earful.test_cases import World

COMPLAINTS, SUPPORT = "#voice-complaints", "#support"


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        fake.add_channel("support")
        yield fake


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


@pytest.fixture
def process(
    earful: Earful, slack: FakeSlack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], str]:
    """Run `earful process` with the fake Slack's bot token; gives its output."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", slack.token)
    (tmp_path / "earful.toml").write_text(f'[slack]\napi_url = "{slack.api_url}"\n')
    return lambda: earful("process").out


def alert(key: str, text: str | None = None) -> NewAlert:
    return an_alert(key, COMPLAINTS, text=text, at=datetime.now(UTC) - timedelta(hours=3))


def about(operation: Operation, text: str) -> NewAlert:
    key = "update:old" if operation is Operation.UPDATE else f"reply:{text}"
    return replace(alert(key, text), operation=operation, root_key="old")


@pytest.fixture
def parked(process: Callable[[], str], store: Store, slack: FakeSlack) -> dict[str, int]:
    """An old message in an archived channel, with a reply and an update that are parked.

    Gives the ids of alerts by key.
    """
    store.outbox.add([alert("old", "card")])
    process()
    slack.channels["voice-complaints"].archived = True
    store.outbox.add([about(Operation.REPLY, "claimed"), about(Operation.UPDATE, "card 2")])
    process()
    rows = {one.dedupe_key: one for one in store.outbox_word.listed(tuple(AlertState))}
    assert [one.state.value for one in rows.values()] == ["sent", "parked", "parked"]
    return {key: one.id for key, one in rows.items()}


def test_status_says_that_new_alerts_go_on_and_what_can_be_done(
    earful: Earful, parked: dict[str, int]
) -> None:
    told = earful("status")
    assert told.code == 1
    assert (
        "2 alerts are waiting: the message that this is about stands in an archived Slack channel"
    ) in told.out
    assert f"It holds up no new alert for {COMPLAINTS}" in told.out
    assert "`earful alerts drop ID`" in told.out
    listed = " ".join(earful("alerts", "list").out.split())
    assert "`earful alerts move ID --to CHANNEL` posts the message again there" in listed


def test_a_reply_is_moved_with_its_message_as_that_is_now(
    earful: Earful, process: Callable[[], str], parked: dict[str, int], slack: FakeSlack
) -> None:
    moved = earful("alerts", "move", str(parked["reply:claimed"]), "--to", SUPPORT, "--json")
    ids = json.loads(moved.out)
    assert ids["anew"] == [parked["reply:claimed"], parked["update:old:1"]]
    process()
    (root,) = slack.roots(SUPPORT)
    assert (root.text, root.alert_id) == ("card 2", "old")
    assert [one.text for one in slack.thread(root)] == ["claimed"]
    assert earful("status").out.count("waiting:") == 0


def test_all_of_a_channel_move_in_one_go(
    earful: Earful,
    process: Callable[[], str],
    parked: dict[str, int],
    store: Store,
    slack: FakeSlack,
) -> None:
    store.outbox.add([alert("new")])
    moved = earful("alerts", "move", "--from", COMPLAINTS, "--to", SUPPORT)
    assert moved.out.splitlines() == [
        f"1 alert moved to {SUPPORT}: 4",
        f"2 alerts moved to {SUPPORT}, with their messages posted again: 2, 3",
    ]
    process()
    assert sorted(one.text for one in slack.roots(SUPPORT)) == ["card 2", "new"]
    assert store.outbox.unsent() == []


def test_what_stands_in_a_living_channel_stays_there(
    earful: Earful, process: Callable[[], str], store: Store, slack: FakeSlack
) -> None:
    store.outbox.add([alert("old", "card")])
    process()
    store.outbox.add([about(Operation.REPLY, "claimed")])
    refused = earful("alerts", "move", "2", "--to", SUPPORT)
    assert refused.code == 2
    assert "it stays with that" in refused.err
    process()
    assert slack.texts(COMPLAINTS) == ["card", "claimed"]


def test_what_is_given_up_is_no_problem_any_more(
    earful: Earful, process: Callable[[], str], parked: dict[str, int], slack: FakeSlack
) -> None:
    earful("alerts", "drop", "2", "3", "--yes", "--as", "dana")
    assert "waiting:" not in earful("status").out
    process()
    assert slack.texts() == ["card"]


def test_a_card_that_somebody_deleted_comes_back_with_the_next_news(
    earful: Earful, process: Callable[[], str], tmp_path: Path, slack: FakeSlack
) -> None:
    world = World(tmp_path / "earful.db")
    world.now = datetime.now(UTC)
    world.say("They lost my bag, and nobody answers at the desk.")
    world.store.close()
    process()
    (card,) = slack.roots(COMPLAINTS)
    slack.delete(card)
    earful("case", "claim", "1", "--as", "dana")
    process()
    (again,) = slack.roots(COMPLAINTS)
    assert (again.alert_id, "Claimed by dana" in str(again.blocks)) == (card.alert_id, True)
    assert [one.text for one in slack.thread(again)] == ["dana claimed this case."]
