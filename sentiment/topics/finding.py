"""Topics found in texts, and found again: ids stay, merges and splits are told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from sentiment.topics.topic import KnownTopic, Refit

if TYPE_CHECKING:
    from sentiment.topics.topic import Floats


def refit(
    vectors: Floats,
    texts: Sequence[str],
    known: Sequence[KnownTopic],
    *,
    seed: int,
    ignored: Collection[str] = (),
    language: str | None = None,
) -> Refit:
    """Find the topics of texts (a sample of at most some ten thousand), keeping known ones.

    `ignored` are names that no topic is named by: the brand, its staff, authors. `language`
    (ISO 639-1) chooses stop words.
    """
    raise NotImplementedError
