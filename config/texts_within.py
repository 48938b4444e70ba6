"""All texts of a nested value, such as the options of a source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def texts_within(value: object) -> Iterator[str]:
    """Give the texts in a value, however deep they lie in its mappings, lists and tuples.

    Keys are no texts of it; what is neither text nor a container of texts is passed over.
    """
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts_within(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts_within(inner)


def with_texts(value: Any, change: Callable[[str], str]) -> Any:
    """Give a value with each of its texts changed; its keys and all else stay as they are."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: with_texts(inner, change) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(with_texts(inner, change) for inner in value)
    return value
