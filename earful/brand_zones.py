"""In which time zone a brand's days begin and end."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from config.settings import Settings


def zone_of(settings: Settings, brand: str | None = None) -> ZoneInfo:
    """Give the zone of a brand's calendar; that of `[alerts]` where it has none of its own."""
    own = next((one.timezone for one in settings.brands if one.name == brand), None)
    return ZoneInfo(own or settings.alerts.timezone)


def zones_of_brands(settings: Settings) -> tuple[str, ...]:
    """Name all zones in which days end for some brand, and that of `[alerts]`."""
    own = {brand.timezone for brand in settings.brands if brand.timezone}
    return tuple(sorted(own | {settings.alerts.timezone}))
