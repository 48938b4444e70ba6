"""The one thing that an advocate needs: which sentences are a wish, a question or a complaint."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.decide.advocate_needs import needs_of
from storage.models import AdvocateWord, Experience, Mention, Need

NOW = datetime(2026, 3, 10, tzinfo=UTC)


def word(text: str, experience: Experience = Experience.DELIGHTED, **more: Any) -> AdvocateWord:
    hours = more.pop("hours", 1)
    mention = Mention(
        brand="Acme", source="shop", native_id=more.pop("id", text), text=text,
        author_native_id=more.pop("author", "ana"), created_at=NOW - timedelta(hours=hours),
        fetched_at=NOW, reach=more.pop("reach", None),
    )  # fmt: skip
    return AdvocateWord(mention, experience, more.get("answered", False), more.get("sure", True))


@pytest.mark.parametrize(
    "text",
    [
        "I wish the app had a dark mode.",
        "It would be great to have bikes on board.",
        "Please bring back the breakfast roll.",
        "We'd love a later train on Sundays.",
        "Wir wünschen uns einen Nachtzug nach Rom.",
        "Me gustaría un tren más tarde.",
    ],
)
def test_what_is_a_wish(text: str) -> None:
    (need,) = needs_of([word(f"Lovely trip. {text} See you!")])
    assert (need.need, need.sentence) == (Need.WISH, text)


@pytest.mark.parametrize(
    "text",
    [
        "If you need to be in Penzance by nine, it is the sensible choice.",
        "You need this in your life, all of you!",
        "Please don't change a thing about this.",
        "A wonderful trip to Lisbon.",
        "",
    ],
)
def test_what_needs_nothing(text: str) -> None:
    assert needs_of([word(text)]) == []


def test_one_thing_each_the_newest_of_the_most_urgent_kind() -> None:
    words = [
        word("I wish you flew to Oslo.", hours=1),
        word("Will there be a lounge in Rome?", hours=3),
        word("Will there be a lounge in Bonn?", hours=2),
        word("Will there be a lounge in Pisa?", hours=1, answered=True),
    ]
    (need,) = needs_of(words)
    assert need.sentence == "Will there be a lounge in Bonn?"
    angry = word("They lost my bag at the gate.", Experience.ANGRY, hours=9)
    assert [one.need for one in needs_of([*words, angry])] == [Need.COMPLAINT]
    unsure = word("They lost my bag at the gate.", Experience.ANGRY, sure=False)
    assert [one.need for one in needs_of([*words, unsure])] == [Need.QUESTION]


def test_complaints_come_first_then_who_reaches_most() -> None:
    words = [
        word("Will there be a lounge in Rome?", author="a", reach=5),
        word("Will there be a lounge in Bonn?", author="b", reach=500),
        word("They lost my bag at the gate.", Experience.ANGRY, author="c"),
    ]
    authors = [one.mention.author_native_id for one in needs_of(words)]
    assert authors == ["c", "b", "a"]


def test_a_question_in_another_script_is_one() -> None:
    (need,) = needs_of([word("とても良かったです。来年も冬の夜行列車は走りますか？")])
    assert (need.need, need.sentence) == (Need.QUESTION, "来年も冬の夜行列車は走りますか？")
