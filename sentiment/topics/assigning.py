"""New texts to known topics, by likeness and by words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sentiment.topics.topic import Assignment, KnownTopic

if TYPE_CHECKING:
    from sentiment.topics.topic import Floats


def assign(
    vectors: Floats, texts: Sequence[str], topics: Sequence[KnownTopic]
) -> list[Assignment]:
    """Give the topics of each text, own ones before found ones, at most MOST_TOPICS.

    `vectors` (n, d) of length 1. A text of no topic gets an empty assignment.
    """
    raise NotImplementedError


def own_topic(
    id: int,  # noqa: A002
    name: str,
    *,
    about: Floats | None = None,
    words: Sequence[str] = (),
    usual: Floats | None = None,
) -> KnownTopic:
    """Make a person's topic from the vector (d,) of the sentence that describes it, and words.

    `usual` (d,) is the mean of the brand's vectors; the threshold is set above it.
    """
    raise NotImplementedError
