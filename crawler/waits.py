"""How long a server wants to be left alone, as the headers of its response say."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from scrapy.http import Response

# As GitHub, Mastodon and Reddit write it; as Bluesky does, and the draft standard; as X does.
_FAMILIES = ("X-RateLimit-{}", "RateLimit-{}", "X-Rate-Limit-{}")
_RESETS = ("Reset", "ResetTime")
# Below this a reset is a number of seconds from now, above it a moment.
_EPOCH_FROM = 1e9


def header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value.decode("latin-1").strip() if value else None


def retry_after(response: Response, now: datetime) -> float | None:
    """Read Retry-After in seconds, from either of its forms; None when absent or nonsense."""
    value = header(response, "Retry-After")
    if value is None:
        return None
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return _seconds_until(moment, now)


def limit_resets_in(response: Response, now: datetime) -> float | None:
    """Give the seconds until a spent rate limit is whole again; None while something is left.

    The reset may be seconds from now, seconds or milliseconds of the epoch, or a time.
    """
    for family in _FAMILIES:
        left = _number(header(response, family.format("Remaining")))
        # Yelp names it ResetTime.
        reset = next(
            filter(None, (header(response, family.format(name)) for name in _RESETS)), None
        )
        if left is None or left >= 1 or reset is None:
            continue
        seconds = _reset_in(reset, now)
        if seconds is not None:
            return seconds
    return None


def _reset_in(reset: str, now: datetime) -> float | None:
    number = _number(reset)
    if number is not None:
        if number > _EPOCH_FROM * 1000:
            number /= 1000
        return max(0.0, number - now.timestamp() if number > _EPOCH_FROM else number)
    try:
        return _seconds_until(datetime.fromisoformat(reset), now)
    except ValueError:
        pass
    try:
        return _seconds_until(parsedate_to_datetime(reset), now)
    except ValueError:
        return None


def _seconds_until(moment: datetime, now: datetime) -> float:
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return max(0.0, (moment - now).total_seconds())


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None
