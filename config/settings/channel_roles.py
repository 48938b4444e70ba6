"""What each channel of the config is for: roles that outlive the channel's name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo

from config.settings.alerts_section import ChannelSettings
from config.settings.brands_section import SourceSettings
from config.settings.config_file import Settings
from config.settings.on_call_section import OnCallSettings
from config.settings.report_section import MAIL, parse_recipient
from config.settings.value_types import parse_channel

_READERS = (parse_channel, parse_recipient)
# These are about the channel that they name: nothing goes there because of them.
_ABOUT = (ChannelSettings, OnCallSettings)


def channel_roles(settings: Settings) -> dict[str, str]:
    """Give the channel of each role, such as `slack.complaints` or that of a route."""
    return dict(_roles(settings, ""))


def _roles(section: BaseModel, path: str) -> Iterator[tuple[str, str]]:
    for name, field in type(section).model_fields.items():
        at, value = f"{path}.{name}".lstrip("."), getattr(section, name)
        if name == "channel" and isinstance(section, _ABOUT):
            continue
        if _names_channel(field):
            many = value if isinstance(value, tuple) else (value,)
            yield from (
                (_numbered(at, n), one)
                for n, one in enumerate(many)
                if one is not None and not one.startswith(MAIL)
            )
        elif isinstance(value, BaseModel):
            yield from _roles(value, at)
        elif isinstance(value, tuple):
            for one in value:
                if isinstance(one, BaseModel):
                    yield from _roles(one, f"{at}[{_identity(one)}]")


def _names_channel(field: FieldInfo) -> bool:
    return _reads_channel(field.metadata) or _has_channel(field.annotation)


def _has_channel(annotation: Any) -> bool:
    if _reads_channel(getattr(annotation, "__metadata__", ())):
        return True
    return any(_has_channel(one) for one in get_args(annotation))


def _reads_channel(metadata: Any) -> bool:
    return any(isinstance(one, AfterValidator) and one.func in _READERS for one in metadata)


def _numbered(path: str, number: int) -> str:
    return f"{path}[{number}]" if number else path


def _identity(one: BaseModel) -> str:
    """Name one of several alike by what makes it that one, whatever its channel."""
    if isinstance(one, SourceSettings):
        return f"{one.source} {one.target}".rstrip()
    if isinstance(one, ChannelSettings):
        return one.channel
    name = getattr(one, "name", None)
    if isinstance(name, str):
        return name
    others = {field for field, info in type(one).model_fields.items() if not _names_channel(info)}
    return json.dumps(one.model_dump(mode="json", include=others, exclude_defaults=True))
