"""New texts to known topics, by likeness and by words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sentiment.topics.topic import MOST_TOPICS, Assignment, Kind, KnownTopic
from sentiment.topics.words import folded, words_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sentiment.topics.topic import Floats

# A second topic of a text is one that it is nearly as near to as to its first.
_NEARLY = 0.05
# How far above an ordinary text of the brand one about a described topic lies (measured on
# labelled aspects, docs/decisions/0033).
OWN_FLOOR = 0.18
# A text that says a topic's words is about it: surer than by likeness.
_SAID = 1.0


def assign(
    vectors: Floats, texts: Sequence[str], topics: Sequence[KnownTopic]
) -> list[Assignment]:
    """Give the topics of each text, own ones before found ones, at most MOST_TOPICS.

    `vectors` (n, d) of length 1. A text of no topic gets an empty assignment. What a person named
    comes first: what they ask for is not lost to what was found.
    """
    scores = scores_of(vectors, topics)
    about = scores >= np.array([one.floor for one in topics], np.float32)
    own = np.array([one.kind is Kind.OWN for one in topics], bool)
    for place, topic in enumerate(topics):
        if topic.kind is Kind.OWN and topic.words:
            said = _saying(texts, topic.words)
            about[said, place] = True
            scores[said, place] = _SAID
    found = np.where(about & ~own, scores, -np.inf)
    nearest = found.max(1, initial=-np.inf)
    about &= own | (scores >= nearest[:, None] - _NEARLY)
    order = np.argsort(np.where(own, -scores - 4, -scores), axis=1, kind="stable")
    return [_assignment(about[row], scores[row], order[row], topics) for row in range(len(texts))]


def scores_of(vectors: Floats, topics: Sequence[KnownTopic]) -> NDArray[np.float32]:
    """Give how much nearer each text is to each topic than an ordinary one (n, topics)."""
    if not topics:
        return np.empty((len(vectors), 0), np.float32)
    centres = np.stack([one.centre for one in topics]).astype(np.float32)
    usual = np.array([one.usual for one in topics], np.float32)
    scores: NDArray[np.float32] = np.asarray(vectors, np.float32) @ centres.T - usual
    return scores


def own_topic(
    id: int,  # noqa: A002
    name: str,
    *,
    about: Floats | None = None,
    words: Sequence[str] = (),
    usual: Floats | None = None,
) -> KnownTopic:
    """Make a person's topic from the vector (d,) of the sentence that describes it, and words.

    `usual` (d,) is the mean of the brand's vectors; the threshold is set above it. Without
    `about` only words count.
    """
    if about is None:
        size = 1 if usual is None else len(usual)
        return KnownTopic(
            id, np.zeros(size, np.float32), tuple(words), Kind.OWN, name, np.inf, pinned=True
        )
    centre = np.asarray(about, np.float32)
    centre = centre / np.linalg.norm(centre)
    ordinary = 0.0 if usual is None else float(np.asarray(usual, np.float32) @ centre)
    return KnownTopic(id, centre, tuple(words), Kind.OWN, name, OWN_FLOOR, ordinary, pinned=True)


def _saying(texts: Sequence[str], phrases: Sequence[str]) -> NDArray[np.bool_]:
    """Tell which texts say one of the phrases, whole words only, whatever their case."""
    wanted = [" ".join(map(folded, words_of(phrase))) for phrase in phrases]
    said = [f" {' '.join(map(folded, words_of(text)))} " for text in texts]
    return np.array([any(f" {one} " in text for one in wanted if one) for text in said], bool)


def _assignment(
    about: NDArray[np.bool_],
    scores: NDArray[np.float32],
    order: NDArray[np.int64],
    topics: Sequence[KnownTopic],
) -> Assignment:
    chosen = [place for place in order.tolist() if about[place]][:MOST_TOPICS]
    return Assignment(
        tuple((topics[place].id, round(float(scores[place]), 4)) for place in chosen)
    )
