"""Six weeks of what was said of Kittiwake Rail before the demo starts, incident included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from random import Random

from earful.demo import texts, world
from earful.demo.items import Item, Version
from earful.demo.names_and_ids import NamesAndIds

# People write when they are home again: after the weekend, and on its eve.
_WEEKDAYS = (1.3, 0.85, 0.8, 0.85, 1.05, 0.8, 1.25)
# After waking up on a train, and in the evening.
_HOURS = (2, 1, 1, 1, 1, 2, 5, 9, 10, 8, 6, 5, 5, 4, 4, 4, 4, 5, 6, 7, 8, 8, 6, 4)
# A text with blanks may be told twice in the history, but not soon again.
_BETWEEN_TELLINGS = timedelta(days=12)
_TWICE = ("appstore", "reddit", "feeds", "steam")


def incident_at(now: datetime) -> datetime:
    """Give the moment the bad update was out: a Friday afternoon 11 to 17 days ago."""
    friday = now.date() - timedelta(days=11)
    friday -= timedelta(days=(friday.weekday() - 4) % 7)
    return datetime.combine(friday, time(16, 40), tzinfo=now.tzinfo)


class Historian:
    """Tells the history; `edits` are versions that people of the cast make later, by name."""

    def __init__(
        self,
        now: datetime,
        random: Random,
        registry: NamesAndIds,
        edits: Mapping[tuple[str, str], Version],
    ) -> None:
        self._now = now
        self._incident = incident_at(now)
        self._random = random
        self._registry = registry
        self._edits = edits
        for person in texts.cast():  # so that no stranger takes their names
            registry.known(person.source, person.name)
        # The ids of the Hacker News stories by title.
        self.threads = {
            title: registry.item_id("hackernews", self._opened(thread))
            for title, thread in world.THREADS.items()
        }

    def tell(self) -> Iterator[Item]:
        """Tell everything in an order of its own; no item lies after `now`."""
        yield from self._stories()
        for person in texts.cast():
            yield from self._person(person)
        told_at: dict[texts.Base, datetime] = {}
        rest = [base for base in texts.bases() if base.scene != "story"]
        for base in rest:
            told_at[base] = self._moment(base)
            yield self._item(base, told_at[base])
        for base in rest:
            if base.scene == "everyday" and base.has_blanks and base.source in _TWICE:
                again = self._moment(base)
                if abs(again - told_at[base]) >= _BETWEEN_TELLINGS:
                    yield self._item(base, again)

    def _stories(self) -> Iterator[Item]:
        titled = {base.title: base for base in texts.bases() if base.scene == "story"}
        for title, thread in world.THREADS.items():
            # Threads about other things are there, but only their comments are part of the story.
            if title in titled:
                yield self._item(titled[title], self._opened(thread), self.threads[title])

    def _opened(self, thread: world.Thread) -> datetime:
        start = self._incident if thread.after_incident else self._now
        return start + timedelta(days=thread.days)

    def _person(self, person: texts.Person) -> Iterator[Item]:
        author = self._registry.known(person.source, person.name)
        items: list[Item] = []
        for saying in person.says:
            start = self._incident if saying.after_incident else self._now
            days = saying.days
            if person.source == "reddit" and not saying.after_incident:
                days *= world.REDDIT_HISTORY / world.HISTORY
            version = saying.base.version(start + timedelta(days=days), self._random)
            if saying.edit:
                items[-1] = replace(items[-1], versions=(*items[-1].versions, version))
            else:
                items.append(
                    self._item(saying.base, version.at, version=version, name=author.name)
                )
        later = self._edits.get((person.source, person.name))
        if later is not None:
            items[-1] = replace(items[-1], versions=(*items[-1].versions, later))
        yield from items

    def _item(
        self,
        base: texts.Base,
        at: datetime,
        native_id: str | None = None,
        *,
        version: Version | None = None,
        name: str | None = None,
    ) -> Item:
        return make_item(
            base,
            version or base.version(at, self._random),
            self._random,
            self._registry,
            native_id=native_id,
            name=name,
            thread=self.threads.get(base.thread or ""),
        )

    def _moment(self, base: texts.Base) -> datetime:
        if base.thread is not None:
            start = self._opened(world.THREADS[base.thread])
            if base.scene == "incident":
                start = max(start, self._incident)
            return self._before_now(start + timedelta(hours=self._random.expovariate(1 / 9)))
        if base.scene == "incident":
            hours = min(self._random.expovariate(1 / 16), 90)
            return self._before_now(self._incident + timedelta(hours=hours))
        if base.scene == "recovery":
            return self._incident + timedelta(days=self._random.uniform(2.2, 8))
        span = world.REDDIT_HISTORY if base.source == "reddit" else world.HISTORY
        return self._everyday(span)

    def _everyday(self, span: timedelta) -> datetime:
        days = range(span.days)
        dates = [(self._now - timedelta(days=day)).date() for day in days]
        weights = [_WEEKDAYS[date.weekday()] for date in dates]
        while True:
            date = self._random.choices(dates, weights)[0]
            hour = self._random.choices(range(24), _HOURS)[0]
            second = self._random.randrange(3600)
            at = datetime.combine(date, time(hour), tzinfo=self._now.tzinfo)
            at += timedelta(seconds=second)
            if at < self._now - timedelta(minutes=3):
                return at

    def _before_now(self, at: datetime) -> datetime:
        return min(at, self._now - timedelta(minutes=3 + 60 * self._random.random()))


def make_item(
    base: texts.Base,
    version: Version,
    random: Random,
    registry: NamesAndIds,
    *,
    native_id: str | None = None,
    name: str | None = None,
    thread: str | None = None,
) -> Item:
    """Put a telling where it belongs: its country or subreddit, its id, its author, its votes."""
    place = ""
    if base.source == "appstore":
        british = "£" in base.text or random.random() < 0.78
        place = base.country or ("gb" if british else "us")
    elif base.source == "reddit":
        relevant = base.scene != "lookalike"
        place = world.SUBREDDIT if relevant else world.OFF_TOPIC_SUBREDDIT
    author = registry.known(base.source, name) if name else registry.stranger(base.source, place)
    angry_crowd = 3 if base.scene == "incident" else 1
    return Item(
        source=base.source,
        native_id=native_id or registry.item_id(base.source, version.at),
        author=author,
        versions=(version,),
        scene=base.scene,
        place=place,
        thread=thread,
        votes=base.points or int(random.expovariate(1 / 3)) * angry_crowd,
    )
