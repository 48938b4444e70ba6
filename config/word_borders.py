"""Where words begin and end in text: some scripts are written without spaces between them.

re.search(bordered("田中"), "田中さんが助けてくれた")     # found
re.search(bordered("ana"), "banana")                # not found
"""

from __future__ import annotations

import re

# Blocks of Unicode, first and last sign.
_WITHOUT_SPACES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),  # 々, 〆, 〇
    (0x3040, 0x312F),  # Hiragana, Katakana, Bopomofo
    (0x31A0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),  # Han
    (0xFF66, 0xFF9F),  # Katakana of half width
    (0x1B000, 0x1B16F),  # old Kana
    (0x20000, 0x3FFFF),  # Han
)
# Korean has spaces, yet its particles stand at the word.
_HANGUL = ((0x1100, 0x11FF), (0x3130, 0x318F), (0xA960, 0xA97F), (0xAC00, 0xD7FF))


def _class(*blocks: tuple[int, int]) -> str:
    return "[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in sorted(blocks)) + "]"


UNSPACED = _class(*_WITHOUT_SPACES, *_HANGUL)
"""The class of signs beside which a word may begin or end without a space, for `re` and for
SQLite's GLOB alike."""
SPACELESS = _class(*_WITHOUT_SPACES)
"""The class of those whose scripts write no spaces at all, for `re`."""

_BEGINS = re.compile(UNSPACED)
_ENDS = re.compile(f"{UNSPACED}\\Z")


def bordered(words: str, pattern: str | None = None) -> str:
    """Give the regular expression that finds words whole, or their `pattern` in place of them.

    Where they begin or end with a sign of such a script, there is no border to look for.
    """
    before = "" if _BEGINS.match(words) else r"(?<!\w)"
    after = "" if _ENDS.search(words) else r"(?!\w)"
    return f"{before}{re.escape(words) if pattern is None else pattern}{after}"
