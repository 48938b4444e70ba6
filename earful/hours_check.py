"""What `earful check` says of hours: as they were read, what they mean, and what is at odds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time

from alerts.decide.holiday_dates import Holidays
from alerts.decide.local_time import DAY, latest_day, local_day, local_moment
from alerts.decide.working_time import DAY_NAMES, BusinessHours
from alerts.messages.safe_text import day
from config.settings import Settings
from earful.brand_zones import zone_of
from earful.policies import Policies

_NEXT = 3


def read_hours(settings: Settings, now: datetime) -> Iterator[tuple[str, str]]:
    """Give a key or subject, and what is to be known of it, for each kind of hours."""
    policies = Policies(settings)
    hours = policies.hours
    yield "cases.business_hours", f"the team works {hours.in_words()}"
    if hours.holidays:
        yield "cases.holidays", _holidays(hours.holidays, now, hours)
    for place, channel in enumerate(settings.alerts.channels):
        if channel.quiet_hours is not None:
            quiet = policies.of("").calm.quiet[channel.channel]
            key = f"alerts.channels[{place}].quiet_hours"
            yield key, f"alerts for {channel.channel} wait {quiet.in_words()}"
    if (general := policies.of("").calm.quiet_always) is not None:
        yield "alerts.quiet_hours", f"alerts wait {general.in_words()}"
    for place, brand in enumerate(settings.brands):
        own = policies.of(brand.name).calm.quiet_always
        if brand.quiet_hours and own is not None:
            key = f"brands[{place}].quiet_hours"
            yield key, f"alerts of {brand.name} wait {own.in_words()}"
    for brand in settings.brands:
        if late := _late_digests(settings, policies, brand.name, now):
            yield f"digests of {brand.name}", late


def _holidays(holidays: Holidays, now: datetime, hours: BusinessHours) -> str:
    coming = holidays.coming(local_day(now, hours.zone), _NEXT)
    if not coming:
        return "all of them are over: add those to come"
    days = [
        f"{DAY_NAMES[one.weekday()]} {day(one)}{f', {name}' if name else ''}"
        for one, name in coming
    ]
    return f"no business time; the next: {'; '.join(days)}"


def _late_digests(settings: Settings, policies: Policies, brand: str, now: datetime) -> str | None:
    """Say which days' digests fall into quiet hours, and until when the first of them waits."""
    at, zone = time.fromisoformat(settings.alerts.digest_at), zone_of(settings, brand)
    policy = policies.of(brand)
    today = latest_day(at, zone, now)
    late: dict[int, datetime] = {}
    for number in range(1, 8):
        date = today + number * DAY
        until = policy.calm.release(policy.channels.digest, local_moment(date, at, zone))
        if until is not None:
            late[date.weekday()] = until.astimezone(zone)
    if not late:
        return None
    first = min(late)
    days = "every day" if len(late) == 7 else " and ".join(DAY_NAMES[one] for one in sorted(late))
    waits = f"{DAY_NAMES[first]}'s waits until {DAY_NAMES[late[first].weekday()]}"
    return (
        f"alerts.digest_at = {settings.alerts.digest_at} lies in the quiet hours of "
        f"{policy.channels.digest} ({days}): {waits} {late[first]:%H:%M}; "
        "set another time if that is too late"
    )
