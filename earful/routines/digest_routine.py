"""Digests: each brand's summary of the day, and of the week, in the brand's own time zone."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from alerts.decide.digest_alerts import chart_alert, digest_alert
from config.settings import BrandSettings, Settings
from earful.isolation import Isolation
from earful.policies import Policies
from earful.routines.gather_digest import DAY, days_before, digest_numbers
from storage.models.dedupe_keys import digest_key
from storage.store import Store

DIGESTS = "digests"
"""The stage under which failing digests are counted."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def last_digest_time(
    settings: Settings, now: datetime, brand: BrandSettings | None = None
) -> datetime:
    """Give the latest moment at or before `now` when a digest is due, in the brand's zone."""
    zone = ZoneInfo((brand and brand.timezone) or settings.alerts.timezone)
    at = time.fromisoformat(settings.alerts.digest_at)
    local = now.astimezone(zone)
    due = datetime.combine(local.date(), at, zone)
    if due > local:
        due = datetime.combine(local.date() - DAY, at, zone)
    return due.astimezone(UTC)


def digest_zones(settings: Settings) -> list[str]:
    """Give the time zones in which digests fall due."""
    zones = {settings.alerts.timezone}
    return sorted(zones | {brand.timezone for brand in settings.brands if brand.timezone})


def write_digests(store: Store, settings: Settings, now: datetime) -> int:
    """Put each brand's digest of the last due day, and of a due week, into the outbox.

    Safe to repeat. A day on which a brand had no mention and has no open case needs no message.
    """
    isolation = Isolation(store, DIGESTS, now)
    policies = Policies(settings)
    written = 0
    for brand in settings.brands:
        end = last_digest_time(settings, now, brand)
        for weekly in (False, True):
            if weekly and not _week_ends(settings, brand, end):
                continue
            name = f"{brand.name}, the week" if weekly else brand.name
            with isolation.subject(name):
                written += _write_digest(store, policies, brand, end, now, weekly=weekly)
    parts = ("", ", the week", ", the chart")
    isolation.keep_only([f"{brand.name}{part}" for brand in settings.brands for part in parts])
    return written


def _write_digest(
    store: Store,
    policies: Policies,
    brand: BrandSettings,
    end: datetime,
    now: datetime,
    *,
    weekly: bool,
) -> int:
    if store.outbox.knows(digest_key(brand.name, end, weekly=weekly)):
        return 0
    numbers = digest_numbers(store, brand, end, now, 7 * DAY if weekly else DAY)
    if not sum(numbers.counts.values()) and not numbers.open_cases:
        return 0
    digest = digest_alert(numbers, policies.of(brand.name), now)
    written = store.outbox.add([digest])
    # The picture is an extra: without it the digest goes out all the same.
    with Isolation(store, DIGESTS, now).subject(f"{brand.name}, the chart"):
        store.outbox.add([chart_alert(digest, days_before(store, brand, end))])
    return written


def write_late_digests(store: Store, settings: Settings, now: datetime) -> int:
    """Write what failed when digests fell due; what it fails with now waits for the next time."""
    return write_digests(store, settings, now) if store.failures.of(DIGESTS) else 0


def _week_ends(settings: Settings, brand: BrandSettings, end: datetime) -> bool:
    zone = ZoneInfo(brand.timezone or settings.alerts.timezone)
    # Not strftime's %a: it follows the machine's locale.
    return _DAYS[end.astimezone(zone).weekday()] == settings.alerts.weekly_on
