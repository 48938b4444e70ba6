"""From config to the rules' policies: the only place that knows both."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from alerts.business_hours import BusinessHours, parse
from alerts.rules import Channels, Policy
from config.errors import ConfigError
from config.settings import BrandSettings, Settings

# A lost advocate is answered in a quarter of the time.
_URGENT_SHARE = 4


def policies(settings: Settings) -> dict[str, Policy]:
    """Make each brand's policy; ConfigError names the key of what cannot be used."""
    try:
        hours = parse(settings.cases.business_hours)
    except ConfigError as error:
        raise ConfigError(f"cases.business_hours: {error}") from error
    return {brand.name: _policy(settings, hours, brand) for brand in settings.brands}


def policy_for(settings: Settings, brand: str) -> Policy:
    """Make the policy of a brand; one that only an import knows has the defaults."""
    known = policies(settings).get(brand)
    if known is not None:
        return known
    return _policy(settings, parse(settings.cases.business_hours), None)


def _policy(settings: Settings, hours: BusinessHours, brand: BrandSettings | None) -> Policy:
    within = settings.cases.respond_within
    slack = settings.slack
    return Policy(
        channels=Channels(
            complaints=slack.complaints, wows=slack.wows, digest=slack.digest, ops=slack.ops
        ),
        due=partial(_due, hours, within),
        due_urgent=partial(_due, hours, within / _URGENT_SHARE),
        max_age=settings.alerts.max_age,
        source_channels={
            source.source: source.channel
            for source in (brand.sources if brand else ())
            if source.channel is not None
        },
        staff=brand.staff if brand else (),
    )


def _due(hours: BusinessHours, within: timedelta, start: datetime) -> datetime:
    return hours.due(start, within)
