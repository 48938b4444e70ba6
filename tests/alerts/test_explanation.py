"""What sets a rise apart is what chance does not explain, in words that were said."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest

from alerts.decide.explanation import Explanation, Facet, explain
from alerts.decide.stats import binomial_tail
from alerts.decide.telling_phrases import telling_phrases, words_of
from storage.models import Mention
from tests.alerts.examples import a_mention

ORDINARY = ["the app is fine and the seat was soft", "a good crew", "we landed on time"] * 20


def said(number: int, text: str = "The boarding pass is gone", **more: object) -> list[Mention]:
    return [
        a_mention(native_id=f"{text}{n}", author=f"a{n}", author_native_id=f"{text}{n}",
                  title=None, text=f"{text} {n}", **more)
        for n in range(number)
    ]  # fmt: skip


def why(mentions: list[Mention], usual: float | None = 4.0, **before: int) -> Explanation:
    counts = {("source", name): number for name, number in before.items()}
    return explain(mentions, counts, sum(before.values()), usual, ORDINARY, "Acme Air")


@pytest.mark.parametrize(
    ("part", "total", "share"), [(3, 10, 0.2), (41, 41, 0.25), (1, 400, 0.01)]
)
def test_the_chance_of_so_many_is_exact(part: int, total: int, share: float) -> None:
    p = Fraction(share)
    exact = sum(comb(total, k) * p**k * (1 - p) ** (total - k) for k in range(part, total + 1))
    assert binomial_tail(part, total, share) == pytest.approx(float(exact), rel=1e-9)


def test_the_chance_at_its_borders() -> None:
    assert binomial_tail(0, 10, 0.3) == 1.0
    assert binomial_tail(3, 10, 0.0) == 0.0
    assert binomial_tail(10, 10, 1.0) == 1.0
    assert binomial_tail(5000, 10_000, 0.5) == pytest.approx(0.504, abs=0.001)


def test_a_source_that_is_rare_otherwise_sets_them_apart() -> None:
    mentions = said(36, source="google_play") + said(4, "No seat", source="appstore")
    (trait,) = why(mentions, google_play=10, appstore=30).traits
    assert (trait.facet, trait.value, trait.part, trait.total) == (
        Facet.SOURCE, "google_play", 36, 40,
    )  # fmt: skip
    assert trait.usual == 0.25
    assert trait.explains == pytest.approx((36 - 0.25 * 4) / (40 - 4))


@pytest.mark.parametrize(
    ("google_play", "appstore", "before"),
    [
        (30, 10, {"google_play": 30, "appstore": 10}),  # as ever
        (9, 31, {"google_play": 1, "appstore": 90}),  # too few of them
        (36, 4, {"google_play": 1, "appstore": 3}),  # too little is known from before
        (40, 0, {"google_play": 40}),  # the only one there is
    ],
)
def test_what_chance_explains_sets_nothing_apart(
    google_play: int, appstore: int, before: dict[str, int]
) -> None:
    mentions = said(google_play, source="google_play") + said(appstore, "No", source="appstore")
    assert [one for one in why(mentions, **before).traits if one.value == "google_play"] == []


def test_without_a_usual_number_no_share_of_the_rise_is_claimed() -> None:
    (trait,) = why(said(20, source="google_play"), None, google_play=1, appstore=30).traits
    assert trait.explains is None


def test_every_word_and_quote_was_said() -> None:
    mentions = said(20) + said(3, "My seat was wet and nobody of the crew cared at all")
    explained = why(mentions)
    texts = [words_of(one.text) for one in mentions]
    assert explained.phrases[0].words == "boarding pass"
    for phrase in explained.phrases:
        assert sum(phrase.is_in(words) for words in texts) == phrase.part
    assert set(explained.quotes) <= set(mentions)
    assert len({one.author_id for one in explained.quotes}) == len(explained.quotes)


def test_quotes_are_by_different_people_in_different_words() -> None:
    same = said(10)
    other = said(1, "It shows a blank page instead of my boarding pass since Monday")
    quotes = why([*same, *other]).quotes
    assert len(quotes) == 2
    assert other[0] in quotes


def test_no_phrase_is_a_part_of_another() -> None:
    texts = ["the boarding pass vanished since the update"] * 5
    found = [phrase.words for phrase in telling_phrases(texts, ORDINARY)]
    words = [word for phrase in found for word in phrase.split()]
    assert len(found) > 1
    assert len(words) == len(set(words))
    assert telling_phrases(texts, ORDINARY)[0].usual == 0.0
    assert telling_phrases(texts, ORDINARY[:3])[0].usual is None


@pytest.mark.parametrize(
    ("texts", "ordinary", "phrase"),
    [
        (
            ["Wi-Fiが繋がらない。返金してほしい", "機内のWi-Fiに全然繋がらない！",
             "また繋がらない。最悪", "昨日も繋がらないし遅い"],
            ["荷物が届くのが遅かった", "とても良いサービスでした", "座席が狭い", "食事は普通"],
            "繋がらない",
        ),
        (
            ["退款等了三个星期还没到账", "我的退款没到，客服不理", "退款太慢了", "说好的退款呢"],
            ["客服态度很好", "飞机晚点了两个小时", "座位太小", "餐食不错"],
            "退款",
        ),
        (
            ["ขอคืนเงินไปสามสัปดาห์แล้ว", "ยังไม่ได้คืนเงินเลย", "คืนเงินช้ามาก"],
            ["บริการดีมาก", "เที่ยวบินล่าช้า", "อาหารอร่อย"],
            "คืนเงิน",
        ),
    ],
)  # fmt: skip
def test_what_texts_share_is_found_in_scripts_without_spaces(
    texts: list[str], ordinary: list[str], phrase: str
) -> None:
    first, *others = telling_phrases(texts, ordinary * 10)
    assert (first.words, first.part, first.usual) == (phrase, len(texts), 0.0)
    assert sum(first.is_in(words_of(text)) for text in texts) == len(texts)
    assert not any(phrase in one.words or one.words in phrase for one in others)


def test_a_very_long_text_without_spaces_is_read_in_part() -> None:
    assert len(words_of("返金してほしい。" * 10_000)) < 7_000
    assert "wifi" in words_of("返金してほしい。" * 10_000 + " wifi")


def test_a_brand_written_without_spaces_tells_nothing() -> None:
    texts = ["全日空様の返金が遅い", "全日空様は返金しない", "返金まだ？全日空様"]
    assert [one.words for one in telling_phrases(texts, [], "全日空")] == ["返金"]
