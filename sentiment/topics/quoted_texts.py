"""Quotes for a topic: near its centre, each by somebody else, of the wanted feeling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sentiment.topics.topic_words import folded, words_of

if TYPE_CHECKING:
    from sentiment.topics.topic import Floats

QUOTES = 3
# Words: fewer say little, more are not read. Pieces of Chinese count as words.
_READABLE = (6, 60)
# Two texts that share this much of their words are copies of one another.
_ALIKE = 0.6


def quotes(
    vectors: Floats,
    texts: Sequence[str],
    authors: Sequence[str | None],
    centre: Floats,
    *,
    most: int = QUOTES,
) -> list[int]:
    """Choose places of texts to quote, the best first; fewer where not enough differ.

    Hand in the candidates only: texts of the topic and of the feeling that is wanted (angry for
    a complaint's topic), `vectors` (n, d). Nearest to the centre first, those that are read at a
    glance before others; no author twice, no copy of another quote.
    """
    if not len(texts):
        return []
    bags = [frozenset(folded(word) for word in words_of(text)) for text in texts]
    least, longest = _READABLE
    readable = np.array([least <= len(bag) <= longest for bag in bags])
    order = np.lexsort((-(np.asarray(vectors) @ centre), ~readable))
    chosen: list[int] = []
    for place in order.tolist():
        if bags[place] and all(_differ(place, other, bags, authors) for other in chosen):
            chosen.append(place)
        if len(chosen) == most:
            break
    return chosen


def _differ(
    one: int, two: int, bags: Sequence[frozenset[str]], authors: Sequence[str | None]
) -> bool:
    if authors[one] is not None and authors[one] == authors[two]:
        return False
    shared = len(bags[one] & bags[two])
    return shared <= _ALIKE * len(bags[one] | bags[two])
