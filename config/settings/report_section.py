"""The section `[report]`: which reports go out by themselves, when and to whom."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from config.settings.value_types import Section, parse_channel

MAIL = "mail:"
"""What a destination of mails is called by: its name follows."""
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def parse_recipient(value: str) -> str:
    """Give a channel or `mail:NAME` as it is; ValueError says how to write one."""
    if re.fullmatch(rf"{MAIL}[a-z0-9_]{{1,40}}", value):
        return value
    try:
        return parse_channel(value)
    except ValueError:
        raise ValueError(
            'write a channel such as "#voice-digest", or "mail:NAME" of one of '
            "[[destinations.mail]]"
        ) from None


def _weekly(value: str) -> str:
    day, _, clock = value.strip().lower().partition(" ")
    if day not in _DAYS or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", clock.strip()):
        raise ValueError('not a day of the week and a time: write "Mon 09:00"')
    return f"{day} {clock.strip()}"


class ReportSettings(Section):
    weekly: Annotated[str, AfterValidator(_weekly)] | None = None
    to: tuple[Annotated[str, AfterValidator(parse_recipient)], ...] = Field(
        default=(), max_length=20
    )
    format: Literal["pdf", "html"] = "pdf"

    @property
    def due_at(self) -> tuple[int, time] | None:
        """Give the weekday (Monday is 0) and the local time; None where none is wished."""
        if self.weekly is None:
            return None
        day, clock = self.weekly.split()
        return _DAYS.index(day), time.fromisoformat(clock)

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if self.weekly is not None and not self.to:
            raise ValueError('weekly says when, and `to` not to whom: add to = ["#voice-digest"]')
        if self.to and self.weekly is None:
            raise ValueError('`to` says to whom, and weekly not when: add weekly = "Mon 09:00"')
        return self
