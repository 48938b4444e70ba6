"""Figures of verdicts against labels: each head's, the sure ones', the complaints'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

from sentiment.learning.labelled_files import Example
from storage.models import Experience, Stance, Verdict

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

    true, guessed = np.asarray(truth, dtype=np.int64), np.asarray(guess, dtype=np.int64)
    table = confusion(true, guessed, len(classes))
    right = (true == guessed).tolist()
    return HeadFigures(
        macro_f1=macro_f1(true, guessed, len(classes)),
        accuracy=float(np.mean(right)),
        calibration_error=expected_calibration_error(np.asarray(confidence), right),
        classes={name: asdict(part) for name, part in zip(classes, per_class(table), strict=True)},
        confusion=table.tolist(),
    )
