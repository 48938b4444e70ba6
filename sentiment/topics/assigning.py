"""New texts to known topics, by likeness and by words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sentiment.topics.topic import MOST_TOPICS, Assignment, Kind, KnownTopic
from sentiment.topics.topic_words import folded, stop_words, terms_of, words_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sentiment.topics.topic import Floats

# A second topic of a text is one that it is nearly as near to as to its first.
_NEARLY = 0.05
# How far above an ordinary text of the brand one about a described topic lies (measured on
# labelled aspects, docs/decisions/0033).
OWN_FLOOR = 0.18
_STEM_LETTERS = 3
# A telling word or hint counts as so much likeness, and so many of them count.
_WORD_COUNTS = 0.1
_WORDS_COUNTED = 2
# A text that says a topic's words is about it: surer than by likeness.
_SAID = 1.0


def assign(
    vectors: Floats, texts: Sequence[str], topics: Sequence[KnownTopic]
) -> list[Assignment]:
    """Give the topics of each text, own ones before found ones, at most MOST_TOPICS.

    `vectors` (n, d) of length 1. A text of no topic gets an empty assignment. What a person named
    comes first: what they ask for is not lost to what was found.
    """
    scores = scores_of(vectors, texts, topics)
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


def scores_of(
    vectors: Floats, texts: Sequence[str], topics: Sequence[KnownTopic]
) -> NDArray[np.float32]:
    """Give how much more each text is of each topic than an ordinary one is (n, topics).

    By likeness; a text that says telling words or hints of a topic is so much nearer.
    """
    if not topics:
        return np.empty((len(vectors), 0), np.float32)
    centres = np.zeros((len(topics), vectors.shape[1]), np.float32)
    for place, topic in enumerate(topics):
        if len(topic.centre):
            centres[place] = topic.centre
    usual = np.array([one.usual for one in topics], np.float32)
    scores: NDArray[np.float32] = np.asarray(vectors, np.float32) @ centres.T - usual
    telling: dict[str, set[int]] = {}
    for place, topic in enumerate(topics):
        for word in topic.words if topic.kind is Kind.FOUND else topic.hints:
            telling.setdefault(_stem(" ".join(map(folded, word.split()))), set()).add(place)
    if telling:
        for row, text in enumerate(texts):
            said = Counter(
                place
                for term in {_stem(fold) for fold, _ in terms_of(text, ())}
                for place in telling.get(term, ())
            )
            for place, number in said.items():
                scores[row, place] += _WORD_COUNTS * min(number, _WORDS_COUNTED)
    return scores


def _stem(term: str) -> str:
    """Take the plural's s away, which most of the languages that have one share."""
    return term[:-1] if term.endswith("s") and len(term) > _STEM_LETTERS else term


def own_topic(
    id: int,  # noqa: A002
    name: str,
    *,
    about: Floats | None = None,
    sentence: str = "",
    words: Sequence[str] = (),
    usual: Floats | None = None,
    language: str | None = None,
) -> KnownTopic:
    """Make a person's topic from a `sentence` that describes it, its vector `about` (d,), words.

    `usual` (d,) is the mean of the brand's vectors; the threshold is set above it. Without
    `about` only words count. `language` is the sentence's.
    """
    if about is None:
        nowhere = np.empty(0, np.float32)
        return KnownTopic(id, nowhere, tuple(words), Kind.OWN, name, np.inf, pinned=True)
    centre = np.asarray(about, np.float32)
    centre = centre / np.linalg.norm(centre)
    ordinary = 0.0 if usual is None else float(np.asarray(usual, np.float32) @ centre)
    stop = stop_words(language)
    hints = dict.fromkeys(fold for fold, _ in terms_of(sentence, stop) if " " not in fold)
    return KnownTopic(
        id,
        centre,
        tuple(words),
        Kind.OWN,
        name,
        OWN_FLOOR,
        ordinary,
        pinned=True,
        hints=tuple(hints),
    )


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
