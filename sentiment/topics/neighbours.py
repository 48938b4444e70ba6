"""Texts beside their neighbours: near by vector, and by the words that they share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sentiment.topics.topic_words import stop_words, terms_of

if TYPE_CHECKING:
    from sentiment.topics.topic import Floats

NEIGHBOURS = 15
# How much shared words count beside likeness; words that more of the texts say tell nothing.
_WORDS_COUNT = 1.0
_TOO_COMMON = 0.2
_LEAST_TEXTS = 3
_STEPS = 3
_CHUNK = 1024


def beside_neighbours(vectors: Floats, texts: Sequence[str], language: str | None) -> Floats:
    """Give each text as the mean of its neighbours, their neighbours and theirs, length 1."""
    beside = _links(vectors, texts, language)
    mean = np.zeros_like(vectors)
    reached = vectors
    for _ in range(_STEPS):
        reached = beside @ reached
        mean += reached
    return of_length_1(mean)


def of_length_1(vectors: Floats) -> Floats:
    """Scale rows to length 1; a row of nothing stays one."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def _links(vectors: Floats, texts: Sequence[str], language: str | None) -> Any:
    """Give the sparse matrix (n, n) of each text's neighbours, weights that sum to 1."""
    from scipy.sparse import csr_matrix

    n = len(texts)
    count = min(NEIGHBOURS, n - 1)
    words = _words(texts, language)
    places = np.empty((n, count), np.int64)
    weights = np.empty((n, count), np.float32)
    for start in range(0, n, _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, n))
        alike = vectors[rows] @ vectors.T
        if words is not None:
            alike += _WORDS_COUNT * (words[rows] @ words.T).toarray()
        alike[np.arange(len(rows)), rows] = -np.inf
        nearest = np.argpartition(-alike, count - 1, axis=1)[:, :count]
        places[rows] = nearest
        weights[rows] = np.maximum(np.take_along_axis(alike, nearest, 1), 1e-6)
    weights /= weights.sum(1, keepdims=True)
    owners = np.repeat(np.arange(n), count)
    return csr_matrix((weights.ravel(), (owners, places.ravel())), shape=(n, n))


def _words(texts: Sequence[str], language: str | None) -> Any:
    """Give the texts' words by TF-IDF (n, words), sparse; None where they share no word."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    stop = stop_words(language)
    vectorizer = TfidfVectorizer(
        analyzer=lambda text: [fold for fold, _ in terms_of(text, stop) if " " not in fold],
        sublinear_tf=True,
        min_df=_LEAST_TEXTS,
        max_df=_TOO_COMMON,
        dtype=np.float32,
    )
    try:
        return vectorizer.fit_transform(texts)
    except ValueError:
        # No word is left: texts of emoji, or each in words of its own.
        return None
