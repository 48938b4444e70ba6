"""Logistic regression for few labels: prior weights, both classes alike, each label left out.

Numpy only, and the same labels give the same weights: Newton's method, no chance in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_STEPS = 50
_STILL = 1e-9
_LEAST_CURVE = 1e-9
# How far weights may go from what they were before any label, tried from little to much.
FREEDOMS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


@dataclass(frozen=True, slots=True)
class Fitted:
    """Weights (d,) of the features, and what each label's logit would be without that label."""

    weights: Floats
    left_out: Floats
    freedom: float


def fit(features: Floats, labels: Floats, before: Floats) -> Fitted:
    """Fit labels (n,) of 0 and 1 on features (n, d), with the freedom that foretells best.

    `before` (d,) are the weights that stand without labels: the fit is pulled towards them. Each
    class weighs as much as the other, however many labels it has.
    """
    import numpy as np

    tried = [_fit(features, labels, before, freedom) for freedom in FREEDOMS]
    shares = class_shares(labels)
    losses = [float(np.sum(shares * _loss(one.left_out, labels))) for one in tried]
    return tried[losses.index(min(losses))]


def class_shares(labels: Floats) -> Floats:
    """Give each label (n,) its weight: half of their sum, n, goes to either class."""
    import numpy as np

    yes = float(labels.sum())
    no = len(labels) - yes
    return len(labels) / 2 * np.where(labels == 1, 1 / max(yes, 1), 1 / max(no, 1))


def probabilities(logits: Floats) -> Floats:
    """Turn logits into probabilities between 0 and 1, without overflow."""
    import numpy as np

    return 0.5 * (1 + np.tanh(0.5 * logits))


def _fit(features: Floats, labels: Floats, before: Floats, freedom: float) -> Fitted:
    """Fit by Newton's method among the labels: n is small and d is not.

    The weights are `before + freedom * features.T @ pulls`. A Newton step is a weighted least
    squares problem, for which leaving one label out has a closed form.
    """
    import numpy as np

    shares = class_shares(labels)
    kernel = freedom * features @ features.T
    offset = features @ before
    pulls = np.zeros(len(labels))
    left_out = offset
    for _ in range(_STEPS):
        logits = offset + kernel @ pulls
        p = probabilities(logits)
        curve = np.maximum(shares * p * (1 - p), _LEAST_CURVE)
        target = logits + shares * (labels - p) / curve
        inverse = np.linalg.inv(kernel + np.diag(1 / curve))
        better = inverse @ (target - offset)
        left_out = target - better / np.diag(inverse)
        moved = float(np.abs(better - pulls).max())
        pulls = better
        if moved < _STILL:
            break
    return Fitted(before + freedom * features.T @ pulls, left_out, freedom)


def _loss(logits: Floats, labels: Floats) -> Floats:
    import numpy as np

    return np.logaddexp(0.0, np.where(labels == 1, -logits, logits))
