"""When each source of the config is read: a job for each, which goes on where the last one was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from alerts.scheduler import Schedule
from config.settings import BrandSettings, Settings, SourceSettings
from earful.app import target_of
from storage.store import Store

# So many sources are read side by side; further ones wait their turn in order.
PARALLEL_CRAWLS = 4
_JOB = "crawl "
_APART = timedelta(milliseconds=200)

Crawl = Callable[[BrandSettings, SourceSettings, str], object]
"""Reads a source; the string names the job for people."""


class CrawlSchedule:
    """The jobs that read the sources of a config."""

    def __init__(self, crawl: Crawl) -> None:
        self._crawl = crawl
        self._jobs = Schedule(threads=PARALLEL_CRAWLS)
        self._names: set[str] = set()

    def be(self, store: Store, settings: Settings, now: datetime) -> None:
        """Have one job for each source that is read: what fell due meanwhile runs soon."""
        wanted = [
            (brand, source)
            for brand in settings.brands
            for source in brand.sources
            if source.enabled
        ]
        names = [
            self._have(store, brand, source, now, place)
            for place, (brand, source) in enumerate(wanted)
        ]
        self._jobs.drop({_JOB + name for name in self._names.difference(names)})
        self._names = set(names)
        # What failed for a source that the config has no more is no problem any more.
        store.failures.forget_others("crawl", names)

    def next_at(self) -> datetime | None:
        """Tell when the next source is read; None where none is."""
        return min((at for at in self._jobs.next_runs().values() if at is not None), default=None)

    def start(self) -> None:
        self._jobs.start()

    def stop(self) -> None:
        """Begin no further crawl, and return when those under way have ended."""
        self._jobs.stop(wait=True)

    def _have(
        self, store: Store, brand: BrandSettings, source: SourceSettings, now: datetime, place: int
    ) -> str:
        """Go on where the last daemon stopped: a restart must not ask every source at once."""
        target = target_of(brand, source)
        last = store.crawls.last_start(target)
        due = now
        # One of the future was timed by a clock that was wrong: nobody knows when it was.
        if last is not None and last <= now and not store.crawls.reached_nobody(target):
            due = max(now, last + source.every)
        name = " ".join(filter(None, (brand.name, source.source, target.target)))
        self._jobs.every(
            _JOB + name,
            source.every,
            lambda: self._crawl(brand, source, name),
            jitter=min(source.every / 10, timedelta(minutes=1)),
            first_after=due - now + place * _APART,
        )
        return name
