"""Pass rates by capability in seven languages, held at what the shipped weights reached.

`python -m tests.sentiment.behaviour.test_languages` prints the rates and the failures.
"""

from __future__ import annotations

import pytest

from sentiment.scoring.classifier import Classifier
from sentiment.scoring.text import Text
from tests.sentiment.behaviour.cases_of_languages import BRAND_SENTENCES, BRANDS, CAPABILITIES
from tests.sentiment.behaviour.test_behaviour import failures

# Passes, one under what the shipped weights reach: bf16 and fp32 may differ on a close case.
FLOORS = {"negation": 11, "emoji": 6, "sarcasm": 5, "questions": 9, "staff": 6}
BRAND_FLOOR = 6


def brand_changes(classifier: Classifier) -> list[str]:
    """Name the sentences that are another experience with another brand."""
    changes = []
    for sentence in BRAND_SENTENCES:
        texts = [Text(sentence.format(brand)) for brand in BRANDS]
        answers = {str(verdict.experience) for verdict in classifier.classify(texts)}
        if len(answers) > 1:
            changes.append(f"{sentence}: {sorted(answers)}")
    return changes


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_capability(classifier: Classifier, capability: str) -> None:
    cases = CAPABILITIES[capability]
    wrong = failures(classifier, cases)
    assert len(cases) - len(wrong) >= FLOORS[capability], "\n".join(wrong)


def test_brand_swap(classifier: Classifier) -> None:
    changes = brand_changes(classifier)
    assert len(BRAND_SENTENCES) - len(changes) >= BRAND_FLOOR, "\n".join(changes)


if __name__ == "__main__":
    loaded = Classifier.load()
    for name, cases in CAPABILITIES.items():
        found = failures(loaded, cases)
        print(f"{name:<12}{len(cases) - len(found):>4}/{len(cases)}")
        for line in found:
            print(f"  {line}")
    changed = brand_changes(loaded)
    print(f"{'brand swap':<12}{len(BRAND_SENTENCES) - len(changed):>4}/{len(BRAND_SENTENCES)}")
    for line in changed:
        print(f"  {line}")
