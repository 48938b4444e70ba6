"""The telling sentence of a mention, and what a digest makes of it."""

from __future__ import annotations

import pytest

from alerts.decide.sentence_picks import asking, lacking
from alerts.decide.stats import count_limit, percentile
from alerts.decide.telling_phrases import telling_phrase
from tests.alerts.examples import a_mention


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Landed on time. The seat was fine, but nothing to drink.",
         "The seat was fine, but nothing to drink."),
        ("Alles gut. Leider fehlt ein Dunkelmodus.", "Leider fehlt ein Dunkelmodus."),
        ("It was okay and it landed.", None),
        ("", None),
        ("but " * 4000, None),
    ],
)  # fmt: skip
def test_what_was_lacking(text: str, sentence: str | None) -> None:
    picks = lacking([a_mention(text=text)], 3)
    assert [pick.sentence for pick in picks] == ([sentence] if sentence else [])


def test_one_voice_a_person_and_no_more_than_asked_for() -> None:
    mentions = [
        a_mention(native_id=str(n), author_native_id=str(n // 2),
                  text=f"Please bring back the night train {n}.")
        for n in range(10)
    ]  # fmt: skip
    picks = asking(mentions, 3)
    assert [pick.mention.native_id for pick in picks] == ["0", "2", "4"]


@pytest.mark.parametrize(
    ("texts", "about"),
    [
        (["Login fails", "cannot login at all", "the login page is white"], "login"),
        (["my boarding pass vanished", "no boarding pass", "boarding pass gone!"],
         "boarding pass"),
        (["the acme app", "this acme thing", "acme again"], None),
        (["a", "b", "c"], None),
        ([], None),
    ],
)  # fmt: skip
def test_the_phrase_that_tells_what_it_is_about(texts: list[str], about: str | None) -> None:
    ordinary = ["the app is fine", "nice app", "good service"] * 10
    assert telling_phrase(texts, ordinary, "Acme") == about


def test_a_word_that_is_always_said_tells_nothing() -> None:
    ordinary = ["the flight was fine"] * 50
    texts = ["flight: no wifi", "flight without wifi", "a flight and no wifi"]
    assert telling_phrase(texts, ordinary) == "wifi"


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([3], 0.5, 3), ([3], 0.9, 3),
        ([1, 2], 0.5, 1.5),
        ([1, 2, 3], 0.5, 2),
        (list(range(1, 11)), 0.9, 9),
        (list(range(1, 12)), 0.9, 10),
    ],
)  # fmt: skip
def test_percentiles(values: list[float], share: float, expected: float | None) -> None:
    assert percentile(values, share) == expected


def test_a_count_limit_grows_with_what_is_usual_and_is_never_nothing() -> None:
    assert count_limit([], 1.0) == 3.0
    assert count_limit([0, 0], 1.0) == 3.0
    assert count_limit([100, 100], 1.0) == 130.0
    assert count_limit([100, 100], 0.25) == 25 + 15
