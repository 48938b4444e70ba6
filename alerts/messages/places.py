"""Where a mention stands, in words for people: "on the App Store", "in a feed"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from alerts.messages.safe_text import line

_LONGEST = 60


@dataclass(frozen=True)
class Places:
    """Words for the places of sources: of each, in `known`, a preposition and a name.

    A source that is not known is one that somebody imported under a name of their own.
    """

    known: Mapping[str, str] = field(default_factory=dict)

    def at(self, source: str, safe: Callable[[str, int], str] = line) -> str:
        """Say where a source's mentions stand, to follow a name: `on Google Play`.

        `safe` makes a name from outside harmless, and of a certain length; else it is escaped.
        """
        if source in self.known:
            return self.known[source]
        name = safe(source.replace("_", " "), _LONGEST)
        return f"in the import “{name}”" if name else "at an unnamed source"

    def name(self, source: str) -> str:
        """Name a source's place, escaped: `Google Play`, `the import “survey”`."""
        return self.at(source).partition(" ")[2]

    def title(self, source: str) -> str:
        """Name a source's place to begin a sentence with: `The App Store`."""
        name = self.name(source)
        return name[:1].upper() + name[1:]
