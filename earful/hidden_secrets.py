"""What no output of this process may show: the secrets of its environment and of its config."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping

from config.redaction import PROCESS, redact_logs, secret_variables, secrets_of
from config.secret_references import names_in
from config.settings import Settings
from config.texts_within import texts_within

_ADDRESSES = frozenset({"SLACK_WEBHOOK_URL", "EARFUL_TEAMS_URL", "EARFUL_DISCORD_URL"})


def hide_environment(environment: Mapping[str, str] = os.environ) -> None:
    """Hide what the environment holds, in the log and in what is stored of errors."""
    PROCESS.also(secret_variables(environment))
    for name, value in environment.items():
        # A webhook's address is its key; a test's server has a bare address, which is none.
        if any(name == one or name.startswith(f"{one}_") for one in _ADDRESSES):
            PROCESS.also([value.strip(), *_last_parts(value.strip())])
    if not getattr(logging.getLogRecordFactory(), "hides_secrets", False):
        redact_logs(PROCESS)
        setattr(logging.getLogRecordFactory(), "hides_secrets", True)  # noqa: B010


def hide_config(settings: Settings, environment: Mapping[str, str] = os.environ) -> None:
    """Hide what stands in the addresses of the config, and what their `${NAME}` refer to."""
    given = settings.model_dump(mode="json")
    PROCESS.also(environment.get(name, "").strip() for name in names_in(given))
    for text in texts_within(given):
        if "://" in text:
            PROCESS.also(secrets_of(text))
    PROCESS.also(one.password_hash for one in settings.serve.accounts if one.password_hash)


def _last_parts(address: str) -> Iterator[str]:
    path = address.partition("://")[2].partition("/")[2]
    if len(path) >= 16:
        yield path
