"""Which channel a command means."""

from __future__ import annotations

from config.errors import InputError


def channel_of(option: str, value: str | None, *, answers: bool = False) -> str | None:
    """Read a channel as the config writes it; InputError names the option.

    With `answers` it may be the line of a source's answers, such as `source:google_play`.
    """
    from config.settings import parse_channel

    if value is None or (answers and value.startswith("source:")):
        return value
    try:
        return parse_channel(value)
    except ValueError as error:
        raise InputError(f"{option}: {value!r}: {error}") from None


def for_channel(channel: str | None) -> str:
    """Say for which channel, where one was asked for."""
    return f" for {channel}" if channel else ""
