"""Answering in Slack with the daemon running: from the button to the source, and back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from alerts.outbox.send_queue import Pace
from alerts.slack.listener import Listener
from config.settings import Secrets, parse_settings
from crawler.catalog import options_models
from earful.daemon import Daemon
from earful.stages.deliver_stage import transport_for
from storage.models import CaseState, Mention, ReplyState
from storage.store import Store
from tests.alerts.fake_publishing.reviews import FakeGooglePlay
from tests.alerts.fake_slack import FakeSlack, Message
from tests.alerts.fake_views import View
from tests.earful.test_stages import WordClassifier
from tests.waiting import PATIENCE_S, wait_for

SORRY = "We are sorry, Jo. Your bag comes tonight."
DANA: dict[str, Any] = {"user": "U0DANA123", "name": "dana"}
BOB: dict[str, Any] = {"user": "U0BOB", "name": "bob"}
TEMPLATES = [
    {"name": "Sorry", "text": "Hello {author}, we are sorry. {agent} of {brand}"},
    {"name": "Bags", "query": "bag", "text": "Hello {author}, your bag comes tonight."},
    {"name": "Taschen", "language": "de", "text": "Hallo {author}!"},
]


class Office:
    """A daemon with buttons, between a fake Slack and a fake Google Play."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, stack: ExitStack) -> None:
        self.slack = stack.enter_context(FakeSlack())
        self.play = stack.enter_context(FakeGooglePlay())
        for name, value in self.play.environment.items():
            monkeypatch.setenv(name, value)
        self.path = folder / "earful.db"
        self.store = stack.enter_context(Store.open(self.path, migrate=True))
        self._stack = stack

    def open(self, **sections: Any) -> None:
        raw = {
            "store": {"path": str(self.path)},
            "slack": {"api_url": self.slack.api_url},
            "replies": {"templates": TEMPLATES},
            "brands": [
                {
                    "name": "Acme Air",
                    "query": "acme",
                    "staff": [{"name": "Dana K.", "slack": "U0DANA123"}],
                    "sources": [{**self.play.entry(), "enabled": False}],
                }
            ],
            **sections,
        }
        settings = parse_settings(raw, options_models(), where="test")
        token, app_token = self.slack.token, self.slack.app_token
        secrets = Secrets(slack_bot_token=SecretStr(token), slack_app_token=SecretStr(app_token))
        daemon = Daemon(
            settings,
            transport_for(settings, secrets),
            lambda: datetime.now(UTC),
            load_classifier=WordClassifier,  # type: ignore[arg-type]
            pace=Pace(0),
            idle=timedelta(seconds=0.2),
            listen=lambda heard: Listener(token, app_token, heard, api_url=self.slack.api_url),
        )
        thread = threading.Thread(target=daemon.run)
        thread.start()
        self._stack.callback(thread.join, PATIENCE_S)
        self._stack.callback(daemon.stop)
        self.slack.socket.wait_connected()

    def complain(self, text: str = "angry about my bag") -> Message:
        """Let somebody write a review, and give the card of its case."""
        now = datetime.now(UTC)
        about: dict[str, Any] = self.play.mention(1)
        self.mention = Mention(
            brand="Acme Air", source="google_play", text=text, created_at=now, fetched_at=now,
            language="en", **about,
        )  # fmt: skip
        self.store.mentions.save([self.mention])
        wait_for(lambda: self.slack.roots("voice-complaints"))
        return self.slack.roots("voice-complaints")[0]

    def click(self, message: Message, action: str, **who: Any) -> None:
        self.slack.socket.wait_ack(self.slack.click(message, action, **(who or DANA)))

    def window(self) -> View:
        wait_for(self.slack.views.modals)
        return self.slack.views.modals()[-1]

    def submit(self, fields: dict[str, str], **who: Any) -> None:
        self.slack.socket.wait_ack(self.slack.submit(self.window(), fields, **(who or DANA)))

    def send(self, text: str, **who: Any) -> None:
        """Write an answer, look at its preview, and send it off."""
        name = self.input()
        self.submit({name: text}, **who)
        wait_for(lambda: "preview" in str(self.window().blocks))
        self.submit({name: text}, **who)
        wait_for(lambda: not self.slack.views.modals())

    def input(self) -> str:
        blocks = self.window().blocks
        return next(str(one["block_id"]) for one in blocks if one["type"] == "input")

    def said(self, root: Message, words: str) -> Message:
        """Wait for a message in a case's thread that has these words."""

        def found() -> list[Message]:
            return [one for one in self.slack.thread(root) if words in one.text]

        wait_for(found)
        return found()[-1]

    @property
    def state(self) -> CaseState:
        case = self.store.cases.of_mention(self.mention.id)
        assert case is not None
        return case.state


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    with ExitStack() as stack:
        yield Office(tmp_path, monkeypatch, stack)


def test_an_answer_goes_from_the_card_to_the_source_and_back(office: Office) -> None:
    office.open()
    root = office.complain()
    office.click(root, "case_answer")
    window = office.window()
    assert "Earful posts it on Google Play as Acme Air." in str(window.blocks)
    options = next(one for one in window.blocks if one["block_id"] == "templates")
    names = [one["text"]["text"] for one in options["elements"][0]["options"]]
    assert names == ["Bags", "Sorry"]  # what is on the topic first; nothing German

    chosen = office.slack.click(window, "answer_template", choice="0", **DANA)
    office.slack.socket.wait_ack(chosen)
    wait_for(lambda: "Hello Jo, we are sorry. Dana K. of Acme Air" in str(window.blocks))
    name = office.input()
    assert name == "words:1"

    office.submit({name: "x" * 351})
    wait_for(lambda: window.errors)
    assert window.errors[name].endswith("shorten it by 1.")

    office.submit({name: SORRY})
    wait_for(lambda: f"({len(SORRY)} of 350 characters)" in str(window.blocks))
    assert office.play.standing() == {}
    office.submit({name: SORRY + "!"})  # changed after the preview: shown once more
    wait_for(lambda: f"({len(SORRY) + 1} of 350 characters)" in str(window.blocks))
    assert office.play.standing() == {}
    office.submit({name: SORRY + "!"})
    wait_for(lambda: not office.slack.views.modals())

    news = office.said(root, "dana has answered.")
    assert "&reviewId=gp:AOqpTO1|See the answer>" in news.text.replace("&amp;", "&")
    assert office.play.standing() == {SORRY + "!": 1}
    assert office.state is CaseState.RESPONDED
    assert office.slack.door.late == []


def test_with_approval_a_second_person_lets_it_go(office: Office) -> None:
    channels = [{"channel": "#voice-complaints", "approve_replies": True}]
    office.open(alerts={"channels": channels})
    root = office.complain()
    office.click(root, "case_answer")
    assert "Once a second person has approved it" in str(office.window().blocks)
    office.send(SORRY)
    request = office.said(root, "Approve this answer?")
    office.click(request, "reply_approve")  # by dana herself
    wait_for(lambda: office.slack.whispers)
    assert "you wrote this answer" in office.slack.whispers[-1].text
    assert office.play.standing() == {}

    office.click(request, "reply_send_back", **BOB)
    office.submit({"note": "Say when."}, **BOB)
    office.said(root, "bob sent your answer back. “Say when.”")
    wait_for(lambda: "sent this answer by dana back" in request.text)

    office.click(root, "case_answer")
    assert SORRY in str(office.window().blocks)
    office.send("It comes at six.")
    wait_for(lambda: len([one for one in office.slack.thread(root) if "Approve" in one.text]) > 0)
    second = office.said(root, "Approve this answer?")
    office.click(second, "reply_approve", **BOB)
    office.said(root, "dana has answered. “It comes at six.”")
    assert office.play.standing() == {"It comes at six.": 1}
    assert "bob approved this answer" in second.text


def test_what_the_source_refuses_is_edited_and_tried_again(office: Office) -> None:
    office.open()
    root = office.complain()
    office.click(root, "case_answer")
    office.send("What a badword.")
    news = office.said(root, "answer was not sent: Google Play does not take this reply")
    assert office.state is CaseState.OPEN
    office.click(news, "case_answer")
    assert "What a badword." in str(office.window().blocks)
    office.send(SORRY)
    office.said(root, "dana has answered.")
    assert office.play.standing() == {SORRY: 1}


def test_without_access_the_words_are_there_to_copy(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in office.play.environment:
        monkeypatch.delenv(name)
    office.open()
    root = office.complain()
    office.click(root, "case_answer")
    shown = str(office.window().blocks)
    assert "You post it on Google Play by hand: " in shown
    assert "GOOGLE_PLAY_SERVICE_ACCOUNT" in shown.replace("ˍ", "_")
    name = office.input()
    office.submit({name: SORRY})
    wait_for(lambda: "preview" in str(office.window().blocks))
    office.submit({name: SORRY})
    wait_for(lambda: "Copy the words" in str(office.window().blocks))
    assert SORRY in str(office.window().blocks)
    office.submit({})
    wait_for(lambda: "posts this answer by hand" in str(root.blocks))
    assert office.state is CaseState.OPEN

    office.click(root, "case_responded")
    office.submit({"words": "", "link": "example"})
    wait_for(lambda: office.window().errors)
    office.submit({"words": "", "link": "https://play.example/r/1"})
    wait_for(lambda: office.state is CaseState.RESPONDED)
    (reply,) = office.store.replies.of_case(1)[-1:]
    assert (reply.text, reply.url) == (SORRY, "https://play.example/r/1")
    assert reply.state is ReplyState.SENT
