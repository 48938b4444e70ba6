"""Texts that training did not see: they set the calibration, and tell how good a model is.

A figure is never taken from a calibration that its own text helped to set: each data set is
evaluated by a calibration fitted on the other ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sentiment.learning.labelled_files import Example
from sentiment.quality.calibration import (
    Calibration,
    Mode,
    complaint_threshold,
    confidence,
    fit_mode,
    sure_threshold,
)
from sentiment.quality.evaluation import ScoredTexts, compare
from sentiment.quality.evaluation_report import Report
from sentiment.quality.metrics import Bools, Floats, Ints
from sentiment.scoring.detect_language import detect_language
from sentiment.scoring.likely_complaints import is_likely
from sentiment.scoring.text import Text, joined, rating_position
from storage.models import Experience, Stance, Verdict

if TYPE_CHECKING:
    from sentiment.scoring.classifier import Classifier
    from sentiment.scoring.logits import Logits

_EXPERIENCES = tuple(Experience)
_STANCES = tuple(Stance)
# With fewer data sets than this the folds are drawn, not named.
_LEAST_DATASETS = 3
_FOLDS = 5


@dataclass(frozen=True, slots=True)
class SureGoal:
    """How many of sure experiences are to be right, and how many texts to be sure at least."""

    accuracy: float = 0.95
    coverage: float = 0.70


_ENGLISH = SureGoal()


class HeldOut:
    """Labelled texts, scored once with and once without their ratings by weights new to them."""

    def __init__(
        self, classifier: Classifier, examples: Sequence[Example], goal: SureGoal = _ENGLISH
    ) -> None:
        self.classifier = classifier
        self.goal = goal
        self.examples = examples
        self.texts = [example.text for example in examples]
        self.bare = [replace(text, rating=None, rating_max=None) for text in self.texts]
        self.used = classifier.logits(self.texts)
        self.unused = classifier.logits(self.bare)
        self.rated = np.array([rating_position(t.rating, t.rating_max) > 0 for t in self.texts])
        self.experience = np.array([_EXPERIENCES.index(e.experience) for e in examples])
        self.stance = np.array([_STANCES.index(e.stance) for e in examples])
        # What scoring leaves out for its language sets no calibration.
        known = classifier.languages
        self.read = np.array(
            [known is None or detect_language(joined(t)) in (None, *known) for t in self.texts]
        )

    def calibration(self, rows: Bools | None = None) -> Calibration:
        """Fit both modes and the `sure` threshold on `rows` (n,), or on all.

        Rated texts without their rating serve the unrated mode too. Of sure experiences as many
        are right as is the goal, with ratings and with these hidden, or as many as can be with the
        goal's share sure of the texts as they come. Of likely complaints 90% are complaints, with
        a rating and without one.
        """
        chosen = self.read if rows is None else self.read & rows
        unrated = self._mode(self.unused, np.flatnonzero(chosen))
        with_rating = np.flatnonzero(chosen & self.rated)
        rated = self._mode(self.used, with_rating) if len(with_rating) else unrated
        threshold = sure_threshold(
            self._sureness(chosen, self.used, rated, unrated),
            self._sureness(chosen, self.unused, unrated, unrated),
            accuracy=self.goal.accuracy,
            coverage=self.goal.coverage,
        )
        return Calibration(rated, unrated, round(threshold, 4))

    def _sureness(
        self, rows: Bools, logits: Logits, rated: Mode, unrated: Mode
    ) -> tuple[Floats, Floats]:
        """Give the rows' confidences, and whether they are right: (n,) each."""
        confidences, right = np.zeros(len(rows)), np.zeros(len(rows))
        for mode, part in ((rated, rows & self.rated), (unrated, rows & ~self.rated)):
            chances = mode.experience.probabilities(logits.experience[part])
            stances = mode.stance.probabilities(logits.stance[part])
            confidences[part] = confidence(chances, stances)
            right[part] = chances.argmax(1) == self.experience[part]
        return confidences[rows], right[rows]

    def _mode(self, logits: Logits, rows: Ints) -> Mode:
        of_experience, of_stance = logits.experience[rows], logits.stance[rows]
        mode = fit_mode(of_experience, of_stance, self.experience[rows], self.stance[rows])
        return _with_complaint(mode, of_experience, self.experience[rows])

    def report(self, name: str) -> Report:
        """Compare with the labels, each fold by a calibration fitted on the others."""
        with_ratings, text_only = _Fold(len(self.examples)), _Fold(len(self.examples))
        for fold in self._folds():
            calibration = self.calibration(~fold)
            for kept, texts, logits in (
                (with_ratings, self.texts, self.used),
                (text_only, self.bare, self.unused),
            ):
                rows = np.flatnonzero(fold)
                part = [texts[int(row)] for row in rows]
                verdicts = self.classifier.verdicts(part, logits.take(rows), calibration)
                kept.put(rows, part, list(verdicts), calibration)
        return compare(
            self.classifier.model, name, self.examples, with_ratings.scored(), text_only.scored()
        )

    def _folds(self) -> Iterator[Bools]:
        datasets = np.array([example.dataset for example in self.examples])
        names = sorted(set(datasets.tolist()))
        if len(names) >= _LEAST_DATASETS:
            for name in names:
                yield datasets == name
            return
        turn = np.arange(len(self.examples)) % min(_FOLDS, len(self.examples))
        for number in range(int(turn.max()) + 1):
            yield turn == number


class _Fold:
    """Verdicts gathered fold by fold, put in their places."""

    def __init__(self, size: int) -> None:
        self.verdicts: list[Verdict | None] = [None] * size
        self.likely = [False] * size

    def put(
        self,
        rows: Ints,
        texts: Sequence[Text],
        verdicts: Sequence[Verdict],
        calibration: Calibration,
    ) -> None:
        for row, text, verdict in zip(rows.tolist(), texts, verdicts, strict=True):
            self.verdicts[row] = verdict
            self.likely[row] = is_likely(calibration, text.rating, text.rating_max, verdict)

    def scored(self) -> ScoredTexts:
        return ScoredTexts(
            [verdict for verdict in self.verdicts if verdict is not None], self.likely
        )


def _with_complaint(mode: Mode, logits: Floats, truth: Ints) -> Mode:
    angry = _EXPERIENCES.index(Experience.ANGRY)
    chances = mode.experience.probabilities(logits)
    threshold = complaint_threshold(
        chances[:, angry], chances.argmax(1) == angry, truth == angry, precision=0.90
    )
    return replace(mode, complaint=threshold)
