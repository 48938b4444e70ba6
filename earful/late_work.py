"""What is late after a time in which no daemon ran: how much of it, and when it is made up for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from config.settings import Settings
from earful.app import target_of
from storage.models import AlertState
from storage.store import Store


@dataclass(frozen=True, slots=True)
class LateWork:
    """So much should have been done by now. `routines` are those of the calendar, by name."""

    sources: int
    mentions: int
    alerts: int
    routines: tuple[str, ...]


def late_work(store: Store, settings: Settings, now: datetime) -> LateWork:
    """Count what fell due and was not done: sources to read, mentions to score, alerts to send."""
    begun = [
        (store.crawls.last_start(target_of(brand, source)), source.every)
        for brand in settings.brands
        for source in brand.sources
        if source.enabled
    ]
    return LateWork(
        sources=sum(last is not None and last + every < now for last, every in begun),
        mentions=store.verdicts.count_waiting(),
        alerts=store.outbox.counts()[AlertState.PENDING],
        routines=missed_routines(store, now),
    )


def missed_routines(store: Store, now: datetime) -> tuple[str, ...]:
    """Name what the calendar of the last daemon had planned for a time that is gone."""
    return tuple(
        one.name
        for one in store.daemon_runs.routines()
        if one.next_at is not None and one.next_at < now
    )


def is_made_up_for(store: Store, settings: Settings, since: datetime) -> bool:
    """Tell whether all sources were tried `since` a start, and nothing waits to be scored."""
    begun = [
        store.crawls.last_start(target_of(brand, source))
        for brand in settings.brands
        for source in brand.sources
        if source.enabled
    ]
    return not store.verdicts.count_waiting() and all(
        last is not None and last >= since for last in begun
    )
