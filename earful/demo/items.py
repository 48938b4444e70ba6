"""What the demo's people said: items with the versions that their authors made of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from storage.models import Experience, Stance


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    name: str
    native_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One wording, from a moment on. Experience and stance are what it was written to show.

    They serve tests only: no source of the world tells them, and neither does the site.
    """

    at: datetime
    title: str
    text: str
    rating: int | None
    experience: Experience
    stance: Stance


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One review, post or comment. `place` is a country or a subreddit, where there is one."""

    source: str
    native_id: str
    author: Author
    versions: tuple[Version, ...]
    scene: str
    place: str = ""
    thread: str | None = None
    votes: int = 0

    @property
    def created_at(self) -> datetime:
        return self.versions[0].at

    def seen_at(self, moment: datetime) -> Sighting | None:
        """Give the item as its readers see it at a moment; None before it was written."""
        past = [version for version in self.versions if version.at <= moment]
        return Sighting(item=self, version=past[-1]) if past else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """An item in the version that stood at the moment of looking."""

    item: Item
    version: Version

    @property
    def edited(self) -> bool:
        return self.version.at > self.item.created_at


def newest_first(sightings: Iterable[Sighting], *, by_edit: bool = False) -> list[Sighting]:
    """Order by creation, or by the last edit; ids break ties so that pages never waver."""
    return sorted(
        sightings,
        key=lambda s: (s.version.at if by_edit else s.item.created_at, s.item.native_id),
        reverse=True,
    )
