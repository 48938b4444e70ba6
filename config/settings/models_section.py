"""The sections `[[models]]`: other classifiers than the shipped ones, by language."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from config.settings.value_types import Section


class ModelSettings(Section):
    """One `[[models]]`: a text classifier for a language, in place of the shipped one."""

    language: str = Field(pattern=r"^[a-z]{2}$")
    path: str = Field(min_length=1)
    labels: dict[str, Literal["angry", "mediocre", "delighted", "none"]] = Field(min_length=2)
    stances: dict[str, Literal["advocate", "hater", "neither"]] = Field(default_factory=dict)
    sure_at: float = Field(default=0.9, gt=0, le=1)
