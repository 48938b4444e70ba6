"""What the environment overrides, secrets aside."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.errors import ConfigError

NumberName = Literal["fp32", "bf16", "int8"]


class Overrides(BaseSettings):
    """EARFUL_NUMBERS: the number type that scoring computes in, whatever it measures."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, env_prefix="EARFUL_"
    )

    numbers: NumberName | None = None


def load_overrides() -> Overrides:
    """Read the overrides; ConfigError names a value that is none of those allowed."""
    try:
        return Overrides()
    except ValidationError as error:
        given = error.errors()[0]["input"]
        raise ConfigError(
            f"EARFUL_NUMBERS in the environment is {given!r}: write "
            f"{', '.join(get_args(NumberName))}, or unset it and Earful measures which is fastest"
        ) from None
