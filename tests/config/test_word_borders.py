"""Words are found whole where a script has spaces, and wherever they stand where it has none."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from contextlib import closing

import pytest

from config.word_borders import UNSPACED, bordered


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [
        ("ana", "thank you, Ana!", True),
        ("ana", "a banana", False),
        ("ana", "anatomy", False),
        ("田中", "田中さんが助けてくれた", True),
        ("田中", "昨日は田中", True),
        ("김민수", "김민수씨가 도와줬어요", True),
        ("สมชาย", "คุณสมชายบริการดีมาก", True),
        ("Ana 田中", "Ana 田中さん", True),
        ("Ana 田中", "Diana 田中さん", False),
        ("C++", "in C++ now", True),
    ],
)
def test_words_are_found_whole(words: str, text: str, found: bool) -> None:
    assert bool(re.search(bordered(words), text, re.IGNORECASE)) is found


def test_a_pattern_stands_in_place_of_the_words() -> None:
    assert re.search(bordered("ana*", r"ana\w*"), "anatomy")
    assert not re.search(bordered("ana*", r"ana\w*"), "banana")


@pytest.mark.parametrize(
    "name",
    ["HIRAGANA LETTER A", "KATAKANA LETTER A", "CJK UNIFIED IDEOGRAPH-8FD4",
     "CJK UNIFIED IDEOGRAPH-20BB7", "HANGUL SYLLABLE HAN", "THAI CHARACTER KO KAI",
     "LAO LETTER KO", "KHMER LETTER KA", "MYANMAR LETTER KA", "HALFWIDTH KATAKANA LETTER A",
     "IDEOGRAPHIC ITERATION MARK"],
)  # fmt: skip
def test_python_and_sqlite_know_the_same_signs(name: str) -> None:
    sign = unicodedata.lookup(name)
    assert re.fullmatch(UNSPACED, sign)
    with closing(sqlite3.connect(":memory:")) as connection:
        assert connection.execute("SELECT ? GLOB ?", (sign, UNSPACED)).fetchone() == (1,)


@pytest.mark.parametrize("sign", "aéßЖאب५ 、。「」😀-")
def test_other_signs_have_borders(sign: str) -> None:
    assert not re.fullmatch(UNSPACED, sign)
    with closing(sqlite3.connect(":memory:")) as connection:
        assert connection.execute("SELECT ? GLOB ?", (sign, UNSPACED)).fetchone() == (0,)
