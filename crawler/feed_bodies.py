"""Read RSS and Atom bodies: what a feed holds, and what of it is cut off or broken."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import feedparser
from scrapy.http import Response

from crawler.entry_problems import PageError, broken
from crawler.web_pages import html_page

_OPENED = re.compile(rb"<(?:\w+:)?(?:item|entry)[\s>/]")
_CLOSED = re.compile(rb"</(?:\w+:)?(?:item|entry)\s*>")
_ROOT_CLOSED = re.compile(rb"</(?:\w+:)?(?:rss|feed|RDF)\s*>\s*(?:<!--.*?-->\s*)*$", re.S)


@dataclass(frozen=True)
class Feed:
    """What could be read of a feed, and what was wrong with the rest."""

    entries: Sequence[Any]
    language: str | None
    version: str
    problem: PageError | None


def read_feed(response: Response) -> Feed:
    """Parse RSS or Atom; a cut feed keeps its whole entries and carries the problem.

    A feed that is not well-formed but lost nothing is read without complaint: many never are.
    """
    body = response.body
    if not body.strip():
        raise broken("answered with an empty body")
    if page := html_page(body):
        raise page
    content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
    try:
        # A stream: feedparser would open bytes that look like a path or an address.
        parsed = feedparser.parse(
            io.BytesIO(body), response_headers={"content-type": content_type}
        )
    except Exception as error:
        raise broken(f"answered with a feed that Earful's parser cannot read ({error})") from error
    entries = list(parsed.get("entries") or ())
    version = parsed.get("version") or ""
    if not version and not entries:
        raise broken("answered with something that is neither RSS nor Atom")
    problem = None
    if parsed.get("bozo") and not isinstance(
        parsed.get("bozo_exception"),
        feedparser.CharacterEncodingOverride | feedparser.NonXMLContentType,
    ):
        opened, closed = len(_OPENED.findall(body)), len(_CLOSED.findall(body))
        if not _ROOT_CLOSED.search(body):
            # The last entry may have lost its end: a half text would be stored as a whole one.
            entries = entries[:closed] if opened > closed else entries
            problem = broken(f"answered with a feed that is cut off after {len(entries)} entries")
        elif len(entries) < opened:
            problem = broken(
                f"answered with malformed XML: {len(entries)} of {opened} entries could be read"
            )
    feed = parsed.get("feed") or {}
    return Feed(entries, feed.get("language"), version, problem)


def stamp(entry: Any, name: str) -> Any:
    """Give a parsed time of a feed's entry, without feedparser's mapping of one to the other."""
    return dict.get(entry, f"{name}_parsed")
