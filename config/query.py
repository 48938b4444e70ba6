"""A brand's query in Lucene syntax: parse it once, match mentions on word borders.

Juxtaposed clauses must all hold. Supported: words, `"phrases"`, `*` and `?`, AND, OR, NOT, `+`,
`-`, parentheses, and the fields `title: author: lang: source:`. Case, Unicode form and the shape
of apostrophes never matter. A `lang:` clause says nothing on a mention whose language is unknown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from luqum import tree
from luqum.exceptions import ParseError
from luqum.parser import parser

from config.errors import QueryError
from config.word_borders import bordered

FIELDS = ("title", "author", "lang", "source")

_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "＇": "'"})


class Searchable(Protocol):
    """What a query looks at; `storage.models.Mention` has all of it."""

    @property
    def title(self) -> str | None: ...
    @property
    def text(self) -> str: ...
    @property
    def author(self) -> str | None: ...
    @property
    def language(self) -> str | None: ...
    @property
    def source(self) -> str: ...


# True, False, or None where the mention does not tell.
Match = bool | None
Test = Callable[[Searchable], Match]


@dataclass(frozen=True, slots=True)
class _Clause:
    """One node: its test, the terms that a search engine can be asked for, its words."""

    test: Test
    terms: tuple[str, ...]
    leaves: tuple[tuple[str, Test], ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; make one with `parse_query`."""

    _root: _Clause

    def matches(self, mention: Searchable) -> bool:
        """Tell whether the mention is about the brand; unknown languages pass."""
        return self._root.test(mention) is not False

    def search_terms(self) -> tuple[str, ...]:
        """Name the words and phrases to ask a search engine for, each on its own.

        Every mention that matches holds at least one of them; the converse needs `matches`.
        """
        return self._root.terms

    def explain(self, mention: Searchable) -> list[tuple[str, Match]]:
        """Tell for each word, phrase and field clause whether the mention holds it."""
        return [(name, test(mention)) for name, test in self._root.leaves]


def parse_query(text: str) -> Query:
    """Parse Lucene syntax; QueryError says what is wrong and where."""
    if not text.strip():
        raise QueryError('the query is empty: name what to listen for, such as "acme air"')
    try:
        node = parser.parse(text)
    except (ParseError, ValueError) as error:
        raise QueryError(f"query {text!r} cannot be read: {_one_line(str(error))}") from error
    root = _build(node, None, text)
    if not root.terms:
        raise QueryError(
            f"query {text!r} names nothing to look for: add a word or phrase that is not "
            "negated and has no * or ?"
        )
    return Query(root)


def _one_line(message: str) -> str:
    return " ".join(message.split()).rstrip("!")


def _build(node: tree.Item, field: str | None, text: str) -> _Clause:
    if isinstance(node, tree.Group | tree.FieldGroup):
        return _build(node.expr, field, text)
    if isinstance(node, tree.SearchField):
        if field is not None or node.name not in FIELDS:
            raise QueryError(
                f"query {text!r} asks for the field {node.name!r}: the fields are "
                + ", ".join(FIELDS)
                + " (put a term that holds a colon in quotes)"
            )
        return _build(node.expr, node.name, text)
    if isinstance(node, tree.OrOperation):
        return _any([_build(child, field, text) for child in node.children])
    if isinstance(node, tree.AndOperation | tree.UnknownOperation):
        return _all([_build(child, field, text) for child in node.children])
    if isinstance(node, tree.Not | tree.Prohibit):
        return _not(_build(node.a, field, text))
    if isinstance(node, tree.Plus):
        return _build(node.a, field, text)
    if isinstance(node, tree.Word | tree.Phrase):
        return _leaf(node, field)
    raise QueryError(
        f"query {text!r} uses {str(node).strip()!r}: fuzzy, boosted, range, proximity and regular "
        "expressions are not supported"
    )


def _all(parts: list[_Clause]) -> _Clause:
    def test(mention: Searchable) -> Match:
        matches = [part.test(mention) for part in parts]
        if False in matches:
            return False
        return None if None in matches else True

    # One conjunct is enough to ask for: the one that asks least and most exactly.
    candidates = [part.terms for part in parts if part.terms]
    terms = min(candidates, key=lambda t: (len(t), -min(map(len, t)))) if candidates else ()
    return _Clause(test, terms, _leaves(parts))


def _any(parts: list[_Clause]) -> _Clause:
    def test(mention: Searchable) -> Match:
        matches = [part.test(mention) for part in parts]
        if True in matches:
            return True
        return None if None in matches else False

    # If one branch names no term, no set of terms covers all that matches.
    covered = all(part.terms for part in parts)
    terms = tuple(dict.fromkeys(t for part in parts for t in part.terms)) if covered else ()
    return _Clause(test, terms, _leaves(parts))


def _not(part: _Clause) -> _Clause:
    def test(mention: Searchable) -> Match:
        match = part.test(mention)
        return None if match is None else not match

    return _Clause(test, (), part.leaves)


def _leaves(parts: Iterable[_Clause]) -> tuple[tuple[str, Test], ...]:
    return tuple(leaf for part in parts for leaf in part.leaves)


def _leaf(node: tree.Word | tree.Phrase, field: str | None) -> _Clause:
    term = node.value[1:-1] if isinstance(node, tree.Phrase) else node.value
    term = term.replace('\\"', '"')
    if field == "lang":
        return _named(field, term, lambda mention: _same_language(mention.language, term))
    if field == "source":
        return _named(field, term, lambda mention: mention.source.casefold() == term.casefold())
    pattern = _pattern(term)

    def test(mention: Searchable) -> Match:
        return any(pattern.search(fold(part)) for part in _parts(mention, field))

    searchable = field in (None, "title") and "*" not in term and "?" not in term
    name = f"{field}:{term}" if field else term
    return _Clause(test, (term,) if searchable else (), ((name, test),))


def _named(field: str, term: str, test: Test) -> _Clause:
    return _Clause(test, (), ((f"{field}:{term}", test),))


def _same_language(language: str | None, wanted: str) -> Match:
    if not language:
        return None
    have, want = language.casefold(), wanted.casefold()
    return have == want or have.split("-")[0] == want


def _parts(mention: Searchable, field: str | None) -> Iterator[str]:
    if field in (None, "title") and mention.title:
        yield mention.title
    if field is None:
        yield mention.text
    if field == "author" and mention.author:
        yield mention.author


def fold(text: str) -> str:
    """Bring text to the form that terms are compared in."""
    return unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).casefold()


def _pattern(term: str) -> re.Pattern[str]:
    """Match a term on word borders, with any short run of punctuation between its words."""
    folded = fold(term).strip()
    words = [_wildcards(word) for word in re.split(r"[:;,.!?–—-]*\s+", folded)]
    return re.compile(bordered(folded, r"[\W_]{1,3}".join(words)))


def _wildcards(word: str) -> str:
    return re.escape(word).replace(r"\*", r"\w*").replace(r"\?", r"\w")
