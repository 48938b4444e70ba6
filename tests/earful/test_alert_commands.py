"""A person's word on the outbox, from the command line to what a fake Slack over HTTP holds."""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.outbox.delivery import deliver
from alerts.outbox.send_queue import Pace
from alerts.outbox.transport import Transport
from alerts.slack.client import BotTransport
from alerts.slack.webhook import WebhookTransport
from earful.commands import alert_decisions as command
from earful.process_locks import lock_for_delivery
from storage.models import Alert, AlertState, NewAlert, Operation, TroubleKind
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack, Fault
from tests.alerts.outboxes import an_alert
from tests.earful.conftest import Earful
from tests.waiting import PATIENCE_S

COMPLAINTS, WOWS, OPS = "#voice-complaints", "#voice-wows", "#voice-ops"


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
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


def bot(slack: FakeSlack) -> BotTransport:
    return BotTransport(slack.token, api_url=slack.api_url, timeout=PATIENCE_S)


def pass_over(store: Store, transport: Transport, *, later: timedelta = timedelta(0)) -> None:
    now = datetime.now(UTC) + later
    deliver(store.outbox, transport, lambda: now, lambda seconds: None, pace=Pace(0))


def alert(key: str, channel: str = COMPLAINTS, *, text: str | None = None) -> NewAlert:
    return an_alert(key, channel, text=text, at=datetime.now(UTC) - timedelta(hours=3))


def reply(root: str, text: str, channel: str = COMPLAINTS) -> NewAlert:
    return replace(alert(f"reply:{text}", channel), operation=Operation.REPLY, root_key=root)


def rows(store: Store) -> dict[str, Alert]:
    return {one.dedupe_key: one for one in store.outbox_word.listed(tuple(AlertState))}


def state(store: Store, key: str) -> AlertState:
    return rows(store)[key].state


def in_doubt(store: Store, slack: FakeSlack, *, posts: bool) -> int:
    """Park an alert that Slack may have: it broke off, and the bot may not look."""
    store.outbox.add([alert("complaint:t:1")])
    slack.fail("chat.postMessage", Fault.http(500, posts=posts))
    slack.scopes.discard("channels:history")
    pass_over(store, bot(slack))
    pass_over(store, bot(slack), later=timedelta(minutes=1))
    slack.scopes.add("channels:history")
    found = rows(store)["complaint:t:1"]
    assert (found.state, found.in_doubt) == (AlertState.PARKED, True)
    return found.id


def test_a_dead_channel_is_listed_moved_and_delivered_once(
    earful: Earful, process: Callable[[], str], store: Store, slack: FakeSlack
) -> None:
    slack.channels["voice-wows"].archived = True
    store.outbox.add([alert("wow:t:1", WOWS), alert("wow:t:2", WOWS)])
    pass_over(store, bot(slack))

    listed = earful("alerts", "list")
    assert listed.code == 0
    assert "parked" in listed.out
    assert "the channel is archived" in listed.out
    assert "IN DOUBT" not in listed.out
    assert f"earful alerts move --from '{WOWS}'" in " ".join(listed.out.split())
    assert max(map(len, listed.out.splitlines())) <= 80
    told = earful("status")
    assert told.code == 1
    assert f"`earful alerts retry --channel '{WOWS}'`" in told.out

    moved = earful("alerts", "move", "--from", WOWS, "--to", OPS)
    assert (moved.code, moved.out) == (0, f"2 alerts moved to {OPS}: 1, 2\n")
    again = earful("alerts", "move", "--from", WOWS, "--to", OPS)
    assert (again.code, again.out) == (0, f"there is no alert to move for {WOWS}\n")
    assert "sent 2" in process()
    assert "sent 0" in process()
    assert slack.alert_ids(OPS) == ["wow:t:1", "wow:t:2"]
    assert slack.alert_ids(WOWS) == []
    assert earful("alerts", "list").out == "no alert is waiting\n"


@pytest.mark.parametrize("posts", [True, False])
def test_one_in_doubt_is_looked_for_once_a_person_says_so(
    earful: Earful, process: Callable[[], str], store: Store, slack: FakeSlack, posts: bool
) -> None:
    number = in_doubt(store, slack, posts=posts)
    listed = earful("alerts", "list").out
    assert f"{COMPLAINTS}: IN DOUBT, Slack may have it" in listed
    assert "`earful alerts retry ID`" in " ".join(listed.split())

    bulk = earful("alerts", "retry", "--all")
    assert bulk.code == 0
    assert "1 alert in doubt, not retried" in bulk.out
    assert state(store, "complaint:t:1") is AlertState.PARKED

    retried = earful("alerts", "retry", str(number))
    assert "may appear twice" in retried.out
    assert f"{COMPLAINTS}: complaint:t:1" in retried.out
    assert "back in line; Slack may have it" in earful("alerts", "list").out
    assert earful("alerts", "retry", str(number)).out == "there is no alert to retry\n"
    process()
    assert slack.alert_ids() == ["complaint:t:1"]
    assert len(slack.called("chat.postMessage")) == (1 if posts else 2)


def test_a_webhook_cannot_look_and_sends_what_a_person_puts_back(
    earful: Earful, store: Store, slack: FakeSlack
) -> None:
    webhook = WebhookTransport(slack.webhook_url, timeout=PATIENCE_S)
    store.outbox.add([alert("complaint:t:1")])
    slack.fail("webhook", Fault.http(500))
    pass_over(store, webhook)
    pass_over(store, webhook, later=timedelta(minutes=1))
    assert earful("alerts", "retry", "--channel", COMPLAINTS, "--in-doubt").code == 0
    pass_over(store, webhook)
    assert state(store, "complaint:t:1") is AlertState.SENT
    assert slack.texts() == ["complaint:t:1"]


def test_a_dropped_message_takes_its_replies_with_it(
    earful: Earful,
    process: Callable[[], str],
    store: Store,
    slack: FakeSlack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store.outbox.add([alert("a"), reply("a", "one"), reply("a", "two"), alert("b")])
    numbers = {key: one.id for key, one in rows(store).items()}
    assert f"after {numbers['a']}" in earful("alerts", "list").out
    # Nobody answers the question: nothing happens.
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    asked = earful("alerts", "drop", str(numbers["a"]))
    assert asked.code == 130
    assert "Drop 1 alert and 2 about them for good?" in asked.err
    assert state(store, "a") is AlertState.PENDING

    done = earful("alerts", "drop", str(numbers["a"]), "--yes", "--as", "dana", "--json")
    assert json.loads(done.out) == {
        "dropped": [numbers["a"]],
        "about": [numbers["reply:one"], numbers["reply:two"]],
    }
    assert (rows(store)["a"].error or "").startswith("Dropped by dana at 20")
    process()
    assert slack.texts() == ["b"]
    again = earful("alerts", "drop", str(numbers["a"]), "--yes")
    assert (again.code, again.out) == (0, "nothing to drop: they are dropped already\n")
    # What Slack has cannot be dropped, and nothing else is in the same breath.
    store.outbox.add([alert("c")])
    refused = earful("alerts", "drop", str(numbers["b"]), str(rows(store)["c"].id), "--yes")
    assert refused.code == 2
    assert "sent already" in refused.err
    assert state(store, "c") is AlertState.PENDING


def test_replies_follow_a_message_that_moves_and_stay_with_one_that_is_sent(
    earful: Earful, process: Callable[[], str], store: Store, slack: FakeSlack
) -> None:
    store.outbox.add([alert("old")])
    pass_over(store, bot(slack))
    store.outbox.add([reply("old", "stays"), alert("new"), reply("new", "follows")])
    numbers = {key: one.id for key, one in rows(store).items()}
    alone = earful("alerts", "move", str(numbers["reply:stays"]), "--to", WOWS)
    assert alone.code == 2
    assert "stays with that" in alone.err
    done = earful("alerts", "move", "--from", COMPLAINTS, "--to", WOWS)
    assert done.out.splitlines() == [
        f"2 alerts moved to {WOWS}: {numbers['new']}, {numbers['reply:follows']}",
        "1 alert not moved, because replies and updates stay with their messages: "
        f"{numbers['reply:stays']}",
    ]
    process()
    assert slack.texts(COMPLAINTS) == ["old", "reply:stays"]
    assert slack.texts(WOWS) == ["new", "reply:follows"]
    assert all(one.thread_ts for one in slack.messages() if one.text.startswith("reply:"))


def test_what_is_in_doubt_moves_only_by_a_second_word(
    earful: Earful, store: Store, slack: FakeSlack
) -> None:
    number = in_doubt(store, slack, posts=True)
    store.outbox.add([reply("complaint:t:1", "one")])
    bulk = earful("alerts", "move", "--from", COMPLAINTS, "--to", WOWS)
    assert "1 alert in doubt, not moved" in bulk.out
    assert "1 alert not moved, because replies" in bulk.out
    named = earful("alerts", "move", str(number), "--to", WOWS)
    assert named.code == 2
    assert "could be in both channels" in named.err
    assert rows(store)["complaint:t:1"].channel == COMPLAINTS
    sure = earful("alerts", "move", str(number), "--to", WOWS, "--in-doubt")
    assert sure.code == 0
    moved = rows(store)
    assert {one.channel for one in moved.values()} == {WOWS}
    assert moved["complaint:t:1"].may_be_posted


def test_a_line_that_waits_goes_on_when_a_person_asks(
    earful: Earful, process: Callable[[], str], store: Store, slack: FakeSlack
) -> None:
    store.outbox.add([alert("a"), alert("b", WOWS)])
    slack.fail("chat.postMessage", Fault.rate_limited(3000))
    pass_over(store, bot(slack))
    store.outbox.add([alert("c")])
    held, behind = rows(store)["a"].id, rows(store)["c"].id
    assert f"behind {held}" in earful("alerts", "list").out
    # The one behind is asked for: what stands before it in line goes as well.
    done = earful("alerts", "retry", str(behind), "--json")
    assert json.loads(done.out) == {"back": [], "in_doubt": [], "sooner": [held], "left": []}
    assert "problem: " + COMPLAINTS + ": 1 alert is waiting" not in earful("status").out
    process()
    assert slack.alert_ids(COMPLAINTS) == ["a", "c"]


def test_one_that_is_being_sent_is_touched_only_while_nobody_sends(
    earful: Earful, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_LOCK_WAIT_S", 0.1)
    store.outbox.add([alert("a"), alert("b")])
    number = rows(store)["a"].id
    store.outbox.claim(number, datetime.now(UTC))
    with lock_for_delivery(store.database.path):
        for words in (["drop", "--yes"], ["move", "--to", WOWS, "--in-doubt"]):
            refused = earful("alerts", *words, str(number))
            assert refused.code == 1
            assert "a process is sending from this store" in refused.err
        # In line it may be taken out at any time: a sender claims it or does not.
        assert earful("alerts", "drop", "--yes", str(rows(store)["b"].id)).code == 0
    before = rows(store)["a"]
    assert (before.state, before.channel) == (AlertState.SENDING, COMPLAINTS)
    assert earful("alerts", "move", str(number), "--to", WOWS, "--in-doubt").code == 0
    after = rows(store)["a"]
    # Still to be looked for before it is sent.
    assert (after.state, after.channel) == (AlertState.SENDING, WOWS)
    assert earful("alerts", "drop", "--yes", str(number)).code == 0
    assert state(store, "a") is AlertState.DROPPED


def test_a_word_beside_a_sender_that_works_costs_and_doubles_nothing(
    earful: Earful, store: Store, slack: FakeSlack
) -> None:
    """Drop and move what waits while a sender empties the same outbox."""
    keys = [f"a:{number}" for number in range(40)]
    store.outbox.add([alert(key) for key in keys])
    numbers = {key: str(one.id) for key, one in rows(store).items()}

    def send() -> None:
        with Store.open(store.database.path) as own:
            pass_over(own, bot(slack))

    sender = threading.Thread(target=send)
    sender.start()
    dropped = [
        key for key in keys[30:] if not earful("alerts", "drop", "--yes", numbers[key]).code
    ]
    moved = [
        key for key in keys[20:30] if not earful("alerts", "move", numbers[key], "--to", OPS).code
    ]
    sender.join()
    pass_over(store, bot(slack))
    arrived = slack.alert_ids()
    assert sorted(filter(None, arrived)) == sorted(set(keys) - set(dropped))
    assert set(slack.alert_ids(OPS)) == set(moved)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["retry", "1", "77", "78"], "alert 77, 78: no such alert"),
        (["drop", "77", "1", "--yes"], "alert 77: no such alert"),
        (["move", "1", "77", "--to", WOWS], "alert 77: no such alert"),
        (["retry"], "give IDs, --channel or --all"),
        (["retry", "1", "--all"], "give IDs, --channel or --all"),
        (["drop"], "give the IDs"),
        (["move", "--to", WOWS], "give IDs or --from"),
        (["move", "--from", COMPLAINTS, "--to", COMPLAINTS], "the channel that --from names"),
        (["move", "1", "--to", "wows"], "--to: 'wows': not a Slack channel"),
        (["move", "--from", COMPLAINTS, "--to", WOWS, "--in-doubt"], "--in-doubt needs the IDs"),
        (["list", "--channel", "x"], "--channel: 'x': not a Slack channel"),
        (["list", "--state", "lost"], "'lost' is not one of"),
    ],
)
def test_a_word_that_cannot_be_meant_changes_nothing(
    earful: Earful, store: Store, words: list[str], told: str
) -> None:
    store.outbox.add([alert("a")])
    store.outbox.park(1, "No such channel.", TroubleKind.CHANNEL)
    before = rows(store)
    refused = earful("alerts", *words)
    assert refused.code == 2
    assert told in refused.err
    assert rows(store) == before


def test_the_list_as_json_and_by_state(earful: Earful, store: Store) -> None:
    store.outbox.add(
        [alert("a", text="&lt;b&gt; 荷物" + "がない" * 40), alert("b"), alert("c", WOWS)]
    )
    store.outbox.park(2, "the webhook hung up.", TroubleKind.BY_EYE, may_be_posted=True)
    out = earful("alerts", "list", "--json").out.splitlines()
    told = {one["dedupe_key"]: one for one in map(json.loads, out)}
    assert [told[key]["waits_for"] for key in "abc"] == ["nothing", "person", "nothing"]
    assert [told[key]["in_doubt"] for key in "abc"] == [False, True, False]
    assert [told[key]["trouble"] for key in "abc"] == [None, "by_eye", None]
    assert told["a"]["text"].startswith("<b> 荷物")
    parked = earful("alerts", "list", "--state", "parked", "--json").out
    assert [json.loads(one)["id"] for one in parked.splitlines()] == [2]
    assert earful("alerts", "list", "--state", "sent").out == "no alert is sent\n"
    short = earful("alerts", "list", "--limit", "1")
    assert "2 more are not shown" in short.err
