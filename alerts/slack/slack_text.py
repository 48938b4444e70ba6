"""The text of a message in Slack as people read it there. Pure."""

from __future__ import annotations

import html
import re

_MARKED = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")


def as_read(text: str) -> str:
    """Write links, people, channels and dates of Slack's markup as the words that are shown."""
    return html.unescape(_MARKED.sub(_words, text)).strip()


def _words(found: re.Match[str]) -> str:
    target, label = found[1], found[2]
    if target.startswith("@"):
        return f"@{label}" if label else "somebody"
    if target.startswith("#"):
        return f"#{label}" if label else "a channel"
    if target.startswith("!"):
        return label or f"@{target[1:].partition('^')[0]}"
    address = target.removeprefix("mailto:").removeprefix("tel:")
    return address if not label or label == address else f"{label} ({address})"
