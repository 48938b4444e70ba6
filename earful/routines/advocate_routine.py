"""Advocates: what they need from us today, written down each day, sent where that is wished."""

from __future__ import annotations

from datetime import datetime

from alerts.decide.brand_alerts import advocates_list
from config.settings import Settings
from earful.advocates_now import advocates_now
from earful.brand_zones import zone_of
from earful.isolation import Isolation
from earful.policies import Policies
from storage.store import Store


def list_advocates(store: Store, settings: Settings, now: datetime) -> int:
    """Write each brand's list of the day; `advocates_daily` brands get it in Slack, once a day.

    Returns how many alerts are new; safe to repeat.
    """
    isolation = Isolation(store, "advocates", now)
    policies = Policies(settings)
    written = 0
    for brand in settings.own_brands:
        with isolation.subject(brand.name):
            listed = advocates_now(store, brand.name, now, zone_of(settings, brand.name))
            with store.write() as unit:
                unit.advocates.write(brand.name, listed.day, listed.needs)
                # Nobody is told of an empty list.
                if brand.advocates_daily and (listed.needs or listed.quiet):
                    alert = advocates_list(listed, policies.of(brand.name), now)
                    written += unit.outbox.add([alert])
    isolation.keep_only([brand.name for brand in settings.own_brands])
    return written
