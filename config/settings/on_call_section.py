"""The sections `[[on_call]]`: who is on call when, by turns and by what people swapped."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from config.settings.value_types import (
    Channel,
    Duration,
    PersonName,
    Section,
    SlackUser,
    TimeZone,
)


def _local_moment(value: object) -> object:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, datetime) or moment.tzinfo is not None:
        raise ValueError('not a local time: write "2026-11-30 09:00", without a zone')
    return moment


LocalMoment = Annotated[datetime, BeforeValidator(_local_moment)]


class OnCallPersonSettings(Section):
    name: PersonName
    slack: SlackUser


class SwapSettings(Section):
    """Who is on call instead; of swaps that overlap the last one in the file counts."""

    start: LocalMoment = Field(alias="from")
    end: LocalMoment = Field(alias="to")
    who: PersonName

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.start >= self.end:
            raise ValueError(f"the swap of {self.who} ends before it begins: from < to")
        return self


class OnCallSettings(Section):
    """One `[[on_call]]`: the rota of a channel, of a brand, or of all that have no other."""

    channel: Channel | None = None
    brand: str | None = None
    people: tuple[OnCallPersonSettings, ...] = Field(min_length=1)
    every: Duration = timedelta(weeks=1)
    starts: LocalMoment
    timezone: TimeZone = "UTC"
    swaps: tuple[SwapSettings, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.channel is not None and self.brand is not None:
            raise ValueError("a rota is for a channel or for a brand: keep one of the two")
        names = [person.name for person in self.people]
        for swap in self.swaps:
            if swap.who not in names:
                raise ValueError(
                    f"{swap.who!r} has a swap and is none of the people: {', '.join(names)}"
                )
        return self
