"""Slack's mrkdwn read back into words: what other places show is written from these.

Of a text of ours, every mark was put there by us: what customers wrote is escaped in it. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from alerts.messages.safe_text import moment_at, unescape

# A user's id in brackets follows a name that says who it is: beside Slack the name is enough.
_NAMED_USER = re.compile(r" \(<@[UW][A-Z0-9]+>\)")
# A group that Slack alone can name is nobody elsewhere.
_GROUP = re.compile(r"<!subteam\^[A-Z0-9]+> ?")
_PIECES = re.compile(r"<([^<>]*)>|`([^`\n]+)`|\*([^*\n]+)\*|(?<!\w)_([^_\n]+)_(?!\w)")


@dataclass(frozen=True, slots=True)
class Span:
    """Words that are shown alike. `at` is the moment that they write, `url` where they lead."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    url: str | None = None
    at: datetime | None = None


Line = tuple[Span, ...]


def spans(text: str, names: Mapping[str, str] | None = None) -> Line:
    """Read one line of mrkdwn; `names` are what Slack's users are called, by id."""
    return tuple(_spans(_GROUP.sub("", _NAMED_USER.sub("", text)), names or {}))


def line_text(line: Line, zone: tzinfo = UTC) -> str:
    """Give a line's words alone, moments in `zone`, and an address after what links there."""
    return "".join(_linked(span, zone) for span in line)


def local_moment(when: datetime, zone: tzinfo) -> str:
    """Write a moment as people of a zone do, e.g. `Tue 24 Nov 2026, 15:05 CET`."""
    there = when.astimezone(zone)
    name = there.tzname() or "UTC"
    zone_name = name if name.isalpha() else f"UTC{name}"
    return moment_at(there, zone_name)


def shown(span: Span, zone: tzinfo) -> str:
    """Give a span's words: a moment is written for `zone`."""
    return span.text if span.at is None else local_moment(span.at, zone)


def _linked(span: Span, zone: tzinfo) -> str:
    words = shown(span, zone)
    return f"{words}: {span.url}" if span.url and span.url != words else words


def _spans(text: str, names: Mapping[str, str]) -> Iterator[Span]:
    end = 0
    for piece in _PIECES.finditer(text):
        if piece.start() > end:
            yield Span(unescape(text[end : piece.start()]))
        tag, code, bold, italic = piece.groups()
        if tag is not None:
            yield _tag(tag, names)
        elif code is not None:
            yield Span(unescape(code), code=True)
        else:
            yield from _marked(bold, italic, names)
        end = piece.end()
    if end < len(text):
        yield Span(unescape(text[end:]))


def _marked(bold: str | None, italic: str | None, names: Mapping[str, str]) -> Iterator[Span]:
    for inner in _spans(bold if bold is not None else italic or "", names):
        yield replace(inner, bold=True) if bold is not None else replace(inner, italic=True)


def _tag(tag: str, names: Mapping[str, str]) -> Span:
    target, bar, label = tag.partition("|")
    label = unescape(label)
    if target.startswith("@"):
        user = target[1:]
        return Span(label or names.get(user) or f"@{user}")
    if target.startswith("!date^"):
        stamp = target.split("^")[1]
        when = datetime.fromtimestamp(int(stamp), UTC) if stamp.isdigit() else None
        return Span(label, at=when)
    if target.startswith("!"):
        name = target[1:].split("^")[-1]
        return Span(label or f"@{name}")
    if target.startswith("#"):
        return Span(f"#{label or target[1:]}")
    address = unescape(target)
    return Span(label if bar else address, url=address)


Show = Callable[[Span], str]


def rendered(line: Line, show: Show) -> str:
    """Join a line as `show` writes each of its spans."""
    return "".join(map(show, line))
