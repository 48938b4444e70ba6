"""Which channel a command means."""

from __future__ import annotations

import re

from config.errors import InputError

# What is for a destination alone, such as a case's events, has it for its channel: `issues:bugs`.
_DESTINATION = r"(webhook|mail|teams|discord|issues):[a-z0-9_:]{1,80}|source:\S{1,200}"


def channel_of(option: str, value: str | None) -> str | None:
    """Read a channel as the config writes it, or a destination; InputError names the option."""
    from config.settings import parse_channel

    if value is None:
        return None
    if re.fullmatch(_DESTINATION, value):
        return value
    try:
        return parse_channel(value)
    except ValueError as error:
        raise InputError(f"{option}: {value!r}: {error}") from None


def for_channel(channel: str | None) -> str:
    """Say for which channel, where one was asked for."""
    return f" for {channel}" if channel else ""
