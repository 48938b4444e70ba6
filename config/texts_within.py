"""All texts of a nested value, such as the options of a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


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
