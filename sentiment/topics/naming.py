"""Names of topics: the words that tell them from one another."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentiment.topics.topic import Ints


@dataclass(frozen=True, slots=True)
class TopicName:
    """A topic's telling words, the most telling first, and a name made of the first few."""

    name: str
    words: tuple[str, ...]


def name_topics(
    texts: Sequence[str],
    members: Ints,
    *,
    ignored: Collection[str] = (),
    language: str | None = None,
) -> list[TopicName]:
    """Name the topics 0, 1, … of texts; `members` (n,) holds each text's, -1 for none."""
    raise NotImplementedError
