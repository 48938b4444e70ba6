"""A message on the console, rendered from the very payload that Slack would get."""

from __future__ import annotations

import re
import textwrap
from typing import Any

from rich.cells import cell_len, chop_cells

from alerts.messages.safe_text import unescape

_DATE = re.compile(r"<!date\^[^|<>]*\|([^<>]*)>")
_LINK = re.compile(r"<(https?://[^|<>]+)\|([^<>]*)>")
_BARE_LINK = re.compile(r"<(https?://[^|<>]+)>")
_USER = re.compile(r" \(<@[UW][A-Z0-9]+>\)")
_PING = re.compile(r"<(?:@|!subteam\^)([UWS][A-Z0-9]+)>")
_STRONG = re.compile(r"\*([^*\n]+)\*")
_CODE = re.compile(r"`([^`\n]+)`")


def plain(payload: dict[str, Any], width: int = 80) -> str:
    """Render `text` and `blocks` as lines of at most `width` columns; only links run longer."""
    lines: list[str] = []
    for block in payload.get("blocks") or []:
        part = _block(block, width)
        if part and lines and block["type"] not in ("context",):
            lines.append("")
        lines.extend(part)
    if not lines:
        lines = _wrap(_read(payload.get("text", "")), width)
    return "\n".join(line.rstrip() for line in lines)


def _block(block: dict[str, Any], width: int) -> list[str]:
    match block["type"]:
        case "header":
            title = str(block["text"]["text"])
            return [*_wrap(title, width), "=" * min(width, cell_len(title))]
        case "divider":
            return ["-" * width]
        case "context":
            return [
                row
                for element in block["elements"]
                if "text" in element
                for row in _wrap(_read(str(element["text"])), width, "  ")
            ]
        case "section":
            lines = _paragraphs(str(block["text"]["text"]), width) if "text" in block else []
            return lines + _facts([str(field["text"]) for field in block.get("fields", [])], width)
        case _:
            return []


def _facts(fields: list[str], width: int) -> list[str]:
    pairs = [field.partition("\n")[::2] for field in fields]
    names = [f"{_read(name)}:" for name, _ in pairs]
    margin = min(max((cell_len(name) for name in names), default=0) + 2, width // 2)
    lines: list[str] = []
    for name, (_, value) in zip(names, pairs, strict=True):
        rows = _wrap(_read(value), width - margin) or [""]
        lines.append(name + " " * max(1, margin - cell_len(name)) + rows[0])
        lines.extend(" " * margin + row for row in rows[1:])
    return lines


def _paragraphs(text: str, width: int) -> list[str]:
    lines: list[str] = []
    for row in text.split("\n"):
        if row.startswith(">"):
            lines.extend(_wrap(_read(row[1:].lstrip()), width, "  | ") or ["  |"])
        else:
            lines.extend(_wrap(_read(row), width) or [""])
    return lines


def _read(text: str) -> str:
    text = _DATE.sub(r"\1", text)
    text = _LINK.sub(r"\2: \1", text)
    text = _BARE_LINK.sub(r"\1", text)
    text = _USER.sub("", text)
    text = _PING.sub(r"@\1", text)
    text = _STRONG.sub(r"\1", text)
    return unescape(_CODE.sub(r"\1", text))


def _wrap(text: str, width: int, indent: str = "") -> list[str]:
    room = max(10, width - len(indent))
    if cell_len(text) == len(text):
        rows = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
    else:
        rows = _wrap_wide(text, room)
    return [indent + piece for row in rows for piece in _split(row, room)]


def _wrap_wide(text: str, room: int) -> list[str]:
    rows: list[str] = []
    for word in text.split():
        if rows and cell_len(rows[-1]) + 1 + cell_len(word) <= room:
            rows[-1] += f" {word}"
        else:
            rows.append(word)
    return rows


def _split(row: str, room: int) -> list[str]:
    """Break a single overlong word; an address is left whole so that it can be clicked."""
    if cell_len(row) <= room or row.startswith(("http://", "https://")):
        return [row]
    return chop_cells(row, room)
