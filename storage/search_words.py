"""Words that people look for, as the full-text index takes them."""

from __future__ import annotations

import sqlite3
from contextlib import closing

_NOTHING = '""'


def match_for(words: str | None) -> str:
    """Give what MATCH takes for words: as they are where they are FTS5, else each literally.

    `don't` and `C++` are no FTS5, nor is the name of a column that the index has not.
    """
    literal = " ".join('"' + word.replace('"', '""') + '"' for word in (words or "").split())
    if not literal:
        return _NOTHING
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5(title, text)")
        try:
            connection.execute("SELECT 1 FROM words WHERE words MATCH ?", (words,)).fetchall()
        except sqlite3.OperationalError:
            return literal
    return words or _NOTHING
