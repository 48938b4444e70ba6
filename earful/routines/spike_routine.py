"""Spikes: the last hours are compared with the same hours of earlier weeks."""

from __future__ import annotations

from datetime import datetime, timedelta

from alerts.decide import surges
from config.settings import Settings
from earful.isolation import Isolation
from earful.policies import Policies
from storage.store import Store

_SPAN = timedelta(hours=surges.HOURS)


def watch_spikes(store: Store, settings: Settings, now: datetime) -> int:
    """Judge each brand's last hours against the same hours of earlier weeks.

    Returns how many alerts are new; safe to repeat.
    """
    isolation = Isolation(store, "spikes", now)
    policies = Policies(settings)
    written = 0
    for brand in settings.brands:
        with isolation.subject(brand.name):
            if store.incidents.open(brand.name):
                continue  # its message says it already
            seen = store.incidents.counts(brand.name, now - _SPAN, now)
            weeks = store.incidents.usual(brand.name, now - _SPAN, now)
            channel = policies.of(brand.name).channels.complaints
            written += store.outbox.add(surges.spikes(brand.name, channel, seen, weeks, now))
    isolation.keep_only([brand.name for brand in settings.brands])
    return written
