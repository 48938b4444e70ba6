"""How good a classifier is on labelled texts, for people and for machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sentiment.learning.labelled_files import Example, read_examples
from sentiment.scoring.likely_complaints import is_likely
from storage.models import Experience, Stance, Verdict

if TYPE_CHECKING:
    from sentiment.scoring.classifier import Classifier
    from sentiment.scoring.text import Text

Label = TypeVar("Label", Experience, Stance)
EXPERIENCES = tuple(Experience)
STANCES = tuple(Stance)


@dataclass(frozen=True, slots=True)
class HeadFigures:
    """One head's figures; `confusion` rows are the truth, columns the guess.

    `classes` maps a class to precision, recall, f1 and count. `calibration_error` is the expected
    calibration error over 15 bins.
    """

    macro_f1: float
    accuracy: float
    calibration_error: float
    classes: dict[str, dict[str, float]]
    confusion: list[list[int]]


@dataclass(frozen=True, slots=True)
class Figures:
    """A run's figures: `sure_*` are of verdicts marked sure.

    `sure_accuracy` counts the experience, `sure_both` experience and stance together. `alert_*`
    are of complaints that are sure, `likely_*` of those that are sure or likely.
    """

    experience: HeadFigures
    stance: HeadFigures
    sure_coverage: float
    sure_accuracy: float
    sure_both: float
    alert_precision: float
    alert_recall: float
    likely_precision: float
    likely_recall: float


@dataclass(frozen=True, slots=True)
class ScoredTexts:
    """Verdicts, and which of the unsure ones are likely complaints."""

    verdicts: Sequence[Verdict]
    likely: Sequence[bool]


@dataclass(frozen=True, slots=True)
class Report:
    """Figures with ratings and from text only; `either` where a second reader's answer counts."""

    model: str
    file: str
    texts: int
    with_ratings: Figures
    text_only: Figures
    either_with_ratings: Figures | None = None
    either_text_only: Figures | None = None
    datasets: dict[str, dict[str, float]] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Give all figures as plain data for JSON."""
        return asdict(self)

    def table(self) -> str:
        """Give a table for people, at most 80 columns wide."""
        lines = [f"{self.texts} texts of {self.file}", f"model {self.model}", ""]
        runs = [("with ratings", self.with_ratings), ("text only", self.text_only)]
        if self.either_with_ratings and self.either_text_only:
            runs += [
                ("with ratings, either answer", self.either_with_ratings),
                ("text only, either answer", self.either_text_only),
            ]
        lines.append(f"{'':<28}{'experience':>11}{'stance':>8}{'sure':>7}{'right':>7}{'ECE':>7}")
        for name, run in runs:
            lines.append(
                f"{name:<28}{run.experience.macro_f1:>11.3f}{run.stance.macro_f1:>8.3f}"
                f"{run.sure_coverage:>7.1%}{run.sure_accuracy:>7.1%}"
                f"{run.experience.calibration_error:>7.3f}"
            )
        lines.append("(macro-F1 of both heads; share marked sure; how many of those are right)")
        for name, run in runs[:2]:
            lines += ["", *_class_lines(f"experience, {name}", run.experience, EXPERIENCES)]
            lines += ["", *_class_lines(f"stance, {name}", run.stance, STANCES)]
            lines += [
                "",
                f"complaint alerts, {name}: (angry and sure) "
                f"precision {run.alert_precision:.3f}, recall {run.alert_recall:.3f}",
                f"{'':<20}{'':<{len(name)}}(or likely)      "
                f"precision {run.likely_precision:.3f}, recall {run.likely_recall:.3f}",
            ]
        return "\n".join(lines)


def _class_lines(title: str, head: HeadFigures, classes: Sequence[str]) -> list[str]:
    names = "".join(f"{name:>11}" for name in classes)
    lines = [f"{title} (right of it: how often guessed as)"]
    lines.append(f"{'':<11}{'prec':>6}{'recall':>7}{'F1':>6} |{names}")
    for row, name in enumerate(classes):
        figures = head.classes[name]
        counts = "".join(f"{count:>11}" for count in head.confusion[row])
        lines.append(
            f"{name:<11}{figures['precision']:>6.2f}{figures['recall']:>7.2f}"
            f"{figures['f1']:>6.2f} |{counts}"
        )
    return lines


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
    return compare(
        classifier.model,
        name,
        examples,
        ScoredTexts(rated, _likely(classifier, texts, rated)),
        ScoredTexts(unrated, _likely(classifier, bare, unrated)),
    )


def compare(
    model: str,
    name: str,
    examples: Sequence[Example],
    with_ratings: ScoredTexts,
    text_only: ScoredTexts,
) -> Report:
    """Compare what was judged of the examples, in their order, with their labels."""
    doubled = any(example.experience_2 or example.stance_2 for example in examples)
    datasets = sorted({example.dataset for example in examples} - {""})

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
        datasets={
            dataset: _one_dataset(dataset, examples, with_ratings.verdicts, text_only.verdicts)
            for dataset in datasets
        }
        or None,
    )


def _one_dataset(
    dataset: str, examples: Sequence[Example], rated: Sequence[Verdict], unrated: Sequence[Verdict]
) -> dict[str, float]:
    rows = [index for index, example in enumerate(examples) if example.dataset == dataset]
    part = [examples[index] for index in rows]
    none = [False] * len(rows)
    with_ratings = figures(part, [rated[index] for index in rows], none)
    text_only = figures(part, [unrated[index] for index in rows], none)
    return {
        "texts": float(len(rows)),
        "experience": with_ratings.experience.macro_f1,
        "experience_text_only": text_only.experience.macro_f1,
        "experience_accuracy": with_ratings.experience.accuracy,
        "stance": with_ratings.stance.macro_f1,
        "stance_accuracy": with_ratings.stance.accuracy,
    }


def _likely(
    classifier: Classifier, texts: Sequence[Text], verdicts: Sequence[Verdict]
) -> list[bool]:
    return [
        is_likely(classifier.calibration, text.rating, text.rating_max, verdict)
        for text, verdict in zip(texts, verdicts, strict=True)
    ]


def figures(
    examples: Sequence[Example],
    verdicts: Sequence[Verdict],
    likely: Sequence[bool],
    *,
    either: bool = False,
) -> Figures:
    """Compare verdicts with labels; with `either`, a second reader's agreeing answer counts.

    `likely` marks the unsure verdicts that are likely complaints.
    """
    import numpy as np

    experience = [
        _truth(example.experience, example.experience_2, verdict.experience, either)
        for example, verdict in zip(examples, verdicts, strict=True)
    ]
    stance = [
        _truth(example.stance, example.stance_2, verdict.stance, either)
        for example, verdict in zip(examples, verdicts, strict=True)
    ]
    right_e = np.array(
        [e == v.experience for e, v in zip(experience, verdicts, strict=True)], dtype=float
    )
    right_s = np.array([s == v.stance for s, v in zip(stance, verdicts, strict=True)], dtype=float)
    sure = np.array([verdict.sure for verdict in verdicts])
    alert = np.array([v.sure and v.experience is Experience.ANGRY for v in verdicts])
    wider = alert | np.array(likely)
    angry = np.array([e is Experience.ANGRY for e in experience])
    return Figures(
        experience=_head(
            [EXPERIENCES.index(e) for e in experience],
            [EXPERIENCES.index(v.experience) for v in verdicts],
            [max(v.p_angry, v.p_mediocre, v.p_delighted, v.p_none) for v in verdicts],
            EXPERIENCES,
        ),
        stance=_head(
            [STANCES.index(s) for s in stance],
            [STANCES.index(v.stance) for v in verdicts],
            [max(v.p_advocate, v.p_hater, v.p_neither) for v in verdicts],
            STANCES,
        ),
        sure_coverage=float(sure.mean()),
        sure_accuracy=float(right_e[sure].mean()) if sure.any() else 0.0,
        sure_both=float((right_e * right_s)[sure].mean()) if sure.any() else 0.0,
        alert_precision=float(angry[alert].mean()) if alert.any() else 0.0,
        alert_recall=float(alert[angry].mean()) if angry.any() else 0.0,
        likely_precision=float(angry[wider].mean()) if wider.any() else 0.0,
        likely_recall=float(wider[angry].mean()) if angry.any() else 0.0,
    )


def _truth(first: Label, second: Label | None, guess: Label, either: bool) -> Label:
    return second if either and second is not None and second == guess else first


def _head(
    truth: Sequence[int], guess: Sequence[int], confidence: Sequence[float], classes: Sequence[str]
) -> HeadFigures:
    import numpy as np

    from sentiment.quality.metrics import (
        confusion,
        expected_calibration_error,
        macro_f1,
        per_class,
    )

    true, told = np.asarray(truth, dtype=np.int64), np.asarray(guess, dtype=np.int64)
    table = confusion(true, told, len(classes))
    right = (true == told).tolist()
    return HeadFigures(
        macro_f1=macro_f1(true, told, len(classes)),
        accuracy=float(np.mean(right)),
        calibration_error=expected_calibration_error(np.asarray(confidence), right),
        classes={
            name: {
                "precision": part.precision,
                "recall": part.recall,
                "f1": part.f1,
                "count": part.count,
            }
            for name, part in zip(classes, per_class(table), strict=True)
        },
        confusion=table.tolist(),
    )
