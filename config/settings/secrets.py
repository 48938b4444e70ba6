"""Earful's own secrets: they come from the environment alone."""

from __future__ import annotations

from typing import Self

from pydantic import SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.errors import ConfigError
from config.settings.wrong_keys import plain_message

_SHORTEST_TOKEN = 24


class Secrets(BaseSettings):
    """What Earful may know but never write down; read from the environment."""

    # An empty variable is how shells and containers unset one.
    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_webhook_url: SecretStr | None = None
    translate_api_key: SecretStr | None = None
    earful_mcp_token: SecretStr | None = None

    @model_validator(mode="after")
    def _shapes(self) -> Self:
        for value, name, prefix in (
            (self.slack_bot_token, "SLACK_BOT_TOKEN", "xoxb-"),
            (self.slack_app_token, "SLACK_APP_TOKEN", "xapp-"),
            (self.slack_webhook_url, "SLACK_WEBHOOK_URL", "http"),
        ):
            if value is not None and not value.get_secret_value().startswith(prefix):
                raise ValueError(f"{name} in the environment must begin with {prefix!r}")
        token = self.earful_mcp_token
        if token is not None and len(token.get_secret_value()) < _SHORTEST_TOKEN:
            raise ValueError(
                f"EARFUL_MCP_TOKEN in the environment must have {_SHORTEST_TOKEN} characters or "
                "more: `openssl rand -hex 32` makes one"
            )
        return self


def load_secrets() -> Secrets:
    """Read the secrets; ConfigError names a malformed one without showing it."""
    try:
        return Secrets()
    except ValidationError as error:
        raise ConfigError(plain_message(error.errors()[0])) from None
