"""The steps `[[alerts.channels.ladder]]`: who hears of a case when, while its time runs out."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from config.settings.value_types import Channel, Duration, Section

ON_CALL = "on_call"


def _pings(value: object) -> object:
    if value == "nobody":
        return ()
    return (value,) if isinstance(value, str) else value


def _ping(value: str) -> str:
    if value not in ("claimer", ON_CALL) and not re.fullmatch(r"[UWS][A-Z0-9]{6,20}", value):
        raise ValueError(
            'nobody that can be pinged: write "claimer", "on_call", a Slack user id such as '
            '"U0123ABCD" or the id of a user group such as "S0123ABCD"'
        )
    return value


class StepSettings(Section):
    """One `[[alerts.channels.ladder]]`: a step of waiting cases; with `ladder = []` none."""

    at: float | None = Field(default=None, ge=0, le=10)
    after: Duration | None = None
    when: Literal["unclaimed", "claimed", "any"] = "any"
    ping: Annotated[
        tuple[Annotated[str, AfterValidator(_ping)], ...], BeforeValidator(_pings)
    ] = ()
    channel: Channel | None = None
    broadcast: bool = True
    urgent: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.at is None) == (self.after is None):
            raise ValueError(
                "a step needs one of at (0.5: when half of the time to answer is over) and after "
                '("1h": an hour past the due time)'
            )
        return self


def default_ladder(remind_at: float) -> tuple[StepSettings, ...]:
    """Give the ladder of channels that configure none; `remind_at` is when a claimer is reminded.

    The channel hears of a case that nobody has claimed at half of the time, the claimer alone is
    reminded, the channel hears what is overdue, and once more after as much time again.
    """
    return (
        StepSettings(at=0.5, when="unclaimed", ping=(ON_CALL,)),
        StepSettings(at=remind_at, when="claimed", ping=("claimer",), broadcast=False),
        StepSettings(at=1.0, ping=("claimer",)),
        StepSettings(at=2.0, ping=("claimer", ON_CALL)),
    )
