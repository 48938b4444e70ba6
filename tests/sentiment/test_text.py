from __future__ import annotations

import itertools
import math

import pytest

from sentiment.scoring.encoding import FRAME, OVERLAP, WINDOW, batches, cut
from sentiment.scoring.text import Text, clean, joined, rating_position


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("", ""),
        (" \t\n\u00a0 ", ""),
        ("a\x00b", "a b"),
        ("bad \ud83d lone", "bad lone"),
        ("see https://example.org/x?y=1 now", "see link now"),
        ("soooooo goooood", "sooo goood"),
        ("wow!!!!!!!!", "wow!!!"),
        ("it\u2019s", "it's"),
        ("ok :) then", "ok smiling face then"),
        ("I \u2764\ufe0f it", "I heart it"),
        ("\U0001f621", "pouting face"),
    ],
)
def test_clean(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


def test_long_runs_of_emoji_do_not_grow() -> None:
    assert len(clean("\U0001f621" * 100_000)) < 100


@pytest.mark.parametrize(
    ("title", "text", "whole"),
    [
        (None, "Body", "Body"),
        ("Great", "Body", "Great. Body"),
        ("Great!", "Body", "Great! Body"),
        ("Great", "", "Great"),
        ("It broke after…", "It broke after a day", "It broke after a day"),
        ("", "Body", "Body"),
    ],
)
def test_title_is_joined(title: str | None, text: str, whole: str) -> None:
    assert joined(Text(text, title)) == whole


@pytest.mark.parametrize(
    ("rating", "highest", "position"),
    [
        (None, 5, 0.0),
        (3, None, 3.0),
        (5, 5, 5.0),
        (0, 5, 1.0),
        (7, 10, 3.5),
        (1, 10, 1.0),
        (1, 1, 7.0),
        (0, 1, 6.0),
        (80, 100, 4.0),
        (6, 5, 0.0),
        (-1, 5, 0.0),
        (3, 0, 0.0),
        (math.nan, 5, 0.0),
        (3, math.inf, 0.0),
    ],
)
def test_rating_position(rating: float | None, highest: float | None, position: float) -> None:
    assert rating_position(rating, highest) == position


@pytest.mark.parametrize("length", [0, 1, WINDOW - FRAME, WINDOW - FRAME + 1, 1000, 5000])
def test_windows_lose_nothing(length: int) -> None:
    body = list(range(length))
    pieces = cut(body)
    assert all(len(piece) <= WINDOW - FRAME for piece in pieces)
    assert set().union(*pieces) == set(body)
    assert pieces[-1][-1:] == body[-1:]
    for before, after in itertools.pairwise(pieces):
        assert len(set(before) & set(after)) >= OVERLAP


def test_batches_hold_the_budget() -> None:
    lengths = [5, 300, 7, 7, 120, 64, 63, 3] * 20
    groups = list(batches(lengths, 512))
    assert sorted(index for group in groups for index in group) == list(range(len(lengths)))
    assert all(max(lengths[i] for i in group) * len(group) <= 512 for group in groups)
