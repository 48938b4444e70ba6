"""The terms of a brand's query in the forms that the searches of sources take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

OR = " OR "


def phrase(term: str) -> str:
    """Quote a term; a quotation mark within it would end the phrase."""
    return '"' + term.replace('"', " ").strip() + '"'


def words_or_phrase(term: str) -> str:
    """Quote a term of several words: searches take a single word as it is."""
    return phrase(term) if " " in term else term


def groups(terms: Iterable[str], longest: int) -> Iterator[list[str]]:
    """Put as many terms together as `longest` characters hold once OR stands between them.

    A term that is longer by itself is a group by itself.
    """
    group: list[str] = []
    for term in terms:
        if group and len(OR.join([*group, term])) > longest:
            yield group
            group = []
        group.append(term)
    if group:
        yield group
