"""Where a mention stands, in words for people: "on the App Store", "in a feed"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from alerts.messages.page_links import Links
from alerts.messages.safe_text import clean, cut, line

_UNNAMED = "at an unnamed source"
_LONGEST = 60
# Whatever 60 characters become once they are escaped, this is enough for them and the words.
_LONGEST_QUOTED = 200


@dataclass(frozen=True)
class Places:
    """Words for the places of sources: of each, in `known`, a preposition and a name.

    A source that is not known is one that somebody imported under a name of their own. `links`
    lead to the dashboards, where they can be reached.
    """

    known: Mapping[str, str] = field(default_factory=dict)
    links: Links = field(default_factory=Links)

    def at(self, source: str, safe: Callable[[str, int], str] = line) -> str:
        """Say where a source's mentions stand, to follow a name: `on Google Play`.

        `safe` makes a name from outside harmless; as it is, the name is escaped.
        """
        if source in self.known:
            return self.known[source]
        name = cut(clean(source[: 10 * _LONGEST].replace("_", " "), lines=False), _LONGEST)[0]
        # Quoted before it is made safe: `:name:” ` would be a picture once a colon follows.
        return safe(f"in the import “{name}”", _LONGEST_QUOTED) if name else _UNNAMED

    def title(self, source: str) -> str:
        """Name a source's place to begin a sentence with, escaped: `The App Store`."""
        name = self.at(source).partition(" ")[2]
        return name[:1].upper() + name[1:]
