"""The section `[cases]`: which complaints become cases, and when they are due."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from config.settings.value_types import Duration, Section


def _day_off(value: object) -> object:
    # TOML has dates of its own: 2026-12-24 without quotes is one.
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return value


DayOff = Annotated[str, BeforeValidator(_day_off)]


class TeamSettings(Section):
    """One `[[cases.teams]]`: people by the names or the ids that they have in Slack."""

    name: str = Field(min_length=1, max_length=80)
    people: tuple[str, ...] = Field(min_length=1)


class CaseSettings(Section):
    respond_within: Duration = timedelta(hours=4)
    business_hours: str = "24/7"
    holidays: tuple[DayOff, ...] = ()
    remind_at: float = Field(default=0.75, gt=0, lt=1)
    same_matter: Duration = timedelta(days=7)
    dismissed_for: Duration = timedelta(days=14)
    open_at: Literal["sure", "likely"] = "sure"
    wordless: Literal["count", "case"] = "count"
    teams: tuple[TeamSettings, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        teams: dict[str, str] = {}
        for team in self.teams:
            for one in team.people:
                if (other := teams.setdefault(one.casefold(), team.name)) != team.name:
                    raise ValueError(
                        f"{one!r} is in the teams {other!r} and {team.name!r}: keep one of them"
                    )
        return self
