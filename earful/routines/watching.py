"""What is watched for by the calendar: unusual hours, and the month's praise."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.decide import surges
from alerts.decide.brand_alerts import leaderboard
from config.settings import Settings
from earful.isolation import Isolation
from earful.policies import policy_for
from storage.store import Store

_SPAN = timedelta(hours=surges.HOURS)


def watch_spikes(store: Store, settings: Settings, now: datetime) -> int:
    """Judge each brand's last hours against the same hours of earlier weeks.

    Returns how many alerts are new; safe to repeat.
    """
    isolation = Isolation(store, "spikes", now)
    written = 0
    for brand in settings.brands:
        with isolation.subject(brand.name):
            if store.incidents.open(brand.name):
                continue  # its message says it already
            seen = store.incidents.counts(brand.name, now - _SPAN, now)
            weeks = store.incidents.usual(brand.name, now - _SPAN, now)
            channel = policy_for(settings, brand.name).channels.complaints
            written += store.outbox.add(surges.spikes(brand.name, channel, seen, weeks, now))
    isolation.keep_only([brand.name for brand in settings.brands])
    return written


def write_leaderboards(store: Store, settings: Settings, now: datetime) -> int:
    """Name, once, the colleagues whom last month's wows praise; safe to repeat."""
    local = now.astimezone(ZoneInfo(settings.alerts.timezone))
    month = f"{local.replace(day=1) - timedelta(days=1):%Y-%m}"
    isolation = Isolation(store, "leaderboards", now)
    written = 0
    for brand in settings.brands:
        with isolation.subject(brand.name):
            names = store.insight.kudos(brand.name, month)
            if names:
                policy = policy_for(settings, brand.name)
                alert = leaderboard(brand.name, month, names, policy, now)
                written += store.outbox.add([alert])
    isolation.keep_only([brand.name for brand in settings.brands])
    return written
