"""Pseudonyms of authors: who they are can be told from one mention to the next, and not by whom.

A pseudonym is a keyed hash, with a key that each store makes for itself. Whoever has the store has
the key, and can ask of a name they know; nobody can read a name out of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from hashlib import blake2b
from urllib.parse import unquote, urlsplit

from config.word_borders import bordered
from storage.models import Mention
from storage.models.nobody import is_nobody, is_pseudonym

_MADE = re.compile(r"p-[0-9a-f]{24}")
_HANDLE = re.compile(r"(?<![\w@/.])@[\w](?:[\w.-]{0,60}\w)?(?:@[\w-]+(?:\.[\w-]+)+)?")
ANOTHER = "@…"
"""Stands for whoever a text calls by a handle."""
# A post at X has an address without the name of who wrote it.
_X = re.compile(r"(https?://(?:www\.)?(?:x|twitter)\.com/)[^/]+(/status/\d+)", re.IGNORECASE)


def pseudonym(key: bytes, source: str, native_id: str) -> str:
    """Give what stands for somebody's id at a source; for what is one already, itself."""
    if _MADE.fullmatch(native_id):
        return native_id
    digest = blake2b(f"{source}:{native_id}".encode("utf-8", "surrogatepass"), key=key)
    return f"p-{digest.hexdigest()[:24]}"


def shown_name(native_id: str) -> str:
    """Give a name that people can tell from others, out of a pseudonym."""
    return f"Person {native_id.removeprefix('p-')[:6]}"


def under_pseudonym(mention: Mention, key: bytes, kept: Collection[str]) -> Mention:
    """Give a mention without the name of who wrote it, and without others' handles.

    `kept` handles, in lower case, stay: the brand's own. An address that holds the name or the id
    goes; where the source has one without them, that comes in its place.
    """
    names = [one for one in (mention.author, mention.author_native_id) if one]
    if mention.author and is_pseudonym(mention.author):
        names = []
    native_id, author = mention.author_native_id, mention.author
    if names and native_id and not is_nobody(native_id):
        native_id = pseudonym(key, mention.source, native_id)
        author = shown_name(native_id)
    elif names and author and not is_nobody(author):
        author = shown_name(pseudonym(key, mention.source, f"by name/{author}"))

    def said(text: str) -> str:
        return _without_handles(_unsigned(text, names, author or ""), kept)

    return replace(
        mention,
        author=author,
        author_native_id=native_id,
        url=_without(mention.url, names),
        text=said(mention.text),
        title=mention.title and said(mention.title),
        owner_reply=mention.owner_reply and said(mention.owner_reply),
    )


def _unsigned(text: str, names: Collection[str], instead: str) -> str:
    """Take a full name out of a text; a single word may be one of the language."""
    for name in names:
        if len(name.split()) > 1 and not is_nobody(name):
            text = re.sub(bordered(name), instead, text, flags=re.IGNORECASE)
    return text


def _without_handles(text: str, kept: Collection[str]) -> str:
    return _HANDLE.sub(lambda one: one[0] if one[0].lower() in kept else ANOTHER, text)


def _without(url: str | None, names: Collection[str]) -> str | None:
    """Give an address that does not tell who wrote it; None where there is none."""
    if url is None:
        return None
    url = _X.sub(r"\1i\2", url)
    parts = urlsplit(url)
    path = unquote(f"{parts.hostname}{parts.path}?{parts.query}#{parts.fragment}").casefold()
    words = {name.casefold().lstrip("@") for name in names if len(name) > 2}
    return None if any(word in path for word in words) else url
