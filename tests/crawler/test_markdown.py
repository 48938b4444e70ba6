"""Markdown as its reader sees it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.markdown import from_markdown


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("# Hi **there** #", "Hi there"),
        ("Title\n=====\ntext", "Title\n\ntext"),
        ("<!-- say\nwhat -->\n\nIt crashes", "It crashes"),
        ("> they said\n\nI say", "they said\n\nI say"),
        ("see [the docs](https://a.example/x_(y)) now", "see the docs now"),
        ("see [the docs][1] now\n\n[1]: https://a.example", "see the docs now"),
        ("![a plane](https://a.example/p.png)", "a plane"),
        ("<https://a.example/c>", "https://a.example/c"),
        ("*one* _two_ __three__ ~~four~~ ***five***", "one two three four five"),
        ("snake_case_name and 5*3*2", "snake_case_name and 5*3*2"),
        ("* a\n+ b\n- [x] c", "- a\n- b\n- c"),
        ("```py\nif a < b: List<String>  # *x* &amp;\n```\ndone", None),
        ("`a &lt; *b*` &amp; c", "a &lt; *b* & c"),
        ("List<String> is fine", "List<String> is fine"),
        ("line<br>break<sub>x</sub>", "line\nbreakx"),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |", "| a | b |\n| 1 | 2 |"),
        (r"\*not\* \_em\_", "*not* _em_"),
        ("```\nnever closed", "never closed"),
        ("one\r\n\r\n\r\n\r\ntwo", "one\n\ntwo"),
        (None, ""),
        (7, "7"),
    ],
)
def test_the_words_stay_and_the_marks_go(source: object, seen: str | None) -> None:
    expected = seen if seen is not None else "if a < b: List<String> # *x* &amp;\ndone"
    assert from_markdown(source) == expected


@pytest.mark.parametrize(
    "part",
    ["[", "**", "`", "<", "_a", "[a](", "![[", "> ", "<!--", "*a ", "~~~\n", "|--", "\\", "<a"],
)
def test_length_is_no_weapon(part: str) -> None:
    start = time.thread_time()  # a busy machine takes no more of it
    from_markdown(part * 40_000)
    assert time.thread_time() - start < 3


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet="ab *_`~[]()<>!#|-\\\n&;0\ue000\ue001\x00", max_size=80))
def test_anything_may_be_markdown(source: str) -> None:
    text = from_markdown(source)
    assert text == text.strip()
    assert not set(text) & {"\ue000", "\ue001", "\x00"}
