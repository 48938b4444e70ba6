"""Pass rates by capability, held at what the shipped model reached.

`python -m tests.sentiment.behaviour.test_behaviour` prints the rates and the failures.
"""

from __future__ import annotations

import pytest

from sentiment.scoring.classifier import Classifier
from sentiment.scoring.text import Text
from tests.sentiment.behaviour.cases import (
    BRAND_SENTENCES,
    BRANDS,
    CAPABILITIES,
    CASE_SENTENCES,
    Case,
)

# Passes, one under what the shipped weights reach: bf16 and fp32 may differ on a close case.
FLOORS = {
    "negation": 17,
    "not bad": 14,
    "typos": 12,
    "emoji": 14,
    "sarcasm": 12,
    "rivals": 14,
    "staff": 15,
    "questions": 13,
    "adverts": 14,
    "quoted": 13,
    "long, verdict at the end": 13,
    "stances": 15,
    "ratings": 14,
    "talk": 15,
    "answers": 13,
}
CASE_FLOOR = 41
BRAND_FLOOR = 14


def failures(classifier: Classifier, cases: list[Case]) -> list[str]:
    verdicts = classifier.classify([case.text for case in cases])
    return [
        f"{case.text.text[-70:]!r}: {verdict.experience}, {verdict.stance}"
        for case, verdict in zip(cases, verdicts, strict=True)
        if verdict.experience not in case.experience
        or (case.stance is not None and verdict.stance not in case.stance)
    ]


def case_failures(classifier: Classifier) -> tuple[list[str], int]:
    forms = [
        (form, label)
        for sentence, label in CASE_SENTENCES
        for form in (sentence, sentence.upper(), sentence.lower().rstrip(".!?"))
    ]
    verdicts = classifier.classify([Text(form) for form, _ in forms])
    wrong = [
        f"{form!r}: {verdict.experience}"
        for (form, label), verdict in zip(forms, verdicts, strict=True)
        if verdict.experience != label
    ]
    return wrong, len(forms)


def brand_changes(classifier: Classifier) -> list[str]:
    texts = [Text(s.format(brand)) for s in BRAND_SENTENCES for brand in BRANDS]
    verdicts = classifier.classify(texts)
    changes = []
    for number, sentence in enumerate(BRAND_SENTENCES):
        part = verdicts[number * len(BRANDS) : (number + 1) * len(BRANDS)]
        answers = {(str(verdict.experience), str(verdict.stance)) for verdict in part}
        if len(answers) > 1:
            changes.append(f"{sentence!r}: {sorted(answers)}")
    return changes


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_capability(classifier: Classifier, capability: str) -> None:
    cases = CAPABILITIES[capability]
    assert len(cases) >= 15
    wrong = failures(classifier, cases)
    assert len(cases) - len(wrong) >= FLOORS[capability], "\n".join(wrong)


def test_case_and_marks(classifier: Classifier) -> None:
    wrong, total = case_failures(classifier)
    assert total - len(wrong) >= CASE_FLOOR, "\n".join(wrong)


def test_brand_swap(classifier: Classifier) -> None:
    changes = brand_changes(classifier)
    assert len(BRAND_SENTENCES) - len(changes) >= BRAND_FLOOR, "\n".join(changes)


def print_rates(classifier: Classifier) -> None:
    rows = [
        (name, failures(classifier, cases), len(cases)) for name, cases in CAPABILITIES.items()
    ]
    wrong, total = case_failures(classifier)
    rows.append(("case and marks", wrong, total))
    rows.append(("brand swap", brand_changes(classifier), len(BRAND_SENTENCES)))
    for name, found, count in rows:
        print(f"{name:<26}{count - len(found):>4}/{count:<4}{1 - len(found) / count:>7.1%}")
    for name, found, _ in rows:
        for line in found:
            print(f"{name}: {line}")


if __name__ == "__main__":
    print_rates(Classifier.load())
