"""Every way of multiplying gives fp32's verdicts on real texts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sentiment.scoring.classifier import Classifier, Text
from sentiment.scoring.fastest_way import measured
from sentiment.scoring.number_choice import Way
from storage.models import Verdict
from tests.sentiment.ways import computing_in

ALLOWED = 0.005


@pytest.fixture(scope="module")
def texts(labels: Path) -> list[Text]:
    """`dev` as it is, and once more without title and rating."""
    lines = (labels / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    keys = ("text", "title", "rating", "rating_max")
    return [Text(*(row.get(key) for key in keys)) for row in rows] + [
        Text(row["text"]) for row in rows
    ]


@pytest.fixture(scope="module")
def exact(texts: list[Text]) -> list[Verdict]:
    return computing_in(Way.PLAIN).classify(texts)


@pytest.mark.recorded
@pytest.mark.slow("scores the labelled texts once more in each way that this CPU has")
@pytest.mark.parametrize("way", [Way.PACKED, Way.BF16_PACKED, Way.BF16, Way.INT8])
def test_verdicts_of_every_way_are_those_of_fp32(
    way: Way, texts: list[Text], exact: list[Verdict]
) -> None:
    refused = measured().ruled_out.get(way)
    if refused is not None:
        pytest.skip(f"this CPU does not compute in {way}: {refused}")
    found = computing_in(way).classify(texts)
    half = len(texts) // 2
    for part in (slice(half), slice(half, None)):
        pairs = list(zip(exact[part], found[part], strict=True))
        others = sum((a.experience, a.stance) != (b.experience, b.stance) for a, b in pairs)
        assert others <= ALLOWED * half
        assert sum(a.sure != b.sure for a, b in pairs) <= ALLOWED * half


def test_the_choice_here_is_no_slower_than_plain_fp32(classifier: Classifier) -> None:
    choice = classifier.runtime.choice
    assert choice.seconds[choice.way] <= choice.seconds[Way.PLAIN]
