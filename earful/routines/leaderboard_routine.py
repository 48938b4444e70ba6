"""The month's leaderboard: the colleagues whom last month's wows praise."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.decide.brand_alerts import leaderboard
from config.settings import Settings
from earful.isolation import Isolation
from earful.policies import Policies
from storage.store import Store


def write_leaderboards(store: Store, settings: Settings, now: datetime) -> int:
    """Name, once, the colleagues whom last month's wows praise; safe to repeat."""
    local = now.astimezone(ZoneInfo(settings.alerts.timezone))
    month = f"{local.replace(day=1) - timedelta(days=1):%Y-%m}"
    isolation = Isolation(store, "leaderboards", now)
    policies = Policies(settings)
    written = 0
    for brand in settings.brands:
        with isolation.subject(brand.name):
            names = store.insight.kudos(brand.name, month)
            if names:
                policy = policies.of(brand.name)
                alert = leaderboard(brand.name, month, names, policy, now)
                written += store.outbox.add([alert])
    isolation.keep_only([brand.name for brand in settings.brands])
    return written
