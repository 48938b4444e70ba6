"""The section `[translate]`: who translates what messages quote in another language."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from config.settings.value_types import Duration, HttpUrl, Section


class TranslateSettings(Section):
    """Either a `command`, or an API at a `url`; with neither nothing is translated."""

    command: tuple[str, ...] = ()
    url: HttpUrl | None = None
    api: Literal["libretranslate", "deepl"] = "libretranslate"
    name: str | None = Field(default=None, min_length=1, max_length=40)
    time_limit: Duration = Field(default=timedelta(seconds=4), le=timedelta(seconds=30))

    @model_validator(mode="after")
    def _one_translates(self) -> Self:
        if self.command and self.url is not None:
            raise ValueError("it names a command and a url: keep the one that shall translate")
        if self.command and not self.command[0].strip():
            raise ValueError('the command is empty: write ["trans", "-b", "{from}:{to}"]')
        return self

    @property
    def translates(self) -> bool:
        return bool(self.command) or self.url is not None
