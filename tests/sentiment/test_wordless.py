"""Ratings without words: their verdict follows from the rating alone."""

from __future__ import annotations

import pytest

from sentiment.scoring.classifier import Classifier
from sentiment.scoring.text import Text
from storage.models import Experience, Stance

ANGRY, MEDIOCRE = Experience.ANGRY, Experience.MEDIOCRE


@pytest.mark.parametrize(
    ("rating", "rating_max", "experience", "sure"),
    [
        (1, 5, ANGRY, True),
        (2, 5, ANGRY, True),
        (3, 5, MEDIOCRE, False),
        (4, 5, MEDIOCRE, True),
        (5, 5, MEDIOCRE, False),
        (0, 10, ANGRY, True),
        (5, 10, ANGRY, False),
        (8, 10, MEDIOCRE, True),
        (0, 1, ANGRY, True),
        (1, 1, MEDIOCRE, False),
    ],
)
@pytest.mark.parametrize(("text", "language"), [("", None), ("", "de"), ("...", "en")])
def test_the_rating_alone_decides(
    rating: float,
    rating_max: float,
    experience: Experience,
    sure: bool,
    text: str,
    language: str | None,
    classifier: Classifier,
) -> None:
    (verdict,) = classifier.classify([Text(text, None, rating, rating_max, language)])
    assert (verdict.experience, verdict.sure) == (experience, sure)
    assert (verdict.stance, verdict.p_neither, verdict.unread) == (Stance.NEITHER, 1.0, False)
    shares = (verdict.p_angry, verdict.p_mediocre, verdict.p_delighted, verdict.p_none)
    assert sum(shares) == pytest.approx(1.0)


def test_without_rating_and_words_nothing_is_claimed(classifier: Classifier) -> None:
    (verdict,) = classifier.classify([Text("")])
    assert (verdict.experience, verdict.unread) == (Experience.NONE, True)
