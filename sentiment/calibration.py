"""From logits to honest probabilities, and to the word `sure`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from sentiment.metrics import Bools, Floats, Ints

# Under this probability of its best class a stance is a toss-up.
STANCE_LEAST = 0.55


def softmax(logits: Floats) -> Floats:
    """Probabilities along the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Floats = shifted / shifted.sum(axis=-1, keepdims=True)
    return result


@dataclass(frozen=True, slots=True)
class Scaling:
    """Vector scaling of one head: softmax(`scale` * logits + `shift`)."""

    scale: float = 1.0
    shift: tuple[float, ...] = ()

    def probabilities(self, logits: Floats) -> Floats:
        shift = np.asarray(self.shift) if self.shift else 0.0
        return softmax(self.scale * logits + shift)


def fit_scaling(
    logits: Floats, truth: Ints, *, steps: int = 400, ridge: float = 0.5, hold: float = 0.1
) -> Scaling:
    """Fit scale and shifts by gradient descent on the log loss.

    `ridge` holds the shifts small: free ones follow the class shares of the data they are fitted
    on and cost macro-F1. `hold` keeps the scale near 1: a handful of data sets may all be easy
    ones, and the next one is not.
    """
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
    return Scaling(float(np.exp(log_scale)), tuple(round(float(value), 4) for value in shift))


@dataclass(frozen=True, slots=True)
class Mode:
    """Calibration of texts that come with a rating, or of those without.

    `complaint` is the least probability of angry at which an unsure complaint is a likely one.
    """

    experience: Scaling = field(default_factory=Scaling)
    stance: Scaling = field(default_factory=Scaling)
    complaint: float = 1.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """One mode for rated texts and one for unrated: a rating makes verdicts surer.

    `sure` is the least confidence, as `confidence` gives it, of a sure verdict of either kind.
    """

    rated: Mode = field(default_factory=Mode)
    unrated: Mode = field(default_factory=Mode)
    sure: float = 0.75

    def complaint(self, *, rated: bool) -> float:
        """Give the threshold of a likely complaint: a rating makes an angry guess safer."""
        return (self.rated if rated else self.unrated).complaint

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Calibration:
        """Read what `as_dict` gave; KeyError or TypeError where it does not fit."""

        def mode(part: dict[str, Any]) -> Mode:
            scalings = [
                Scaling(float(part[head]["scale"]), tuple(map(float, part[head]["shift"])))
                for head in ("experience", "stance")
            ]
            # Weights trained before there was a threshold know no likely complaint.
            return Mode(scalings[0], scalings[1], float(part.get("complaint", 1.0)))

        return cls(mode(data["rated"]), mode(data["unrated"]), float(data["sure"]))


def confidence(experience: Floats, stance: Floats) -> Floats:
    """Confidence in a verdict: the best experience's probability, 0 where the stance is a toss-up.

    On held-out data sets the surest 70% by this are right in 1.5 points more than by the product
    of both heads: most doubts about a stance are not doubts about the experience.
    """
    settled: Floats = experience.max(axis=-1) * (stance.max(axis=-1) >= STANCE_LEAST)
    return settled


def sure_threshold(
    confidences: Floats, right: Floats, *, accuracy: float, coverage: float
) -> float:
    """Confidence above which verdicts are right at `accuracy` and cover `coverage` of the texts.

    Where there is room between the two, half way: new texts may fall short of either. Where both
    cannot be had, accuracy gives way: a team that is told nothing is not served.
    """
    order = np.argsort(-confidences)
    running = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.nonzero(running >= accuracy)[0]
    last = int(good[-1]) if len(good) else 0
    least = int(np.ceil(coverage * len(order))) - 1
    last = max((last + least) // 2, least)
    return float(confidences[order[min(last, len(order) - 1)]])


def complaint_threshold(p_angry: Floats, told: Bools, truth: Bools, *, precision: float) -> float:
    """Lowest probability from which guesses of angry are right at `precision`; 1 where none is."""
    rows = np.flatnonzero(told)
    rows = rows[np.argsort(-p_angry[rows])]
    running = np.cumsum(truth[rows]) / np.arange(1, len(rows) + 1)
    good = np.flatnonzero(running >= precision)
    # Rounded down, so that the text it was taken from reaches it.
    return float(np.floor(p_angry[rows[good[-1]]] * 1e4) / 1e4) if len(good) else 1.0


def fit_mode(
    experience_logits: Floats, stance_logits: Floats, experience: Ints, stance: Ints
) -> Mode:
    """Fit both heads' scaling on texts that training did not see."""
    return Mode(fit_scaling(experience_logits, experience), fit_scaling(stance_logits, stance))
