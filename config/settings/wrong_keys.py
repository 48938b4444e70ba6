"""A wrong key or value of the file as one line: where it stands, and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.errors import ConfigError
from config.redaction import mask_url, shown_address


def config_error(
    error: ValidationError,
    model: type[BaseModel],
    where: str,
    at: tuple[str | int, ...],
    also: set[str] | None = None,
) -> ConfigError:
    """Make the error of the one detail that helps most, and count the others.

    `model` is what was checked at the place `at`, which may take the keys `also` beside its own.
    """
    details = error.errors()
    # A misspelt key also makes the right one missing: the spelling is what helps.
    first = min(details, key=lambda detail: detail["type"] != "extra_forbidden")
    location = tuple(part for part in first["loc"] if part != "options")
    message = plain_message(first)
    if first["type"] == "extra_forbidden":
        names = set(_keys_at(model, first["loc"][:-1])) | (also or set())
        hint = nearest(str(location[-1]), names) or "; known: " + ", ".join(sorted(names))
        message = f"unknown key{hint}"
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    path = key_path((*at, *location))
    return ConfigError(f"{where}: {path + ': ' if path else ''}{message}{more}")


def plain_message(detail: ErrorDetails) -> str:
    """Give what pydantic says of one value, with the value where it is short."""
    message = detail["msg"].removeprefix("Value error, ")
    shown = detail.get("input")
    if detail["type"] != "missing" and isinstance(shown, str | int | float):
        shown = shown_address(shown) if isinstance(shown, str) else shown
        message = f"{message} (it is {shown!r})"
    return mask_url(" ".join(message.split()))


def _keys_at(model: type[BaseModel], location: tuple[str | int, ...]) -> Iterator[str]:
    """Name the keys that the table at a location takes."""
    current: type[BaseModel] = model
    for part in location:
        if isinstance(part, int):
            continue
        current = _inner_model(current.model_fields[part].annotation) or current
    fields = current.model_fields.items()
    yield from (field.alias or name for name, field in fields if name != "options")


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        inner = _inner_model(argument)
        if inner is not None:
            return inner
    return None


def nearest(name: object, known: Mapping[str, Any] | set[str]) -> str | None:
    """Ask whether the most alike of the known names was meant; None where none is alike."""
    close = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else None


def key_path(location: tuple[str | int, ...]) -> str:
    """Write a place in the file, such as `brands[0].sources[1].every`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
