"""The made-up texts of training: filled in, repeatable, and not the ones we test with."""

from __future__ import annotations

import re

from sentiment.learning.made_up import made_up
from sentiment.learning.other_languages.languages_training import LANGUAGES
from sentiment.learning.student import english
from sentiment.learning.written import written_languages, written_talk
from storage.models import Experience, Stance
from tests.sentiment.behaviour.cases import CAPABILITIES, CASE_SENTENCES
from tests.sentiment.behaviour.cases_of_languages import CAPABILITIES as OF_LANGUAGES

WORD = re.compile(r"\w+")


def words(text: str) -> frozenset[str]:
    return frozenset(WORD.findall(text.lower()))


def test_a_seed_makes_the_same_texts() -> None:
    first, again, other = made_up(1), made_up(1), made_up(2)
    assert first == again
    assert first != other
    different = {(example.text.text, example.text.context) for example in first}
    assert len(different) == len(first) > 1200


def test_every_text_is_filled_in_and_english() -> None:
    examples = made_up(1)
    assert [e.text.text for e in examples if re.search(r"[{}|\n]", e.text.text)] == []
    assert english(examples) == examples


def test_written_talk_has_every_label_and_answers_something_in_half() -> None:
    written = written_talk()
    assert len({one.text.text for one in written}) == len(written) > 2000
    assert {(one.experience, one.stance) for one in written} >= {
        (Experience.ANGRY, Stance.HATER), (Experience.DELIGHTED, Stance.ADVOCATE),
        (Experience.NONE, Stance.NEITHER), (Experience.MEDIOCRE, Stance.NEITHER),
    }  # fmt: skip
    assert 0.4 < sum(bool(one.text.context) for one in written) / len(written) < 0.6
    assert {one.dataset for one in written} == {"made_up"}


def test_none_is_a_behavioural_test() -> None:
    tested = [words(case.text.text) for cases in CAPABILITIES.values() for case in cases]
    tested += [words(sentence) for sentence, _ in CASE_SENTENCES]
    close = [
        example.text.text
        for example in (*made_up(1), *written_talk())
        for own in [words(example.text.text)]
        for other in tested
        if len(own) > 3 and len(own & other) >= 0.7 * len(own | other)
    ]
    assert close == []


def test_written_languages_are_all_that_the_model_reads_and_no_behavioural_test() -> None:
    written = written_languages()
    assert {one.text.language for one in written} == set(LANGUAGES)
    assert len({one.text.text for one in written}) == len(written) > 40 * len(LANGUAGES)
    tested = [
        words(case.text.text) for cases in OF_LANGUAGES.values() for case in cases
    ]  # fmt: skip
    close = [
        example.text.text
        for example in written
        for own in [words(example.text.text)]
        for other in tested
        if len(own) > 3 and len(own & other) >= 0.7 * len(own | other)
    ]
    assert close == []
