"""Each kind of text is calibrated by texts of that kind."""

from __future__ import annotations

from dataclasses import replace

from sentiment.learning.labelled_files import Example
from sentiment.learning.made_up import made_up
from sentiment.quality.held_out import HeldOut
from sentiment.scoring.classifier import Classifier
from sentiment.scoring.kinds import Kind, kind_of
from storage.models import Experience

CLASSES = tuple(Experience)


def judged(classifier: Classifier, examples: list[Example]) -> list[Example]:
    """Label them with what the model says, so that it is always right."""
    verdicts = classifier.classify([example.text for example in examples])
    return [
        replace(example, experience=verdict.experience, stance=verdict.stance)
        for example, verdict in zip(examples, verdicts, strict=True)
    ]


def half_mislabelled(examples: list[Example]) -> list[Example]:
    return [
        replace(one, experience=CLASSES[(CLASSES.index(one.experience) + place % 2) % 4])
        for place, one in enumerate(examples)
    ]


def test_how_sure_talk_is_follows_from_talk_alone(classifier: Classifier) -> None:
    talk = [replace(one, dataset=f"t{number % 3}") for number, one in enumerate(made_up(1)[:60])]
    reviews = [
        replace(one, text=replace(one.text, rating=4.0, rating_max=5.0), dataset="reviews")
        for one in talk
    ]
    assert {kind_of(one.text) for one in talk} == {Kind.TALK}
    talk, reviews = judged(classifier, talk), judged(classifier, reviews)
    right = HeldOut(classifier, [*talk, *reviews]).calibration()
    wrong = HeldOut(classifier, [*half_mislabelled(talk), *reviews]).calibration()
    assert all(a <= b for a, b in zip(right.talk.sure, wrong.talk.sure, strict=True))
    assert right.talk.sure != wrong.talk.sure
    assert wrong.talk.experience.scale < right.talk.experience.scale
    assert wrong.rated == right.rated


def test_talk_is_asked_with_what_it_answers_and_without(classifier: Classifier) -> None:
    plain = [replace(one, dataset="t") for one in made_up(1)[:60]]
    answers = [replace(one, text=replace(one.text, context="How was it?")) for one in plain]
    told = HeldOut(classifier, judged(classifier, answers))
    assert (
        told.without_contexts.experience.tolist()
        == HeldOut(classifier, plain).used.experience.tolist()
    )
    # The shipped weights read no context, so a context changes nothing.
    assert not told.contexts_help()
    report = told.report("answers")
    assert report.kinds is not None
    assert report.kinds["answers"]["texts"] == 60
