"""The sections `[[models]]`, other classifiers by language, and `[model]`, how all are held."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from config.settings.value_types import Duration, Section


class ModelProcessSettings(Section):
    """How the daemon holds its models: out of memory when none was needed for `unload_after`."""

    unload_after: Duration = timedelta(minutes=10)


class ModelSettings(Section):
    """One `[[models]]`: a text classifier for a language, in place of the shipped one."""

    language: str = Field(pattern=r"^[a-z]{2}$")
    path: str = Field(min_length=1)
    labels: dict[str, Literal["angry", "mediocre", "delighted", "none"]] = Field(min_length=2)
    stances: dict[str, Literal["advocate", "hater", "neither"]] = Field(default_factory=dict)
    sure_at: float = Field(default=0.9, gt=0, le=1)
