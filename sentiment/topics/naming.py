"""Names of topics: the words that tell them from one another.

A word tells by its log-odds in the texts of a topic against all others, with an informative
Dirichlet prior, in standard deviations (Monroe, Colaresi and Quinn, 2008): chance alone makes no
rare word a name, and no list of stop words has to be complete.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sentiment.topics.topic_words import FEELINGS, folded, stop_words, terms_of, words_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sentiment.topics.topic import Ints

WORDS = 8
"""So many telling words a topic has at most."""

NAME_MARK = ", "
"""What stands between the words of a name."""

_IN_NAME = 3
# The prior weighs as much as so many texts, and no more than such a share of all.
_PRIOR = 50.0
_PRIOR_SHARE = 0.1
# A word is told by so many of a topic's texts, and by such a share of them.
_LEAST_TEXTS = 3
_LEAST_SHARE = 0.03
# Standard deviations from chance. The most telling come first: what is a name's last word by
# chance costs less than a topic that is called by one.
_LEAST_SIGNAL = 1.8
# A pair that is said this often where its words are is the better name.
_PAIR_BONUS = 1.3
_TWINS = 4


@dataclass(frozen=True, slots=True)
class TopicName:
    """A topic's telling words, the most telling first, and a name made of the first few."""

    name: str
    words: tuple[str, ...]


def name_topics(
    texts: Sequence[str],
    members: Ints,
    *,
    ignored: Collection[str] = (),
    language: str | None = None,
) -> list[TopicName]:
    """Name the topics 0, 1, … of texts; `members` (n,) holds each text's, -1 for none.

    No word of `ignored` (names of the brand, its staff, authors) is in a name. A topic whose
    texts share no word gets the most usual one of them.
    """
    count = int(members.max(initial=-1)) + 1
    stop = stop_words(language) | {folded(word) for name in ignored for word in words_of(name)}
    said = [Counter[str]() for _ in range(count)]
    written: dict[str, Counter[str]] = {}
    usual: Counter[str] = Counter()
    for text, member in zip(texts, members.tolist(), strict=True):
        for fold, word in dict(terms_of(text, stop)).items():
            usual[fold] += 1
            if member >= 0:
                said[member][fold] += 1
                written.setdefault(fold, Counter())[word] += 1
    sizes = np.bincount(members[members >= 0], minlength=count)
    taken: set[str] = set()
    names = []
    for topic in range(count):
        ranked = _ranked(said[topic], usual, int(sizes[topic]), len(texts))
        words = [written[fold].most_common(1)[0][0] for fold in _distinct(ranked)]
        names.append(_named(words, taken))
        taken.add(names[-1].name)
    return names


def _ranked(said: Counter[str], usual: Counter[str], size: int, total: int) -> list[str]:
    """Order a topic's terms, the most telling first; feelings only where nothing else tells."""
    least = max(_LEAST_TEXTS, _LEAST_SHARE * size)
    terms = sorted(term for term, number in said.items() if number >= least)
    if not terms:
        return [term for term, _ in said.most_common(1)]
    here = np.array([said[term] for term in terms], float)
    everywhere = np.array([usual[term] for term in terms], float)
    signal = _signal(here, everywhere, size, total)
    signal *= [_PAIR_BONUS if " " in term else 1.0 for term in terms]
    order = [terms[place] for place in np.argsort(-signal, kind="stable")]
    telling = {term for term, value in zip(terms, signal, strict=True) if value >= _LEAST_SIGNAL}
    plain = [term for term in order if term in telling and not _feels(term)]
    return plain or [term for term in order if term in telling] or order[:1]


def _signal(
    here: NDArray[np.float64], everywhere: NDArray[np.float64], size: int, total: int
) -> NDArray[np.float64]:
    """Give each term's log-odds in a topic against the others, in standard deviations."""
    weight = min(_PRIOR, _PRIOR_SHARE * total + 1)
    prior = weight * (everywhere + 0.5) / (total + 1)
    there = everywhere - here
    rest = total - size
    odds_here = np.log((here + prior) / (size + weight - here - prior))
    odds_there = np.log((there + prior) / (rest + weight - there - prior))
    spread = np.sqrt(1 / (here + prior) + 1 / (there + prior))
    signal: NDArray[np.float64] = (odds_here - odds_there) / spread
    return signal


def _feels(term: str) -> bool:
    return any(word in FEELINGS for word in term.split(" "))


def _distinct(ranked: Sequence[str]) -> Iterator[str]:
    """Leave out terms that repeat one before: its words, its plural, an overlapping piece."""
    shown: list[str] = []
    for term in ranked:
        words = term.split(" ")
        if any(_alike(word, other) for one in shown for other in one.split(" ") for word in words):
            continue
        shown.append(term)
        yield term
        if len(shown) == WORDS:
            return


def _alike(one: str, two: str) -> bool:
    if one == two:
        return True
    short, long = sorted((one, two), key=len)
    if not short.isascii() and len(short) <= _TWINS:
        return short[1:] == long[: len(short) - 1] or long[1:] == short[: len(long) - 1]
    return len(short) >= _TWINS and long.startswith(short[:-1]) and len(long) - len(short) <= 3


def _named(words: Sequence[str], taken: Collection[str]) -> TopicName:
    """Make a name of the first words that no other topic has."""
    name = NAME_MARK.join(words[:_IN_NAME])
    for more in range(_IN_NAME + 1, len(words) + 1):
        if name not in taken:
            break
        name = NAME_MARK.join(words[:more])
    return TopicName(name, tuple(words))
