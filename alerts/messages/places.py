"""Where a mention stands, in words for people: "on the App Store", "in a feed"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from alerts.messages.catalogue import ENGLISH, _, later, spoken
from alerts.messages.page_links import Links
from alerts.messages.safe_text import clean, cut, line

_LONGEST = 60
# Whatever 60 characters become once they are escaped, this is enough for them and the words.
_LONGEST_QUOTED = 200
# Places that are no names: where something stands, and what begins a sentence. One that is new
# and not here is written without its article in other languages than English.
_TITLES = {
    later("in GDELT news"): later("GDELT news"),
    later("in a Discourse forum"): later("A Discourse forum"),
    later("in a Telegram channel"): later("A Telegram channel"),
    later("in a WooCommerce shop"): later("A WooCommerce shop"),
    later("in a feed"): later("A feed"),
    later("in the Chrome Web Store"): later("The Chrome Web Store"),
    later("in the mailbox"): later("The mailbox"),
    later("on a WordPress site"): later("A WordPress site"),
    later("on a web page"): later("A web page"),
    later("on the App Store"): later("The App Store"),
}
_ARTICLES = ("a ", "an ", "the ")


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
            return _known(self.known[source])
        name = _imported(source)
        if not name:
            return _("at an unnamed source")
        # Quoted before it is made safe: `:name:” ` would be a picture once a colon follows.
        return safe(_("in the import “{name}”", name=name), _LONGEST_QUOTED)

    def title(self, source: str) -> str:
        """Name a source's place to begin a sentence with, escaped: `The App Store`."""
        if source in self.known:
            place = self.known[source]
            return _(_TITLES[place]) if place in _TITLES else _name_in(place)
        name = _imported(source)
        if not name:
            return _("An unnamed source")
        return line(_("The import “{name}”", name=name), _LONGEST_QUOTED)


def _imported(source: str) -> str:
    return cut(clean(source[: 10 * _LONGEST].replace("_", " "), lines=False), _LONGEST)[0]


def _known(place: str) -> str:
    if spoken() == ENGLISH or place in _TITLES:
        return _(place)
    return _("on {name}", name=_name_in(place))


def _name_in(place: str) -> str:
    """Give a place without its preposition, for a sentence's beginning."""
    name = place.partition(" ")[2]
    if spoken() != ENGLISH:
        name = next((name[len(one) :] for one in _ARTICLES if name.startswith(one)), name)
    return name[:1].upper() + name[1:]
