"""The options that say which mentions are meant, and what they mean."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

import click

from config.errors import InputError
from earful.app import utc_now

if TYPE_CHECKING:
    from storage.reports import Filter


def filter_options(command: Any) -> Any:
    """Add the options that say which mentions are meant."""
    for option in reversed(
        [
            click.option("--brand", help="Only this brand."),
            click.option("--source", help="Only this source."),
            click.option(
                "--experience",
                type=click.Choice(["angry", "mediocre", "delighted", "none"]),
                help="Only this experience.",
            ),
            click.option(
                "--since", metavar="WHEN", help="Only since a day (2026-01-31) or an age (30d)."
            ),
            click.option("--until", metavar="WHEN", help="Only before a day or an age."),
        ]
    ):
        command = option(command)
    return command


def chosen(
    *,
    brand: str | None,
    source: str | None,
    experience: str | None,
    since: str | None,
    until: str | None,
) -> Filter:
    """Make the filter that the options of `filter_options` describe."""
    from storage.reports import Filter

    now = utc_now()
    return Filter(
        brand=brand,
        source=source,
        experience=experience,
        since=moment(since, "--since", now) if since else None,
        until=moment(until, "--until", now) if until else None,
    )


def moment(text: str, option: str, now: datetime, zone: tzinfo = UTC) -> datetime:
    """Read a day or time of a zone, or an age such as `30d`; InputError names the option."""
    from config.settings import parse_duration

    with suppress(ValueError):
        return now - parse_duration(text)
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{option}: {text!r}: write a day such as 2026-01-31, or an age such as 30d"
        ) from None
    return (parsed.replace(tzinfo=zone) if parsed.tzinfo is None else parsed).astimezone(UTC)
