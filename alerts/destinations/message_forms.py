"""A message as other places show it: a mail's text and HTML, a card of Teams, an embed of Discord.

Outside text stays data: it is escaped for each place, where it can neither format nor ping. Pure.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

from alerts.messages.message_parts import Facts, Part, Parts, Rule, SmallPrint, Words
from alerts.messages.mrkdwn import Line, Span, line_text, rendered, shown
from alerts.messages.safe_text import units

CARD_BYTES = 27_000
"""Teams takes 28 KB with what is around the card."""
EMBED_TITLE = 256
EMBED_TEXT = 4096
CONTENT = 2000
_MARKS = re.compile(r"([\\*_~`|>#\[\]()<@:+-])")
_STYLE = "font-family:sans-serif;font-size:15px;line-height:1.45;color:#1d1c1d;max-width:42em"


def as_text(message: Parts, zone: tzinfo) -> str:
    """Write a message as plain text, a paragraph a part."""
    pieces = [] if message.title is None else [f"{message.title}\n{'=' * len(message.title)}"]
    for part in message.parts:
        match part:
            case Words(lines, quote):
                mark = "> " if quote else ""
                pieces.append("\n".join(f"{mark}{line_text(one, zone)}".rstrip() for one in lines))
            case Facts(pairs):
                pieces.append(
                    "\n".join(f"{name}: {line_text(value, zone)}" for name, value in pairs)
                )
            case SmallPrint(lines):
                pieces.append("\n".join(f"  {line_text(one, zone)}" for one in lines))
            case Rule():
                pieces.append("-" * 40)
    return "\n\n".join(pieces) + "\n"


def as_html(message: Parts, zone: tzinfo) -> str:
    """Write a message as HTML without pictures, scripts or styles from elsewhere."""

    def show(line: Line) -> str:
        return rendered(line, lambda span: _html_span(span, zone))

    pieces = [] if message.title is None else [f"<h2>{html.escape(message.title)}</h2>"]
    for part in message.parts:
        match part:
            case Words(lines, quote):
                tag = "blockquote" if quote else "p"
                pieces.append(f"<{tag}>{'<br>'.join(map(show, lines))}</{tag}>")
            case Facts(pairs):
                rows = "".join(
                    "<tr><th align=left valign=top>"
                    f"{html.escape(name)}&emsp;</th><td>{show(value)}</td></tr>"
                    for name, value in pairs
                )
                pieces.append(f"<table>{rows}</table>")
            case SmallPrint(lines):
                pieces.append(f"<p><small>{'<br>'.join(map(show, lines))}</small></p>")
            case Rule():
                pieces.append("<hr>")
    body = "\n".join(pieces)
    return f'<!doctype html><html><body><div style="{_STYLE}">\n{body}\n</div></body></html>\n'


def as_card(message: Parts, zone: tzinfo) -> dict[str, Any]:
    """Write a message as an Adaptive Card; parts that have no room are left out at the end.

    In text runs nothing formats: no mark of a customer's can.
    """
    body: list[dict[str, Any]] = []
    if message.title is not None:
        run = {"type": "TextRun", "text": message.title, "weight": "Bolder", "size": "Large"}
        body.append(_rich([run]))
    for part in message.parts:
        body.extend(_card_blocks(part, zone))
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
    }
    while len(body) > 1 and len(json.dumps(card)) > CARD_BYTES:
        left_out = body.pop(-2 if body[-1].get("id") == "cut" else -1)
        if body[-1].get("id") != "cut" and left_out:
            body.append({"type": "TextBlock", "id": "cut", "text": "…"})
    return card


def as_embed(message: Parts) -> dict[str, Any]:
    """Write a message as an embed of Discord, in which each reader sees moments in their zone."""
    rows: list[str] = []
    for part in message.parts:
        if rows:
            rows.append("")
        rows.extend(_discord_rows(part))
    embed = {"description": cut_rows(rows, EMBED_TEXT)}
    if message.title is not None:
        embed["title"] = _cut(escaped(message.title), EMBED_TITLE)
    return embed


def as_content(message: Parts, zone: tzinfo) -> str:
    """Write a message as the bare content of a message of Discord."""
    return cut_rows(escaped(as_text(message, zone)).split("\n"), CONTENT)


def escaped(text: str) -> str:
    """Escape every mark of Discord's markdown."""
    return _MARKS.sub(r"\\\1", text)


def cut_rows(rows: list[str], limit: int) -> str:
    """Join rows to at most `limit` units: what has no room ends in an ellipsis."""
    kept: list[str] = []
    room = limit - 2
    for row in rows:
        if units(row) + 1 > room:
            kept.append(_cut(row, room) if not kept else "…")
            break
        kept.append(row)
        room -= units(row) + 1
    return "\n".join(kept).strip()


def _cut(text: str, limit: int) -> str:
    if units(text) <= limit:
        return text
    kept = text[: limit - 1]
    while units(kept) > limit - 1:
        kept = kept[:-1]
    return kept.rstrip("\\") + "…"


def _html_span(span: Span, zone: tzinfo) -> str:
    words = html.escape(shown(span, zone))
    if span.code:
        words = f"<code>{words}</code>"
    if span.italic:
        words = f"<em>{words}</em>"
    if span.bold:
        words = f"<strong>{words}</strong>"
    if span.url:
        words = f'<a href="{html.escape(span.url)}">{words}</a>'
    return words


def _card_blocks(part: Part, zone: tzinfo) -> Iterator[dict[str, Any]]:
    def runs(line: Line, **more: Any) -> list[dict[str, Any]]:
        return [_run(span, zone) | more for span in line if shown(span, zone)]

    match part:
        case Words(lines, quote):
            blocks = [_rich(runs(line)) for line in lines if runs(line)]
            if quote:
                yield {"type": "Container", "style": "emphasis", "items": blocks}
            else:
                yield from blocks
        case Facts(pairs):
            for name, value in pairs:
                label = {"type": "TextRun", "text": f"{name}: ", "weight": "Bolder"}
                yield _rich([label, *runs(value)])
        case SmallPrint(lines):
            for line in lines:
                yield _rich(runs(line, size="Small", isSubtle=True))
        case Rule():
            yield {"type": "TextBlock", "text": " ", "separator": True}


def _rich(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": runs}


def _run(span: Span, zone: tzinfo) -> dict[str, Any]:
    run: dict[str, Any] = {"type": "TextRun", "text": shown(span, zone)}
    if span.bold:
        run["weight"] = "Bolder"
    if span.italic:
        run["italic"] = True
    if span.code:
        run["fontType"] = "Monospace"
    if span.url:
        run |= {"underline": True, "color": "Accent"}
        run["selectAction"] = {"type": "Action.OpenUrl", "url": span.url}
    return run


def _discord_rows(part: Part) -> Iterator[str]:
    match part:
        case Words(lines, quote):
            for line in lines:
                yield f"{'> ' if quote else ''}{rendered(line, _discord_span)}"
        case Facts(pairs):
            for name, value in pairs:
                yield f"**{escaped(name)}**: {rendered(value, _discord_span)}"
        case SmallPrint(lines):
            yield from (rendered(line, _discord_span) for line in lines)
        case Rule():
            yield "───"


def _discord_span(span: Span) -> str:
    if span.at is not None:
        return f"<t:{int(span.at.timestamp())}:f>"
    words = f"`{span.text.replace('`', 'ˋ')}`" if span.code else escaped(span.text)
    if span.bold and words.strip():
        words = f"**{words}**"
    if span.italic and words.strip():
        words = f"*{words}*"
    if span.url:
        address = span.url.replace("(", "%28").replace(")", "%29")
        words = f"[{words}](<{address}>)" if span.url != span.text else f"<{address}>"
    return words
