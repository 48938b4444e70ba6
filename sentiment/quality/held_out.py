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
from sentiment.scoring.kinds import Kind, kind_of
from sentiment.scoring.likely_complaints import is_likely
from sentiment.scoring.text import Text, joined
from storage.models import Experience, Stance, Verdict

if TYPE_CHECKING:
    from sentiment.scoring.classifier import Classifier
    from sentiment.scoring.logits import Logits

_EXPERIENCES = tuple(Experience)
_STANCES = tuple(Stance)
# With fewer data sets than this the folds are drawn, not named.
_LEAST_DATASETS = 3
_FOLDS = 5
# A kind with fewer texts is calibrated as its neighbour.
_FEWEST = 40
# How many texts of talk must show a threshold; it is no lower than the second, however few show
# that less would do: their data sets are more alike than the next one.
_FEWEST_SURE, _LEAST_SURE = 12, 0.8
_ANGRY = _EXPERIENCES.index(Experience.ANGRY)


@dataclass(frozen=True, slots=True)
class SureGoal:
    """How many of sure experiences are to be right, and how many texts to be sure at least."""

    accuracy: float = 0.95
    coverage: float = 0.70


_ENGLISH = SureGoal()


class HeldOut:
    """Labelled texts, scored by weights new to them: as they are, and with parts hidden."""

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
        self.without_contexts = self._contexts_hidden()
        self.kinds = np.array([kind_of(text) for text in self.texts])
        self.bare_kinds = np.array([kind_of(text) for text in self.bare])
        self.experience = np.array([_EXPERIENCES.index(e.experience) for e in examples])
        self.stance = np.array([_STANCES.index(e.stance) for e in examples])
        # What scoring leaves out for its language sets no calibration.
        known = classifier.languages
        self.read = np.array(
            [known is None or detect_language(joined(t)) in (None, *known) for t in self.texts]
        )

    def calibration(self, rows: Bools | None = None) -> Calibration:
        """Fit the mode of each kind of text on `rows` (n,), or on all.

        Long texts are taken without their rating where they have one. Talk is what never had one,
        with what it answers and without. Of sure experiences as many are right as is the goal, in
        each kind; of rated texts the goal's share is sure at least. Of likely complaints 90% are
        complaints.
        """
        chosen = self.read if rows is None else self.read & rows
        long = chosen & (self.bare_kinds == Kind.UNRATED)
        short = chosen & (self.bare_kinds == Kind.TALK)
        bare = self._mode([(self.unused, long if long.sum() >= _FEWEST else chosen)])
        rated = chosen & (self.kinds == Kind.RATED)
        of_talk = chosen & (self.kinds == Kind.TALK)
        if of_talk.sum() >= _FEWEST:
            talk = self._mode([(self.used, of_talk), (self.without_contexts, of_talk)], talk=True)
        else:
            talk = self._mode([(self.unused, short)]) if short.sum() >= _FEWEST else bare
        return Calibration(
            self._mode([(self.used, rated)], self.goal.coverage) if rated.any() else bare,
            bare,
            talk,
        )

    def contexts_help(self) -> bool:
        """Tell whether more experiences are right where the model reads what a text answers."""
        with_them, without = (
            int((logits.experience.argmax(1) == self.experience).sum())
            for logits in (self.used, self.without_contexts)
        )
        return with_them > without

    def _contexts_hidden(self) -> Logits:
        answers = np.flatnonzero([bool(text.context) for text in self.texts])
        if not len(answers):
            return self.used
        found = self.classifier.logits(
            [replace(self.texts[int(row)], context=None) for row in answers]
        )
        experience, stance = self.used.experience.copy(), self.used.stance.copy()
        experience[answers], stance[answers] = found.experience, found.stance
        return replace(self.used, experience=experience, stance=stance)

    def _mode(
        self,
        parts: Sequence[tuple[Logits, Bools]],
        coverage: float | None = None,
        *,
        talk: bool = False,
    ) -> Mode:
        """Fit on the logits of rows, one under the other."""
        of_experience = np.concatenate([logits.experience[rows] for logits, rows in parts])
        of_stance = np.concatenate([logits.stance[rows] for logits, rows in parts])
        experience = np.concatenate([self.experience[rows] for _, rows in parts])
        stance = np.concatenate([self.stance[rows] for _, rows in parts])
        mode = fit_mode(of_experience, of_stance, experience, stance)
        chances = mode.experience.probabilities(of_experience)
        confidences = confidence(chances, mode.stance.probabilities(of_stance))
        guess = chances.argmax(1)
        right = (guess == experience).astype(float)
        if talk:
            sure = tuple(
                _sure_of_talk(confidences[guess == one], right[guess == one], self.goal.accuracy)
                for one in range(len(_EXPERIENCES))
            )
        else:
            from_ = sure_threshold(
                confidences, right, accuracy=self.goal.accuracy, coverage=coverage
            )
            sure = (round(from_, 4),) * len(_EXPERIENCES)
        return replace(
            mode,
            complaint=complaint_threshold(
                chances[:, _ANGRY], guess == _ANGRY, experience == _ANGRY, precision=0.90
            ),
            sure=sure,
        )

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


def _sure_of_talk(confidences: Floats, right: Floats, accuracy: float) -> float:
    """Ask of each guess by itself: "nothing is told" is wrong far more often than "cross" is.

    What too few texts show is never sure.
    """
    if not len(confidences):
        return 1.0
    sure = sure_threshold(confidences, right, accuracy=accuracy)
    enough = int((confidences >= sure).sum()) >= _FEWEST_SURE
    return max(_LEAST_SURE, round(sure, 4)) if enough else 1.0
