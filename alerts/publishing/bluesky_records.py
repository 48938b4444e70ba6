"""A reply as a record of Bluesky: its key, its words, and which of them are links. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC
from hashlib import sha256
from typing import Any

from alerts.publishing.reply import Reply

COLLECTION = "app.bsky.feed.post"
# The alphabet of keys sorts as its digits do.
_DIGITS = "234567abcdefghijklmnopqrstuvwxyz"
_KEY_LENGTH = 13
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?')\]]")
_AUTHOR = re.compile(r"^at://(did:[\w.:%-]+)/")


def key_of(reply: Reply) -> str:
    """Name the reply's record: a TID of the moment when it was written, and of its name.

    Bluesky shows no post under another kind of key. 53 bits are microseconds since 1970 and 10
    bits a clock's number (atproto.com/specs/tid); the store keeps whole seconds, so the rest of
    them comes of the name.
    """
    name = int.from_bytes(sha256(reply.key.encode()).digest()[:8])
    micros = int(reply.written_at.timestamp()) * 1_000_000 + name % 1_000_000
    number = micros << 10 | (name >> 32) % 1024
    digits = (number >> 5 * place & 31 for place in reversed(range(_KEY_LENGTH)))
    return "".join(_DIGITS[digit] for digit in digits)


def record_of(reply: Reply, refs: Mapping[str, Any]) -> dict[str, Any]:
    """Make the record; the same reply makes the same record."""
    record: dict[str, Any] = {
        "$type": COLLECTION,
        "text": reply.text,
        "createdAt": f"{reply.written_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z",
        "reply": dict(refs),
    }
    if facets := list(facets_of(reply)):
        record["facets"] = facets
    return record


def facets_of(reply: Reply) -> Iterator[dict[str, Any]]:
    """Say which words are links, and which name the author of the post that is answered.

    Places are counted in bytes of UTF-8.
    """
    for link in _LINK.finditer(reply.text):
        yield _facet(reply.text, link, {"$type": "app.bsky.richtext.facet#link", "uri": link[0]})
    author = _AUTHOR.match(reply.native_id)
    if author is None or not reply.author:
        return
    for name in re.finditer(rf"(?<![\w@])@{re.escape(reply.author)}(?![\w-])", reply.text):
        feature = {"$type": "app.bsky.richtext.facet#mention", "did": author[1]}
        yield _facet(reply.text, name, feature)


def _facet(text: str, part: re.Match[str], feature: dict[str, str]) -> dict[str, Any]:
    begin = len(text[: part.start()].encode())
    index = {"byteStart": begin, "byteEnd": begin + len(part[0].encode())}
    return {"index": index, "features": [feature]}
