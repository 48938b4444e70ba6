"""Words that people look for, as the full-text index takes them.

The index splits at spaces. Scripts that write none (Chinese, Japanese, Thai and others; Korean
writes them where words are still inflected) have each sign as a word of its own in it, and a word
of theirs is looked for as the phrase of its signs: `返金` finds 返金してほしい.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

from config.word_borders import UNSPACED
from storage.unspaced import apart

_NOTHING = '""'
_SIGN = re.compile(UNSPACED)
# What FTS5's syntax has: a string, or a word that needs no quotes.
_STRING_OR_WORD = re.compile(r'"(?:[^"]|"")*"|[A-Za-z0-9_\x1a\x80-\U0010ffff]+')


def match_for(words: str | None) -> str:
    """Give what MATCH takes for words: as they are where they are FTS5, else each literally.

    `don't` and `C++` are no FTS5, nor is the name of a column that the index has not.
    """
    literal = " ".join(map(phrase, (words or "").split()))
    if not literal:
        return _NOTHING
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5(title, text)")
        try:
            connection.execute("SELECT 1 FROM words WHERE words MATCH ?", (words,)).fetchall()
        except sqlite3.OperationalError:
            return literal
    return signs_apart(words or _NOTHING)


def phrase(word: str) -> str:
    """Give what MATCH takes for one word, or for several that stand together, literally."""
    return '"' + apart(word).replace('"', '""') + '"'


def signs_apart(match: str) -> str:
    """Give a search in FTS5's syntax with each unspaced word as the phrase of its signs."""

    def one(found: re.Match[str]) -> str:
        word = found[0]
        if not _SIGN.search(word):
            return word
        if word.startswith('"'):
            return apart(word)
        # FTS5 knows no other space than ASCII's; people who write 返金　遅延 mean two words.
        return " ".join(map(phrase, word.split()))

    return _STRING_OR_WORD.sub(one, match)
