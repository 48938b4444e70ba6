"""Read RSS and Atom bodies: what a feed holds, and what of it is cut off or broken."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from time import struct_time
from typing import Any

import feedparser
from scrapy.http import Response

from crawler.entry_problems import PageError, broken
from crawler.web_pages import html_page
from storage import fields

_OPENED = re.compile(rb"<(?:\w+:)?(?:item|entry)[\s>/]")
_CLOSED = re.compile(rb"</(?:\w+:)?(?:item|entry)\s*>")
_ROOT_CLOSED = re.compile(rb"</(?:\w+:)?(?:rss|feed|RDF)\s*>\s*(?:<!--.*?-->\s*)*$", re.S)

_TIME_OF_DAY = re.compile(r"\d{1,2}:\d{2}\S*")
_DATE_NUMBER = re.compile(r"(?<!\d)\d{1,2}(?!\d)")
_MONTH_NAME = re.compile(r"[^\W\d_]{3,}")


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


def stamp(entry: Any, name: str, now: datetime) -> Any:
    """Give a time of a feed's entry, without feedparser's mapping of one to the other.

    Our own reader goes first. What it cannot read, feedparser may, who makes the first of a month
    of "2026/11/28": it is believed where all of its day is written there. Else the raw value is
    given, which no reader of ours takes for a time.
    """
    raw, parsed = dict.get(entry, name), dict.get(entry, f"{name}_parsed")
    if (read := fields.later(raw, now, name)) is not None:
        return read
    return parsed if parsed is None or _is_written(parsed, str(raw)) else raw


def _is_written(parsed: struct_time, raw: str) -> bool:
    """Tell whether a date's numbers are the day and month of a time that was read out of it."""
    numbers = [int(number) for number in _DATE_NUMBER.findall(_TIME_OF_DAY.sub(" ", raw))]
    if len(numbers) < 2 and not _MONTH_NAME.search(raw):
        return False
    try:
        around = [date(*parsed[:3]) + timedelta(days=days) for days in (0, -1, 1)]
    except (ValueError, OverflowError):
        return False  # the year 0
    for day in around:  # a zone may put it into the day before or after
        if day.day in numbers:
            rest = list(numbers)
            rest.remove(day.day)
            return set(rest) <= {day.month, day.year % 100}
    return False
