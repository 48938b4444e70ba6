"""Digests: each brand's summary of the day, and of the week, in the brand's own time zone."""

from __future__ import annotations

from datetime import datetime

from alerts.decide.digest_alerts import chart_alert, digest_alert, speed_alert
from config.settings import BrandSettings, Settings
from earful.isolation import Isolation
from earful.policies import Policies
from earful.routines.digest_times import Period, due_periods
from earful.routines.gather_digest import days_before, digest_numbers, week_of_answers
from earful.stages.answer_stage import measure_answers
from storage.models.dedupe_keys import digest_key, speed_key
from storage.store import Store

DIGESTS = "digests"
"""The stage under which failing digests are counted."""


def write_digests(store: Store, settings: Settings, now: datetime) -> int:
    """Put each brand's digest of the last due day, and of a due week, into the outbox.

    Safe to repeat. A day on which a brand had no mention and has no open case needs no message.
    """
    isolation = Isolation(store, DIGESTS, now)
    policies = Policies(settings)
    written = 0
    for brand in settings.own_brands:
        for period in due_periods(settings, brand.name, now):
            name = f"{brand.name}, the week" if period.weekly else brand.name
            with isolation.subject(name):
                written += _write_digest(store, policies, brand, period, now)
            if period.weekly:
                # Apart from the digest, which may be there: what failed comes with the late ones.
                with isolation.subject(f"{brand.name}, who answered"):
                    _tell_who_answered(store, policies, brand, period, now)
    parts = ("", ", the week", ", the chart", ", who answered")
    isolation.keep_only([f"{brand.name}{part}" for brand in settings.own_brands for part in parts])
    return written


def _write_digest(
    store: Store, policies: Policies, brand: BrandSettings, period: Period, now: datetime
) -> int:
    if store.outbox.knows(digest_key(brand.name, period.end, weekly=period.weekly)):
        return 0
    numbers = digest_numbers(store, brand, period, now)
    if not sum(numbers.counts.values()) and not numbers.open_cases:
        return 0
    digest = digest_alert(numbers, policies.of(brand.name), now)
    written = store.outbox.add([digest])
    # The picture is an extra: without it the digest goes out all the same.
    with Isolation(store, DIGESTS, now).subject(f"{brand.name}, the chart"):
        store.outbox.add([chart_alert(digest, days_before(store, brand, period))])
    return written


def _tell_who_answered(
    store: Store, policies: Policies, brand: BrandSettings, period: Period, now: datetime
) -> None:
    """Put who answered how fast into the thread of the week's digest, if both are there."""
    digest = digest_key(brand.name, period.end, weekly=True)
    if not store.outbox.knows(digest) or store.outbox.knows(speed_key(digest)):
        return
    # The daemon's start may bring the digest before the first pass of the rules.
    measure_answers(store, policies, now)
    speed = week_of_answers(store, policies, brand, period)
    if speed.whole.taken or speed.whole.answered:
        store.outbox.add([speed_alert(speed, policies.of(brand.name), now)])


def write_late_digests(store: Store, settings: Settings, now: datetime) -> int:
    """Write what failed when digests fell due; what it fails with now waits for the next time."""
    return write_digests(store, settings, now) if store.failures.of(DIGESTS) else 0
