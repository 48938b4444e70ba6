"""Topics found, kept from day to day, named and quoted; on vectors that are made and seeded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sentiment.topics import (
    MOST_TOPICS,
    FittedTopic,
    Kind,
    KnownTopic,
    assign,
    name_topics,
    own_topic,
    quotes,
    refit,
)
from sentiment.topics.topic_words import words_of

if TYPE_CHECKING:
    from sentiment.topics.topic import Floats, Ints

SIZE = 48
THEMES = {
    "delivery": ["late delivery", "courier lost the parcel", "parcel took weeks", "courier late"],
    "billing": ["refund refused", "charged twice", "wrong invoice again", "refund and invoice"],
    "staff": ["friendly crew", "crew helped us", "kind crew at the desk", "the desk was friendly"],
    "screen": ["cracked screen", "screen flickers", "dim screen at night", "screen burnt in"],
}
FILLER = ["honestly", "must", "say", "that", "today", "was", "then", "some", "more", "for"]


def made(
    themes: Sequence[str], each: int, seed: int = 7, blur: float = 0.08
) -> tuple[Floats, list[str], list[str]]:
    """Make texts about themes with vectors around one centre a theme; the same theme, the same
    centre, whatever the seed."""
    rng = np.random.default_rng(seed)
    vectors, texts, labels = [], [], []
    for theme in themes:
        centre = np.random.default_rng(list(THEMES).index(theme)).normal(size=SIZE)
        # What all texts of a brand have in common.
        centre = centre / np.linalg.norm(centre) + np.full(SIZE, 0.1)
        for _ in range(each):
            vectors.append(centre + blur * rng.normal(size=SIZE))
            said = [*rng.choice(THEMES[theme], 2), *rng.choice(FILLER, 5)]
            texts.append(" ".join(said))
            labels.append(theme)
    order = rng.permutation(len(texts))
    array = np.array(vectors, np.float32)[order]
    array /= np.linalg.norm(array, axis=1, keepdims=True)
    return array, [texts[place] for place in order], [labels[place] for place in order]


def known(topics: Sequence[FittedTopic], following: int = 1) -> list[KnownTopic]:
    """Give new topics ids, as the store does."""
    result = []
    for one in topics:
        number = one.id
        if number is None:
            number, following = following, following + 1
        result.append(
            KnownTopic(
                number,
                one.centre,
                one.words,
                name=one.name,
                floor=one.floor,
                usual=one.usual,
                size=one.size,
                pinned=one.pinned,
            )
        )
    return result


def label_of_each(members: Ints, labels: Sequence[str]) -> dict[int, set[str]]:
    return {
        place: {label for member, label in zip(members, labels, strict=True) if member == place}
        for place in set(members.tolist()) - {-1}
    }


def by_name(topics: Sequence[KnownTopic], word: str) -> list[KnownTopic]:
    return [topic for topic in topics if word in topic.name]


def test_each_theme_becomes_topics_of_its_own() -> None:
    vectors, texts, labels = made(list(THEMES), 80)
    found = refit(vectors, texts, [], seed=1)
    of_each = label_of_each(found.members, labels)
    assert all(len(one) == 1 for one in of_each.values())
    assert set.union(*of_each.values()) == set(THEMES)
    # Nine in ten fit; who is far off is of none.
    assert (found.members >= 0).mean() > 0.85
    assert found.born == tuple(range(len(found.topics)))
    assert [one.size for one in found.topics] == sorted(
        (one.size for one in found.topics), reverse=True
    )


def test_topics_keep_ids_and_names_when_texts_come_in() -> None:
    vectors, texts, _ = made(["delivery", "billing", "staff"], 80)
    first = known(refit(vectors, texts, [], seed=1).topics)
    more, more_texts, _ = made(["delivery", "billing", "staff"], 25, seed=8)
    second = refit(np.concatenate([vectors, more]), [*texts, *more_texts], first, seed=2)
    kept = {one.id: one.name for one in second.topics if one.id is not None}
    assert kept == {one.id: one.name for one in first}
    assert not second.born
    assert second.merges + second.splits + second.retired == ()


def test_what_fits_no_topic_is_born_and_the_others_stay() -> None:
    vectors, texts, _ = made(["delivery", "billing"], 90)
    first = known(refit(vectors, texts, [], seed=1).topics)
    new, new_texts, _ = made(["screen"], 60, seed=9)
    # Before the refit the new texts are of no topic.
    assert sum(one.first is None for one in assign(new, new_texts, first)) > 50
    second = refit(np.concatenate([vectors, new]), [*texts, *new_texts], first, seed=1)
    assert {one.id for one in first} <= {one.id for one in second.topics}
    born = [second.topics[place] for place in second.born]
    assert born
    assert all("screen" in one.name for one in born)


def test_a_topic_nobody_speaks_of_any_more_is_retired() -> None:
    vectors, texts, _ = made(["delivery", "billing"], 90)
    first = known(refit(vectors, texts, [], seed=1).topics)
    later, later_texts, _ = made(["billing"], 90, seed=3)
    second = refit(later, later_texts, first, seed=1)
    gone = [one.id for one in by_name(first, "parcel") + by_name(first, "courier")]
    assert gone
    merged = {one for merge in second.merges for one in merge.ids}
    assert set(gone) <= set(second.retired) | merged
    assert not set(gone) & {one.id for one in second.topics}


def test_two_topics_of_one_thing_are_merged_and_it_is_told() -> None:
    vectors, texts, labels = made(["delivery", "billing", "staff"], 80)
    one, other = (
        KnownTopic(1, _middle(vectors[:140], labels[:140]), floor=0.8, name="parcel"),
        KnownTopic(2, _middle(vectors[140:], labels[140:]), floor=0.8, name="courier"),
    )
    result = refit(vectors, texts, [one, other], seed=1)
    told = {merge.into: set(merge.ids) for merge in result.merges}
    assert told == {1: {1, 2}} or told == {2: {1, 2}}
    assert len({1, 2} & {topic.id for topic in result.topics}) == 1


def _middle(vectors: Floats, labels: Sequence[str]) -> Floats:
    chosen = vectors[[label == "delivery" for label in labels]].mean(0)
    return np.asarray(chosen / np.linalg.norm(chosen), np.float32)


def test_a_topic_whose_texts_part_is_split_and_it_is_told() -> None:
    vectors, texts, _ = made(["delivery", "billing", "staff"], 80)
    middle = vectors[
        [("parcel" in text or "courier" in text) or ("refund" in text) for text in texts]
    ]
    centre = np.asarray(middle.mean(0) / np.linalg.norm(middle.mean(0)), np.float32)
    wide = KnownTopic(5, centre, floor=0.45, usual=0.0, name="all sorts")
    result = refit(vectors, texts, [wide], seed=1)
    assert [one.id for one in result.splits] == [5]
    assert 5 in {one.id for one in result.topics}
    assert all(result.topics[place].id is None for place in result.splits[0].parts)


def test_what_a_person_pinned_is_never_moved() -> None:
    vectors, texts, _ = made(["delivery", "billing"], 80)
    first = known(refit(vectors, texts, [], seed=1).topics)
    pinned = replace(first[0], name="Our word for it", pinned=True)
    later, later_texts, _ = made(["delivery", "billing", "staff"], 80, seed=4)
    second = refit(later, later_texts, [pinned, *first[1:]], seed=1)
    same = next(one for one in second.topics if one.id == pinned.id)
    assert (same.name, same.pinned) == ("Our word for it", True)
    assert np.array_equal(same.centre, pinned.centre)


def test_own_topics_take_their_texts_first() -> None:
    vectors, texts, labels = made(["delivery", "billing"], 80)
    own = own_topic(9, "Money back", words=["refund", "invoice", "charged"])
    found = refit(vectors, texts, [own], seed=1)
    assert label_of_each(found.members, labels) == {
        place: {"delivery"} for place in range(len(found.topics))
    }
    assigned = assign(vectors, texts, [own, *known(found.topics)])
    for one, text in zip(assigned, texts, strict=True):
        says = any(word in text for word in own.words)
        assert (one.first == 9) is says
        assert len(one.topics) <= MOST_TOPICS


def test_an_own_topic_is_told_by_its_sentence_and_whole_words_only() -> None:
    usual = np.eye(SIZE, dtype=np.float32)[0]
    about = np.eye(SIZE, dtype=np.float32)[1]
    near = np.asarray((usual + about) / np.sqrt(2), np.float32)
    topic = own_topic(1, "Speed", about=about, words=["on time"], usual=usual)
    given = assign(
        np.stack([near, usual, usual, usual]),
        ["", "all ON TIME, thanks", "on timers", "nothing of it"],
        [topic],
    )
    assert [one.first for one in given] == [1, 1, None, None]
    assert topic.kind is Kind.OWN


def test_a_described_topic_is_nearer_to_texts_that_say_words_of_its_sentence() -> None:
    usual, about, other = np.eye(SIZE, dtype=np.float32)[:3]
    vector = np.asarray(usual * 0.9 + about * 0.1 + other * 0.42, np.float32)
    topic = own_topic(
        1, "Battery", about=about, sentence="how long the battery lasts", usual=usual
    )
    assert topic.hints == ("long", "battery", "lasts")
    given = assign(np.stack([vector, vector]), ["Two batteries", "the battery is dead"], [topic])
    assert [one.first for one in given] == [None, 1]


def test_few_texts_have_no_topics_and_keep_known_ones() -> None:
    vectors, texts, _ = made(["delivery"], 20)
    assert refit(vectors, texts, [], seed=1).topics == ()
    one = KnownTopic(3, vectors[0], name="delivery", floor=0.1)
    kept = refit(vectors, texts, [one], seed=1)
    assert [topic.id for topic in kept.topics] == [3]
    assert not kept.retired


def test_the_same_texts_give_the_same_topics_whatever_the_seed() -> None:
    vectors, texts, _ = made(list(THEMES), 60)
    one, two = (refit(vectors, texts, [], seed=seed) for seed in (1, 99))
    assert one.members.tolist() == two.members.tolist()
    assert [topic.name for topic in one.topics] == [topic.name for topic in two.topics]


def test_nothing_at_all_is_no_error() -> None:
    nothing = np.empty((0, SIZE), np.float32)
    assert refit(nothing, [], [], seed=1).topics == ()
    assert assign(nothing, [], []) == []
    assert [one.first for one in assign(np.ones((1, SIZE), np.float32), ["a"], [])] == [None]


def test_no_name_holds_brand_staff_or_what_everybody_says() -> None:
    texts = ["Acme's Rita handled my refund request", "Rita at Acme: refund request was great"] * 8
    others = ["the parcel from Acme came late", "Acme parcel came very late I love it"] * 8
    members = np.array([0] * 16 + [1] * 16)
    refund, parcel = name_topics([*texts, *others], members, ignored=["Acme", "Rita"])
    assert refund.words[0] == "refund request"
    assert "parcel" in parcel.name
    said = {word.casefold() for name in (refund, parcel) for word in words_of(name.name)}
    assert not said & {"acme", "rita", "the", "great", "love"}


@pytest.mark.parametrize(
    ("language", "one", "other", "expected"),
    [
        (
            "de",
            "Lieferung zu spät|Lieferung kam nie|ihre Lieferung",
            "Akku hält nicht",
            "Lieferung",
        ),
        ("zh", "物流太慢了|物流很糟糕|等物流等了很久", "电池不耐用，很失望", "物流"),
        ("ja", "配送が遅いです|配送に三日|まだ配送されない", "バッテリーがすぐ切れる", "配送"),
        (
            "ru",
            "доставка очень долгая|где доставка|плохая доставка",
            "батарея садится",
            "доставка",
        ),
        ("ar", "التوصيل متأخر جدا|أين التوصيل|خدمة التوصيل", "البطارية تنفد بسرعة", "التوصيل"),
        ("ko", "배송 너무 늦어요|배송 언제|느린 배송", "배터리가 빨리 닳아요", "배송"),
    ],
)
def test_names_in_every_script(language: str, one: str, other: str, expected: str) -> None:
    texts = [*one.split("|") * 8, *[other] * 24]
    members = np.array([0] * 24 + [1] * 24)
    name = name_topics(texts, members, language=language)[0]
    assert name.words[0] == expected


def test_a_thai_name_is_of_pieces() -> None:
    members = np.array([0] * 6 + [1] * 6)
    name = name_topics(["ส่งช้ามาก"] * 6 + ["แบตหมดเร็ว"] * 6, members, language="th")[0]
    assert name.name
    assert all(word in "ส่งช้ามาก" for word in name.words)


def test_words_leave_out_links_and_accounts() -> None:
    assert words_of("@acme see https://acme.example/x don't") == ["see", "don't"]


def test_two_topics_never_have_one_name() -> None:
    texts = ["slow parcel courier depot"] * 6 + ["slow parcel courier van"] * 6 + ["app"] * 12
    names = name_topics(texts, np.array([0] * 6 + [1] * 6 + [2] * 12))
    assert len({one.name for one in names}) == 3


def test_quotes_are_near_and_by_different_people() -> None:
    vectors, texts, _ = made(["delivery"], 12)
    centre = vectors.mean(0)
    texts = [f"{text} number {place} told in words" for place, text in enumerate(texts)]
    authors = ["ann"] * 6 + ["bob"] * 3 + [None] * 3
    chosen = quotes(vectors, texts, authors, centre)
    assert len(chosen) == len(set(chosen)) <= 3
    named = [authors[place] for place in chosen if authors[place]]
    assert len(named) == len(set(named))


def test_a_copy_is_quoted_once_and_a_word_only_where_nothing_is_better() -> None:
    vectors = np.full((4, 4), 0.5, np.float32)
    texts = ["wow", *["the courier lost my parcel and nobody called"] * 2, ""]
    chosen = quotes(vectors, texts, [None] * 4, vectors[0])
    assert chosen == [1, 0]
    assert quotes(vectors[:0], [], [], vectors[0]) == []
