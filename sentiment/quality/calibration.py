"""From logits to honest probabilities, and to the word `sure`."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from sentiment.quality.metrics import Bools, Floats, Ints
from sentiment.scoring.kinds import Kind

# Under this probability of its best class a stance is a toss-up.
STANCE_LEAST = 0.55
# How far the experience's logits are bent, and the deviation at which they stay as they are, about
# their mean one: a text of a new data set that is in doubt is in more doubt than one scale says.
# The bend is kept with the weights; the second is not, so a new value would move old calibrations.
BEND, _STRAIGHT = 0.25, 1.5


def softmax(logits: Floats) -> Floats:
    """Probabilities along the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Floats = shifted / shifted.sum(axis=-1, keepdims=True)
    return result


@dataclass(frozen=True, slots=True)
class Scaling:
    """Vector scaling of one head: softmax(`scale` * bent(logits, `bend`) + `shift`)."""

    scale: float = 1.0
    shift: tuple[float, ...] = ()
    bend: float = 0.0

    def probabilities(self, logits: Floats) -> Floats:
        shift = np.asarray(self.shift) if self.shift else 0.0
        return softmax(self.scale * bent(logits, self.bend) + shift)


def bent(logits: Floats, bend: float) -> Floats:
    """Draw flat rows of logits (n, classes) together and pull steep ones apart.

    Each row is multiplied by a power `bend` of its standard deviation, so no order changes.
    """
    deviation = logits.std(axis=-1, keepdims=True) / _STRAIGHT
    result: Floats = (logits - logits.mean(axis=-1, keepdims=True)) * deviation**bend
    return result


def fit_scaling(
    logits: Floats,
    truth: Ints,
    *,
    bend: float = 0.0,
    steps: int = 400,
    ridge: float = 2.0,
    hold: float = 0.1,
) -> Scaling:
    """Fit scale and shifts of bent logits by gradient descent on the log loss.

    `ridge` holds the shifts small: free ones follow the class shares of the data they are fitted
    on and cost macro-F1. `hold` keeps the scale near 1: a handful of data sets may all be easy
    ones, and the next one is not.
    """
    logits = bent(logits, bend)
    classes = logits.shape[1]
    target = np.eye(classes)[truth]
    log_scale, shift = 0.0, np.zeros(classes)
    for step in range(steps):
        rate = 0.5 * (1 - step / steps)
        scale = float(np.exp(log_scale))
        gap = softmax(scale * logits + shift) - target
        slope = scale * float((gap * logits).sum(1).mean())
        log_scale -= rate * (slope + hold * log_scale)
        shift -= rate * (gap.mean(0) + ridge * shift)
    shift -= shift.mean()
    held = tuple(round(float(value), 4) for value in shift)
    return Scaling(float(np.exp(log_scale)), held, bend)


@dataclass(frozen=True, slots=True)
class Mode:
    """Calibration of one kind of text.

    `sure` is the least confidence, as `confidence` gives it, of a sure verdict of each experience.
    `complaint` is the least probability of angry at which an unsure complaint is a likely one.
    """

    experience: Scaling = field(default_factory=Scaling)
    stance: Scaling = field(default_factory=Scaling)
    complaint: float = 1.0
    sure: tuple[float, ...] = (0.75,) * 4

    def is_sure(self, experience: Floats, stance: Floats) -> bool:
        """Tell whether probabilities (4,) and (3,) make a sure verdict."""
        return bool(confidence(experience, stance) >= self.sure_from(experience))

    def sure_from(self, experience: Floats) -> float:
        """Give the least confidence of a sure verdict of the likeliest experience."""
        return self.sure[int(experience.argmax())]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A mode for each kind of text: a rating makes verdicts surer, talk is harder to hear."""

    rated: Mode = field(default_factory=Mode)
    unrated: Mode = field(default_factory=Mode)
    talk: Mode = field(default_factory=Mode)

    def mode(self, kind: Kind) -> Mode:
        """Give the mode of a kind of text."""
        return {Kind.RATED: self.rated, Kind.UNRATED: self.unrated, Kind.TALK: self.talk}[kind]

    def complaint(self, *, rated: bool) -> float:
        """Give the threshold of a likely complaint: a rating makes an angry guess safer.

        Without one it is the safer of those of long texts and of talk.
        """
        if rated:
            return self.rated.complaint
        return max(self.unrated.complaint, self.talk.complaint)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Calibration:
        """Read what `as_dict` gave; KeyError or TypeError where it does not fit."""

        def mode(part: dict[str, Any]) -> Mode:
            scalings = [
                Scaling(
                    float(part[head]["scale"]),
                    tuple(map(float, part[head]["shift"])),
                    # Weights calibrated before there was one are not bent.
                    float(part[head].get("bend", 0.0)),
                )
                for head in ("experience", "stance")
            ]
            # Weights trained before there was a threshold know no likely complaint; those of
            # before a kind had its own are sure from one confidence on.
            complaint = float(part.get("complaint", 1.0))
            sure = tuple(map(float, part["sure"] if "sure" in part else [data["sure"]] * 4))
            return Mode(scalings[0], scalings[1], complaint, sure)

        # Talk had no mode of its own either.
        rated, unrated = mode(data["rated"]), mode(data["unrated"])
        return cls(rated, unrated, mode(data["talk"]) if "talk" in data else unrated)


def confidence(experience: Floats, stance: Floats) -> Floats:
    """Confidence in a verdict: the best experience's probability, 0 where the stance is a toss-up.

    On held-out data sets the surest 70% by this are right in 1.5 points more than by the product
    of both heads: most doubts about a stance are not doubts about the experience.
    """
    settled: Floats = experience.max(axis=-1) * (stance.max(axis=-1) >= STANCE_LEAST)
    return settled


def nearness(experience: Floats, stance: Floats, sure: float) -> float:
    """How far probabilities (4,) and (3,) lie from making another verdict, in log-odds.

    The borders: another experience, another stance, and the two that part sure from unsure.
    """
    best, stands = float(experience.max()), float(stance.max())
    return min(
        *(float(np.diff(np.log(np.sort(head)[-2:] + 1e-12))[0]) for head in (experience, stance)),
        abs(_log_odds(best) - _log_odds(sure)),
        abs(_log_odds(stands) - _log_odds(STANCE_LEAST)),
    )


def _log_odds(chance: float) -> float:
    return math.log(chance + 1e-12) - math.log(1 - chance + 1e-12)


def sure_threshold(
    confidences: Floats, right: Floats, *, accuracy: float, coverage: float | None = None
) -> float:
    """Confidence above which verdicts (n,) are right at `accuracy`; `right` says which are.

    With a `coverage` that share of them is to be sure at least: where there is room between the
    two, half way; where both cannot be had, accuracy gives way: a team that is told nothing is not
    served. Without one, 1 where no confidence is enough.
    """
    ranked = -np.sort(-confidences)
    count = _count_right(confidences, right, accuracy)
    if coverage is None:
        return float(ranked[count - 1]) if count else 1.0
    least = max(int(np.ceil(coverage * len(confidences))) - 1, 0)
    return float(ranked[(max(count - 1, least) + least) // 2])


def _count_right(confidences: Floats, right: Floats, accuracy: float) -> int:
    """Count the surest that together are right at `accuracy`: as many as can be."""
    running = np.cumsum(right[np.argsort(-confidences)]) / np.arange(1, len(right) + 1)
    good = np.flatnonzero(running >= accuracy)
    return int(good[-1]) + 1 if len(good) else 0


def complaint_threshold(
    p_angry: Floats, guessed: Bools, truth: Bools, *, precision: float
) -> float:
    """Lowest probability from which guesses of angry are right at `precision`; 1 where none is."""
    rows = np.flatnonzero(guessed)
    rows = rows[np.argsort(-p_angry[rows])]
    running = np.cumsum(truth[rows]) / np.arange(1, len(rows) + 1)
    good = np.flatnonzero(running >= precision)
    # Rounded down, so that the text it was taken from reaches it.
    return float(np.floor(p_angry[rows[good[-1]]] * 1e4) / 1e4) if len(good) else 1.0


def fit_mode(
    experience_logits: Floats, stance_logits: Floats, experience: Ints, stance: Ints
) -> Mode:
    """Fit both heads' scaling on texts that training did not see."""
    return Mode(
        fit_scaling(experience_logits, experience, bend=BEND), fit_scaling(stance_logits, stance)
    )
