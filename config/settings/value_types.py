"""Types of single values in `earful.toml`: each refuses by what to write instead."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from config.errors import QueryError
from config.query import parse_query
from config.secret_references import misplaced

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_duration(value: object) -> timedelta:
    """Read `30m`, `24h`, `7d` (s, m, h, d, w); ValueError for anything else."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"\s*(\d{1,6})\s*([smhdw])\s*", value) if isinstance(value, str) else None
    if not match:
        raise ValueError('not a duration: write a number and s, m, h, d or w, such as "30m"')
    duration = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if not duration:
        raise ValueError("a duration must be longer than nothing")
    return duration


def parse_channel(value: str) -> str:
    """Give a channel's name or id as it is; ValueError says how to write one."""
    if not re.fullmatch(r"#[^\s#<>&]{1,80}|[CGD][A-Z0-9]{6,}", value):
        raise ValueError('not a Slack channel: write "#name" or a channel id such as "C0123ABCD"')
    return value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError('not a time zone: write a name such as "Europe/Berlin"') from error
    return value


def _http_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+[^\s]*", value):
        raise ValueError("not an http(s) address")
    if wrong := misplaced(value):
        raise ValueError(wrong)
    return value


def _shown_url(value: str) -> str:
    if "${" in _http_url(value):
        raise ValueError("everybody sees this address: it takes no ${NAME}")
    return value


def _clock(value: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError('not a time of day: write "09:00"')
    return value


def _stars(value: str) -> str:
    if not re.fullmatch(r"[0-5](\.\d)?(-[0-5](\.\d)?)?", value):
        raise ValueError('not a number of stars out of five: write "1-2" or "5"')
    return value


def _language(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*", value):
        raise ValueError('not a language: write a code such as "de" or "pt-BR"')
    return value


def check_query(value: str) -> None:
    """Refuse a query that cannot be parsed: ValueError says what is wrong with it."""
    try:
        parse_query(value)
    except QueryError as error:
        raise ValueError(str(error)) from error


def _slack_user(value: str) -> str:
    if not re.fullmatch(r"[UW][A-Z0-9]{6,20}", value):
        raise ValueError('not a Slack user id: copy it from the profile, such as "U0123ABCD"')
    return value


def _person_name(value: str) -> str:
    if not re.search(r"\w", value):
        raise ValueError("a name has at least one letter")
    return value.strip()


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Channel = Annotated[str, AfterValidator(parse_channel)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
"""Who asks it puts in what `${NAME}` in it stands for."""
ShownUrl = Annotated[str, AfterValidator(_shown_url)]
ClockTime = Annotated[str, AfterValidator(_clock)]
Stars = Annotated[str, AfterValidator(_stars)]
Language = Annotated[str, AfterValidator(_language)]
MessageLanguage = Literal["en", "de", "es", "fr"]
"""The languages that messages can be in."""
SlackUser = Annotated[str, AfterValidator(_slack_user)]
PersonName = Annotated[str, Field(max_length=80), AfterValidator(_person_name)]


class Section(BaseModel):
    """A table of the file: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")
