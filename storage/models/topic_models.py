"""What mentions are about: topics, what became of them, and mentions as they are sorted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from storage.models.mention_models import Mention


class TopicKind(StrEnum):
    """Found among the mentions, or wished for in the config."""

    FOUND = "found"
    OWN = "own"


class TopicState(StrEnum):
    """A hidden topic is shown nowhere; what a merged one holds counts for another."""

    ACTIVE = "active"
    HIDDEN = "hidden"
    MERGED = "merged"
    RETIRED = "retired"


class TopicEventKind(StrEnum):
    """What may become of a topic."""

    BORN = "born"
    MERGED = "merged"
    SPLIT = "split"
    RENAMED = "renamed"
    HIDDEN = "hidden"
    SHOWN = "shown"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic of a brand; a found one is of one language too, an own one of all.

    `centre` holds 32-bit floats, little endian, of the vector model `encoder`; a text belongs to
    it whose likeness is `floor` above `usual`. `size` counts its texts in the last refit.
    `named_by` is the person who named it: then no refit does. `words` tell it from others, or are
    those of the config.
    """

    id: int
    brand: str
    kind: TopicKind
    name: str
    words: tuple[str, ...]
    state: TopicState
    first_day: date
    encoder: str
    centre: bytes
    floor: float
    usual: float
    size: int = 0
    language: str | None = None
    about: str | None = None
    named_by: str | None = None
    merged_into: int | None = None
    merged_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicEvent:
    """What became of a topic, and of which other; `name` is what it was called then."""

    topic_id: int
    at: datetime
    kind: TopicEventKind
    name: str
    other_id: int | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsorted:
    """A mention that waits to be sorted; `vector` where its present text has one."""

    seq: int
    mention: Mention
    vector: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SortedMention:
    """What a mention is about: ids of topics with how like it is to each, the likest first."""

    seq: int
    text_hash: str
    encoder: str
    vector: bytes
    topics: tuple[tuple[int, float], ...]
