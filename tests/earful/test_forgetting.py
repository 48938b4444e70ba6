"""Who is forgotten is forgotten in every message that quotes or names them, at Slack too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from earful.forgetting import forget_author, forget_deleted
from earful.routines.digest_routine import write_digests
from earful.routines.forgetting_routine import forget_old
from storage.models import Operation
from storage.tables.quoted_mentions import cut
from tests.alerts.fake_slack import FakeSlack, Fault, Message
from tests.alerts.outboxes import an_alert
from tests.alerts.test_buttons import flush
from tests.earful.conftest import Earful
from tests.earful.test_cases import DAY, DELIGHTED, MEDIOCRE, NOW, World

BAG = "They lost my bag, and the gate agent laughed at me about it."
CHEESE = "Nice seats, but I wish there was any cheese on board of it."


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "earful.db")
    yield world
    world.store.close()


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        yield fake


def shown(messages: list[Message]) -> str:
    return json.dumps([[one.text, one.blocks] for one in messages], ensure_ascii=False)


def stored(world: World) -> str:
    return str(world.rows("SELECT payload FROM alerts"))


def an_incident(world: World, slack: FakeSlack) -> Message:
    """Have a dozen people complain at once, Hal among them; gives the incident's message."""
    for number in range(11):
        world.say(f"I cannot log in since the update {number}, login fails.", judge=False)
    world.say("I cannot log in since the update, login fails, says Hal.", author="Hal")
    flush(world.store, slack)
    (message,) = [one for one in slack.roots() if "complaints at once" in str(one.blocks)]
    return message


def a_digest(world: World, slack: FakeSlack) -> Message:
    """Write a digest that quotes Hal's wow and Ida's wish, and names Joe's open case."""
    world.say(BAG, author="Joe")
    world.say("Oh, great crew, they found my hat within ten minutes.", DELIGHTED, author="Hal")
    world.say(CHEESE, MEDIOCRE, author="Ida")
    flush(world.store, slack)
    world.now += DAY
    assert write_digests(world.store, world.settings, world.now) >= 1
    flush(world.store, slack)
    return slack.roots("voice-digest")[0]


def test_an_incident_loses_the_quote_and_keeps_the_rest(world: World, slack: FakeSlack) -> None:
    message = an_incident(world, slack)
    assert "says Hal" in shown([message])
    before = json.dumps(message.blocks)
    assert forget_author(world.store, "shop:Hal") == 1
    flush(world.store, slack)
    after = json.dumps(message.blocks)
    assert "Hal" not in shown(slack.messages())
    assert "Hal" not in stored(world)
    assert "(erased)" in after
    assert "12 complaints at once" in after
    assert after.count("login fails") == before.count("login fails") - 1


def test_a_digest_loses_what_it_says_of_each(world: World, slack: FakeSlack) -> None:
    message = a_digest(world, slack)
    for name, words in (("Hal", "my hat"), ("Ida", "cheese"), ("Joe", "Joe at")):
        assert words in shown([message]) or name in shown([message]), name
        assert forget_author(world.store, f"shop:{name}") == 1
        flush(world.store, slack)
        told = shown([message])
        assert (name in told, words in told) == (False, False)
    assert "wow rate" in shown([message])
    assert message.edits == 3
    assert "cheese" not in stored(world)


def test_what_an_author_deleted_at_its_source_is_gone_from_slack(
    world: World, slack: FakeSlack
) -> None:
    said = world.say(BAG, author="Hal")
    world.act(said, "claim")
    flush(world.store, slack)
    world.store.mentions.save([], gone=[said.id], at=world.now)
    assert forget_deleted(world.store, world.now) == 1
    flush(world.store, slack)
    assert "gate agent" not in shown(slack.messages())
    assert "its author has deleted" in shown(slack.roots())


def test_a_complaint_that_joined_is_cut_out_of_the_card(world: World, slack: FakeSlack) -> None:
    world.say(BAG, author="Hal")
    joined = world.say("And the refund form of it crashes all the time.", author="Hal")
    flush(world.store, slack)
    (card,) = slack.roots()
    assert "refund form" in shown([card])
    world.store.mentions.save([], gone=[joined.id], at=world.now)
    assert forget_deleted(world.store, world.now) == 1
    flush(world.store, slack)
    assert "refund form" not in shown(slack.messages())
    assert "They lost my bag" in shown([card])


def test_a_digest_that_waits_goes_without_the_quote(world: World, slack: FakeSlack) -> None:
    world.say(CHEESE, MEDIOCRE, author="Ida")
    world.say("Fine seats, but there was no water on board of it.", MEDIOCRE, author="Kim")
    world.now += DAY
    write_digests(world.store, world.settings, world.now)
    forget_author(world.store, "shop:Ida")
    flush(world.store, slack)
    (digest,) = slack.roots("voice-digest")
    assert "cheese" not in shown([digest])
    assert "no water" in shown([digest])


def test_a_message_that_slack_may_have_is_emptied_once_it_is_found(
    world: World, slack: FakeSlack
) -> None:
    slack.fail("chat.postMessage", Fault.http(500, posts=True))
    world.say(BAG, author="Hal")
    flush(world.store, slack)
    assert "gate agent" in shown(slack.roots())
    forget_author(world.store, "shop:Hal")
    assert "gate agent" not in stored(world)
    for _ in range(4):
        flush(world.store, slack)
    assert "gate agent" not in shown(slack.roots())
    assert len(slack.roots()) == 1


def test_a_message_that_slack_turns_out_not_to_have_is_not_posted(
    world: World, slack: FakeSlack
) -> None:
    slack.fail("chat.postMessage", Fault.http(500))
    world.say(BAG, author="Hal")
    flush(world.store, slack)
    forget_author(world.store, "shop:Hal")
    for _ in range(6):
        flush(world.store, slack)
    assert slack.messages() == []
    assert world.store.outbox.unsent() == []


def test_of_a_message_of_an_older_version_nothing_is_left(world: World, slack: FakeSlack) -> None:
    """Messages from before 0019 do not say which words of them are whose."""
    message = an_incident(world, slack)
    with world.store.database.transaction() as connection:
        connection.execute("UPDATE alerts SET payload = json_remove(payload, '$.quotes')")
    forget_author(world.store, "shop:Hal")
    flush(world.store, slack)
    assert "Hal" not in shown([message])
    assert "data was erased" in message.text


def test_what_is_old_leaves_the_store_and_stays_at_slack(world: World, slack: FakeSlack) -> None:
    message = a_digest(world, slack)
    world.now += timedelta(days=800)
    forget_old(world.store, world.settings, world.now)
    flush(world.store, slack)
    assert "cheese" not in stored(world)
    assert "cheese" in shown([message])


def test_a_reply_at_its_source_is_not_changed_there(world: World, slack: FakeSlack) -> None:
    said = world.say(BAG, author="Hal")
    world.sent()
    reply = replace(
        an_alert("reply:1", "source:shop", text="Dear Hal"), via="source:shop", mention_id=said.id
    )
    world.store.outbox.add([reply])
    world.sent()
    forget_author(world.store, "shop:Hal")
    waiting = world.store.outbox.waiting(NOW + 9 * DAY, 99)
    assert {one.channel for one in waiting} == {"#voice-complaints"}
    assert all(one.operation is Operation.UPDATE for one in waiting)


def test_the_command_does_it(
    earful: Earful, world: World, slack: FakeSlack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = an_incident(world, slack)
    (tmp_path / "earful.toml").write_text(f'[slack]\napi_url = "{slack.api_url}"\n')
    monkeypatch.setenv("SLACK_BOT_TOKEN", slack.token)
    assert earful("forget", "--author", "shop:Hal", "--yes").out == "erased 1 mention\n"
    earful("process")
    assert "Hal" not in shown([message])


@pytest.mark.parametrize(
    ("mentions", "left"),
    [
        ({"a"}, "(erased) · “B & <x>”"),
        ({"a", "b"}, "(erased) · (erased)"),
        ({"c"}, None),
        ({"d"}, None),
    ],
)
def test_pieces_are_cut_out_exactly(mentions: set[str], left: str | None) -> None:
    text = '“A "said" so” · “B & <x>”'
    payload = {
        "text": "2 of them",
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}],
        "quotes": {"a": ['“A "said" so”'], "b": ["“B & <x>”"], "d": ["not there"]},
    }
    less = cut(payload, mentions, "(erased)")
    assert (less and less["blocks"][0]["text"]["text"]) == left
