"""Signs of scripts that are written without spaces between words, and how they are told apart.

    apart("iPhoneの返金")     'iPhone', 'の', '返', '金', with `BETWEEN` around each sign

SQL (the view `mention_words`, which the full-text index reads) does the same by migration 0045.
"""

from __future__ import annotations

import re

from config.word_borders import UNSPACED

BETWEEN = "\u200b"
"""Zero width space: no part of a word for FTS5, and nothing to see where it is left in."""

_SIGN = re.compile(f"({UNSPACED})")


def apart(text: str) -> str:
    """Give a text with each sign between `BETWEEN`, so that FTS5 takes it for a word."""
    return _SIGN.sub(f"{BETWEEN}\\1{BETWEEN}", text)
