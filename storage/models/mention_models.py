"""A mention, and what saving mentions came to.

All datetimes are aware and in UTC. Ids: a mention is `source:native_id`, an author
`source:native_id` of the person at that source, or `source:by/…` where only a name tells them.
"""

from __future__ import annotations

import hashlib
import json
import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from numbers import Real

from storage.models.nobody import author_key, is_of_one_mention, is_pseudonym

FORGOTTEN_TEXT = "forgotten"
"""Stands for the hash of a text that was forgotten: no text has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One review, post or comment about a brand, as its source gave it.

    Whatever kind of number a source gives, stars become floats, and `reach` a whole number, as the
    store gives them back. `text` and `title` are clean plain text; both are empty where somebody
    gave a rating without words. `rating` lies between 0 and `rating_max`. `created_at` is None
    where no date is given, or none that can be read. `country` is an ISO 3166 code of two letters,
    `product_version` the version of the product that the source says it is about, `location` the
    shop, hotel or branch that it is about. Of an `excerpt` the text is not all that was said: it
    never replaces what is stored.
    """

    brand: str
    source: str
    native_id: str
    text: str
    fetched_at: datetime
    created_at: datetime | None = None
    url: str | None = None
    title: str | None = None
    author: str | None = None
    author_native_id: str | None = None
    rating: float | None = None
    rating_max: float | None = None
    language: str | None = None
    reach: int | None = None
    parent_id: str | None = None
    edited_at: datetime | None = None
    owner_reply: str | None = None
    owner_replied_at: datetime | None = None
    country: str | None = None
    product_version: str | None = None
    location: str | None = None
    # Given to `Mentions.save` alone: the table does not hold it.
    excerpt: bool = False

    def __post_init__(self) -> None:
        # `text_hash` is over them: 5 and 5.0 are one rating.
        for name, kind in (("rating", _stars), ("rating_max", _stars), ("reach", _whole)):
            given = getattr(self, name)
            if (kept := kind(given)) is not given:
                object.__setattr__(self, name, kept)

    @property
    def id(self) -> str:
        return f"{self.source}:{self.native_id}"

    @property
    def author_id(self) -> str | None:
        """Name the author; whom only a name tells is the author of this mention alone."""
        key = author_key(self.author, self.author_native_id, self.native_id)
        return f"{self.source}:{key}" if key else None

    @property
    def called(self) -> str | None:
        """Give the name that an answer may call its author by; a pseudonym is none."""
        return None if self.author and is_pseudonym(self.author) else self.author

    @property
    def own_title(self) -> str | None:
        """Give the title that its writer gave it."""
        return own_title(self.title, self.text, self.parent_id)

    @property
    def thread_title(self) -> str | None:
        """Give the title of the thread that it answers: somebody else's words."""
        return None if self.own_title else self.title

    @property
    def own_words(self) -> str:
        """Give all that its writer said: the title that is theirs, and the text, a line each."""
        return "\n".join(filter(None, (self.own_title, self.text)))

    @property
    def is_by_known_author(self) -> bool:
        """Tell whether its author would be known again: an id tells them, and not a name alone."""
        key = author_key(self.author, self.author_native_id, self.native_id)
        return key is not None and not is_of_one_mention(key)

    @property
    def is_wordless(self) -> bool:
        """Tell whether it is a rating and nothing else."""
        return not self.text.strip() and not (self.title or "").strip()

    @property
    def text_hash(self) -> str:
        """Name the version: 16 hex digits over all that a verdict depends on."""
        content = json.dumps(
            [self.title or "", self.text, self.rating, self.rating_max], ensure_ascii=False
        )
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def own_title(title: str | None, text: str, parent_id: str | None) -> str | None:
    """Give a mention's title where its writer gave it one: that of an answer is its thread's."""
    return title if parent_id is None or not text else None


def _stars(given: object) -> object:
    """Give a number as a float; what is none stays as it is, for the store to leave out."""
    if type(given) is float and given:
        return given
    if isinstance(given, bool) or not isinstance(given, Real | Decimal):
        return given
    with suppress(OverflowError, ValueError):
        return float(given) + 0.0  # the store knows no -0.0
    return given


def _whole(given: object) -> object:
    """Give a whole number as an int; what is none stays as it is, for the store to leave out."""
    if type(given) is int or isinstance(given, bool) or not isinstance(given, Real | Decimal):
        return given
    with suppress(OverflowError, ValueError):
        if (whole := math.trunc(given)) == given:
            return whole
    return given


@dataclass(frozen=True, slots=True, kw_only=True)
class Unstored:
    """A mention that the store cannot hold, and why."""

    mention_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveResult:
    """What saving a batch of mentions did.

    `new + edited + known`, what was kept out (`forgotten`, `too_old`) and the `refused` are all.
    """

    new: int = 0
    edited: int = 0
    known: int = 0
    deleted: int = 0
    forgotten: int = 0
    too_old: int = 0
    refused: tuple[Unstored, ...] = ()

    def __add__(self, other: SaveResult) -> SaveResult:
        return SaveResult(
            new=self.new + other.new,
            edited=self.edited + other.edited,
            known=self.known + other.known,
            deleted=self.deleted + other.deleted,
            forgotten=self.forgotten + other.forgotten,
            too_old=self.too_old + other.too_old,
            refused=self.refused + other.refused,
        )
