"""All that people do in Slack, heard over a real WebSocket: answered and acknowledged in time."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from alerts.messages.page_links import message_link
from alerts.messages.views import modal, select_input, text_input
from alerts.slack.interactions import (
    Answer,
    Click,
    Command,
    HomeOpened,
    Shortcut,
    Submission,
    read,
)
from alerts.slack.listener import Listener
from tests.alerts.fake_slack import WORKSPACE, FakeSlack, Fault
from tests.waiting import wait_for

NOTE = {"text": "done", "blocks": [{"type": "divider"}]}


def a_modal(value: str = "appstore:1", **changes):
    blocks = [
        text_input("Words", "words", initial="hello"),
        select_input("Brand", "brand", [("Acme", "acme"), ("Other", "other")], initial="acme"),
    ]
    return modal("Make a case", blocks, callback_id="made", value=value, submit="Go") | changes


class World:
    """A listener beside a fake Slack; `answers` is what the next events are answered."""

    def __init__(self, slack: FakeSlack, home=None) -> None:
        self.slack = slack
        self.heard: list[Any] = []
        self.answers: list[Answer | Exception] = []
        self.hold = threading.Event()
        self.hold.set()
        self.listener = Listener(
            slack.token, slack.app_token, self, api_url=slack.api_url, home=home
        )
        self.listener.start()
        slack.socket.wait_connected()

    def __call__(self, event):
        self.heard.append(event)
        self.hold.wait()
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def ack(self, envelope: str):
        self.slack.socket.wait_ack(envelope)
        return self.slack.socket.answers[envelope]

    def open_modal(self, **changes):
        """Open a modal by a message's shortcut."""
        self.answers.append(Answer(modal=a_modal(**changes)))
        self.ack(self.slack.shortcut("make_case"))
        wait_for(self.slack.views.modals)
        return self.slack.views.modals()[-1]


@pytest.fixture
def slack():
    with FakeSlack() as fake:
        yield fake


@pytest.fixture
def world(slack):
    made = World(slack)
    yield made
    made.hold.set()
    made.listener.stop()
    assert slack.door.late == []


def test_a_command_is_answered_with_its_acknowledgement(slack, world):
    world.answers.append(Answer(payload=NOTE))
    world.ack(slack.command("/earful", "mine"))
    (heard,) = world.heard
    assert isinstance(heard, Command)
    assert (heard.text, heard.user_id, heard.user_name) == ("mine", "U0DANA", "dana")
    assert (heard.channel_id, heard.workspace) == ("C0ELSE", WORKSPACE)
    (whisper,) = slack.whispers
    assert (whisper.user_id, whisper.text, whisper.channel_id) == ("U0DANA", "done", "C0ELSE")


def test_a_slow_command_is_acknowledged_and_answered_later(slack, world):
    world.hold.clear()
    world.answers.append(Answer(payload=NOTE))
    began = time.monotonic()
    envelope = slack.command("/earful", "mine")
    assert slack.socket.wait_ack(envelope) - began < 3
    assert slack.socket.answers[envelope] == {}
    world.hold.set()
    wait_for(lambda: slack.whispers)
    assert slack.whispers[0].text == "done"


def test_a_shortcut_tells_which_message_and_opens_a_modal(slack, world):
    view = world.open_modal()
    (heard,) = world.heard
    assert isinstance(heard, Shortcut)
    assert heard.callback == "make_case"
    assert heard.permalink == f"{WORKSPACE}archives/C0ELSE/p1790000000000100"
    assert (view.user_id, view.shown["title"]["text"]) == ("U0DANA", "Make a case")


@pytest.mark.parametrize("thread", [None, "now"])
def test_a_permalink_is_what_slack_says(slack, world, thread):
    channel = slack.channels["voice-ops"]
    root = slack._store(channel, {"text": "root"})
    reply = slack._store(channel, {"text": "reply", "thread_ts": root.ts if thread else None})
    asked = {"channel": channel.id, "message_ts": reply.ts}
    told = slack.answer("chat.getPermalink", slack.token, asked)["permalink"]
    assert message_link(WORKSPACE, channel.id, reply.ts, reply.thread_ts or "") == told


def test_a_modal_sent_off_comes_back_with_its_fields(slack, world):
    view = world.open_modal()
    assert world.ack(slack.submit(view, {"words": "my bag", "brand": "other"})) == {}
    heard = world.heard[-1]
    assert isinstance(heard, Submission)
    assert (heard.callback, heard.value, heard.channel_id) == ("made", "appstore:1", "C0ELSE")
    assert heard.fields == {"words": "my bag", "brand": "other"}
    assert heard.blocks == {"words": "words", "brand": "brand"}
    assert not view.open


def test_a_modal_with_an_error_stays_open_with_what_was_typed(slack, world):
    view = world.open_modal()
    world.answers.append(Answer(errors={"words": "Say what happened."}))
    said = world.ack(slack.submit(view, {"words": "x"}))
    assert said == {"response_action": "errors", "errors": {"words": "Say what happened."}}
    assert view.open
    assert view.errors == {"words": "Say what happened."}
    assert world.ack(slack.submit(view, {"words": "better"})) == {}
    assert len({one.key for one in world.heard}) == 3
    assert not view.open


def test_a_failure_keeps_a_modal_open_and_says_so(slack, world):
    view = world.open_modal()
    world.answers.append(RuntimeError("no luck"))
    world.ack(slack.submit(view, {"words": "typed"}))
    assert view.open
    assert view.errors == {"brand": "That could not be recorded, please click again: no luck"}


def test_errors_that_come_late_reach_the_one_who_typed(slack, world):
    view = world.open_modal()
    world.hold.clear()
    world.answers.append(Answer(errors={"words": "Say what happened."}))
    slack.socket.wait_ack(slack.submit(view, {"words": "x"}))
    world.hold.set()
    # The bot is no member where the modal was opened: Slack takes a direct message.
    wait_for(lambda: slack.direct("U0DANA"))
    assert slack.texts("U0DANA") == ["That was not recorded: Say what happened."]


def test_a_modal_can_follow_another_or_lie_on_it_three_deep(slack, world):
    first = world.open_modal()
    world.answers.append(Answer(modal=a_modal("two"), push=True))
    world.ack(slack.submit(first, {}))
    world.answers.append(Answer(modal=a_modal("three")))
    world.ack(slack.submit(slack.views.modals()[-1], {}))
    world.ack(slack.submit(slack.views.modals()[-1], {}))
    assert [one.value for one in world.heard if isinstance(one, Submission)] == [
        "appstore:1", "two", "three",
    ]  # fmt: skip
    assert [one.id for one in slack.views.modals()] == [first.id]


def test_a_click_in_a_modal_changes_it_and_tells_what_was_typed(slack, world):
    from alerts.messages.blocks import actions, button

    view = world.open_modal(blocks=[
        *a_modal()["blocks"], actions([button("More", "made_more", "page 2")]).to_dict(),
    ])  # fmt: skip
    world.answers.append(Answer(modal=a_modal("changed")))
    world.ack(slack.click(view, "made_more", fields={"words": "half a sent"}))
    heard = world.heard[-1]
    assert isinstance(heard, Click)
    assert (heard.value, heard.fields["words"]) == ("page 2", "half a sent")
    wait_for(lambda: "changed" in view.shown["private_metadata"])
    assert slack.views.modals() == [view]


def test_a_window_that_comes_too_late_is_told_in_a_direct_message(slack, world):
    world.hold.clear()
    world.answers.append(Answer(modal=a_modal()))
    slack.socket.wait_ack(slack.shortcut("make_case"))
    slack.views.expire(world.heard[0].trigger_id)
    world.hold.set()
    wait_for(lambda: slack.direct("U0DANA"))
    assert slack.views.modals() == []
    assert "please click again" in slack.texts("U0DANA")[0]


def test_an_answer_takes_the_place_of_the_one_in_which_was_clicked(slack, world):
    more = {"type": "button", "action_id": "work_page", "value": "2",
            "text": {"type": "plain_text", "text": "More"}}  # fmt: skip
    blocks = [{"type": "actions", "block_id": "actions", "elements": [more]}]
    world.answers += [
        Answer(payload={"text": "page 1", "blocks": blocks}),
        Answer(payload={"text": "page 2", "blocks": blocks}, replace=True),
        Answer(payload={"text": "a case", "blocks": blocks}),
    ]
    world.ack(slack.command("/earful", "open"))
    (whisper,) = slack.whispers
    world.ack(slack.click(whisper, "work_page"))
    wait_for(lambda: whisper.text == "page 2")
    assert len(slack.whispers) == 1
    world.ack(slack.click(whisper, "work_page"))
    wait_for(lambda: len(slack.whispers) == 2)
    assert [one.text for one in slack.whispers] == ["page 2", "a case"]


def test_what_is_none_of_ours_is_acknowledged(slack, world):
    world.ack(slack.open_home(tab="messages"))
    payload = {"type": "view_closed", "view": {"id": "V1", "callback_id": "made"},
               "user": {"id": "U0DANA"}}  # fmt: skip
    world.ack(slack.door._send("interactive", payload))
    message = {"type": "event_callback", "event": {"type": "reaction_added", "user": "U0DANA"}}
    world.ack(slack.door._send("events_api", message))
    assert world.heard == []


@pytest.mark.parametrize(
    "body",
    [
        {"type": "view_submission", "view": {}, "user": {}},
        {"type": "message_action"},
        {"type": "event_callback", "event": {"type": "app_home_opened", "tab": "home"}},
        {"command": "/earful"},
        {},
    ],
)
def test_who_is_nobody_is_passed_over(body):
    assert read(body) is None


class TestHome:
    """The Home is published for those who open it, and shows what was last."""

    @pytest.fixture
    def shown(self):
        return {"U0DANA": 0}

    @pytest.fixture
    def world(self, slack, shown):
        def home(user):
            text = {"type": "mrkdwn", "text": f"{shown[user]} cases"}
            blocks = [{"type": "section", "block_id": "count", "text": text}]
            return {"type": "home", "blocks": blocks} if user in shown else None

        made = World(slack, home)
        yield made
        made.listener.stop()

    def words(self, slack):
        return slack.views.homes["U0DANA"].blocks[0]["text"]["text"]

    def test_it_is_published_when_it_is_opened_and_after_an_act(self, slack, world, shown):
        world.ack(slack.open_home())
        wait_for(lambda: slack.views.homes)
        assert world.heard == [HomeOpened(user_id="U0DANA", workspace=WORKSPACE)]
        shown["U0DANA"] = 2
        world.ack(slack.command("/earful", "mine"))
        wait_for(lambda: self.words(slack) == "2 cases")
        world.ack(slack.command("/earful", "mine"))
        world.ack(slack.command("/earful", "mine", user="U0OMAR"))
        world.listener.stop()
        assert len(slack.called("views.publish")) == 2, "nothing had changed"
        assert list(slack.views.homes) == ["U0DANA"]

    def test_a_conflict_and_a_limit_are_waited_out(self, slack, world, shown):
        world.ack(slack.open_home())
        wait_for(lambda: slack.views.homes)
        slack.views.homes["U0DANA"].hash = "somebody else's"
        slack.fail("views.publish", Fault.rate_limited(0.1))
        shown["U0DANA"] = 3
        world.ack(slack.command("/earful", "mine"))
        wait_for(lambda: self.words(slack) == "3 cases")

    def test_after_a_try_that_failed_the_last_state_stands(self, slack, world, shown):
        world.ack(slack.open_home())
        wait_for(lambda: slack.views.homes)
        slack.fail("views.publish", Fault.http(500), Fault.cut())
        shown["U0DANA"] = 4
        world.ack(slack.command("/earful", "mine"))
        wait_for(lambda: self.words(slack) == "4 cases")
