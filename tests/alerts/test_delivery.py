"""The outbox emptied through real HTTP into a Slack that fails in each way Slack can."""

from __future__ import annotations

import io
import random
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from alerts.outbox.delivery import SETTLE, deliver
from alerts.outbox.send_queue import Pace
from alerts.outbox.transport import ConsoleTransport, Fate, Look, SendResult, Sight
from alerts.slack.client import BotTransport
from alerts.slack.webhook import WebhookTransport
from config.errors import StoreError
from storage.models import AlertState
from tests.alerts.fake_slack import Chaos, FakeSlack, Fault
from tests.alerts.outboxes import an_alert, open_outbox, put_back, several
from tests.waiting import PATIENCE_S

COMPLAINTS, WOWS = "#voice-complaints", "#voice-wows"


class Clock:
    """A time that only sleeping moves; it starts now, because the fake stamps real time."""

    def __init__(self):
        self.now = datetime.now(UTC)
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def to(self, moment):
        self.now = max(self.now, moment + timedelta(seconds=1))


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


def a_bot(slack, timeout=PATIENCE_S):
    return BotTransport(slack.token, api_url=slack.api_url, timeout=timeout)


def send(outbox, transport, clock, **more):
    more.setdefault("pace", Pace(0))
    return deliver(outbox, transport, clock, clock.sleep, rng=random.Random(1), **more)


def look_until_settled(outbox, transport, clock, **more):
    """Deliver until no try is in doubt; gives the pass that settled the last of them."""
    while True:
        result = send(outbox, transport, clock, **more)
        if not outbox.sending():
            return result
        clock.to(result.next_at)


def state_of(outbox, key):
    every = {alert.dedupe_key: alert for alert in outbox.unsent()}
    return every[key].state if key in every else AlertState.SENT


def error_of(outbox, key):
    return next(alert.error for alert in outbox.unsent() if alert.dedupe_key == key)


def doubtful(outbox):
    return [alert.dedupe_key for alert in outbox.unsent() if alert.may_be_posted]


class TestGood:
    def test_posts_all_in_order_with_metadata_and_marks_them_with_ts(self, slack, outbox, clock):
        outbox.add(several(6))
        result = send(outbox, a_bot(slack), clock)
        assert (result.sent, result.problems, result.next_at) == (6, (), None)
        assert slack.alert_ids(COMPLAINTS) == [f"complaint:t:{n}" for n in (0, 2, 4)]
        assert slack.alert_ids(WOWS) == [f"complaint:t:{n}" for n in (1, 3, 5)]
        assert outbox.counts()[AlertState.SENT] == 6
        call = slack.called("chat.postMessage")[0].arguments
        assert call["unfurl_links"] is False
        assert call["unfurl_media"] is False
        assert call["metadata"]["event_type"] == "earful_alert"
        assert call["blocks"]

    def test_nothing_waiting_asks_slack_nothing(self, slack, outbox, clock):
        assert send(outbox, a_bot(slack), clock).next_at is None
        assert slack.calls == []

    def test_stop_ends_between_two_posts(self, slack, outbox, clock):
        outbox.add(several(5))
        result = send(outbox, a_bot(slack), clock, stop=lambda: len(slack.messages()) >= 3)
        assert result.sent == len(slack.messages()) == 3
        assert result.next_at == clock.now

    def test_pace_is_one_a_second_for_each_channel(self, slack, outbox, clock):
        outbox.add(several(8))
        began = clock.now
        send(outbox, a_bot(slack), clock, pace=Pace(1.0))
        assert (clock.now - began).total_seconds() == pytest.approx(3.0, abs=0.1)

    def test_pace_holds_over_two_deliveries(self, slack, outbox, clock):
        pace = Pace(1.0)
        outbox.add([an_alert("a:1")])
        send(outbox, a_bot(slack), clock, pace=pace)
        outbox.add([an_alert("a:2")])
        send(outbox, a_bot(slack), clock, pace=pace)
        assert clock.slept == [pytest.approx(1.0)]

    def test_an_alert_written_while_others_are_sent_goes_too(self, slack, outbox, clock):
        outbox.add([an_alert("a:1")])
        added: list[object] = []

        def stop():
            if slack.messages() and not added:
                added.append(outbox.add([an_alert("a:2")]))
            return False

        assert send(outbox, a_bot(slack), clock, stop=stop).sent == 2


class TestRateLimit:
    def test_waits_retry_after_for_that_channel_only(self, slack, outbox, clock):
        outbox.add(several(4))
        slack.fail("chat.postMessage", Fault.rate_limited(30))
        result = send(outbox, a_bot(slack), clock)
        assert slack.alert_ids() == ["complaint:t:1", "complaint:t:3"]
        assert result.retried == 1
        wait = (result.next_at - clock.now).total_seconds()
        assert 29 <= wait <= 30
        assert error_of(outbox, "complaint:t:2") == (
            "Slack asked to wait 30 s before the next message to #voice-complaints."
        )
        clock.to(result.next_at)
        send(outbox, a_bot(slack), clock)
        assert slack.alert_ids(COMPLAINTS) == ["complaint:t:0", "complaint:t:2"]
        assert slack.called("conversations.history") == []

    def test_an_alert_written_later_does_not_overtake(self, slack, outbox, clock):
        outbox.add([an_alert("a:1"), an_alert("a:2")])
        slack.fail("chat.postMessage", Fault.rate_limited(30))
        result = send(outbox, a_bot(slack), clock)
        outbox.add([an_alert("a:3")])
        assert send(outbox, a_bot(slack), clock).sent == 0
        clock.to(result.next_at)
        send(outbox, a_bot(slack), clock)
        assert slack.alert_ids() == ["a:1", "a:2", "a:3"]

    def test_slack_saying_ratelimited_with_http_200_waits_too(self, slack, outbox, clock):
        outbox.add([an_alert("a:1")])
        slack.fail("chat.postMessage", Fault.says("ratelimited"))
        result = send(outbox, a_bot(slack), clock)
        assert 29 <= (result.next_at - clock.now).total_seconds() <= 30


AMBIGUOUS = {
    "http 500": Fault.http(500),
    "http 503": Fault.http(503),
    "fatal_error": Fault.says("fatal_error"),
    "internal_error": Fault.says("internal_error"),
    "hang": Fault.hang(PATIENCE_S),
    "cut": Fault.cut(),
    "half": Fault.half(posts=False),
}


class TestAmbiguous:
    @pytest.mark.parametrize("posts", [False, True], ids=["lost", "posted"])
    @pytest.mark.parametrize("fault", AMBIGUOUS.values(), ids=AMBIGUOUS)
    def test_is_looked_for_before_it_is_sent_again(self, slack, outbox, clock, fault, posts):
        fault = Fault(**{**fault.__dict__, "posts": posts})
        outbox.add([an_alert("a:1"), an_alert("a:2"), an_alert("b:1", WOWS)])
        slack.fail("chat.postMessage", fault)
        result = send(outbox, a_bot(slack, 1), clock)
        assert result.unclear == 1
        assert result.sent == 1  # the other channel goes on, this one waits
        assert state_of(outbox, "a:1") is AlertState.SENDING
        assert doubtful(outbox) == ["a:1"]
        assert result.next_at >= clock.now + SETTLE - timedelta(seconds=1)
        slack.wait_idle()
        clock.to(result.next_at)
        again = look_until_settled(outbox, a_bot(slack), clock)
        assert (again.found, again.sent) == ((1, 1) if posts else (0, 2))
        assert slack.alert_ids(COMPLAINTS) == ["a:1", "a:2"]
        assert outbox.unsent() == []
        # What was tried twice is looked at for a double.
        assert (again.next_at is None) == posts

    def test_a_row_left_in_sending_by_a_crash_waits_until_a_look_proves_something(
        self, slack, outbox, clock
    ):
        outbox.add([an_alert("a:1"), an_alert("a:2")])
        crashed = outbox.claim(outbox.waiting(clock.now, 1)[0].id, clock.now)
        a_bot(slack).send(crashed)  # posted, never marked
        result = send(outbox, a_bot(slack), clock)
        assert (result.sent, result.found) == (0, 0)
        assert slack.called("conversations.history") == []
        assert result.next_at > clock.now + SETTLE
        clock.to(result.next_at)
        result = send(outbox, a_bot(slack), clock)
        assert (result.sent, result.found) == (1, 1)
        assert slack.alert_ids() == ["a:1", "a:2"]

    def test_finds_its_message_pages_back_by_id_learnt_from_the_list(self, outbox, clock):
        with FakeSlack([f"c{n}" for n in range(7)] + ["voice-complaints"], page_size=3) as slack:
            outbox.add([an_alert("a:1")])
            crashed = outbox.claim(outbox.waiting(clock.now, 1)[0].id, clock.now)
            bot = a_bot(slack)
            bot.send(crashed)
            for n in range(10):
                bot._client.chat_postMessage(channel="#voice-complaints", text=f"chat {n}")
            fresh = a_bot(slack)
            assert fresh.find(crashed).sight is Sight.FOUND
            assert len(slack.called("conversations.list")) == 3
            assert len(slack.called("conversations.history")) == 4

    def test_a_bot_without_groups_read_still_finds_public_channels(self, slack, outbox, clock):
        slack.scopes -= {"groups:read", "groups:history"}
        outbox.add([an_alert("a:1")])
        crashed = outbox.claim(outbox.waiting(clock.now, 1)[0].id, clock.now)
        a_bot(slack).send(crashed)
        assert a_bot(slack).find(crashed).sight is Sight.FOUND

    def test_a_look_ignores_other_apps_and_old_messages(self, slack, outbox, clock):
        outbox.add([an_alert("a:1")])
        crashed = outbox.claim(outbox.waiting(clock.now, 1)[0].id, clock.now)
        bot = a_bot(slack)
        bot._client.chat_postMessage(
            channel="#voice-complaints",
            text="not ours",
            metadata={"event_type": "other_app", "event_payload": {"id": "a:1"}},
        )
        assert bot.find(crashed).sight is Sight.ABSENT
        bot.send(crashed)
        later = crashed.__class__(
            **{f: getattr(crashed, f) for f in crashed.__slots__}
            | {"claimed_at": clock.now + timedelta(hours=1)}
        )
        assert bot.find(later).sight is Sight.ABSENT

    def test_a_look_that_fails_comes_again_later(self, slack, outbox, clock):
        outbox.add([an_alert("a:1")])
        slack.fail("chat.postMessage", Fault.http(500, posts=True))
        clock.to(send(outbox, a_bot(slack), clock).next_at)
        for fault in (
            Fault.rate_limited(40),
            Fault.http(502),
            Fault.cut(),
            Fault.hang(PATIENCE_S),
        ):
            slack.fail("conversations.history", fault)
            result = send(outbox, a_bot(slack, 1), clock)
            assert (result.found, result.sent, result.unclear) == (0, 0, 1)
            assert state_of(outbox, "a:1") is AlertState.SENDING
            clock.to(result.next_at)
        assert send(outbox, a_bot(slack), clock).found == 1
        assert slack.alert_ids() == ["a:1"]

    @pytest.mark.parametrize("lacking", ["channels:history", "channels:read"])
    def test_a_bot_that_may_not_look_sets_the_alert_aside_and_goes_on(
        self, slack, outbox, clock, lacking
    ):
        slack.scopes.discard(lacking)
        outbox.add([an_alert("a:1"), an_alert("a:2")])
        slack.fail("chat.postMessage", Fault.http(500, posts=True))
        clock.to(send(outbox, a_bot(slack), clock).next_at)
        result = send(outbox, a_bot(slack), clock)  # a fresh bot knows no channel's id
        assert (result.parked, result.sent) == (1, 1)
        assert slack.alert_ids() == ["a:1", "a:2"]
        assert lacking in error_of(outbox, "a:1")
        # Permitted at last and put back in line, it is looked for and not posted again.
        slack.scopes.add(lacking)
        put_back(outbox)
        clock.now += timedelta(hours=2)
        assert send(outbox, a_bot(slack), clock).found == 1
        assert slack.alert_ids() == ["a:1", "a:2"]


def in_doubt(outbox, slack, clock, transport):
    """Let a post be in doubt, and be put back in line by a person while no look can see it."""
    outbox.add([an_alert("a:1")])
    slack.fail("chat.postMessage", Fault.http(500, posts=True))
    slack.fail("webhook", Fault.http(500, posts=True))
    clock.to(send(outbox, transport, clock).next_at)
    assert send(outbox, transport, clock).parked == 1
    assert put_back(outbox) == 1


CLEARLY_NOT_SENT = {
    "dead channel": (Fault.says("is_archived"), AlertState.PARKED),
    "bad message": (Fault.says("invalid_blocks"), AlertState.PARKED),
    "rate limit": (Fault.rate_limited(30), AlertState.PENDING),
    "dead account": (Fault.says("token_revoked"), AlertState.PENDING),
}


class TestDoubtStays:
    """An alert put back in line while Slack may have it: no clear refusal makes it certain."""

    @pytest.mark.parametrize("why", CLEARLY_NOT_SENT)
    @pytest.mark.parametrize("way", ["bot", "webhook"])
    def test_until_slack_has_it(self, slack, outbox, clock, way, why):
        slack.scopes.discard("channels:history")  # the bot's looks are blind, as the webhook's
        transport = a_bot(slack) if way == "bot" else WebhookTransport(slack.webhook_url)
        in_doubt(outbox, slack, clock, transport)
        fault, state = CLEARLY_NOT_SENT[why]
        for method in ("chat.postMessage", "webhook"):
            slack.fail(method, fault, times=2)
        result = send(outbox, transport, clock)
        (alert,) = outbox.unsent()
        assert (alert.state, alert.in_doubt, result.sent) == (state, True, 0)
        assert alert.may_be_posted
        assert any(problem in alert.error for problem in result.problems)
        # The hourly unparking leaves it to a person, as it does whatever else is in doubt.
        assert outbox.unpark_certain() == 0

    def test_and_is_looked_for_from_the_first_try_on(self, slack, outbox, clock):
        slack.scopes.discard("channels:history")
        in_doubt(outbox, slack, clock, a_bot(slack))
        clock.now += timedelta(hours=2)
        slack.fail("chat.postMessage", Fault.rate_limited(30))
        clock.to(send(outbox, a_bot(slack), clock).next_at)
        slack.scopes.add("channels:history")
        assert send(outbox, a_bot(slack), clock).found == 1
        assert slack.alert_ids() == ["a:1"]

    def test_and_over_a_crash_in_the_second_try(self, slack, outbox, clock):
        slack.scopes.discard("channels:history")
        in_doubt(outbox, slack, clock, a_bot(slack))
        clock.now += timedelta(hours=2)
        outbox.claim(outbox.unsent()[0].id, clock.now)  # and nobody knows what came of it
        slack.scopes.add("channels:history")
        result = send(outbox, a_bot(slack), clock)
        assert (result.found, result.sent) == (0, 0)
        assert result.next_at > clock.now + SETTLE
        clock.to(result.next_at)
        assert send(outbox, a_bot(slack), clock).found == 1
        assert slack.alert_ids() == ["a:1"]

    def test_but_a_look_that_sees_nothing_settles_it(self, slack, outbox, clock):
        slack.scopes.discard("channels:history")
        in_doubt(outbox, slack, clock, a_bot(slack))
        slack.channels["voice-complaints"].messages.clear()
        slack.scopes.add("channels:history")
        slack.fail("chat.postMessage", Fault.says("is_archived"))
        assert send(outbox, a_bot(slack), clock).parked == 1
        assert not outbox.unsent()[0].in_doubt
        assert outbox.unpark_certain() == 1
        assert send(outbox, a_bot(slack), clock).sent == 1
        assert slack.alert_ids() == ["a:1"]


CHANNEL_TROUBLES = {
    "channel_not_found": lambda slack: slack.channels.pop("voice-wows"),
    "is_archived": lambda slack: setattr(slack.channels["voice-wows"], "archived", True),
    "not_in_channel": lambda slack: setattr(slack.channels["voice-wows"], "member", False),
}


class TestRefusals:
    @pytest.mark.parametrize("code", CHANNEL_TROUBLES)
    def test_a_dead_channel_is_parked_with_what_to_do_and_the_others_go_on(
        self, slack, outbox, clock, code
    ):
        outbox.add(several(6))
        CHANNEL_TROUBLES[code](slack)
        result = send(outbox, a_bot(slack), clock)
        assert (result.sent, result.parked, result.next_at) == (3, 3, None)
        assert len(result.problems) == 1
        assert result.problems[0].startswith("#voice-wows: ")
        assert code in result.problems[0]
        assert {a.state for a in outbox.unsent()} == {AlertState.PARKED}

    def test_parked_alerts_are_sent_when_the_cause_is_mended(self, slack, outbox, clock):
        outbox.add(several(4))
        slack.channels["voice-wows"].archived = True
        send(outbox, a_bot(slack), clock)
        slack.channels["voice-wows"].archived = False
        assert put_back(outbox, WOWS) == 2
        assert send(outbox, a_bot(slack), clock).sent == 2
        assert slack.alert_ids(WOWS) == ["complaint:t:1", "complaint:t:3"]

    @pytest.mark.parametrize(
        "code", ["restricted_action", "restricted_action_read_only_channel", "restricted_action_x"]
    )
    def test_restricted_channels_are_dead_channels(self, slack, outbox, clock, code):
        outbox.add([an_alert("a:1")])
        slack.fail("chat.postMessage", Fault.says(code))
        assert send(outbox, a_bot(slack), clock).parked == 1
        assert code in error_of(outbox, "a:1")

    @pytest.mark.parametrize(
        "code",
        ["invalid_auth", "token_revoked", "account_inactive", "accesslimited", "missing_scope"],
    )
    def test_a_dead_token_holds_everything_and_parks_nothing(self, slack, outbox, clock, code):
        outbox.add(several(4))
        if code == "missing_scope":
            slack.scopes.discard("chat:write")
        else:
            slack.revoke(code)
        result = send(outbox, a_bot(slack), clock)
        assert code in result.problems[0]
        assert (result.sent, result.parked) == (0, 0)
        assert len(slack.called("chat.postMessage")) == 1
        assert {a.state for a in outbox.unsent()} == {AlertState.PENDING}
        assert {a.error for a in outbox.unsent()} == set(result.problems)
        assert send(outbox, a_bot(slack), clock).sent == 0
        assert len(slack.called("chat.postMessage")) == 1  # held, not asked again
        slack.restore()
        slack.scopes.add("chat:write")
        clock.to(result.next_at)
        assert send(outbox, a_bot(slack), clock).sent == 4
        assert slack.alert_ids(WOWS) == ["complaint:t:1", "complaint:t:3"]

    def test_missing_scope_names_the_scope(self, slack, outbox, clock):
        slack.scopes.discard("chat:write")
        outbox.add([an_alert("a:1")])
        assert "add chat:write" in send(outbox, a_bot(slack), clock).problems[0]

    @pytest.mark.parametrize("code", ["invalid_blocks", "msg_too_long", "some_new_error"])
    def test_a_refused_message_goes_as_text_once(self, slack, outbox, clock, code):
        outbox.add([an_alert("a:1"), an_alert("a:2")])
        slack.fail("chat.postMessage", Fault.says(code))
        assert send(outbox, a_bot(slack), clock).sent == 2
        assert [bool(message.blocks) for message in slack.messages()] == [False, True]

    def test_a_message_refused_as_text_too_is_parked_and_the_next_goes_on(
        self, slack, outbox, clock
    ):
        outbox.add([an_alert("a:1"), an_alert("a:2")])
        slack.fail("chat.postMessage", Fault.says("msg_too_long"), times=2)
        result = send(outbox, a_bot(slack), clock)
        assert (result.sent, result.parked) == (1, 1)
        assert "msg_too_long" in error_of(outbox, "a:1")
        assert slack.alert_ids() == ["a:2"]

    def test_a_server_that_is_not_slack_holds_everything(self, slack, outbox, clock):
        outbox.add([an_alert("a:1")])
        slack.fail("chat.postMessage", Fault.http(404))
        result = send(outbox, a_bot(slack), clock)
        assert "slack.api_url" in result.problems[0]

    def test_a_refused_connection_is_tried_again_without_a_look(self, slack, outbox, clock):
        dead = FakeSlack()
        dead._server.server_close()
        outbox.add(several(4))
        result = send(outbox, a_bot(dead), clock)
        assert (result.retried, result.unclear) == (2, 0)
        assert {a.state for a in outbox.unsent()} == {AlertState.PENDING}
        clock.to(result.next_at + timedelta(seconds=4))
        assert send(outbox, a_bot(slack), clock).sent == 4
        assert slack.called("conversations.history") == []

    def test_when_channel_after_channel_fails_the_pass_ends(self, slack, outbox, clock):
        for n in range(20):
            slack.add_channel(f"extra-{n}")
        outbox.add(several(20, [f"#extra-{n}" for n in range(20)]))
        slack.chaos(lambda method, said: Fault.http(503))
        assert send(outbox, a_bot(slack), clock).unclear == 3
        assert len(slack.called("chat.postMessage")) == 3

    def test_no_secret_stands_in_an_error(self, slack, outbox, clock, caplog):
        caplog.set_level("DEBUG")
        outbox.add([an_alert("a:1"), an_alert("b:1", WOWS)])
        slack.fail("webhook", Fault.cut(), Fault.http(500))
        result = send(outbox, WebhookTransport(slack.webhook_url), clock)
        told = f"{result} {caplog.text} {[a.error for a in outbox.unsent()]}"
        assert "secret" not in told
        assert "B0FAKE" not in told


class TestWebhook:
    def test_posts(self, slack, outbox, clock):
        outbox.add(several(3))
        assert send(outbox, WebhookTransport(slack.webhook_url), clock).sent == 3
        assert len(slack.messages(COMPLAINTS)) == 3

    def test_shares_one_pace_over_all_channels(self, slack, outbox, clock):
        outbox.add(several(4))
        began = clock.now
        send(outbox, WebhookTransport(slack.webhook_url), clock, pace=Pace(1.0))
        assert (clock.now - began).total_seconds() == pytest.approx(3.0, abs=0.1)

    @pytest.mark.parametrize("fault", [Fault.http(500, posts=True), Fault.cut(posts=True)])
    def test_an_ambiguous_answer_is_parked_rather_than_sent_twice(
        self, slack, outbox, clock, fault
    ):
        outbox.add([an_alert("a:1"), an_alert("a:2")])
        slack.fail("webhook", fault)
        webhook = WebhookTransport(slack.webhook_url)
        clock.to(send(outbox, webhook, clock).next_at)
        result = send(outbox, webhook, clock)
        assert (result.parked, result.sent) == (1, 1)
        assert "cannot look" in error_of(outbox, "a:1")
        assert [message.text for message in slack.messages()] == ["a:1", "a:2"]

    def test_a_refused_connection_is_safe_to_retry(self, slack, outbox, clock):
        dead = FakeSlack()
        dead._server.server_close()
        outbox.add([an_alert("a:1")])
        result = send(outbox, WebhookTransport(dead.webhook_url), clock)
        assert (result.retried, result.parked) == (1, 0)
        clock.to(result.next_at)
        assert send(outbox, WebhookTransport(slack.webhook_url), clock).sent == 1

    def test_429_waits_retry_after(self, slack, outbox, clock):
        outbox.add([an_alert("a:1")])
        slack.fail("webhook", Fault.rate_limited(25))
        result = send(outbox, WebhookTransport(slack.webhook_url), clock)
        assert 24 <= (result.next_at - clock.now).total_seconds() <= 25

    def test_a_removed_webhook_holds_everything(self, slack, outbox, clock):
        outbox.add([an_alert("a:1")])
        slack.revoke()
        result = send(outbox, WebhookTransport(slack.webhook_url), clock)
        assert "SLACK_WEBHOOK_URL" in result.problems[0]
        assert state_of(outbox, "a:1") is AlertState.PENDING

    def test_an_archived_channel_is_parked(self, slack, outbox, clock):
        outbox.add([an_alert("a:1")])
        slack.channels["voice-complaints"].archived = True
        assert send(outbox, WebhookTransport(slack.webhook_url), clock).parked == 1

    def test_refused_blocks_go_as_text(self, slack, outbox, clock):
        outbox.add([an_alert("a:1")])
        slack.fail("webhook", Fault.says("invalid_blocks"))
        assert send(outbox, WebhookTransport(slack.webhook_url), clock).sent == 1
        assert slack.messages()[0].blocks == []

    def test_a_page_where_a_webhook_should_be_holds_everything(self, slack, outbox, clock):
        outbox.add([an_alert("a:1")])
        slack.fail("webhook", Fault.http(403))
        result = send(outbox, WebhookTransport(slack.webhook_url), clock)
        assert "SLACK_WEBHOOK_URL" in result.problems[0]


class TestConsole:
    def test_prints_readable_text_and_needs_no_pace(self, outbox, clock):
        stream = io.StringIO()
        outbox.add(several(3))
        result = send(outbox, ConsoleTransport(stream), clock, pace=Pace(1.0))
        assert (result.sent, clock.slept) == (3, [])
        assert "complaint:t:0" in stream.getvalue()

    def test_a_narrow_encoding_loses_letters_and_not_the_alert(self, outbox, clock):
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding="ascii")
        outbox.add([an_alert("a:1", text="naïve 🎉")])
        assert send(outbox, ConsoleTransport(stream), clock).sent == 1
        assert b"na?ve ?" in raw.getvalue()


class _Stubborn:
    """A transport that never settles: each try is unclear, each look finds nothing."""

    def send(self, alert, *, text_only=False):
        return SendResult(Fate.UNCLEAR, "no answer")

    def find(self, alert):
        return Look(Sight.ABSENT)

    def lane(self, alert):
        return None


def test_backoff_grows_and_a_hopeless_alert_is_parked_in_the_end(outbox, clock):
    outbox.add([an_alert("a:1")])
    waits = []
    for _ in range(240):
        result = send(outbox, _Stubborn(), clock)
        if result.next_at is None:
            break
        if result.unclear:
            waits.append((result.next_at - clock.now).total_seconds())
        clock.to(result.next_at)
    assert state_of(outbox, "a:1") is AlertState.PARKED
    assert len(waits) == outbox.unsent()[0].attempts == 100
    assert min(waits) >= SETTLE.total_seconds() - 1
    assert 440 <= waits[-1] <= 900


def test_a_store_that_fails_to_mark_leads_to_no_second_post(slack, outbox, clock):
    outbox.add([an_alert("a:1"), an_alert("a:2")])
    real_mark = outbox.mark_sent

    def locked(*said):
        outbox.mark_sent = real_mark
        raise StoreError("another process has been writing")

    outbox.mark_sent = locked
    with pytest.raises(StoreError):
        send(outbox, a_bot(slack), clock)
    result = send(outbox, a_bot(slack), clock)
    assert result.sent == 0
    clock.to(result.next_at)
    assert send(outbox, a_bot(slack), clock).found == 1
    assert slack.alert_ids() == ["a:1", "a:2"]


def test_two_senders_on_one_store_send_each_alert_once(slack, outbox, tmp_path):
    outbox.add(several(60))

    def sender():
        database, mine = open_outbox(tmp_path / "earful.db")
        for _ in range(200):
            deliver(mine, a_bot(slack, 5), lambda: datetime.now(UTC), time.sleep, pace=Pace(0))
            if not mine.unsent():
                break
            time.sleep(0.01)
        database.close()

    threads = [threading.Thread(target=sender) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(slack.alert_ids()) == {f"complaint:t:{n}": 1 for n in range(60)}
    for place, channel in enumerate([COMPLAINTS, WOWS]):
        assert slack.alert_ids(channel) == [f"complaint:t:{n}" for n in range(place, 60, 2)]


def test_another_sender_that_was_faster_keeps_its_alert(slack, outbox, clock, tmp_path):
    outbox.add([an_alert("a:1"), an_alert("a:2")])
    real_claim = outbox.claim

    def beaten(alert_id, now, via):
        outbox.claim = real_claim
        real_claim(alert_id, now, via)
        return

    outbox.claim = beaten
    result = send(outbox, a_bot(slack), clock)
    assert (result.sent, slack.alert_ids()) == (0, [])
    assert result.next_at > clock.now


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_failures_deliver_each_once_and_in_order(slack, outbox, clock, seed, capsys):
    channels = [COMPLAINTS, WOWS, "#voice-digest"]
    outbox.add(several(30, channels))
    chaos = Chaos(seed, 0.5, hang=PATIENCE_S)
    slack.chaos(chaos)
    bot = a_bot(slack, 0.2)
    late = several(40, channels)[30:]
    for _ in range(400):
        result = send(outbox, bot, clock, settle=timedelta(seconds=1))
        if result.next_at is None and not late:
            break
        outbox.add([late.pop(0)] if late else [])
        slack.wait_idle()  # what hangs must have appeared
        clock.to(result.next_at or clock.now)
    slack.chaos(None)
    with capsys.disabled():
        print(f"\nseed {seed}: {len(slack.messages())} messages, faults {dict(chaos.counts)}")
    assert Counter(slack.alert_ids()) == {f"complaint:t:{n}": 1 for n in range(40)}
    for place, channel in enumerate(channels):
        assert slack.alert_ids(channel) == [f"complaint:t:{n}" for n in range(place, 40, 3)]
