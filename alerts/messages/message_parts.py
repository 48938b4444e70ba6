"""A message taken apart for places that are not Slack: its title, words, facts and small print.

Pure: read from the very payload that Slack would get.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alerts.messages.mrkdwn import Line, Span, spans
from alerts.messages.safe_text import unescape


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph; `quote` where somebody else's words are quoted."""

    lines: tuple[Line, ...]
    quote: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Labelled values."""

    pairs: tuple[tuple[str, Line], ...]


@dataclass(frozen=True, slots=True)
class SmallPrint:
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A line between what stands above and what stands below."""


Part = Words | Facts | SmallPrint | Rule


@dataclass(frozen=True, slots=True)
class Parts:
    """What a message consists of, in its order; `title` is None where it has none."""

    title: str | None
    parts: tuple[Part, ...]


def parts_of(payload: Mapping[str, Any], names: Mapping[str, str] | None = None) -> Parts:
    """Take a message apart; `names` are what Slack's users are called, by id."""
    title = None
    found: list[Part] = []
    for block in payload.get("blocks") or []:
        if block.get("type") == "header" and title is None and not found:
            title = str(block["text"]["text"])
        else:
            found.extend(_parts(block, names or {}))
    if not found:
        found.extend(_words(str(payload.get("text") or ""), names or {}))
    return Parts(title, tuple(found))


def heading_of(payload: Mapping[str, Any]) -> str:
    """Give what heads a message in one line: its title, else its summary."""
    blocks = payload.get("blocks") or []
    if blocks and blocks[0].get("type") in ("header", "section") and "text" in blocks[0]:
        return str(blocks[0]["text"]["text"])
    return str(payload.get("text") or "")


def _parts(block: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[Part]:
    match block.get("type"):
        case "header":
            yield Words(((Span(str(block["text"]["text"]), bold=True),),))
        case "divider":
            yield Rule()
        case "context":
            texts = [str(one["text"]) for one in block.get("elements") or [] if "text" in one]
            yield SmallPrint(tuple(spans(" ".join(text.split("\n")), names) for text in texts))
        case "section":
            if "text" in block:
                if block["text"].get("type") == "plain_text":
                    rows = str(block["text"]["text"]).split("\n")
                    yield Words(tuple((Span(row),) for row in rows))
                else:
                    yield from _words(str(block["text"]["text"]), names)
            if block.get("fields"):
                yield Facts(tuple(_fact(str(one["text"]), names) for one in block["fields"]))
        case _:
            return  # buttons and pictures work at Slack alone


def _words(text: str, names: Mapping[str, str]) -> Iterator[Words]:
    rows: list[Line] = []
    quoted = False
    for row in text.split("\n"):
        if row.startswith(">") is not quoted and rows:
            yield Words(tuple(rows), quoted)
            rows = []
        quoted = row.startswith(">")
        rows.append(spans(row[1:].lstrip() if quoted else row, names))
    if any(rows):
        yield Words(tuple(rows), quoted)


def _fact(text: str, names: Mapping[str, str]) -> tuple[str, Line]:
    name, _, value = text.partition("\n")
    return unescape(name.strip().strip("*")), spans(" ".join(value.split("\n")), names)
