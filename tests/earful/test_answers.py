"""Answers to cases, through the store and the outbox: drafted, approved, sent, given by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.publishing.reply import Length
from config.errors import InputError
from config.settings import SourceSettings
from earful.case_acts import Actor
from earful.policies import Policies
from earful.replying.reply_acts import ReplyActs, Seen
from earful.replying.settling import settle_replies
from earful.replying.ways import ReplyWays
from storage.models import (
    AlertState,
    CaseState,
    Experience,
    Mention,
    Reply,
    ReplyState,
    TroubleKind,
)
from tests.earful.test_cases import HOUR, MINUTE, World
from tests.storage.erasure import ERASURE

DANA, BOB = Actor("dana", "U0DANA"), Actor("bob", "U0BOB")
APPROVED = {"alerts": {"channels": [{"channel": "#voice-complaints", "approve_replies": True}]}}
SORRY = "We are sorry, Hal. Your bag comes tonight."


class Shop:
    """A source that takes answers of up to sixty characters; it answers nothing by itself."""

    def __init__(self, hindrance: str | None = None) -> None:
        self.why = hindrance

    def hindrance(self, brand: str, native_id: str, url: str | None) -> str | None:
        return self.why

    def limit(self, text: str, author: str | None = None, native_id: str = "") -> Length:
        return Length("The shop", len(text), 60)

    def shown(self, text: str, author: str | None, native_id: str) -> str:
        return text

    def source_of(self, brand: str, native_id: str, url: str | None) -> SourceSettings | None:
        return None


class Desk(World):
    """A world in which people answer cases; `posts_itself` as Earful can at the shop."""

    def __init__(self, path: Path, *, posts_itself: bool = True, **sections: Any) -> None:
        super().__init__(path, **sections)
        self.publishers = {"source:shop": Shop()} if posts_itself else {}

    @property
    def acts(self) -> ReplyActs:
        return ReplyActs(self.store, Policies(self.settings), ReplyWays(self.publishers))

    def answer(self, said: Mention, text: str = SORRY, by: Actor = DANA, **more: Any) -> Reply:
        assert self.acts.answer(said.id, text, by, self.now, **more).changed
        return self.reply(said)

    def reply(self, said: Mention) -> Reply:
        file = self.store.cases.file(said.id)
        assert file is not None
        assert file.reply is not None
        return file.reply

    def settle(self) -> int:
        return settle_replies(self.store, self.settings, self.now)

    def alert_id(self, reply: Reply) -> int:
        found = self.store.outbox.find(reply.alert_key or "")
        assert found is not None
        return found.id

    def buttons(self, said: Mention) -> list[str]:
        """Name the actions under the last message in a case's thread."""
        rows = self.rows(
            "SELECT payload FROM alerts WHERE operation = 'reply' "
            f"AND root_key = 'complaint:{said.id}' ORDER BY id DESC LIMIT 1"
        )
        return re.findall(r'"action_id": "(\w+)"', rows[0]["payload"])


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def build(**how: Any) -> Desk:
        made.append(Desk(tmp_path / "earful.db", **how))
        return made[-1]

    yield build
    for desk in made:
        desk.store.close()


@pytest.fixture
def desk(build: Callable[..., Desk]) -> Desk:
    return build()


@pytest.fixture
def strict(build: Callable[..., Desk]) -> Desk:
    return build(**APPROVED)


class TestSending:
    def test_an_answer_is_a_row_of_the_outbox_and_the_case_waits_for_it(self, desk: Desk) -> None:
        said = desk.say("They lost my bag.", author="Hal", url="https://shop.example/r/1")
        reply = desk.answer(said)
        assert reply.state is ReplyState.SENDING
        row = desk.store.outbox.find(reply.alert_key or "")
        assert row is not None
        assert (row.kind, row.via, row.channel) == ("reply", "source:shop", "source:shop")
        assert row.payload == {
            "text": SORRY,
            "mention_id": said.id,
            "source": "shop",
            "native_id": "1",
            "url": "https://shop.example/r/1",
            "parent_id": None,
            "author": "Hal",
            "brand": "Acme",
            "target": None,
        }
        desk.settle()
        assert desk.case(said).state is CaseState.OPEN
        assert "dana's answer is on its way" in desk.card(said)

    def test_once_it_stands_at_the_source_the_case_is_answered_with_words_and_link(
        self, desk: Desk
    ) -> None:
        said = desk.say("They lost my bag.")
        reply = desk.answer(said)
        desk.store.outbox.claim(desk.alert_id(reply), desk.now)
        desk.settle()
        assert desk.case(said).state is CaseState.OPEN
        at = desk.now + MINUTE
        desk.store.outbox.mark_sent(desk.alert_id(reply), "77", at, "https://shop.example/r/77")
        desk.now += HOUR
        assert desk.settle() == 1
        case, sent = desk.case(said), desk.reply(said)
        assert (case.state, case.responded_at) == (CaseState.RESPONDED, at)
        assert (sent.state, sent.url, sent.sent_at) == (
            ReplyState.SENT, "https://shop.example/r/77", at,
        )  # fmt: skip
        assert desk.events(said) == ["opened", "sending", "responded"]
        assert "Answered by dana" in desk.card(said)
        assert "https://shop.example/r/77" in desk.card(said)
        assert SORRY in desk.thread(said)[-1]
        assert desk.settle() == 0

    def test_the_same_submission_twice_sends_once(self, desk: Desk) -> None:
        said = desk.say("They lost my bag.")
        assert desk.acts.answer(said.id, SORRY, DANA, desk.now, click="k1").changed
        assert not desk.acts.answer(said.id, SORRY, DANA, desk.now, click="k1").changed
        assert len(desk.posts()) == 2  # the card and the answer
        assert desk.events(said) == ["opened", "sending"]

    def test_while_one_is_on_its_way_there_is_no_other(self, desk: Desk) -> None:
        said = desk.say("They lost my bag.")
        desk.answer(said)
        with pytest.raises(InputError, match="an answer by dana is on its way"):
            desk.acts.answer(said.id, "Me too!", BOB, desk.now)

    def test_who_did_not_see_the_last_answer_is_told_of_it(self, desk: Desk) -> None:
        said = desk.say("They lost my bag.")
        seen = Seen(said.text_hash, None)
        desk.answer(said, seen=seen)
        desk.sent()
        desk.settle()
        with pytest.raises(InputError, match="dana has written an answer meanwhile"):
            desk.acts.answer(said.id, "Me too!", BOB, desk.now, seen=seen)
        desk.answer(said, "Once more.", seen=Seen(said.text_hash, desk.reply(said).id))
        assert desk.reply(said).state is ReplyState.SENDING

    @pytest.mark.parametrize("length", [59, 60, 61])
    def test_what_is_too_long_there_is_refused(self, desk: Desk, length: int) -> None:
        said = desk.say("They lost my bag.")
        if length <= 60:
            assert desk.answer(said, "x" * length).state is ReplyState.SENDING
        else:
            with pytest.raises(InputError, match="shorten it by 1"):
                desk.answer(said, "x" * length)
            assert desk.events(said) == ["opened"]

    def test_a_second_answer_keeps_the_first_in_the_history(self, desk: Desk) -> None:
        said = desk.say("They lost my bag.")
        desk.answer(said)
        desk.sent()
        desk.settle()
        desk.answer(said, "Found it!")
        desk.sent()
        desk.settle()
        states = [one.state for one in desk.store.replies.of_case(desk.case(said).id)]
        assert states == [ReplyState.SENT, ReplyState.SENT]
        assert desk.events(said).count("responded") == 2

    def test_it_goes_below_the_complaint_that_its_author_chose(self, desk: Desk) -> None:
        first = desk.say("They lost my bag.", author="Hal")
        desk.now += HOUR
        second = desk.say("Still no bag after all this time.", author="Hal")
        desk.answer(second)
        reply = desk.reply(first)
        assert (reply.case_id, reply.mention_id) == (desk.case(first).id, second.id)
        row = desk.store.outbox.find(reply.alert_key or "")
        assert row is not None
        assert row.payload["native_id"] == second.native_id
        desk.sent()
        desk.settle()
        assert desk.case(first).state is CaseState.RESPONDED
        desk.change(replace(first, text="They lost my bag, and I am angry.", fetched_at=desk.now))
        assert not desk.reply(first).outdated  # the other one was answered


class TestTrouble:
    def park(self, desk: Desk, said: Mention, kind: TroubleKind, **more: Any) -> None:
        number = desk.alert_id(desk.reply(said))
        desk.store.outbox.claim(number, desk.now)
        desk.store.outbox.park(number, "The shop said no: bad words.", kind, **more)
        assert desk.settle() == 1

    @pytest.mark.parametrize("in_doubt", [False, True])
    def test_what_the_source_refuses_can_be_edited_and_tried_again(
        self, desk: Desk, in_doubt: bool
    ) -> None:
        said = desk.say("They lost my bag.")
        first = desk.answer(said)
        self.park(desk, said, TroubleKind.MESSAGE, may_be_posted=in_doubt)
        reply = desk.reply(said)
        assert (reply.state, reply.error) == (ReplyState.FAILED, "The shop said no: bad words.")
        assert desk.case(said).state is CaseState.OPEN
        assert "answer was not sent: The shop said no: bad words." in desk.thread(said)[-1]
        assert desk.buttons(said) == ["case_answer"]
        # Nobody puts back in line what the team was told to have failed.
        assert desk.store.outbox.unpark_certain() == 0
        assert desk.answer(said, "Sorry!").state is ReplyState.SENDING
        row = desk.store.outbox.find(first.alert_key or "")
        assert row is not None
        assert row.state is AlertState.DROPPED

    def test_what_waits_for_a_token_is_told_once_and_goes_out_later(self, desk: Desk) -> None:
        said = desk.say("They lost my bag.")
        reply = desk.answer(said)
        self.park(desk, said, TroubleKind.CHANNEL)
        assert "is not sent yet: The shop said no" in desk.thread(said)[-1]
        assert desk.settle() == 0
        assert desk.store.outbox.unpark_certain() == 1
        desk.sent()
        desk.settle()
        assert desk.reply(said).state is ReplyState.SENT
        assert desk.reply(said).id == reply.id
        assert desk.case(said).state is CaseState.RESPONDED

    def test_who_drops_its_row_ends_it(self, desk: Desk) -> None:
        said = desk.say("They lost my bag.")
        reply = desk.answer(said)
        desk.store.outbox_word.drop([desk.alert_id(reply)], "ops: wrong shop")
        assert desk.settle() == 1
        assert desk.reply(said).error == "ops: wrong shop"

    def test_a_case_that_ends_takes_back_what_nobody_has_begun_to_send(self, desk: Desk) -> None:
        said = desk.say("They lost my bag.")
        reply = desk.answer(said)
        desk.act(said, "dismiss")
        desk.settle()
        row = desk.store.outbox.find(reply.alert_key or "")
        assert row is not None
        assert row.state is AlertState.DROPPED
        assert "its case ended before it was sent" in desk.thread(said)[-1]

    def test_what_is_being_sent_is_not_taken_back(self, desk: Desk) -> None:
        said = desk.say("They lost my bag.")
        reply = desk.answer(said)
        desk.store.outbox.claim(desk.alert_id(reply), desk.now)
        desk.act(said, "dismiss")
        assert desk.settle() == 0
        desk.store.outbox.mark_sent(desk.alert_id(reply), "77", desk.now)
        desk.settle()
        assert desk.reply(said).state is ReplyState.SENT
        assert desk.case(said).state is CaseState.DISMISSED

    def test_one_that_cannot_be_read_keeps_no_other_from_its_case(self, desk: Desk) -> None:
        bad, good = desk.say("They lost my bag."), desk.say("The coffee is poison.")
        desk.answer(bad)
        desk.answer(good)
        desk.sent()
        desk.store.database.connection.execute(
            "UPDATE replies SET written_at = 'soon' WHERE mention_id = ?", (bad.id,)
        )
        assert desk.settle() == 1
        assert desk.case(good).state is CaseState.RESPONDED
        assert desk.case(bad).state is CaseState.OPEN
        assert [name for name in desk.store.failures.of("replies") if name] == ["answer 1"]


class TestEdits:
    def edit(self, desk: Desk, said: Mention) -> None:
        desk.now += HOUR
        desk.change(
            replace(said, text="They lost my bag and my coat!", fetched_at=desk.now),
            Experience.ANGRY,
        )

    def test_a_changed_text_holds_back_what_is_not_sent(self, desk: Desk) -> None:
        said = desk.say("They lost my bag.")
        reply = desk.answer(said)
        self.edit(desk, said)
        desk.settle()
        assert desk.reply(said).state is ReplyState.DRAFT
        assert desk.reply(said).outdated
        row = desk.store.outbox.find(reply.alert_key or "")
        assert row is not None
        assert row.state is AlertState.DROPPED
        assert "The customer changed the text after this answer" in desk.thread(said)[-1]
        assert desk.buttons(said) == ["case_answer"]

    def test_a_changed_text_marks_what_stands_there_already(self, desk: Desk) -> None:
        said = desk.say("They lost my bag.")
        desk.answer(said)
        desk.sent()
        desk.settle()
        assert "changed the text" not in desk.card(said)
        self.edit(desk, said)
        assert desk.reply(said).outdated
        assert "The customer changed the text after this answer was written." in desk.card(said)
        assert "The customer changed the text after this answer" in desk.thread(said)[-1]
        assert desk.case(said).state is CaseState.OPEN  # still angry

    def test_what_was_written_to_an_older_text_is_kept_and_not_sent(self, desk: Desk) -> None:
        said = desk.say("They lost my bag.")
        seen = Seen(said.text_hash, None)
        self.edit(desk, said)
        reply = desk.answer(said, seen=seen)
        assert (reply.state, reply.text, reply.outdated) == (ReplyState.DRAFT, SORRY, True)
        assert [row for row in desk.posts() if row["kind"] == "reply"] == []

    def test_nobody_approves_an_answer_to_an_older_text(self, strict: Desk) -> None:
        said = strict.say("They lost my bag.")
        reply = strict.answer(said)
        self.edit(strict, said)
        assert "changed the text" in strict.thread(said)[-1]
        with pytest.raises(InputError, match="the customer changed the text"):
            strict.acts.approve(reply.id, BOB, strict.now)


class TestApproval:
    def test_a_second_person_approves_it(self, strict: Desk) -> None:
        said = strict.say("They lost my bag.")
        reply = strict.answer(said)
        assert reply.state is ReplyState.WAITING
        assert strict.buttons(said) == ["reply_approve", "reply_send_back", "case_answer"]
        assert SORRY in strict.rows("SELECT payload FROM alerts ORDER BY id DESC")[0]["payload"]
        with pytest.raises(InputError, match="you wrote this answer"):
            strict.acts.approve(reply.id, DANA, strict.now)
        strict.sent()
        assert strict.acts.approve(reply.id, BOB, strict.now, click="k").changed
        assert not strict.acts.approve(reply.id, BOB, strict.now, click="k").changed
        approved = strict.reply(said)
        assert (approved.state, approved.decided_by) == (ReplyState.SENDING, "bob")
        (update,) = strict.rows("SELECT * FROM alerts WHERE root_key = 'draft:1'")
        assert "bob approved this answer by dana" in json.loads(update["payload"])["text"]
        assert "reply_approve" not in update["payload"]
        strict.sent()
        strict.settle()
        assert strict.case(said).state is CaseState.RESPONDED

    def test_the_whole_channel_sees_that_one_waits(self, strict: Desk) -> None:
        strict.answer(strict.say("They lost my bag."))
        (row,) = strict.rows("SELECT payload FROM alerts WHERE dedupe_key = 'draft:1'")
        assert json.loads(row["payload"])["broadcast"] is True

    def test_a_name_is_no_second_person(self, strict: Desk) -> None:
        said = strict.say("They lost my bag.")
        reply = strict.answer(said, by=Actor("dana"))
        with pytest.raises(InputError, match="you wrote this answer"):
            strict.acts.approve(reply.id, Actor("Dana", "U0DANA"), strict.now)

    def test_what_is_sent_back_is_written_anew_and_approved_anew(self, strict: Desk) -> None:
        said = strict.say("They lost my bag.")
        first = strict.answer(said)
        strict.acts.send_back(first.id, BOB, strict.now, note="Say when.")
        assert "<@U0DANA>: bob sent your answer back. “Say when.”" in strict.thread(said)[-1]
        assert "bob sent dana's answer back" in strict.card(said)
        with pytest.raises(InputError, match="not the newest"):
            strict.acts.approve(first.id, BOB, strict.now)
        second = strict.answer(said, "Your bag comes tonight.")
        assert second.state is ReplyState.WAITING
        states = [one.state for one in strict.store.replies.of_case(second.case_id)]
        assert states == [ReplyState.DROPPED, ReplyState.WAITING]
        strict.acts.approve(second.id, BOB, strict.now)

    def test_a_changed_draft_is_its_editors_and_the_old_one_cannot_be_approved(
        self, strict: Desk
    ) -> None:
        said = strict.say("They lost my bag.")
        first = strict.answer(said)
        strict.sent()
        second = strict.answer(said, "Shorter.", by=BOB)
        (update,) = strict.rows("SELECT * FROM alerts WHERE root_key = 'draft:1'")
        assert "A newer answer took the place" in json.loads(update["payload"])["text"]
        with pytest.raises(InputError, match="not the newest"):
            strict.acts.approve(first.id, BOB, strict.now)
        with pytest.raises(InputError, match="you wrote this answer"):
            strict.acts.approve(second.id, BOB, strict.now)
        assert strict.acts.approve(second.id, DANA, strict.now).changed

    def test_what_somebody_answered_meanwhile_is_not_answered_twice(self, strict: Desk) -> None:
        said = strict.say("They lost my bag.")
        reply = strict.answer(said)
        strict.now += MINUTE
        strict.acts.respond(said.id, BOB, strict.now)
        with pytest.raises(InputError, match="bob has answered meanwhile"):
            strict.acts.approve(reply.id, Actor("eve", "U0EVE"), strict.now)

    def test_nobody_approves_for_a_case_that_is_dismissed(self, strict: Desk) -> None:
        said = strict.say("They lost my bag.")
        reply = strict.answer(said)
        strict.act(said, "dismiss")
        with pytest.raises(InputError, match="is dismissed: reopen it"):
            strict.acts.approve(reply.id, BOB, strict.now)

    def test_the_brand_may_want_it_everywhere(self, build: Callable[..., Desk]) -> None:
        brands = [{"name": "Acme", "query": "acme", "approve_replies": True}]
        desk = build(brands=brands)
        assert desk.answer(desk.say("They lost my bag.")).state is ReplyState.WAITING


class TestByHand:
    def test_what_earful_cannot_post_waits_until_it_is_seen(
        self, build: Callable[..., Desk]
    ) -> None:
        desk = build(posts_itself=False)
        said = desk.say("They lost my bag.")
        reply = desk.answer(said)
        assert reply.state is ReplyState.COPIED
        assert desk.case(said).state is CaseState.OPEN
        assert "dana posts this answer by hand: it was not seen" in desk.card(said)
        desk.now += HOUR
        seen_at = desk.now - MINUTE
        desk.change(replace(said, owner_reply=SORRY, owner_replied_at=seen_at))
        assert desk.case(said).state is CaseState.RESPONDED
        assert desk.reply(said).state is ReplyState.SENT
        assert desk.reply(said).sent_at == seen_at

    def test_without_access_it_says_so_and_goes_by_hand(self, desk: Desk) -> None:
        desk.publishers = {"source:shop": Shop("SHOP_KEY is not set.")}
        assert desk.answer(desk.say("They lost my bag.")).state is ReplyState.COPIED

    def test_once_approved_its_author_gets_the_words_to_post(
        self, build: Callable[..., Desk]
    ) -> None:
        desk = build(posts_itself=False, **APPROVED)
        said = desk.say("They lost my bag.")
        desk.acts.approve(desk.answer(said).id, BOB, desk.now)
        assert desk.reply(said).state is ReplyState.COPIED
        assert "<@U0DANA>: post your answer" in desk.thread(said)[-1]
        assert desk.buttons(said) == ["reply_copy", "case_answer"]

    def test_responded_keeps_the_words_and_the_link(self, desk: Desk) -> None:
        said = desk.say("They lost my bag.")
        url = "https://shop.example/r/5"
        desk.acts.respond(said.id, DANA, desk.now, text="I called her.", url=url)
        assert desk.case(said).state is CaseState.RESPONDED
        reply = desk.reply(said)
        assert (reply.state, reply.text, reply.url) == (ReplyState.SENT, "I called her.", url)
        assert "dana has answered. “I called her.”" in desk.thread(said)[-1]
        assert url in desk.card(said)

    def test_responded_without_words_is_as_it_was(self, desk: Desk) -> None:
        said = desk.say("They lost my bag.")
        desk.acts.respond(said.id, DANA, desk.now)
        assert desk.store.replies.of_case(desk.case(said).id) == []
        assert desk.thread(said) == ["dana has answered."]

    def test_responded_takes_the_copied_words_for_the_answer(
        self, build: Callable[..., Desk]
    ) -> None:
        desk = build(posts_itself=False)
        said = desk.say("They lost my bag.")
        desk.answer(said)
        desk.acts.respond(said.id, DANA, desk.now)
        assert desk.reply(said).state is ReplyState.SENT
        url = "https://shop.example/r/5"
        other = desk.say("They broke my bag.")
        desk.answer(other)
        desk.acts.respond(other.id, DANA, desk.now, url=url)
        assert (desk.reply(other).text, desk.reply(other).url) == (SORRY, url)


def test_who_forgets_an_author_forgets_the_answers_and_withdraws_none(desk: Desk) -> None:
    said, waiting = (desk.say(f"They lost my {one}.", author="Hal", source=source)
                     for one, source in (("bag", "shop"), ("coat", "store")))  # fmt: skip
    desk.publishers["source:store"] = Shop()
    desk.answer(said)
    desk.sent()
    desk.settle()
    desk.answer(waiting)
    desk.publishers["source:attic"] = Shop()
    doubtful = desk.say("They lost my hat.", author="Hal", source="attic")
    desk.store.outbox.claim(desk.alert_id(desk.answer(doubtful)), desk.now)
    for author in ("shop:Hal", "store:Hal", "attic:Hal"):
        desk.store.upkeep.forget_author(author, ERASURE)
    assert desk.rows("SELECT * FROM replies") == []
    rows = desk.rows("SELECT * FROM alerts WHERE via LIKE 'source:%' ORDER BY id")
    assert [row["state"] for row in rows] == ["sent", "dropped", "dropped"]
    assert all(SORRY not in row["payload"] for row in desk.rows("SELECT payload FROM alerts"))
    # Nothing goes to the source any more: what stands there is the brand's own word.
    assert desk.rows("SELECT * FROM alerts WHERE root_key LIKE 'answer:%'") == []
    assert desk.settle() == 0
