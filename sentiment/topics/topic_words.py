"""Words of a text in any script, as topics count and show them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache
from itertools import pairwise

import regex

# Links, addressed accounts and bare numbers name nothing.
_LEFT_OUT = regex.compile(r"(?:https?://|www\.)\S+|[@＠][\w.]+|<[^<>]*>|&\w+;")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*")
# Scripts that put no space between words. Of Japanese, what Hiragana writes is mostly grammar.
_PIECE = regex.compile(
    r"(?P<han>\p{Han}+)|(?P<whole>[\p{Katakana}ー]+)|(?P<grammar>\p{Hiragana}+)"
    r"|(?P<joined>[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+)"
    r"|(?P<word>[^\p{Han}\p{Katakana}ー\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+)"
)
_UNSPACED = regex.compile(r"[\p{Han}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
# Characters of a piece where words cannot be told: most Chinese words have two, Thai ones four.
_HAN_SIZE = 2
_JOINED_SIZE = 4
# Words that everybody says of everything; the libraries' lists hold no contractions.
_SAID_OF_ALL = """
    actually again ago already also always am amp anyone anything are around away be been big
    bit came can can't come could couldn't days did didn't didnt do does doesn't doesnt don't
    done dont else etc even ever every everyone everything far get gets getting give go goes
    going gonna got guy guys had has have haven't having i'd i'll i'm i've im isn't isnt it's
    its ive just keep kind know last let let's lets like little lol lot lots made make makes
    maybe me months much my nbsp need needs never nothing now oh ok okay one ones only pretty
    put quite quot really right rt said say says see since so someone something soon still
    stuff sure take tell than that's thats them then there's they're they've thing things think
    tho though thought three thru till today told too tried try trying two us use used using
    very want wanted was wasn't wasnt way we're we've weeks well went were won't wont would
    wouldn't wow ya yeah years yep yes yesterday yet you you'd you'll you're you've your
"""
# In scikit-learn's English list, and yet what a brand is spoken of.
_SPOKEN_OF = """
    bill bottom call computer cry detail empty fire front full interest part side system thick
    thin top
"""
# How a text feels is told by its verdict: a topic is named by what it is about.
_FEELING = """
    amazing angry annoying avoid awesome awful bad beautiful best better brilliant cool crap
    cute damn decent disappointed disappointing dislike easy enjoy enjoyed enjoying excellent
    fantastic favorite favourite fine fuck fucking fun glad good great happy hate hated hates
    highly horrible impressed incredible joke love loved lovely loves loving nice perfect
    perfectly pleased poor recommend recommended ridiculous sad satisfied shit sucks super
    terrible thank thankful thanks trash useless wonderful worse worst worth worthless
"""

FEELINGS = frozenset(_FEELING.split())


def words_of(text: str) -> list[str]:
    """Give the words of a text as they are written, in order.

    Chinese characters come in twos, Katakana in runs, Thai, Lao, Khmer and Burmese in pieces of
    four characters: where words end there takes a dictionary to tell.
    """
    words: list[str] = []
    for found in _WORD.finditer(_LEFT_OUT.sub(" ", text)):
        if found.group().isascii():
            words.append(found.group())
            continue
        for piece in _PIECE.finditer(found.group()):
            words += _pieces(piece.lastgroup, piece.group())
    return words


def _pieces(kind: str | None, piece: str) -> list[str]:
    if kind == "grammar":
        return []
    size = {"han": _HAN_SIZE, "joined": _JOINED_SIZE}.get(kind or "")
    if size is None or len(piece) <= size:
        return [piece]
    return [piece[at : at + size] for at in range(len(piece) - size + 1)]


def folded(word: str) -> str:
    """Fold a word for counting: case and the typographic apostrophe do not matter."""
    return word.casefold().replace("’", "'").removesuffix("'s")


@cache
def stop_words(language: str | None) -> frozenset[str]:
    """Give words that say nothing of a topic, folded: English ones and those of a language."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    words = ENGLISH_STOP_WORDS.difference(_SPOKEN_OF.split()).union(_SAID_OF_ALL.split())
    if language and language != "en":
        words |= _stop_words_of(language)
    return frozenset(words)


def _stop_words_of(language: str) -> frozenset[str]:
    from stop_words import StopWordError, get_stop_words

    code = {"no": "nb", "nn": "nb"}.get(language, language)
    try:
        return frozenset(folded(word) for word in get_stop_words(code))
    except StopWordError:
        return frozenset()


def is_telling(word: str, stop: Collection[str]) -> bool:
    """Tell whether a folded word can be of a topic: no stop word, no number, no single letter."""
    return len(word) > 1 and word not in stop and not word[0].isdigit()


def terms_of(text: str, stop: Collection[str]) -> Iterator[tuple[str, str]]:
    """Give a text's words and pairs of neighbouring words, each folded and as written.

    Only telling words count; a pair has no stop word between its two.
    """
    words = [(folded(word), word) for word in words_of(text)]
    for fold, word in words:
        if is_telling(fold, stop):
            yield fold, word
    for (one, first), (two, second) in pairwise(words):
        if (
            one != two
            and is_telling(one, stop)
            and is_telling(two, stop)
            and first.isascii() == second.isascii()
            and (first.isascii() or not _UNSPACED.search(one + two))
        ):
            yield f"{one} {two}", f"{first} {second}"
