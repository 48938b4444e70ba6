"""A name that leads to another Slack channel than before: the old one's threads stop nothing."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.outbox.delivery import deliver
from alerts.outbox.send_queue import Pace
from alerts.slack.client import BotTransport
from storage.models import AlertState, Operation
from tests.alerts.fake_slack import FakeSlack, Fault
from tests.alerts.outboxes import an_alert, open_outbox
from tests.alerts.test_delivery import Clock

COMPLAINTS = "#voice-complaints"
OLD = "voice-complaints-2025"


@pytest.fixture
def slack():
    with FakeSlack() as fake:
        yield fake


@pytest.fixture
def outbox(tmp_path):
    database, outbox = open_outbox(tmp_path / "earful.db")
    yield outbox
    database.close()


@pytest.fixture
def clock():
    return Clock()


def posted(key):
    return an_alert(key, at=datetime.now(UTC))


def about(root, operation, text, **more):
    key = f"update:{root}" if operation is Operation.UPDATE else f"reply:{root}:{text}"
    alert = an_alert(key, text=text, at=datetime.now(UTC))
    if operation is Operation.UPLOAD:
        alert = replace(alert, payload={"text": text, "png": "aGk=", "filename": f"{text}.png"})
    return replace(alert, operation=operation, root_key=root, **more)


def send(outbox, slack, clock, timeout=5):
    bot = BotTransport(slack.token, api_url=slack.api_url, timeout=timeout)
    return deliver(outbox, bot, clock, clock.sleep, pace=Pace(0), rng=random.Random(1))


def states(outbox):
    rows = outbox._database.connection.execute("SELECT dedupe_key, state FROM alerts")
    return {row[0]: row[1] for row in rows}


@pytest.fixture
def stale(slack, outbox, clock):
    """An old case in a channel that was renamed and archived, and a new channel of its name."""
    outbox.add([posted("old")])
    send(outbox, slack, clock)
    slack.rename("voice-complaints", OLD).archived = True
    slack.add_channel("voice-complaints")


@pytest.mark.parametrize("operation", [Operation.REPLY, Operation.UPDATE, Operation.UPLOAD])
def test_a_thread_in_an_archived_channel_does_not_stop_the_channel_that_has_its_name_now(
    slack, outbox, clock, stale, operation
):
    outbox.add([about("old", operation, "claimed"), *(posted(f"new {n}") for n in range(3))])
    result = send(outbox, slack, clock)
    assert (result.sent, result.parked) == (3, 1)
    assert slack.texts(COMPLAINTS) == ["new 0", "new 1", "new 2"]
    assert list(states(outbox).values()).count("parked") == 1


def test_hourly_tries_of_the_old_thread_do_not_stop_it_either(slack, outbox, clock, stale):
    outbox.add([about("old", Operation.REPLY, "claimed")])
    for hour in range(4):
        outbox.add([posted(f"new {hour}")])
        assert send(outbox, slack, clock).sent == 1
        outbox.unpark_certain()
        clock.now += timedelta(hours=1)
    assert slack.texts(COMPLAINTS) == [f"new {hour}" for hour in range(4)]
    # The team reads elsewhere by now, and no case of it is open: nobody waits for the line.
    assert states(outbox)["reply:old:claimed"] == AlertState.DROPPED


def test_all_threads_of_an_archived_channel_cost_one_try(slack, outbox, clock):
    outbox.add([posted(f"old {n}") for n in range(5)])
    send(outbox, slack, clock)
    slack.channels["voice-complaints"].archived = True
    outbox.add([about(f"old {n}", Operation.REPLY, "claimed") for n in range(5)])
    tries = len(slack.called("chat.postMessage"))
    assert send(outbox, slack, clock).parked == 5
    assert len(slack.called("chat.postMessage")) == tries + 1
    slack.channels["voice-complaints"].archived = False
    assert outbox.unpark_certain() == 5
    assert send(outbox, slack, clock).sent == 5


def test_a_reply_that_waits_for_its_look_holds_up_only_its_thread(slack, outbox, clock):
    outbox.add([posted("a"), posted("b")])
    send(outbox, slack, clock)
    slack.fail("chat.postMessage", Fault.http(500))
    outbox.add([about("a", Operation.REPLY, "claimed"), about("a", Operation.REPLY, "answered")])
    assert send(outbox, slack, clock).unclear == 1
    outbox.add([posted("c"), about("b", Operation.REPLY, "claimed")])
    assert send(outbox, slack, clock).sent == 2
    assert states(outbox)["reply:a:answered"] == "pending"


def test_slack_is_given_the_pause_it_asks_for_in_the_whole_channel(slack, outbox, clock):
    outbox.add([posted("a"), posted("b")])
    send(outbox, slack, clock)
    slack.fail("chat.postMessage", Fault.rate_limited(30))
    outbox.add([about("a", Operation.REPLY, "claimed")])
    assert send(outbox, slack, clock).retried == 1
    tries = len(slack.called("chat.postMessage"))
    outbox.add([posted("c"), about("b", Operation.REPLY, "claimed")])
    result = send(outbox, slack, clock)
    assert len(slack.called("chat.postMessage")) == tries
    clock.to(result.next_at)
    assert send(outbox, slack, clock).sent == 3


def test_a_doubtful_post_is_looked_for_where_its_channel_was_when_it_was_tried(
    slack, outbox, clock
):
    outbox.add([posted("a")])
    send(outbox, slack, clock)
    slack.fail("chat.postMessage", Fault.http(500, posts=True))
    outbox.add([posted("b")])
    result = send(outbox, slack, clock)
    slack.rename("voice-complaints", OLD).archived = True
    slack.add_channel("voice-complaints")
    clock.to(result.next_at)
    assert send(outbox, slack, clock).found == 1  # by a bot that knows no channel yet
    assert slack.texts() == ["a", "b"]
    assert slack.texts(COMPLAINTS) == []


def test_a_doubtful_post_is_looked_for_where_the_name_leads_by_now_too(
    slack, outbox, clock, stale
):
    slack.fail("chat.postMessage", Fault.http(500, posts=True))
    outbox.add([posted("new")])
    clock.to(send(outbox, slack, clock).next_at)
    assert send(outbox, slack, clock).found == 1
    assert slack.texts(COMPLAINTS) == ["new"]


def test_a_dead_channel_still_parks_what_would_be_posted_there(slack, outbox, clock):
    slack.channels["voice-complaints"].archived = True
    outbox.add([posted(f"new {n}") for n in range(3)])
    assert send(outbox, slack, clock).parked == 3
    assert len(slack.called("chat.postMessage")) == 1
