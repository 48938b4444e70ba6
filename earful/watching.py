"""What is watched for by the calendar: unusual hours, and the month's praise."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts import incidents
from alerts.rules import leaderboard
from config.settings import Settings
from earful.policies import policy_for
from storage.store import Store

_SPAN = timedelta(hours=incidents.HOURS)


def watch_spikes(store: Store, settings: Settings, now: datetime) -> int:
    """Judge each brand's last hours against the same hours of earlier weeks.

    Returns how many alerts are new; safe to repeat.
    """
    found = []
    for brand in settings.brands:
        if store.incidents.open(brand.name):
            continue  # its message says it already
        seen = store.incidents.counts(brand.name, now - _SPAN, now)
        weeks = store.incidents.usual(brand.name, now - _SPAN, now)
        channel = policy_for(settings, brand.name).channels.complaints
        found += incidents.spikes(brand.name, channel, seen, weeks, now)
    return store.outbox.add(found)


def write_leaderboards(store: Store, settings: Settings, now: datetime) -> int:
    """Name, once, the colleagues whom last month's wows praise; safe to repeat."""
    local = now.astimezone(ZoneInfo(settings.alerts.timezone))
    month = f"{local.replace(day=1) - timedelta(days=1):%Y-%m}"
    written = []
    for brand in settings.brands:
        names = store.insight.kudos(brand.name, month)
        if names:
            policy = policy_for(settings, brand.name)
            written.append(leaderboard(brand.name, month, names, policy, now))
    return store.outbox.add(written)
