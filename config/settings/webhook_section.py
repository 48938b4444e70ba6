"""The section `[webhook]`: where pushed mentions are taken in, and the doors they come through."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from config.settings.value_types import Section


class DoorSettings(Section):
    """One `[[webhook.doors]]`: an address for one sender, `POST /webhook/NAME`."""

    name: str = Field(pattern=r"^[a-z0-9_]{1,40}$")
    brand: str
    source: str | None = Field(default=None, pattern=r"^[a-z0-9_]{1,40}$")
    layout: str | None = None
    map: dict[str, str] = Field(default_factory=dict)
    set: str | None = Field(default=None, min_length=1, max_length=80)
    rating_max: float | None = Field(default=None, gt=0, le=1000)
    language: str | None = None
    date_format: str | None = None
    signature: Literal["standard", "hub"] = "standard"


class WebhookSettings(Section):
    host: str = "127.0.0.1"
    port: int = Field(default=8002, ge=0, le=65535)
    doors: tuple[DoorSettings, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [door.name for door in self.doors]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two doors are named {name!r}: give each its own name")
        return self
