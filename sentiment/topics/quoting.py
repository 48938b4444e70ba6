"""Quotes for a topic: near its centre, each by somebody else, of the wanted feeling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentiment.topics.topic import Floats

QUOTES = 3


def quotes(
    vectors: Floats,
    texts: Sequence[str],
    authors: Sequence[str | None],
    centre: Floats,
    *,
    most: int = QUOTES,
) -> list[int]:
    """Choose places of texts to quote, the best first; fewer where not enough differ.

    Hand in the candidates only: texts of the topic and of the feeling that is wanted (angry for
    a complaint's topic), `vectors` (n, d).
    """
    raise NotImplementedError
