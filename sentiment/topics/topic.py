"""What a topic is, and what finding, assigning and naming give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]

MOST_TOPICS = 3
"""A text is about at most so many topics."""


class Kind(StrEnum):
    """Found in the texts, or named by a person (own)."""

    FOUND = "found"
    OWN = "own"


@dataclass(frozen=True, slots=True, eq=False)
class KnownTopic:
    """A topic of one brand, one vector model and, but for own ones, one language.

    `centre` (d,) has length 1; it is empty (0,) of a topic of words alone. A text with vector `v`
    is about the topic where `v @ centre - usual >= floor`; `usual` is what an ordinary text of
    the brand scores. `words` are a found topic's telling words, and bring a text that says them
    nearer; of an own topic they are the config's: a text that says one is about it, whatever its
    vector; `hints`, of the sentence that describes it, bring nearer. `pinned`: a person renamed
    it, merged others into it or wrote it; a refit neither renames, merges, splits nor retires it.
    """

    id: int
    centre: Floats
    words: tuple[str, ...] = ()
    kind: Kind = Kind.FOUND
    name: str = ""
    floor: float = 0.0
    usual: float = 0.0
    size: int = 0
    pinned: bool = False
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """The topics that a text is about, the surest first: pairs of id and similarity; or none.

    Count a text once, at its first topic, wherever shares must sum.
    """

    topics: tuple[tuple[int, float], ...] = ()

    @property
    def first(self) -> int | None:
        return self.topics[0][0] if self.topics else None

    def __iter__(self) -> Iterator[tuple[int, float]]:
        return iter(self.topics)


@dataclass(frozen=True, slots=True, eq=False)
class FittedTopic:
    """A topic as a refit leaves it; `id` is None where it is new: the store gives the next.

    `words` are its telling words, the most telling first, readable as they are; `name` is made of
    the first few. `size` counts the texts of the refit that have it first. A pinned topic keeps
    its name.
    """

    id: int | None
    centre: Floats
    words: tuple[str, ...]
    name: str
    floor: float
    usual: float
    size: int
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """Known topics (ids) that became one: that of `into`; the others are no more."""

    ids: tuple[int, ...]
    into: int


@dataclass(frozen=True, slots=True)
class Split:
    """A known topic whose texts parted: `id` stays with one part, `parts` are places of the new
    ones in `Refit.topics`."""

    id: int
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """Found topics after a refit, the largest first; own topics are never changed by one.

    `members` (n,) holds for each text the place in `topics` of its found topic, -1 for none.
    `retired` are ids of known topics that had too few texts and were merged into none.
    """

    topics: tuple[FittedTopic, ...]
    members: Ints
    merges: tuple[Merge, ...] = ()
    splits: tuple[Split, ...] = ()
    retired: tuple[int, ...] = ()

    @property
    def born(self) -> tuple[int, ...]:
        """Places of the topics that are new."""
        return tuple(place for place, topic in enumerate(self.topics) if topic.id is None)
