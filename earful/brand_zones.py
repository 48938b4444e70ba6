"""In which time zone a brand's days begin and end, in the config and in the store."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from config.settings import Settings
from storage.store import Store
from storage.tables.brands import BrandRow


def zone_of(settings: Settings, brand: str | None = None) -> ZoneInfo:
    """Give the zone of a brand's calendar; that of `[alerts]` where it has none of its own."""
    own = next((one.timezone for one in settings.brands if one.name == brand), None)
    return ZoneInfo(own or settings.alerts.timezone)


def zones_of_brands(settings: Settings) -> tuple[str, ...]:
    """Name all zones in which days end for some brand, and that of `[alerts]`."""
    own = {brand.timezone for brand in settings.brands if brand.timezone}
    return tuple(sorted(own | {settings.alerts.timezone}))


def sync_brands(store: Store, settings: Settings) -> None:
    """Let the store know the config's brands and the zones of their days."""
    store.brands.sync(
        [
            BrandRow(
                name=brand.name,
                time_zone=zone_of(settings, brand.name).key,
                competitor=brand.competitor,
            )
            for brand in settings.brands
        ]
    )
