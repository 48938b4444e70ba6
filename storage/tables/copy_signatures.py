"""Which texts say the same: MinHash over word shingles, in bands that a table can look up.

Pure. Own code, because datasketch keeps its index in memory or on a server, while ours lies in the
store beside the mentions; what is left of it is two short functions.
"""

from __future__ import annotations

import random
import re
import unicodedata
from hashlib import blake2b
from zlib import crc32

SHINGLE = 3
BANDS, ROWS = 8, 3
"""Of two texts that share 80% of their shingles 99.7% meet in a band; of 30%, one in five."""

ALIKE = 0.8
FEWEST_WORDS = 6
"""Shorter texts are what many people say: "Great app, thank you"."""
FEWEST_TO_DIFFER = 20
"""In shorter ones a single other word may be another story."""

# Scripts written without spaces: each character counts as a word.
_SPACELESS = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0eff"
_WORD = re.compile(rf"[{_SPACELESS}]|[^\W_{_SPACELESS}]+")
_URL = re.compile(r"https?://\S+")
_LONGEST = 20_000
_MASK = (1 << 61) - 1
_SEEDS = random.Random(2026)
_HASHES = [(_SEEDS.randrange(1, _MASK, 2), _SEEDS.randrange(_MASK)) for _ in range(BANDS * ROWS)]


def words_of(title: str | None, text: str) -> list[str]:
    """Give the words that a mention says, folded; addresses in it are no words."""
    whole = text if not title or text.startswith(title) else f"{title}\n{text}"
    folded = unicodedata.normalize("NFKC", _URL.sub(" ", whole[:_LONGEST])).casefold()
    return _WORD.findall(folded)


def shingles(words: list[str]) -> frozenset[int]:
    """Give the hashes of each run of `SHINGLE` words; empty for what is too short to tell."""
    if len(words) < FEWEST_WORDS:
        return frozenset()
    return frozenset(
        crc32(" ".join(words[place : place + SHINGLE]).encode("utf-8", "replace"))
        for place in range(len(words) - SHINGLE + 1)
    )


def bands(brand: str, marks: frozenset[int]) -> list[int]:
    """Give the places where a brand's texts that are alike meet: 63-bit numbers."""
    if not marks:
        return []
    least = [min((a * mark + b) % _MASK for mark in marks) for a, b in _HASHES]
    places = []
    for band in range(BANDS):
        rows = least[band * ROWS : (band + 1) * ROWS]
        key = f"{brand}\n{band}\n{rows}".encode("utf-8", "replace")
        places.append(int.from_bytes(blake2b(key, digest_size=8).digest()) >> 1)
    return places


def alike(one: frozenset[int], other: frozenset[int], words: int) -> bool:
    """Tell whether two sets of shingles are one text; `words` is the length of the shorter."""
    if words < FEWEST_TO_DIFFER:
        return one == other
    return len(one & other) >= ALIKE * len(one | other)
