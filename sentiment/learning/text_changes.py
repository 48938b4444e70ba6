"""Change texts in ways that change no verdict: other names, slips of the keyboard.

A teacher scores a text as it stands; the student learns the same scores of the changed one.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Collection, Iterable

_WORD = re.compile(r"[^\W\d_]{3,}")
# Not the first word of a sentence, where everything has a capital.
_WITHIN = re.compile(r"(?<=[\w,;@#] )[@#]?([^\W\d_]{3,})|[@#]([^\W\d_]{3,})")
_SYLLABLES = [
    "ar", "bel", "bri", "clo", "cor", "da", "den", "dra", "el", "fen", "flo", "gar", "gri", "hol",
    "in", "ka", "kest", "lan", "lor", "mer", "nor", "ol", "pa", "plu", "quin", "ren", "sol", "sto",
    "ta", "tri", "um", "ver", "vin", "wex", "zan",
]  # fmt: skip
_NEAR = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj",
    "i": "uo", "j": "hk", "k": "jl", "l": "ko", "m": "n", "n": "bm", "o": "ip", "p": "o",
    "q": "w", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc",
    "y": "tu", "z": "x",
}  # fmt: skip


def proper_names(texts: Iterable[str], *, least: int = 5) -> set[str]:
    """Find words (in lower case) that within sentences mostly have a capital.

    Seen so `least` times; words all in capitals are emphasis and count for neither side.
    """
    capital: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for text in texts:
        for match in _WITHIN.finditer(text):
            word = match.group(1) or match.group(2)
            if word.istitle():
                capital[word.lower()] += 1
            elif word.islower():
                small[word] += 1
        small.update(word for word in _WORD.findall(text) if word.islower())
    return {
        word for word, count in capital.items() if count >= least and small[word] < 0.5 * count
    }


def invented_name(rng: random.Random) -> str:
    """Make up a name that means nothing."""
    return "".join(rng.choices(_SYLLABLES, k=rng.choice((2, 2, 3)))).capitalize()


def renamed(text: str, names: Collection[str], rng: random.Random) -> str:
    """Give each known name in `text` another one, the same everywhere in it, in its own case."""
    others: dict[str, str] = {}

    def other(match: re.Match[str]) -> str:
        word = match.group()
        low = word.lower()
        if low not in names:
            return word
        new = others.setdefault(low, invented_name(rng))
        if word.isupper():
            return new.upper()
        return new.lower() if word.islower() else new

    return _WORD.sub(other, text)


def misspelt(text: str, rng: random.Random, *, share: float = 0.08) -> str:
    """Slip on a share of the words: a letter swapped, dropped, doubled or hit beside its key."""

    def slip(match: re.Match[str]) -> str:
        word = match.group()
        if rng.random() >= share:
            return word
        at = rng.randrange(1, len(word) - 1) if len(word) > 3 else 1
        kind = rng.randrange(4)
        if kind == 0:
            return word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]
        if kind == 1:
            return word[:at] + word[at + 1 :]
        if kind == 2:
            return word[:at] + word[at] + word[at:]
        near = rng.choice(_NEAR.get(word[at].lower(), word[at]))
        return word[:at] + near + word[at + 1 :]

    return _WORD.sub(slip, text)
