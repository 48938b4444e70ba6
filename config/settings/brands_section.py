"""The sections `[[brands]]`, with their sources, checkpoints, staff and own topics."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, SerializeAsAny, model_validator

from config.checkpoint_metrics import CheckpointMetric
from config.redaction import as_named
from config.settings.topics_section import OwnTopicSettings
from config.settings.value_types import (
    Channel,
    Duration,
    HttpUrl,
    MessageLanguage,
    PersonName,
    Section,
    SlackUser,
    TimeZone,
    check_query,
)


class SourceSettings(Section):
    """One `[[brands.sources]]`: the keys every source takes, and the source's own in `options`."""

    source: str
    every: Duration = timedelta(hours=1)
    base_url: HttpUrl | None = None
    enabled: bool = True
    channel: Channel | None = None
    location: PersonName | None = None
    options: SerializeAsAny[BaseModel]

    @property
    def target(self) -> str:
        """Name the part of the source that is read, such as an app's id; no secret is in it."""
        return as_named(str(getattr(self.options, "target", "")))


class CheckpointSettings(Section):
    metric: CheckpointMetric
    target: float = Field(gt=0, le=1)
    window: Duration = timedelta(days=30)
    raises: bool = False


class StaffSettings(Section):
    """A colleague whom wows may name: by `name` or `aliases`; `slack` is the user's id there."""

    name: PersonName
    slack: SlackUser | None = None
    aliases: tuple[PersonName, ...] = ()
    team: PersonName | None = None
    location: PersonName | None = None


def _colleague(value: object) -> object:
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, dict | StaffSettings):
        return value
    raise ValueError('write a name, or { name = "Jim", slack = "U0123ABCD", aliases = ["Jimmy"] }')


class BrandSettings(Section):
    name: str = Field(min_length=1, max_length=80)
    query: str
    competitor: bool = False
    staff: tuple[Annotated[StaffSettings, BeforeValidator(_colleague)], ...] = ()
    timezone: TimeZone | None = None
    language: MessageLanguage | None = None
    quiet_hours: str | None = None
    relevance: Literal["suggest", "drop"] = "suggest"
    approve_replies: bool = False
    advocates_daily: bool = False
    sources: tuple[SourceSettings, ...] = ()
    checkpoints: tuple[CheckpointSettings, ...] = ()
    topics: tuple[OwnTopicSettings, ...] = Field(default=(), max_length=40)

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_query(self.query)
        self._refuse_what_a_competitor_never_tells()
        self._refuse_a_source_read_twice()
        self._refuse_a_name_of_two_colleagues()
        self._refuse_a_topic_named_twice()
        return self

    def _refuse_what_a_competitor_never_tells(self) -> None:
        for key in ("staff", "checkpoints"):
            if self.competitor and getattr(self, key):
                raise ValueError(
                    f"brand {self.name!r} is a competitor, of which nothing is celebrated: take "
                    f"out its {key}, or `competitor = true`"
                )

    def _refuse_a_source_read_twice(self) -> None:
        seen = set()
        for source in self.sources:
            key = (source.source, source.target)
            if key in seen:
                raise ValueError(
                    f"brand {self.name!r} reads {source.source} {source.target} twice: keep one"
                )
            seen.add(key)

    def _refuse_a_name_of_two_colleagues(self) -> None:
        taken: set[str] = set()
        for colleague in self.staff:
            names = {name.casefold() for name in (colleague.name, *colleague.aliases)}
            if shared := sorted(names & taken):
                raise ValueError(
                    f"two of the staff of brand {self.name!r} are called {shared[0]!r}: "
                    "give each a name or alias of their own"
                )
            taken |= names

    def _refuse_a_topic_named_twice(self) -> None:
        names = [topic.name.casefold() for topic in self.topics]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two topics of brand {self.name!r} are named {name!r}: keep one")
