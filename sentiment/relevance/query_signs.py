"""How a mention holds a brand's query: the signs that speak for or against it before any label.

Pure. A sign is named as people read it: `"acme air"` for a word or phrase of the query, `in the
title`, `only in lower case`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from config.query import Query, Searchable
from config.word_borders import bordered

MATCHED = "the query matched"
IN_TITLE = "in the title"
LOWER_CASE = "only in lower case"

# In log-odds. What the query let in is more likely about the brand than not; a phrase or a handle
# is seldom somebody else's, a name without its capital often is the common word.
_BEFORE = {MATCHED: 1.0, IN_TITLE: 0.25, LOWER_CASE: -0.5}
_SEVERAL_WORDS = 0.5
_HANDLE = re.compile(r"^[@#]|\.")


@dataclass(frozen=True, slots=True)
class Signs:
    """The signs that a mention shows, each with the log-odds that it has before any label."""

    before: dict[str, float]

    @property
    def log_odds(self) -> float:
        return sum(self.before.values())

    @property
    def holds_query(self) -> bool:
        """Tell whether a word or phrase of the query stands in the mention."""
        return any(name.startswith('"') for name in self.before)


def signs_of(query: Query | None, mention: Searchable) -> Signs:
    """Name the signs of one mention; without a query only that it is one."""
    if query is None:
        return Signs({MATCHED: before_labels(MATCHED)})
    terms = [name for name, holds in query.explain(mention) if holds and not _is_place(name)]
    shown = [MATCHED]
    shown += [f'"{term}"' for term in terms]
    written = [part for term in terms for part in _written(term, mention)]
    if mention.title and any(_pattern(term).search(mention.title) for term in terms):
        shown.append(IN_TITLE)
    if written and all(part.islower() for part in written):
        shown.append(LOWER_CASE)
    return Signs({name: before_labels(name) for name in shown})


def before_labels(sign: str) -> float:
    """Give the log-odds of a sign before any label."""
    if sign in _BEFORE:
        return _BEFORE[sign]
    term = sign.strip('"')
    return _SEVERAL_WORDS if " " in term or _HANDLE.search(term) else 0.0


def _is_place(name: str) -> bool:
    return name.startswith(("lang:", "source:", "author:"))


def _written(term: str, mention: Searchable) -> Iterator[str]:
    """Give each place where a term stands, as it is written there."""
    for part in (mention.title or "", mention.text):
        for match in _pattern(term).finditer(part):
            yield match.group()


def _pattern(term: str) -> re.Pattern[str]:
    term = term.removeprefix("title:").strip()
    words = [re.escape(word).replace(r"\*", r"\w*").replace(r"\?", r"\w") for word in term.split()]
    return re.compile(bordered(term, r"[\W_]{1,3}".join(words)), re.IGNORECASE)
