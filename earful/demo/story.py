"""The whole story of the demo's brand, as far as any moment has come."""

from __future__ import annotations

import threading
from datetime import datetime
from random import Random

from earful.demo import live, world
from earful.demo.history import Historian, incident_at
from earful.demo.items import Item, Sighting
from earful.demo.names_and_ids import NamesAndIds


class Story:
    """What was, is and will be said; threads may share it. Make it by `build_story`."""

    def __init__(self, now: datetime, seed: int) -> None:
        # Each part draws from its own source, so that one text more shifts no other part.
        registry = NamesAndIds(Random(f"{seed}:names"))
        opening = live.Opening(now, Random(f"{seed}:opening"))
        historian = Historian(now, Random(f"{seed}:history"), registry, opening.edits)
        self.started_at = now
        self.seed = seed
        self.brand = world.BRAND
        self.query = world.QUERY
        self.staff = world.STAFF
        self.incident_at = incident_at(now)
        self.threads = historian.threads
        # The opening first: the names in the first minute's alerts come from the lists.
        self.opening = tuple(sorted(opening.items(registry, self.threads), key=_when))
        self.history = tuple(sorted(historian.tell(), key=_when))
        self._items = [*self.history, *self.opening]
        self._more = live.endless(
            opening.ends_at, Random(f"{seed}:endless"), registry, self.threads
        )
        self._next = next(self._more)
        self._lock = threading.Lock()

    def items_until(self, moment: datetime) -> list[Item]:
        """Give the items written by a moment, the oldest first, and nothing of later ones."""
        with self._lock:
            while self._next.created_at <= moment:
                self._items.append(self._next)
                self._next = next(self._more)
            items = list(self._items)
        return [item for item in items if item.created_at <= moment]

    def sightings(self, moment: datetime, source: str, place: str | None = None) -> list[Sighting]:
        """Give what a source shows at a moment, the oldest first; `place` narrows it."""
        return [
            sighting
            for item in self.items_until(moment)
            if item.source == source and place in (None, item.place)
            if (sighting := item.seen_at(moment)) is not None
        ]


def build_story(now: datetime, seed: int = 7) -> Story:
    """Write the story of a brand for a demo that starts at an aware moment.

    The same moment and seed give the same story, to the last id.
    """
    return Story(now.replace(microsecond=0), seed)


def _when(item: Item) -> tuple[datetime, str]:
    return item.created_at, item.native_id
