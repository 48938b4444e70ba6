"""Which mentions and authors are meant by a wish to erase, to see, or to know where they lie."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from storage.models import iso
from storage.tables.daily_counts import COUNTED_AT

CALLED = "(id = ?1 OR (substr(native_id, 1, 3) = 'by/' AND source || ':' || name = ?1))"
"""SQL that tells the row of an author by what they are called, `?1`."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Mentions `where` this holds for `value`, its parameter `?1`; `author` where it is a person.

    Make one with the functions below.
    """

    where: str
    value: str
    author: bool = False

    @property
    def chosen(self) -> str:
        """Give SQL for the ids of its mentions."""
        return f"SELECT id FROM mentions WHERE {self.where}"

    @property
    def people(self) -> str:
        """Give SQL for the ids of the authors that are meant themselves."""
        return f"SELECT id FROM authors WHERE {CALLED if self.author else '?1 IS NULL'}"


def of_author(author_id: str) -> Subject:
    """Choose all of an author; whom only a name tells is named by it, `source:name`."""
    return Subject(f"author_id IN (SELECT id FROM authors WHERE {CALLED})", author_id, author=True)


def of_mention(mention_id: str) -> Subject:
    """Choose one mention."""
    return Subject("id = ?1", mention_id)


def of_mentions(mention_ids: Iterable[str]) -> Subject:
    """Choose some mentions."""
    return Subject("id IN (SELECT value FROM json_each(?1))", json.dumps(sorted(mention_ids)))


def older_than(moment: datetime) -> Subject:
    """Choose what was written before a moment; what has no date is as old as its first reading."""
    return Subject(f"{COUNTED_AT} < ?1", iso(moment))


def deleted_by(moment: datetime) -> Subject:
    """Choose what its source had deleted by a moment."""
    return Subject("deleted_at <= ?1", iso(moment))
