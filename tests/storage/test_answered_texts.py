"""What a mention answers: read from its parent's row, copied nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from storage.models import Mention
from storage.store import Store
from storage.tables.answered_texts import BEGINNING, AnsweredText
from tests.storage.erasure import ERASURE
from tests.storage.fixtures import OTHER_BRAND, make_mention
from tests.storage.scans import scans, statements

NOW = datetime(2026, 11, 24, tzinfo=UTC)
THREAD = "Acme Air changed its seat maps"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as opened:
        yield opened


def post(**more: Any) -> Mention:
    values: dict[str, Any] = {"text": "They took my seat again.", "created_at": NOW}
    return make_mention("post", **values | more)


def reply(native_id: str = "reply", parent: str | None = "appstore:post", **more: Any) -> Mention:
    values: dict[str, Any] = {
        "text": "Same here, thanks for asking.",
        "created_at": NOW + timedelta(hours=1),
        "parent_id": parent,
    }
    return make_mention(native_id, **values | more)


def answered(store: Store, *mentions: Mention) -> AnsweredText | None:
    """Save mentions and give what the last of them answers."""
    store.mentions.save(mentions)
    return store.answered_texts.of([mentions[-1].id]).get(mentions[-1].id)


def test_the_text_of_the_parent_is_given(store: Store) -> None:
    assert answered(store, post(), reply()) == AnsweredText(title=None, text=post().text)


def test_a_parent_that_comes_later_is_given_from_then_on(store: Store) -> None:
    assert answered(store, reply(title=THREAD)) == AnsweredText(title=THREAD, text="")
    store.mentions.save([post()])
    assert store.answered_texts.of([reply().id]) == {
        reply().id: AnsweredText(title=None, text=post().text)
    }


def test_the_title_of_the_post_answered_is_part_of_it(store: Store) -> None:
    assert answered(store, post(title=THREAD), reply(title=THREAD)) == AnsweredText(
        title=THREAD, text=post().text
    )


def test_a_reply_that_is_answered_gives_its_words_without_the_threads_title(store: Store) -> None:
    above = reply("above", "appstore:elsewhere", title=THREAD)
    below = reply("below", "appstore:above", title=THREAD)
    assert answered(store, above, below) == AnsweredText(title=None, text=above.text)


@pytest.mark.parametrize(
    "parent",
    [
        post(brand=OTHER_BRAND),
        post(source="forum"),
        post(text="", rating=1.0, rating_max=5.0),
        post(text="   ", rating=1.0, rating_max=5.0),
    ],
)
def test_a_parent_of_others_or_without_words_gives_none(store: Store, parent: Mention) -> None:
    mine = reply(parent=parent.id)
    assert answered(store, parent, mine) is None
    assert answered(store, replace(mine, native_id="titled", title=THREAD)) == AnsweredText(
        title=THREAD, text=""
    )


def test_who_answers_nothing_has_no_context_and_keeps_the_title(store: Store) -> None:
    stars = reply("stars", text="", title=THREAD, rating=2.0, rating_max=5.0)
    assert answered(store, stars) is None, "a title beside no words is the writer's own"
    assert answered(store, post(title=THREAD)) is None
    assert (stars.own_title, reply(title=THREAD).own_title) == (THREAD, None)


def test_a_mention_that_answers_itself_has_no_context(store: Store) -> None:
    assert answered(store, reply("loop", "appstore:loop")) is None


def test_an_edited_parent_is_read_as_it_stands_now(store: Store) -> None:
    assert answered(store, post(), reply())
    store.mentions.save([post(text="Solved: it was my fault.")])
    assert store.answered_texts.of([reply().id])[reply().id].text == "Solved: it was my fault."


def test_a_parent_deleted_at_its_source_is_read_no_more(store: Store) -> None:
    assert answered(store, post(), reply())
    store.mentions.save([], gone=[post().id], at=NOW)
    assert store.answered_texts.of([reply().id]) == {}
    store.mentions.save([post()])
    assert store.answered_texts.of([reply().id])


def test_a_long_parent_is_given_from_its_beginning(store: Store) -> None:
    long = post(text="word " * 20_000, title="T" * 5_000)
    told = answered(store, long, reply())
    assert told is not None
    assert told == AnsweredText(title="T" * BEGINNING, text=("word " * 20_000)[:BEGINNING])


def test_a_parent_that_cannot_be_read_stops_no_reply(store: Store) -> None:
    store.mentions.save([post(), reply(title=THREAD)])
    store.database.connection.execute(
        "UPDATE mentions SET text = ? WHERE id = ?", (b"\xff\xfe", post().id)
    )
    assert store.answered_texts.of([reply().id]) == {
        reply().id: AnsweredText(title=THREAD, text="")
    }


def test_what_a_forgotten_person_wrote_is_nowhere_in_what_answered_it(store: Store) -> None:
    store.mentions.save([post(author="Mo", author_native_id="mo"), reply(author="Ina")])
    assert store.answered_texts.of([reply().id])
    store.upkeep.forget_author("appstore:mo", ERASURE)
    assert store.mentions.get(post().id) is None
    assert store.answered_texts.of([reply().id]) == {}
    words = "They took my seat"
    dump = "\n".join(store.database.connection.iterdump())
    assert "Same here, thanks" in dump
    assert words not in dump


@pytest.mark.parametrize("text", [reply().text, "Same here. Edited: still the same."])
def test_a_page_that_does_not_show_the_parent_does_not_lose_it(store: Store, text: str) -> None:
    store.mentions.save([post(), reply(), reply("other", "appstore:topic/7")])

    def parent_after(parent_id: str | None, native_id: str = "reply") -> str | None:
        store.mentions.save([reply(native_id, text=text, parent_id=parent_id)])
        return store.mentions.many([f"appstore:{native_id}"])[f"appstore:{native_id}"].parent_id

    assert parent_after("appstore:topic/7") == "appstore:post"
    assert parent_after(None) == "appstore:post"
    assert parent_after("appstore:other") == "appstore:other", "both are stored: the last is right"
    assert parent_after("appstore:post", "other") == "appstore:post", "now it is known"


def test_a_batch_takes_one_statement_that_reads_nothing_through(store: Store) -> None:
    batch = [post(), *(reply(str(number)) for number in range(300))]
    store.mentions.save(batch)
    connection = store.database.connection
    ids = [one.id for one in batch]
    asked = statements(connection, lambda: store.answered_texts.of(ids))
    assert len(asked) == 1
    assert not scans(connection, asked[0])
    assert len(store.answered_texts.of(ids)) == 300
