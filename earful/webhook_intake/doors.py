"""The doors of `[webhook]` as an import reads them, and the keys that their senders sign with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from config.errors import ConfigError, InputError
from config.settings import DoorSettings, WebhookSettings
from earful.importing.wishes import Wishes, date_reading, language_wished
from earful.webhook_intake.signatures import keys_of

_SECRET = "EARFUL_WEBHOOK_SECRET"


def wishes_of(door: DoorSettings) -> Wishes:
    """Give what the config says of a door's rows; InputError where a value cannot be.

    What has an id that is stored with other words is an edit.
    """
    language = language_wished(door.language)
    return Wishes(
        brand=door.brand,
        source=door.source,
        maps=tuple(door.map.items()),
        layout=door.layout,
        set_name=door.set,
        rating_max=door.rating_max,
        language=language,
        dates=date_reading(door.date_format, language),
        edits=True,
    )


def check_doors(webhook: WebhookSettings) -> None:
    """Raise ConfigError for the first door whose values cannot be."""
    from earful.importing.layouts import FIELDS, layout_named

    for number, door in enumerate(webhook.doors):
        try:
            wishes_of(door)
            if door.layout:
                layout_named(door.layout)
            for ours in door.map.values():
                if ours and ours not in FIELDS:
                    known = ", ".join(FIELDS)
                    raise InputError(f"map: {ours!r} is no column of mentions; they are: {known}")
        except InputError as error:
            raise ConfigError(f"webhook.doors[{number}]: {as_keys(str(error))}") from error


def door_keys(door: DoorSettings, environ: Mapping[str, str]) -> tuple[bytes, ...]:
    """Give the keys that a door's senders sign with; ConfigError where there are none."""
    own = f"{_SECRET}_{door.name.upper()}"
    secret, name = environ.get(own, "").strip(), own
    if not secret:
        secret, name = environ.get("EARFUL_WEBHOOK_SECRET", "").strip(), _SECRET
    if not secret:
        raise ConfigError(
            f"needs {own} or {_SECRET} in the environment: what its sender signs with, such as "
            "`openssl rand -hex 32` makes"
        )
    try:
        return keys_of(secret)
    except ValueError as error:
        raise ConfigError(f"{name} in the environment: {error}") from None


def unmet_secrets(webhook: WebhookSettings, environ: Mapping[str, str]) -> Iterator[str]:
    """Say of each door which secret is not set or cannot be one, with the door's path."""
    for number, door in enumerate(webhook.doors):
        try:
            door_keys(door, environ)
        except ConfigError as error:
            yield f"webhook.doors[{number}]: {error}"


def as_keys(sentence: str) -> str:
    """Name options of `earful import` as the keys of a door: `--rating-max 10` and the like."""
    renamed = re.sub(r"--as\b", "--layout", sentence)
    return re.sub(r"--([a-z]+(?:-[a-z]+)*)", lambda one: one[1].replace("-", "_"), renamed)
