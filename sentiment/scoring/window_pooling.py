"""One verdict from the windows of a long text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sentiment.quality.calibration import softmax
from sentiment.quality.metrics import Floats, Ints

# Chosen on 792 labelled texts of 170 to 253 tokens read in windows of 96: against the mean of the
# windows' features, macro-F1 rose from 0.859 to 0.879 (experience) and 0.705 to 0.859 (stance).
FLOOR = 0.05
ENDING = 2.0


def pooled(
    logits: Floats, owner: Ints, lengths: Ints, count: int, telling: Sequence[int]
) -> Floats:
    """Logits (count, classes) of texts from those of their windows (windows, classes).

    A window weighs by its length, by the probability of the `telling` classes in it (a paragraph
    that tells how the writer felt outweighs pages of story), and double if it is the ending.
    """
    if len(logits) == count:
        return logits
    weight = lengths * (FLOOR + softmax(logits)[:, list(telling)].sum(1))
    ending = np.append(owner[1:] != owner[:-1], True)
    weight = np.where(ending, ENDING * weight, weight)
    total = np.bincount(owner, weight, count)
    result = np.zeros((count, logits.shape[1]))
    np.add.at(result, owner, logits * (weight / total[owner])[:, None])
    return result
