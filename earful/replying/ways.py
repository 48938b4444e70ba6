"""How an answer reaches its source: by Earful over the owner's interface, else by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from alerts.publishing.registry import publishers, via_of
from alerts.publishing.reply import Length
from config.settings import Settings, SourceSettings
from storage.models import Mention


class Publisher(Protocol):
    """What is known of a source's interface before anything is posted there."""

    def hindrance(self, brand: str, native_id: str, url: str | None) -> str | None: ...
    def limit(self, text: str, author: str | None = None, native_id: str = "") -> Length: ...
    def shown(self, text: str, author: str | None, native_id: str) -> str: ...
    def source_of(self, brand: str, native_id: str, url: str | None) -> SourceSettings | None: ...


@dataclass(frozen=True, slots=True)
class ReplyWay:
    """The way of one mention's answer: without a `publisher` people post it by hand.

    `hindrance` says why Earful does not post it itself; None where no source lets it.
    """

    mention: Mention
    publisher: Publisher | None = None
    hindrance: str | None = None

    @property
    def via(self) -> str | None:
        """Name the way for the outbox; None where people post it by hand."""
        return via_of(self.mention.source) if self._posts else None

    @property
    def target(self) -> str | None:
        """Name the part of the source that the mention is in, such as an app's id."""
        if self.publisher is None:
            return None
        mention = self.mention
        found = self.publisher.source_of(mention.brand, mention.native_id, mention.url)
        return found.target if found is not None else None

    @property
    def channel(self) -> str:
        """Name the line of the outbox: parts of a source do not wait for one another."""
        return ":".join(filter(None, (self.via, self.target)))

    def length(self, text: str) -> Length | None:
        """Measure a text; None where nobody knows how the source counts."""
        if self.publisher is None:
            return None
        return self.publisher.limit(text, self.mention.called, self.mention.native_id)

    def shown(self, text: str) -> str:
        """Give the words as they will stand at the source."""
        if self.publisher is None:
            return text
        return self.publisher.shown(text, self.mention.called, self.mention.native_id)

    def wrong_with(self, text: str) -> str | None:
        """Say why a text cannot be an answer; None where it can."""
        if not text:
            return "An answer has at least one word."
        length = self.length(text)
        return length.problem if length is not None else None

    @property
    def _posts(self) -> bool:
        return self.publisher is not None and self.hindrance is None


@dataclass(frozen=True, slots=True)
class ReplyWays:
    """The ways that the config and the environment open: publishers by the name of their way."""

    publishers: Mapping[str, Publisher] = field(default_factory=dict)

    def of(self, mention: Mention) -> ReplyWay:
        publisher = self.publishers.get(via_of(mention.source))
        if publisher is None:
            return ReplyWay(mention)
        hindrance = publisher.hindrance(mention.brand, mention.native_id, mention.url)
        return ReplyWay(mention, publisher, hindrance)


def reply_ways(settings: Settings, environment: Mapping[str, str]) -> ReplyWays:
    """Give the ways that are open now: publishers of the sources that the config reads."""
    return ReplyWays(publishers(settings, environment))
