"""Kinds of text, and that each is sure from its own confidence on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sentiment.quality.calibration import Calibration, Mode
from sentiment.scoring.classifier import Classifier, Text
from sentiment.scoring.kinds import Kind, kind_of

LONG = "We stayed for a week and the room was fine. " * 8


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (Text("ok", rating=4, rating_max=5), Kind.RATED),
        (Text(LONG, rating=0, rating_max=10), Kind.RATED),
        (Text("ok", rating=7, rating_max=5), Kind.TALK),
        (Text("x" * 280), Kind.TALK),
        (Text("x" * 281), Kind.UNRATED),
        (Text("x" * 250, title="y" * 31), Kind.UNRATED),
        (Text(LONG, context="How was it?"), Kind.TALK),
        (Text(LONG, rating=3, rating_max=5, context="How was it?"), Kind.RATED),
    ],
)
def test_a_kind_is_told_by_rating_context_and_length(text: Text, kind: Kind) -> None:
    assert kind_of(text) is kind


def test_each_kind_is_sure_from_its_own_confidence_on(classifier: Classifier) -> None:
    # Far from every border: another stance, another experience, a confidence that is not enough.
    awful = "It broke after a day and nobody answers my calls. I am so disappointed. "
    texts = [Text(awful, rating=1, rating_max=5), Text(awful * 8), Text(awful)]
    logits = classifier.logits(texts)
    for place, name in enumerate(("rated", "unrated", "talk")):
        shy = replace(Calibration(), **{name: Mode(sure=(1.1,) * 4)})
        sure = [verdict.sure for verdict in classifier.verdicts(texts, logits, shy)]
        assert sure == [other != place for other in range(3)], name
