"""The section `[alerts]`, with its routes and what each channel takes."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from config.settings.destinations_section import SLACK
from config.settings.ladder_section import StepSettings
from config.settings.value_types import (
    Channel,
    ClockTime,
    Duration,
    Language,
    MessageLanguage,
    Section,
    Stars,
    TimeZone,
    check_query,
)


class RouteSettings(Section):
    """One `[[alerts.routes]]`: the first whose every given side matches decides."""

    brand: str | None = None
    source: str | None = None
    experience: Literal["angry", "mediocre", "delighted", "none"] | None = None
    stance: Literal["advocate", "hater", "neither"] | None = None
    stars: Stars | None = None
    query: str | None = None
    min_reach: int | None = Field(default=None, ge=0)
    author: str | None = None
    language: Language | None = None
    channel: Channel | None = None
    urgent: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.channel is None and not self.urgent:
            raise ValueError("a route needs a channel, or urgent = true")
        if self.query is not None:
            check_query(self.query)
        return self


class ChannelSettings(Section):
    """One `[[alerts.channels]]`: where it is, how much it takes, when it is left in peace."""

    channel: Channel
    via: str = Field(
        default=SLACK, pattern=r"^(slack|(webhook|mail|teams|discord):[a-z0-9_]{1,40})$"
    )
    per_hour: int | None = Field(default=None, ge=1)
    quiet_hours: str | None = None
    approve_replies: bool = False
    ladder: tuple[StepSettings, ...] | None = None


class AlertSettings(Section):
    language: MessageLanguage = "en"
    max_age: Duration = timedelta(hours=24)
    digest_at: ClockTime = "09:00"
    timezone: TimeZone = "UTC"
    weekly_on: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "never"] = "mon"
    quiet_hours: str | None = None
    wows_per_hour: int = Field(default=10, ge=0)
    incident_over: int = Field(default=10, ge=3)
    incident_window: Duration = timedelta(minutes=20)
    routes: tuple[RouteSettings, ...] = ()
    channels: tuple[ChannelSettings, ...] = ()
