"""Replies and updates of a message that Slack must have first, through real HTTP."""

from __future__ import annotations

import base64
import random
import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from alerts.messages.digest_chart import Day, chart
from alerts.outbox.delivery import LOOKS, deliver
from alerts.outbox.send_queue import Pace
from alerts.outbox.transport import ConsoleTransport
from alerts.slack.client import BotTransport
from alerts.slack.webhook import WebhookTransport
from storage.models import AlertState, Operation
from tests.alerts.fake_slack import FakeSlack, Fault
from tests.alerts.outboxes import an_alert, open_outbox, put_back
from tests.alerts.test_delivery import Clock, a_bot, look_until_settled
from tests.waiting import PATIENCE_S

COMPLAINTS, WOWS = "#voice-complaints", "#voice-wows"


def now():
    """Give the true time: the fake stamps messages with it."""
    return datetime.now(UTC)


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


def about(root, operation, text, *, key=None, channel=COMPLAINTS, **more):
    alert = an_alert(key or f"{operation}:{root}:{text}", channel, text=text, at=now())
    if more.pop("broadcast", False):
        alert = replace(alert, payload=alert.payload | {"broadcast": True})
    return replace(alert, operation=operation, root_key=root, **more)


def reply(root, text, **more):
    return about(root, Operation.REPLY, text, **more)


def update(root, text, **more):
    return about(root, Operation.UPDATE, text, key=f"update:{root}", **more)


def send(outbox, slack, clock, transport=None, **more):
    bot = transport or BotTransport(slack.token, api_url=slack.api_url, timeout=PATIENCE_S)
    more.setdefault("pace", Pace(0))
    return deliver(outbox, bot, clock, clock.sleep, rng=random.Random(1), **more)


def states(outbox):
    rows = outbox._database.connection.execute("SELECT dedupe_key, state FROM alerts ORDER BY id")
    return dict(list(map(tuple, rows)))


def test_a_case_is_one_message_with_a_thread(slack, outbox, clock):
    outbox.add([an_alert("a", at=now()), reply("a", "claimed"), reply("a", "answered")])
    assert send(outbox, slack, clock).sent == 3
    (root,) = slack.roots(COMPLAINTS)
    assert [one.text for one in slack.thread(root)] == ["claimed", "answered"]
    outbox.add([update("a", "a, answered")])
    assert send(outbox, slack, clock).sent == 1
    assert slack.roots(COMPLAINTS)[0].text == "a, answered"
    assert root.edits == 1
    assert root.metadata["event_payload"]["id"] == "a"


def test_an_update_before_the_message_is_sent_changes_what_is_sent(slack, outbox, clock):
    outbox.add([an_alert("a", at=now())])
    outbox.add([update("a", "newer")])
    assert send(outbox, slack, clock).sent == 1
    assert slack.texts() == ["newer"]
    assert slack.called("chat.update") == []


def test_of_many_updates_one_waits_and_the_newest_wins(slack, outbox, clock):
    outbox.add([an_alert("a", at=now())])
    send(outbox, slack, clock)
    for number in range(20):
        outbox.add([update("a", f"state {number}")])
    assert send(outbox, slack, clock).sent == 1
    assert slack.texts() == ["state 19"]
    assert len(slack.called("chat.update")) == 1


def test_updates_keep_their_distance_and_hold_nothing_up(slack, outbox, clock):
    outbox.add([an_alert("a", at=now())])
    send(outbox, slack, clock)
    spacing = timedelta(seconds=15)
    outbox.add([update("a", "one", spacing=spacing)])
    send(outbox, slack, clock)
    outbox.add([update("a", "two", spacing=spacing), an_alert("b", at=now()), reply("a", "reply")])
    result = send(outbox, slack, clock)
    assert slack.messages()[0].text == "one"
    assert {"b", "reply"} <= set(slack.texts())
    assert timedelta(seconds=13) <= result.next_at - clock.now <= spacing
    outbox.add([update("a", "three", spacing=spacing)])
    clock.to(result.next_at)
    assert send(outbox, slack, clock).sent == 1
    assert slack.messages()[0].text == "three"


def test_what_is_about_a_dropped_message_is_dropped_quietly(slack, outbox, clock):
    outbox.add(
        [an_alert("a", at=now()), reply("a", "r"), update("b", "u"), an_alert("c", at=now())]
    )
    outbox.drop(outbox.waiting(clock.now, 1)[0].id)
    result = send(outbox, slack, clock)
    assert (result.sent, result.problems, result.next_at) == (1, (), None)
    assert slack.texts() == ["c"]
    assert set(states(outbox).values()) == {"dropped", "sent"}


def test_replies_wait_for_a_parked_message_and_block_nobody(slack, outbox, clock):
    slack.channels["voice-complaints"].archived = True
    outbox.add([an_alert("a", at=now())])
    send(outbox, slack, clock)
    slack.channels["voice-complaints"].archived = False
    outbox.add([reply("a", "r"), an_alert("b", at=now())])
    assert send(outbox, slack, clock).sent == 1
    put_back(outbox)
    assert send(outbox, slack, clock).sent == 2
    assert [one.text for one in slack.thread(slack.roots()[1])] == ["r"]


@pytest.mark.parametrize("posts", [False, True])
@pytest.mark.parametrize(
    "fault", [Fault.http(500), Fault.cut(), Fault.half(), Fault.says("fatal_error")]
)
def test_an_unclear_reply_is_looked_for_in_the_thread(slack, outbox, clock, fault, posts):
    outbox.add([an_alert("a", at=now())])
    send(outbox, slack, clock)
    outbox.add([reply("a", "one"), reply("a", "two")])
    slack.fail("chat.postMessage", Fault(**{**fault.__dict__, "posts": posts}))
    result = send(outbox, slack, clock)
    assert result.unclear == 1
    clock.to(result.next_at)
    again = look_until_settled(outbox, a_bot(slack), clock)
    assert (again.found, again.sent) == ((1, 1) if posts else (0, 2))
    assert [one.text for one in slack.thread(slack.roots()[0])] == ["one", "two"]
    assert len(slack.called("conversations.replies")) == (1 if posts else len(LOOKS))
    assert slack.called("conversations.history") == []


@pytest.mark.parametrize(
    "fault", [Fault.http(500, posts=True), Fault.cut(), Fault.hang(PATIENCE_S)]
)
def test_an_unclear_update_is_simply_made_again(slack, outbox, clock, fault):
    outbox.add([an_alert("a", at=now())])
    send(outbox, slack, clock)
    outbox.add([update("a", "new"), an_alert("b", at=now())])
    slack.fail("chat.update", fault)
    hasty = BotTransport(slack.token, api_url=slack.api_url, timeout=2)
    result = send(outbox, slack, clock, hasty)
    assert (result.retried, result.unclear, result.sent) == (1, 0, 1)
    clock.to(result.next_at)
    assert send(outbox, slack, clock).sent == 1
    assert slack.texts() == ["new", "b"]


def test_an_update_left_by_a_crash_is_made_again_unless_overtaken(slack, outbox, clock):
    outbox.add([an_alert("a", at=now())])
    send(outbox, slack, clock)
    outbox.add([update("a", "old")])
    outbox.claim(outbox.waiting(clock.now, 1)[0].id, clock.now)
    outbox.add([update("a", "new")])
    clock.now += timedelta(minutes=1)
    send(outbox, slack, clock)
    assert slack.texts() == ["new"]
    assert list(states(outbox).values()) == ["sent", "dropped", "sent"]


@pytest.mark.parametrize("code", ["message_not_found", "cant_update_message"])
def test_a_message_that_somebody_deleted_is_left_alone(slack, outbox, clock, code):
    outbox.add([an_alert("a", at=now())])
    send(outbox, slack, clock)
    slack.fail("chat.update", Fault.says(code))
    outbox.add([update("a", "new")])
    result = send(outbox, slack, clock)
    assert (result.sent, result.problems) == (0, ())
    assert "dropped" in states(outbox).values()


def test_429_for_updates_does_not_hold_posts(slack, outbox, clock):
    outbox.add([an_alert("a", at=now())])
    send(outbox, slack, clock)
    slack.fail("chat.update", Fault.rate_limited(30))
    outbox.add([update("a", "new"), an_alert("b", at=now())])
    result = send(outbox, slack, clock)
    assert (result.sent, result.retried) == (1, 1)
    clock.to(result.next_at)
    assert send(outbox, slack, clock).sent == 1


def test_a_broadcast_is_seen_in_the_channel(slack, outbox, clock):
    outbox.add([an_alert("a", at=now()), reply("a", "overdue", broadcast=True)])
    send(outbox, slack, clock)
    assert [one.broadcast for one in slack.messages()] == [False, True]


def test_an_urgent_alert_goes_first_and_quiet_ones_wait(slack, outbox, clock):
    later = clock.now + timedelta(hours=3)
    outbox.add(
        [
            replace(an_alert("quiet", at=now()), not_before=later),
            an_alert("a", at=now()),
            an_alert("b", at=now()),
            replace(an_alert("urgent", at=now()), urgent=True),
        ]
    )
    result = send(outbox, slack, clock)
    assert slack.texts() == ["urgent", "a", "b"]
    assert abs(result.next_at - later) < timedelta(seconds=1)
    clock.to(result.next_at)
    send(outbox, slack, clock)
    assert slack.texts()[-1] == "quiet"


def test_an_urgent_alert_does_not_break_a_wait_that_slack_asked_for(slack, outbox, clock):
    outbox.add([an_alert("a", at=now())])
    slack.fail("chat.postMessage", Fault.rate_limited(30))
    send(outbox, slack, clock)
    outbox.add([replace(an_alert("urgent", at=now()), urgent=True)])
    assert send(outbox, slack, clock).sent == 0


def test_a_webhook_knows_no_threads_but_tells_what_the_channel_must_hear(slack, outbox, clock):
    outbox.add(
        [an_alert("a", at=now()), reply("a", "quiet"), reply("a", "overdue", broadcast=True)]
    )
    hook = WebhookTransport(slack.webhook_url)
    assert send(outbox, slack, clock, hook).sent == 2
    outbox.add([update("a", "new")])
    result = send(outbox, slack, clock, hook)
    assert slack.texts() == ["a", "overdue"]
    assert result.problems == ()
    assert outbox.unsent() == []


def test_a_console_prints_replies_and_no_updates(outbox, clock):
    import io

    stream = io.StringIO()
    outbox.add([an_alert("a", at=now()), reply("a", "claimed by dana")])
    send(outbox, None, clock, ConsoleTransport(stream))
    outbox.add([update("a", "changed")])
    send(outbox, None, clock, ConsoleTransport(stream))
    assert "in the thread" in stream.getvalue()
    assert "changed" not in stream.getvalue()


def test_buttons_are_left_out_where_nobody_hears_them(slack, outbox, clock):
    actions = {"type": "actions", "block_id": "x", "elements": []}
    alert = an_alert("a", at=now())
    alert.payload["blocks"].append(actions)
    outbox.add([alert, replace(alert, dedupe_key="b")])
    send(outbox, slack, clock, stop=lambda: bool(slack.messages()))
    bot = BotTransport(slack.token, api_url=slack.api_url, buttons=True)
    send(outbox, slack, clock, bot)
    assert [len(one.blocks) for one in slack.messages()] == [1, 2]


PNG = chart([Day(date(2026, 11, 1 + n), n, 2 * n, 3) for n in range(14)])


def upload(root, name="earful-1.png"):
    alert = about(root, Operation.UPLOAD, "a chart")
    more = {"png": base64.b64encode(PNG).decode(), "filename": name}
    return replace(alert, payload=alert.payload | more)


class TestCharts:
    def test_a_picture_goes_into_the_thread(self, slack, outbox, clock):
        outbox.add([an_alert("digest", at=now()), upload("digest")])
        assert send(outbox, slack, clock).sent == 2
        (shown,) = slack.thread(slack.roots()[0])
        assert shown.files[0]["name"] == "earful-1.png"
        assert list(slack.uploads.values()) == [PNG]
        assert PNG.startswith(b"\x89PNG")
        assert len(PNG) < 10_000

    @pytest.mark.parametrize("posts", [False, True])
    def test_an_unclear_picture_is_looked_for_by_its_name(self, slack, outbox, clock, posts):
        outbox.add([an_alert("digest", at=now()), upload("digest")])
        slack.fail("files.completeUploadExternal", Fault.http(500, posts=posts))
        result = send(outbox, slack, clock)
        assert result.unclear == 1
        clock.to(result.next_at)
        again = look_until_settled(outbox, a_bot(slack), clock)
        assert (again.found, again.sent) == ((1, 0) if posts else (0, 1))
        assert len(slack.thread(slack.roots()[0])) == 1

    def test_what_fails_before_it_is_shared_is_simply_tried_again(self, slack, outbox, clock):
        outbox.add([an_alert("digest", at=now()), upload("digest")])
        slack.fail("files.getUploadURLExternal", Fault.http(500))
        result = send(outbox, slack, clock)
        assert (result.retried, result.unclear) == (1, 0)
        clock.to(result.next_at)
        assert send(outbox, slack, clock).sent == 1

    def test_without_the_permission_the_digest_goes_without_it(self, slack, outbox, clock):
        slack.scopes.discard("files:write")
        outbox.add([an_alert("digest", at=now()), upload("digest"), an_alert("b", at=now())])
        result = send(outbox, slack, clock)
        assert (result.sent, result.problems) == (2, ())

    @pytest.mark.parametrize("number", [0, 1, 14, 60, 90])
    def test_any_number_of_days_is_drawn(self, number):
        days = [Day(date(2026, 1, 1) + timedelta(days=n), 0, n, 0) for n in range(number)]
        assert chart(days).endswith(b"IEND\xaeB`\x82")


def test_a_hanging_channel_does_not_delay_the_others(slack, outbox):
    for n in range(20):
        slack.add_channel(f"c{n}")
    outbox.add([an_alert(f"{n}:{i}", f"#c{n}", at=now()) for i in range(3) for n in range(20)])
    slow = slack.channels["c0"].name
    others_sent = threading.Event()

    def choose(method, said):
        if said.get("channel") == f"#{slow}":
            return Fault.hang(PATIENCE_S, until=others_sent)
        return None

    slack.chaos(choose)
    bot = BotTransport(slack.token, api_url=slack.api_url, timeout=PATIENCE_S)

    def stop():
        if len(slack.messages()) == 57:
            others_sent.set()
        return False

    result = deliver(
        outbox, bot, lambda: datetime.now(UTC), time.sleep, pace=Pace(0), stop=stop, workers=8
    )
    assert result.sent == 57
    assert result.unclear == 1
    assert others_sent.is_set(), "while the one channel was hanging"
    for n in range(1, 20):
        assert slack.alert_ids(f"c{n}") == [f"{n}:{i}" for i in range(3)]


def test_twenty_channels_keep_a_message_a_second_each(slack, outbox):
    for n in range(20):
        slack.add_channel(f"c{n}")
    outbox.add([an_alert(f"{n}:{i}", f"#c{n}", at=now()) for i in range(3) for n in range(20)])
    slack.chaos(lambda method, said: None)
    began = time.monotonic()
    bot = BotTransport(slack.token, api_url=slack.api_url, timeout=5)
    result = deliver(outbox, bot, lambda: datetime.now(UTC), time.sleep, pace=Pace(0.5), workers=8)
    took = time.monotonic() - began
    assert result.sent == 60
    # One channel after the other would take twenty times as long.
    assert 1.0 <= took < 10.0
    assert outbox.counts()[AlertState.SENT] == 60
