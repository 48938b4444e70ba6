"""Raw scores of texts, pooled from those of their windows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sentiment.quality.metrics import Floats
from sentiment.scoring.encoding import MOST_WINDOWS, Window, batches
from sentiment.scoring.text import Text
from sentiment.scoring.window_pooling import pooled

LOG = logging.getLogger(__name__)

_EXPERIENCES, _STANCES = 4, 3
# Of these classes a window says most: angry and delighted; advocate and hater.
_TELLING_EXPERIENCES, _TELLING_STANCES = (0, 2), (0, 1)


@dataclass(frozen=True, slots=True)
class Logits:
    """Raw scores before calibration, (n, 4) and (n, 3); `whole` where all was read."""

    experience: Floats
    stance: Floats
    whole: Sequence[bool]

    def take(self, rows: NDArray[np.int64]) -> Logits:
        """Pick rows (n,), in that order."""
        whole = [self.whole[int(row)] for row in rows]
        return Logits(self.experience[rows], self.stance[rows], whole)


def logits_of(
    texts: Sequence[Text],
    windows: Sequence[Window],
    scores: Callable[[Sequence[list[int]], Sequence[float], Sequence[int]], tuple[Floats, Floats]],
    budget: int,
) -> Logits:
    """Score the windows of texts in batches of at most `budget` tokens, and pool each text's.

    `scores` gives (n, 4) and (n, 3) of n framed id rows, their rating positions and how many ids
    of each are the text's own.
    """
    lengths = [len(window.ids) for window in windows]
    experience = np.empty((len(windows), _EXPERIENCES))
    stance = np.empty((len(windows), _STANCES))
    for batch in batches(lengths, budget):
        experience[batch], stance[batch] = scores(
            [windows[index].ids for index in batch],
            [windows[index].rating for index in batch],
            [windows[index].own for index in batch],
        )
    owner = np.array([window.owner for window in windows], dtype=np.int64)
    sizes = np.array(lengths, dtype=np.int64)
    return Logits(
        pooled(experience, owner, sizes, len(texts), _TELLING_EXPERIENCES),
        pooled(stance, owner, sizes, len(texts), _TELLING_STANCES),
        _read_whole(owner, texts),
    )


def _read_whole(owner: NDArray[np.int64], texts: Sequence[Text]) -> list[bool]:
    whole = np.bincount(owner, minlength=len(texts)) < MOST_WINDOWS
    for index in np.flatnonzero(~whole):
        LOG.warning(
            "a text of %d characters was read at its beginning and end only",
            len(texts[int(index)].text),
        )
    return [bool(value) for value in whole]
