"""Decode response bodies, telling a block page, a cut body and a changed shape apart."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import feedparser
from scrapy.http import Response

from crawler.entry_problems import PageError, blocked, broken

_HTML = re.compile(
    rb"^\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body|title)\b", re.I | re.S
)
_ADDRESS = re.compile(r"\b\w+://\S+|[^\s@<>]+@[^\s@<>]+|<[^<>]*>")
_TITLE = re.compile(rb"<title[^>]*>\s*([^<]{1,80})", re.I)
_OPENED = re.compile(rb"<(?:\w+:)?(?:item|entry)[\s>/]")
_CLOSED = re.compile(rb"</(?:\w+:)?(?:item|entry)\s*>")
_ROOT_CLOSED = re.compile(rb"</(?:\w+:)?(?:rss|feed|RDF)\s*>\s*(?:<!--.*?-->\s*)*$", re.S)


def html_page(body: bytes) -> PageError | None:
    """Tell whether a body is a web page where data was promised."""
    if not _HTML.match(body[:2000].lstrip(b"\xef\xbb\xbf")):
        return None
    title = _TITLE.search(body[:20_000])
    named = f" titled {_shown(title[1])!r}" if title else ""
    return blocked(f"answered with a web page{named} where data was promised")


def read_json(response: Response) -> Any:
    """Decode a JSON body; PageError says whether it is blocked or broken."""
    body = response.body
    if not body.strip():
        raise broken("answered with an empty body")
    if page := html_page(body):
        raise page
    try:
        return json.loads(body.decode("utf-8-sig", "replace"))
    except json.JSONDecodeError as error:
        end = len(body) - error.pos < 20 or "Unterminated" in error.msg
        what = "JSON that is cut off" if end else f"malformed JSON ({error.msg})"
        raise broken(f"answered with {what} at character {error.pos}") from error
    except (RecursionError, ValueError) as error:
        raise broken("answered with JSON that cannot be decoded") from error


def error_body(response: Response) -> dict[str, Any]:
    """Give the JSON object that an error came with; {} when it came with anything else."""
    try:
        data = json.loads(response.body.decode("utf-8-sig", "replace"))
    except (RecursionError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def quoted(said: object) -> str:
    """Show a server's words on one line for a reason, without addresses; "" for none."""
    if not isinstance(said, str) or not said.strip():
        return ""
    return " ".join(_ADDRESS.sub("…", said).split())[:120].strip().rstrip(".")


def items_at(data: Any, *path: str) -> list[Any]:
    """Give the list at a path of keys; a missing or other shape is BROKEN."""
    here = data
    for index, key in enumerate(path):
        if not isinstance(here, dict) or key not in here:
            raise broken(f"answered without `{'.'.join(path[: index + 1])}`")
        here = here[key]
    if not isinstance(here, list):
        raise broken(f"answered with `{'.'.join(path)}` that is no list")
    return here


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
        raise broken(f"answered with a feed that crashes its parser ({error})") from error
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


def _shown(raw: bytes) -> str:
    return " ".join(raw.decode("utf-8", "replace").split())
