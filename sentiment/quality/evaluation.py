"""How good a classifier is on labelled texts: scored with their ratings and without, compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sentiment.learning.labelled_files import Example, read_examples
from sentiment.quality.evaluation_report import Report
from sentiment.quality.figures import Figures, figures
from sentiment.scoring.detect_language import language_of
from sentiment.scoring.kinds import kind_of
from sentiment.scoring.likely_complaints import is_likely
from storage.models import Experience, Verdict

if TYPE_CHECKING:
    from sentiment.scoring.classifier import Classifier
    from sentiment.scoring.text import Text


@dataclass(frozen=True, slots=True)
class ScoredTexts:
    """Verdicts, and which of the unsure ones are likely complaints."""

    verdicts: Sequence[Verdict]
    likely: Sequence[bool]


def evaluate(
    classifier: Classifier, file: Path, *, progress: Callable[[int], None] | None = None
) -> Report:
    """Score labelled JSON Lines twice, with the ratings and without; InputError for bad lines."""
    return evaluate_examples(classifier, read_examples(file), file.name, progress=progress)


def evaluate_examples(
    classifier: Classifier,
    examples: Sequence[Example],
    name: str,
    *,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Score examples already read; `progress` gets texts done, two per example in all."""
    texts = [example.text for example in examples]
    bare = [replace(text, rating=None, rating_max=None) for text in texts]
    rated = classifier.classify(texts, progress=progress)
    unrated = classifier.classify(bare, progress=progress)
    answers = [example for example in examples if example.text.context]
    alone = classifier.classify([replace(one.text, context=None) for one in answers])
    report = compare(
        classifier.model,
        name,
        examples,
        ScoredTexts(rated, _likely(classifier, texts, rated)),
        ScoredTexts(unrated, _likely(classifier, bare, unrated)),
    )
    if answers:
        hidden = _one_part(answers, alone, alone, either=True)
        report = replace(report, kinds={**(report.kinds or {}), "answers, alone": hidden})
    return report


def compare(
    model: str,
    name: str,
    examples: Sequence[Example],
    with_ratings: ScoredTexts,
    text_only: ScoredTexts,
) -> Report:
    """Compare the verdicts on the examples, in their order, with their labels."""
    doubled = any(example.experience_2 or example.stance_2 for example in examples)
    datasets = [example.dataset for example in examples]
    languages = [language_of(example.text) or "en" for example in examples]
    kinds = [_kind(example.text) for example in examples]

    def run(scored: ScoredTexts, *, either: bool = False) -> Figures:
        return figures(examples, scored.verdicts, scored.likely, either=either)

    return Report(
        model=model,
        file=name,
        texts=len(examples),
        with_ratings=run(with_ratings),
        text_only=run(text_only),
        either_with_ratings=run(with_ratings, either=True) if doubled else None,
        either_text_only=run(text_only, either=True) if doubled else None,
        datasets=_parts(
            datasets, examples, with_ratings.verdicts, text_only.verdicts, either=False
        ),
        languages=_parts(
            languages, examples, with_ratings.verdicts, text_only.verdicts, either=True
        ),
        kinds=_parts(kinds, examples, with_ratings.verdicts, text_only.verdicts, either=True),
    )


def _kind(text: Text) -> str:
    """Name the kind of a text, and of talk whether it is known what it answers."""
    return "answers" if text.context else str(kind_of(text))


def _parts(
    names: Sequence[str],
    examples: Sequence[Example],
    rated: Sequence[Verdict],
    unrated: Sequence[Verdict],
    *,
    either: bool,
) -> dict[str, dict[str, float]] | None:
    """Give the figures of each part of the examples, which `names` tell apart."""
    named = sorted({*names} - {""})
    found = {}
    for name in named:
        rows = [index for index, one in enumerate(names) if one == name]
        found[name] = _one_part(
            [examples[index] for index in rows],
            [rated[index] for index in rows],
            [unrated[index] for index in rows],
            either=either,
        )
    return found or None


def _one_part(
    part: Sequence[Example],
    rated: Sequence[Verdict],
    unrated: Sequence[Verdict],
    *,
    either: bool,
) -> dict[str, float]:
    none = [False] * len(part)
    with_ratings = figures(part, rated, none, either=either)
    text_only = figures(part, unrated, none, either=either)
    angry = with_ratings.experience.classes[Experience.ANGRY]
    return {
        "texts": float(len(part)),
        "experience": with_ratings.experience.macro_f1,
        "experience_text_only": text_only.experience.macro_f1,
        "experience_accuracy": with_ratings.experience.accuracy,
        "stance": with_ratings.stance.macro_f1,
        "stance_accuracy": with_ratings.stance.accuracy,
        "sure_coverage": with_ratings.sure_coverage,
        "sure_right": with_ratings.sure_accuracy,
        "angry_recall": angry["recall"],
    }


def _likely(
    classifier: Classifier, texts: Sequence[Text], verdicts: Sequence[Verdict]
) -> list[bool]:
    return [
        is_likely(classifier.calibration_of(verdict), text.rating, text.rating_max, verdict)
        for text, verdict in zip(texts, verdicts, strict=True)
    ]
