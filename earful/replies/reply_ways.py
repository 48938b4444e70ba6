"""How an answer reaches its source: by Earful over the owner's interface, else by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from storage.models import Mention


@dataclass(frozen=True, slots=True)
class Length:
    """How long a text is as its source counts it, and how long it may be there."""

    used: int
    limit: int | None = None
    unit: str = "characters"


class Measures(Protocol):
    """What a publisher knows of a text before it is posted."""

    def limit(self, text: str) -> Length: ...


@dataclass(frozen=True, slots=True)
class ReplyWay:
    """The way of one mention's answer. `via` is None where people post it by hand.

    `missing` says what Earful needs to post it; None where it can, or where no source lets it.
    """

    via: str | None
    channel: str = ""
    target: str | None = None
    missing: str | None = None
    measures: Measures | None = None

    def length(self, text: str) -> Length | None:
        """Measure a text; None where nobody knows how the source counts."""
        return self.measures.limit(text) if self.measures is not None else None

    def wrong_with(self, text: str) -> str | None:
        """Say why a text cannot be an answer; None where it can."""
        if not text:
            return "an answer has at least one word"
        length = self.length(text)
        if length is None or length.limit is None or length.used <= length.limit:
            return None
        over = length.used - length.limit
        return (
            f"this is {length.used:,} {length.unit} long, {length.limit:,} are taken: shorten it "
            f"by {over:,}"
        )


BY_HAND = ReplyWay(None)


@dataclass(frozen=True, slots=True)
class ReplyWays:
    """The ways that the config and the environment open, by source."""

    by_source: Mapping[str, ReplyWay] = field(default_factory=dict)

    def of(self, mention: Mention) -> ReplyWay:
        return self.by_source.get(mention.source, BY_HAND)
