"""The month's leaderboard: the colleagues whom last month's wows praise."""

from __future__ import annotations

from datetime import datetime, time

from alerts.decide.brand_alerts import leaderboard
from alerts.decide.local_time import DAY, local_day, local_moment
from config.settings import Settings
from earful.brand_zones import zone_of
from earful.isolation import Isolation
from earful.policies import Policies
from storage.store import Store


def write_leaderboards(store: Store, settings: Settings, now: datetime) -> int:
    """Name, once, the colleagues whom last month's wows praise; safe to repeat."""
    isolation = Isolation(store, "leaderboards", now)
    policies = Policies(settings)
    written = 0
    for brand in settings.own_brands:
        with isolation.subject(brand.name):
            zone = zone_of(settings, brand.name)
            this_month = local_day(now, zone).replace(day=1)
            last_month = (this_month - DAY).replace(day=1)
            since, until = (local_moment(day, time(), zone) for day in (last_month, this_month))
            names = store.insight.kudos(brand.name, since, until)
            if names:
                policy = policies.of(brand.name)
                alert = leaderboard(brand.name, f"{last_month:%Y-%m}", names, policy, now)
                written += store.outbox.add([alert])
    isolation.keep_only([brand.name for brand in settings.own_brands])
    return written
