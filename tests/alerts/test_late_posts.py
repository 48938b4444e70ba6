"""A Slack that posts long after the time-out: looked for in time, and taken back where it is not.

The fake waits for an event and not for seconds: the test says when the late post appears.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.outbox.delivery import DeliveryResult, deliver
from alerts.outbox.send_queue import Pace
from alerts.slack.client import BotTransport
from storage.models import Operation
from storage.tables.outbox import Outbox
from tests.alerts.fake_slack import FakeSlack, Fault
from tests.alerts.outboxes import an_alert, open_outbox
from tests.alerts.test_delivery import Clock
from tests.waiting import PATIENCE_S


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        yield fake


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    database, outbox = open_outbox(tmp_path / "earful.db")
    yield outbox
    database.close()


class Late:
    """The next post hangs until `appear`; the sender gives up after a fraction of a second."""

    def __init__(self, slack: FakeSlack, outbox: Outbox, *, times: int = 1) -> None:
        self.slack, self.outbox, self.clock = slack, outbox, Clock()
        self._appears = threading.Event()
        slack.fail(
            "chat.postMessage",
            Fault.hang(PATIENCE_S, posts=True, until=self._appears),
            times=times,
        )

    def send(self, *, timeout: int = 5) -> DeliveryResult:
        bot = BotTransport(self.slack.token, api_url=self.slack.api_url, timeout=timeout)
        return deliver(
            self.outbox, bot, self.clock, self.clock.sleep, pace=Pace(0), rng=random.Random(1)
        )

    def send_until(self, seconds: float) -> None:
        """Deliver whenever something is due, until so many seconds are over."""
        end = self.clock.now + timedelta(seconds=seconds)
        while (due := self.send().next_at) is not None and due < end:
            self.clock.to(due)
        self.clock.now = end

    def appear(self) -> None:
        self._appears.set()
        self.slack.wait_idle()


def an_unclear_post(slack: FakeSlack, outbox: Outbox, *, times: int = 1) -> Late:
    late = Late(slack, outbox, times=times)
    outbox.add([an_alert("a", at=datetime.now(UTC))])
    assert late.send(timeout=1).unclear == 1
    return late


@pytest.mark.parametrize("seconds", [30, 60, 85])
def test_a_slack_that_posts_late_is_waited_for(
    slack: FakeSlack, outbox: Outbox, seconds: float
) -> None:
    late = an_unclear_post(slack, outbox)
    late.send_until(seconds)
    late.appear()
    late.send_until(600)
    assert slack.alert_ids() == ["a"]
    assert len(slack.called("chat.postMessage")) == 1
    assert outbox.unsent() == []


def test_what_does_not_appear_is_posted_again_within_two_minutes(
    slack: FakeSlack, outbox: Outbox
) -> None:
    late = an_unclear_post(slack, outbox)
    late.send_until(120)
    assert slack.alert_ids() == ["a"]


@pytest.mark.parametrize("seconds", [120, 400, 1800])
def test_a_double_that_appears_after_that_is_deleted(
    slack: FakeSlack, outbox: Outbox, seconds: float
) -> None:
    late = an_unclear_post(slack, outbox)
    late.send_until(120)
    (first,) = slack.roots()
    late.send_until(seconds - 120)
    late.appear()
    assert slack.alert_ids() == ["a", "a"]
    late.send_until(3600)
    assert slack.roots() == [first]
    assert late.send().next_at is None


def test_a_reply_that_appears_twice_in_its_thread_stands_there_once(
    slack: FakeSlack, outbox: Outbox
) -> None:
    outbox.add([an_alert("root", at=datetime.now(UTC))])
    clock = Clock()
    bot = BotTransport(slack.token, api_url=slack.api_url)
    deliver(outbox, bot, clock, clock.sleep, pace=Pace(0))
    reply = replace(
        an_alert("r", at=datetime.now(UTC)), operation=Operation.REPLY, root_key="root"
    )
    outbox.add([reply])
    late = Late(slack, outbox)
    assert late.send(timeout=1).unclear == 1
    late.send_until(120)
    late.appear()
    (root,) = slack.roots()
    assert len(slack.thread(root)) == 2
    late.send_until(3600)
    assert len(slack.thread(root)) == 1


def test_a_double_that_people_have_answered_stays(slack: FakeSlack, outbox: Outbox) -> None:
    late = an_unclear_post(slack, outbox)
    late.send_until(120)
    late.appear()
    late_one = slack.roots()[1]
    bot = BotTransport(slack.token, api_url=slack.api_url)._client
    bot.chat_postMessage(channel=late_one.channel_id, text="I am on it", thread_ts=late_one.ts)
    late.send_until(3600)
    assert len(slack.roots()) == 2


@pytest.mark.parametrize(
    "fault", [Fault.rate_limited(40), Fault.http(502), Fault.cut(), Fault.says("fatal_error")]
)
@pytest.mark.parametrize("method", ["conversations.history", "chat.delete"])
def test_a_look_for_doubles_that_fails_comes_again(
    slack: FakeSlack, outbox: Outbox, method: str, fault: Fault
) -> None:
    late = an_unclear_post(slack, outbox)
    late.send_until(120)
    late.appear()
    slack.fail(method, fault)
    late.send_until(3600)
    assert slack.alert_ids() == ["a"]


def test_what_went_at_the_first_try_is_not_looked_at(slack: FakeSlack, outbox: Outbox) -> None:
    outbox.add([an_alert("a", at=datetime.now(UTC))])
    clock = Clock()
    bot = BotTransport(slack.token, api_url=slack.api_url)
    assert deliver(outbox, bot, clock, clock.sleep, pace=Pace(0)).next_at is None
    assert slack.called("conversations.history") == []


def test_a_slack_that_does_not_answer_is_asked_for_one_double_in_a_pass(
    slack: FakeSlack, outbox: Outbox
) -> None:
    late = Late(slack, outbox, times=3)
    channels = ["#voice-complaints", "#voice-wows", "#voice-digest"]
    outbox.add([an_alert(name, name, at=datetime.now(UTC)) for name in channels])
    assert late.send(timeout=1).unclear == 3
    late.send_until(120)
    late.appear()
    slack.fail("conversations.history", Fault.http(503))
    looks = len(slack.called("conversations.history"))
    late.clock.to(late.send().next_at or late.clock.now)
    assert late.send().good
    assert len(slack.called("conversations.history")) == looks + 1
    late.send_until(3600)
    assert sorted(slack.alert_ids(), key=str) == sorted(channels)
