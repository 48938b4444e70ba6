"""A brand's query: what it takes, what it refuses, what it asks search engines for."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import QueryError
from config.query import parse_query


@dataclass(frozen=True)
class Said:
    text: str
    title: str | None = None
    author: str | None = None
    language: str | None = None
    source: str = "hackernews"


BRAND = '("acme air" OR @acmeair) NOT airsoft'


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        (BRAND, "Flew Acme Air today", True),
        (BRAND, "flew ACME-AIR today", True),
        (BRAND, "flew acme\n air today", True),
        (BRAND, "@acmeair lost my bag", True),
        (BRAND, "mail me at x@acmeair", False),
        (BRAND, "Acme Air's crew", True),
        (BRAND, "acme airlines", False),
        (BRAND, "bigacme air", False),
        (BRAND, "acme air and airsoft", False),
        (BRAND, "acme hot air", False),
        ("acme air", "air by acme", True),
        ("acme AND air", "acme", False),
        ("acme OR air", "fresh air", True),
        ("acme -rockets", "acme rockets", False),
        ("+acme rockets", "acme rockets", True),
        ("air acm?", "air acme", True),
        ("air acm*", "air acmeology", True),
        ("air acm*", "air macme", False),
        ("c++", "I write C++.", True),
        ("at&t", "AT&T dropped me", True),
        ('"jim o\'neil"', "Jim O’Neil was kind", True),
        ("ｃａｆｅ", "at the CAFE", True),
        ("アクメ", "昨日アクメに乗った", True),
        ('"acme: the ride"', "Acme the ride", True),
    ],
)
def test_words_and_phrases_match_on_word_borders(query: str, text: str, expected: bool) -> None:
    assert parse_query(query).matches(Said(text)) is expected


def test_title_counts_as_text_and_can_be_asked_for_alone() -> None:
    assert parse_query("acme").matches(Said("nice", title="Acme again"))
    assert not parse_query("title:acme").matches(Said("acme"))
    assert parse_query("title:(acme OR delta)").matches(Said("x", title="Delta"))


def test_author_and_source_fields() -> None:
    query = parse_query('acme source:reddit NOT author:"acme support"')
    assert query.matches(Said("acme", author="sam", source="reddit"))
    assert not query.matches(Said("acme", author="Acme Support", source="reddit"))
    assert not query.matches(Said("acme", author="sam"))


@pytest.mark.parametrize(
    ("query", "language", "expected"),
    [
        ("acme lang:en", "en", True),
        ("acme lang:en", "en-US", True),
        ("acme lang:en", "de", False),
        ("acme lang:en", None, True),
        ("acme NOT lang:de", "de", False),
        ("acme NOT lang:de", None, True),
        ("acme lang:en-US", "en", False),
    ],
)
def test_an_unknown_language_refuses_nothing(
    query: str, language: str | None, expected: bool
) -> None:
    assert parse_query(query).matches(Said("acme", language=language)) is expected


def test_an_unknown_language_does_not_excuse_a_missing_word() -> None:
    assert not parse_query("acme lang:en").matches(Said("delta", language=None))


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        (BRAND, ("acme air", "@acmeair")),
        ('"acme air" airline', ("acme air",)),
        ("(acme OR delta) AND airline", ("airline",)),
        ("title:acme source:reddit", ("acme",)),
        ("acme OR acme", ("acme",)),
    ],
)
def test_search_terms_cover_whatever_matches(query: str, terms: tuple[str, ...]) -> None:
    assert parse_query(query).search_terms() == terms


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("acme (", "cannot be read"),
        ("NOT acme", "names nothing to look for"),
        ("acm*", "names nothing to look for"),
        ("lang:en", "names nothing to look for"),
        ("acme OR lang:en", "names nothing to look for"),
        ("brand:acme", "the fields are title, author, lang, source"),
        ("acme~2", "not supported"),
        ("/ac.e/", "not supported"),
        ("[a TO b]", "not supported"),
        ('"acme air"~3', "not supported"),
        ("title:(author:x)", "asks for the field"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(query: str, told: str) -> None:
    with pytest.raises(QueryError, match=told) as caught:
        parse_query(query)
    assert "\n" not in str(caught.value)


def test_explain_names_each_clause() -> None:
    told = parse_query(BRAND).explain(Said("Acme Air and airsoft"))
    assert told == [("acme air", True), ("@acmeair", False), ("airsoft", True)]


@given(st.text(max_size=200), st.text(max_size=40))
def test_no_text_and_no_query_crash(text: str, query: str) -> None:
    try:
        parsed = parse_query(query)
    except QueryError:
        return
    assert parsed.matches(Said(text, title=text, author=text, language=text)) in (True, False)
