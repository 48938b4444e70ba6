"""The secrets in the config of a source: which there are, and mentions without them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from config.redaction import HIDDEN, Redactor, secrets_of
from config.secret_references import names_in
from config.texts_within import texts_within
from storage.models import Mention


def own_secrets(given: object, environment: Mapping[str, str]) -> Iterator[str]:
    """Give what is secret in a source's options: in addresses, and what `${NAME}` stands for."""
    for name in names_in(given):
        yield environment.get(name, "").strip()
    for text in texts_within(given):
        yield from secrets_of(text)


def without_secrets(mention: Mention, secrets: Redactor) -> Mention:
    """Hide a source's secrets in what it gives back of them: links and ids, and in its words.

    A link that shows one is none: nobody else could open it, or everybody.
    """
    url = mention.url
    if url is not None and secrets.values_out_of(url) != url:
        url = None
    changed: dict[str, str | None] = {}
    for name in ("native_id", "parent_id", "author_native_id", "text", "title", "owner_reply"):
        value = getattr(mention, name)
        if value is not None and (shown := secrets.values_out_of(value)) != value:
            changed[name] = shown if HIDDEN in shown else None
    if url == mention.url and not changed:
        return mention
    return replace(mention, url=url, **changed)  # type: ignore[arg-type]
