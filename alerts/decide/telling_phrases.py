"""The words and pairs of words that many texts share and that are rare otherwise. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from config.word_borders import SPACELESS

_SHARED = 0.3
_MOST = 3
_COMMON = """
    a about after again all also am an and any are as at be because been before being but by can
    could did do does doing don down each even ever every few for from further get got had has have
    he her here him his how i if in into is it its just like me more most my never no nor not now
    of off on once only or other our out over own really same she should so some still such than
    that the their them then there these they this those through time to today too under until up
    us very was we were what when where which while who why will with would you your please since
    und der die das ist nicht ich ein eine mit auf zu den es de la el le les et un une que en por
    para con se je ne pas est
"""
_STOP = frozenset(_COMMON.split())
_WORD = re.compile(rf"{SPACELESS}+|(?:(?!{SPACELESS})[^\W_])+")
_SPACELESS = re.compile(SPACELESS)
_HIRAGANA = re.compile(r"[\u3040-\u309f\u30fc]+")
# Signs of a run that can be a word: most Chinese ones have two, those of Thai, Lao, Khmer and
# Burmese, which are written by sound, four and more.
_LEAST, _LEAST_BY_SOUND, _MOST_SIGNS = 2, 4, 8
_EAST_ASIAN = "\u3000"
# Each sign begins up to seven runs: of a very long text so many signs are read.
_READ_SIGNS = 1_000


@dataclass(frozen=True, slots=True)
class Phrase:
    """A word or two that so many texts (`part` of `total`) say; `usual` is the share before.

    `usual` is None where there are too few texts from before to tell.
    """

    words: str
    part: int
    total: int
    usual: float | None

    def is_in(self, words: Sequence[str]) -> bool:
        """Tell whether a text, as its `words_of`, says it."""
        wanted = self.words.split(" ")
        size = len(wanted)
        return any(list(words[at : at + size]) == wanted for at in range(len(words) - size + 1))


# Below so many texts from before a share says little.
_MIN_ORDINARY = 20


def telling_phrases(
    texts: Sequence[str], ordinary: Sequence[str], brand: str = "", most: int = _MOST
) -> tuple[Phrase, ...]:
    """Find the words or pairs of words that most texts share and that are rare otherwise.

    The most telling first, none a part of another; none where no third of the texts shares any.
    """
    if not texts:
        return ()
    ignored = set(words_of(brand))
    if _SPACELESS.search(brand):
        # No border parts the name from the words beside it.
        texts = [one.casefold().replace(brand.casefold(), " ") for one in texts]
        ordinary = [one.casefold().replace(brand.casefold(), " ") for one in ordinary]
    here = Counter(term for text in texts for term in _terms(text, ignored))
    usual = Counter(term for text in ordinary for term in _terms(text, ignored))
    ranked = []
    for term, number in sorted(here.items()):
        share = number / len(texts)
        before = (usual[term] + 0.5) / (len(ordinary) + 1)
        if number < 2 or share < _SHARED or share <= 2 * usual[term] / max(len(ordinary), 1):
            continue
        # How much more often than usual, weighed by how many say it; a pair says more than a word.
        score = share * math.log2(1 + share / before) * _weight(term)
        ranked.append((-score, term))
    chosen: list[str] = []
    for _, term in sorted(ranked):
        parts = _parts(term)
        if not any(parts & _parts(other) for other in chosen):
            chosen.append(term)
    known = len(ordinary) >= _MIN_ORDINARY
    return tuple(
        Phrase(term, here[term], len(texts), usual[term] / len(ordinary) if known else None)
        for term in chosen[:most]
    )


def _weight(term: str) -> float:
    """Weigh what says more: a pair, and of runs that as many texts share the longest."""
    if _SPACELESS.match(term):
        return 1 + 0.05 * len(term)
    return 1.25 if " " in term else 1.0


def _parts(term: str) -> set[str]:
    """Give that of which two phrases may not share any: words, or signs that are no grammar."""
    if _SPACELESS.match(term):
        return {sign for sign in term if not _HIRAGANA.match(sign)}
    return set(term.split())


def telling_phrase(texts: Sequence[str], ordinary: Sequence[str], brand: str = "") -> str | None:
    """Find the most telling of them, None where there is none."""
    phrases = telling_phrases(texts, ordinary, brand, 1)
    return phrases[0].words if phrases else None


def words_of(text: str) -> list[str]:
    """Give the words of a text, folded; of scripts without spaces, runs of two to eight signs."""
    words: list[str] = []
    left = _READ_SIGNS
    for word in _WORD.findall(text.casefold()):
        if _SPACELESS.match(word):
            words += _runs(word[:left])
            left -= len(word[:left])
        else:
            words.append(word)
    return words


def _runs(signs: str) -> list[str]:
    # Which runs are words takes a dictionary to tell, or the many texts that share them. What is
    # Hiragana alone is grammar.
    least = _LEAST_BY_SOUND if signs < _EAST_ASIAN else _LEAST
    runs = (
        signs[at : at + size]
        for size in range(least, _MOST_SIGNS + 1)
        for at in range(len(signs) - size + 1)
    )
    return [run for run in runs if not _HIRAGANA.fullmatch(run)]


def _terms(text: str, ignored: set[str]) -> set[str]:
    words = words_of(text)
    single = {word for word in words if _tells(word, ignored)}
    pairs = {
        f"{one} {two}"
        for one, two in pairwise(words)
        if _tells(one, ignored)
        and _tells(two, ignored)
        and not (_SPACELESS.match(one) or _SPACELESS.match(two))
    }
    return single | pairs


def _tells(word: str, ignored: set[str]) -> bool:
    if _SPACELESS.match(word):
        return word not in ignored
    return len(word) > 2 and word not in _STOP and word not in ignored and not word.isdigit()
