"""Topics found in texts, and found again: ids stay, merges and splits are told.

The steps are scikit-learn's; docs/decisions/0033 says what each was measured against.

1. Each text is put beside its neighbours: those nearest by vector and by the words they share. The
   mean of a text and its neighbours, and of theirs, is what is clustered: it forgets what only
   one text says.
2. Known topics are where clustering starts. New ones start in what fits none of them, by Ward's
   method, which no chance moves.
3. k-means moves all of them to the middle of their texts. Two that came together are merged, one
   whose texts part is split, one that is hardly spoken of is none.
4. Topics are matched with the known ones by the texts that both have (`matching`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sentiment.topics.assigning import assign, scores_of
from sentiment.topics.matching import changes, matched
from sentiment.topics.naming import NAME_MARK, TopicName, name_topics
from sentiment.topics.neighbours import beside_neighbours, of_length_1
from sentiment.topics.topic import FittedTopic, Kind, KnownTopic, Refit, Split

if TYPE_CHECKING:
    from sentiment.topics.topic import Floats, Ints

FEWEST_TEXTS = 30
"""Fewer texts than this have no topics: what a few people say is no pattern."""

# How many topics to look for: the square root of the texts, for twice the texts bring some new
# topics and more of the old; more than 60 nobody reads.
_A_ROOT = 1.2
_MOST = 60
# A topic has at least so many texts, and such a share of them.
_LEAST_SIZE = 8
_LEAST_SHARE = 0.004
# Topics whose centres, seen from the middle of all texts, are this near are one (cosine).
_ONE = 0.58
# A topic whose two parts are less alike than this is two, each with at least such a share of it.
_TWO = 0.2
_LEAST_PART = 0.25
# The part of a topic's texts farthest from its centre: a new text as far off is of no topic.
_FARTHEST = 0.1
# Ward's method costs the square of the texts: more are clustered from a sample.
_WARD_TEXTS = 3000


def refit(
    vectors: Floats,
    texts: Sequence[str],
    known: Sequence[KnownTopic],
    *,
    seed: int,
    ignored: Collection[str] = (),
    language: str | None = None,
) -> Refit:
    """Find the topics of texts (a sample of at most some ten thousand), keeping known ones.

    `vectors` (n, d) of length 1. `ignored` are names that no topic is named by: the brand, its
    staff, authors. `language` (ISO 639-1) chooses stop words. Texts that an own or a pinned topic
    of `known` takes are left to it: what a person named is not found a second time.
    """
    vectors = np.asarray(vectors, np.float32)
    own = [topic for topic in known if topic.kind is Kind.OWN]
    held = [topic for topic in known if topic.kind is Kind.FOUND and topic.pinned]
    free = [topic for topic in known if topic.kind is Kind.FOUND and not topic.pinned]
    firm = len(own) + len(held)
    before = _first(vectors, texts, [*own, *held, *free])
    rows = np.flatnonzero((before < 0) | (before >= firm))
    clusters, match = free, list[int | None](range(len(free)))
    after = before
    if len(rows) >= FEWEST_TEXTS:
        part = [texts[row] for row in rows.tolist()]
        was = np.maximum(before[rows] - firm, -1)
        clusters = _clusters(vectors[rows], part, was, len(free), seed, ignored, language)
        after = _first(vectors, texts, [*own, *held, *clusters])
        match = matched(
            np.maximum(before - firm, -1), np.maximum(after - firm, -1), len(free), len(clusters)
        )
        clusters = [
            one if old is None else _moved(free[old], one)
            for one, old in zip(clusters, match, strict=True)
        ]
        after = _first(vectors, texts, [*own, *held, *clusters])
    merges, splits, retired = changes(
        np.maximum(before - firm, -1),
        np.maximum(after - firm, -1),
        match,
        [topic.id for topic in free],
    )
    ids = [one.id for one in held] + [None if one is None else free[one].id for one in match]
    found = [*held, *clusters]
    members = np.maximum(after - len(own), -1)
    sizes = np.bincount(members[members >= 0], minlength=len(found))
    order = np.argsort(-sizes, kind="stable")
    place_of = np.empty(len(found) + 1, np.int64)
    place_of[order], place_of[-1] = np.arange(len(found)), -1
    members = place_of[members]
    topics = tuple(
        FittedTopic(
            id=ids[place],
            centre=found[place].centre,
            words=found[place].words,
            name=found[place].name,
            floor=found[place].floor,
            usual=found[place].usual,
            size=int(sizes[place]),
            pinned=found[place].pinned,
        )
        for place in order.tolist()
    )
    moved = tuple(
        Split(one.id, tuple(int(place_of[len(held) + part]) for part in one.parts))
        for one in splits
    )
    return Refit(topics, members, merges, moved, retired)


def _moved(known: KnownTopic, found: KnownTopic) -> KnownTopic:
    """Move a known topic half the way to where its texts are now, with the name people know.

    The words change only once most of them tell no more, and the name with them where it must.
    """
    centre = known.centre + found.centre
    length = float(np.linalg.norm(centre))
    told = {word.casefold() for word in found.words}
    still = sum(word.casefold() in told for word in known.words)
    named = any(word.casefold() in told for word in known.name.split(NAME_MARK))
    return replace(
        found,
        centre=np.asarray(centre / length, np.float32),
        usual=(known.usual + found.usual) / length,
        floor=(known.floor + found.floor) / length,
        words=known.words if 2 * still >= max(len(known.words), 1) else found.words,
        name=known.name if named else found.name,
    )


def _clusters(
    vectors: Floats,
    texts: Sequence[str],
    before: Ints,
    known: int,
    seed: int,
    ignored: Collection[str],
    language: str | None,
) -> list[KnownTopic]:
    """Find clusters of texts, of which `before` (n,) holds the places of known topics."""
    from sklearn.cluster import KMeans

    middle = vectors.mean(0)
    clear = of_length_1(vectors - middle)
    beside = beside_neighbours(clear, texts, language)
    starts = [beside[before == place].mean(0) for place in range(known) if (before == place).any()]
    births = _births(beside[before < 0], len(texts), seed)
    starts, born = [*starts, *births], len(births)
    if not starts:
        return []
    means = KMeans(len(starts), init=of_length_1(np.stack(starts)), n_init=1, random_state=seed)
    labels = means.fit_predict(beside).astype(np.int64)
    labels = _close_births(clear, labels, len(starts) - born)
    labels = _large_enough(_merged(clear, _parted(clear, labels, seed)))
    large, places = np.unique(labels[labels >= 0], return_inverse=True)
    members = np.full(len(texts), -1, np.int64)
    members[labels >= 0] = places
    names = name_topics(texts, members, ignored=ignored, language=language)
    return [
        _topic(
            place,
            names[place],
            vectors[members == place],
            [text for text, member in zip(texts, members, strict=True) if member == place],
            clear[members == place].mean(0),
            middle,
        )
        for place in range(len(large))
    ]


def _births(beside: Floats, total: int, seed: int) -> list[Floats]:
    """Give where new topics start: the middles of Ward's clusters of texts that fit no known."""
    from sklearn.cluster import AgglomerativeClustering

    wanted = min(_MOST, _A_ROOT * math.sqrt(total)) * len(beside) / total
    if len(beside) < _least_size(total) or wanted < 1:
        return []
    if len(beside) > _WARD_TEXTS:
        chosen = np.random.default_rng(seed).choice(len(beside), _WARD_TEXTS, replace=False)
        beside = beside[np.sort(chosen)]
    if round(wanted) < 2:
        return [beside.mean(0)]
    labels = AgglomerativeClustering(round(wanted), linkage="ward").fit_predict(beside)
    return [beside[labels == label].mean(0) for label in range(round(wanted))]


def _close_births(clear: Floats, labels: Ints, known: int) -> Ints:
    """Give -1 to texts of new clusters that hang together less than most known topics do.

    What fits no topic is scattered on most days, and would be a few new topics each night.
    """
    names = np.unique(labels)
    close = {
        name: float((clear[labels == name] @ of_length_1(clear[labels == name].mean(0))).mean())
        for name in names.tolist()
    }
    usual = [value for name, value in close.items() if name < known]
    if not usual:
        return labels
    loose = [name for name in close if name >= known and close[name] < np.median(usual)]
    return np.where(np.isin(labels, loose), -1, labels)


def _parted(clear: Floats, labels: Ints, seed: int) -> Ints:
    """Split clusters whose two parts have little in common; the smaller part gets a new label."""
    from sklearn.cluster import KMeans

    parted = labels.copy()
    for label in np.unique(labels[labels >= 0]):
        rows = np.flatnonzero(labels == label)
        if len(rows) < 2 * _least_size(len(labels)):
            continue
        half = KMeans(2, n_init=3, random_state=seed).fit_predict(clear[rows])
        sides = [rows[half == side] for side in (0, 1)]
        small = min(sides, key=len)
        centres = of_length_1(np.stack([clear[side].mean(0) for side in sides]))
        apart = float(centres[0] @ centres[1]) < _TWO
        if apart and len(small) >= max(_least_size(len(labels)), _LEAST_PART * len(rows)):
            parted[small] = parted.max() + 1
    return parted


def _merged(clear: Floats, labels: Ints) -> Ints:
    """Make one of clusters whose centres nearly agree, the nearest first."""
    labels = labels.copy()
    while len(names := np.unique(labels[labels >= 0])) > 1:
        centres = of_length_1(np.stack([clear[labels == name].mean(0) for name in names]))
        alike = np.triu(centres @ centres.T, 1)
        one, two = np.unravel_index(alike.argmax(), alike.shape)
        if alike[one, two] < _ONE:
            break
        labels[labels == names[two]] = names[one]
    return labels


def _large_enough(labels: Ints) -> Ints:
    """Give -1 to texts of clusters that are too small for topics."""
    sizes = np.bincount(labels[labels >= 0], minlength=int(labels.max()) + 1)
    return np.where((labels >= 0) & (sizes[labels] >= _least_size(len(labels))), labels, -1)


def _least_size(total: int) -> int:
    return max(_LEAST_SIZE, math.ceil(_LEAST_SHARE * total))


def _topic(
    place: int,
    name: TopicName,
    vectors: Floats,
    texts: Sequence[str],
    centre: Floats,
    middle: Floats,
) -> KnownTopic:
    """Make a topic of its texts, their words and centre: how far off a text of it may be."""
    centre = of_length_1(centre)
    topic = KnownTopic(place, centre, name.words, name=name.name, usual=float(middle @ centre))
    floor = float(np.quantile(scores_of(vectors, texts, [topic]), _FARTHEST))
    return replace(topic, floor=floor)


def _first(vectors: Floats, texts: Sequence[str], topics: Sequence[KnownTopic]) -> Ints:
    """Give each text's first topic by its place (n,), -1 for none."""
    placed = [replace(topic, id=place) for place, topic in enumerate(topics)]
    found = [one.first for one in assign(vectors, texts, placed)]
    return np.array([-1 if one is None else one for one in found], np.int64)
