"""Turn Markdown into the plain text that a reader sees."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from storage import fields

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n`]*$")
_INLINE_CODE = re.compile(r"(?<!`)(`{1,3})(?!`)([^\n]{1,2000}?)(?<!`)\1(?!`)")
_IMAGE = re.compile(r"!\[([^\]\n]{0,500})\](?:\([^()\n]{0,2000}\)|\[[^\]\n]{0,200}\])")
_LINK = re.compile(
    r"\[((?:[^\[\]\n]|\\\[|\\\]){0,1000})\]"
    r"(?:\((?:[^()\n]|\([^()\n]{0,500}\)){0,2000}\)|\[[^\]\n]{0,200}\])"
)
_REFERENCE = re.compile(r"^ {0,3}\[[^\]\n]{1,200}\]:[ \t]+\S+[^\n]*$", re.MULTILINE)
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]{1,2000})>")
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$", re.MULTILINE)
_RULE = re.compile(
    r"^ {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|=+)$", re.MULTILINE
)
_TABLE_RULE = re.compile(r"^ {0,3}\|?(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*(?::?-+:?)?[ \t]*$\n?", re.M)
_QUOTE = re.compile(r"^ {0,3}(?:>[ \t]?)+", re.MULTILINE)
_TASK = re.compile(r"^([ \t]*[-*+] )\[[ xX]\][ \t]+", re.MULTILINE)
_BULLET = re.compile(r"^([ \t]*)[*+][ \t]+", re.MULTILINE)
_STRONG = re.compile(r"(\*\*|__|~~)(?=\S)([^\n]{1,2000}?)(?<=\S)\1")
_STAR = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,2000}?)(?<=[^\s*])\*(?![\w*])")
_BAR = re.compile(r"(?<!\w)_(?=[^\s_])([^_\n]{1,2000}?)(?<=[^\s_])_(?!\w)")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!~|<>])")
_BREAK_TAG = re.compile(
    r"</?(?:br|p|div|li|ul|ol|tr|table|h[1-6]|details|summary|blockquote|pre|hr)\b[^<>]{0,500}/?>",
    re.IGNORECASE,
)
# Only what Markdown hosts let through: `List<String>` is no tag.
_TAG = re.compile(
    r"</?(?:a|abbr|b|code|del|dd|dl|dt|em|font|i|img|ins|kbd|mark|picture|q|s|samp|small|source"
    r"|span|strike|strong|sub|sup|tbody|td|tfoot|th|thead|tt|u|var|video)\b[^<>]{0,1000}/?>",
    re.IGNORECASE,
)
_HELD = re.compile("\ue000(\\d{1,6})\ue001")


def from_markdown(value: object, field: str = "text") -> str:
    """Give the words of Markdown, its code included, without its marks."""
    source = fields.string(value, field).replace("\r\n", "\n").replace("\r", "\n")
    source = source.replace("\ue000", "").replace("\ue001", "")
    held: list[str] = []

    def hold(code: str) -> str:
        held.append(code)
        return f"\ue000{len(held) - 1}\ue001"

    text = _hold_fences(_without_comments(source), hold)
    text = _INLINE_CODE.sub(lambda code: hold(code[2].strip() or code[2]), text)
    text = _ESCAPED.sub(lambda escaped: hold(escaped[1]), text)
    text = _REFERENCE.sub("", text)
    text = _AUTOLINK.sub(r"\1", text)
    text = _LINK.sub(r"\1", _IMAGE.sub(r"\1", text))
    text = _TAG.sub("", _BREAK_TAG.sub("\n", text))
    text = _TABLE_RULE.sub("", _RULE.sub("", text))
    text = _HEADING.sub(r"\1", _QUOTE.sub("", text))
    text = _BULLET.sub(r"\1- ", _TASK.sub(r"\1", text))
    for marks in (_STRONG, _STRONG):  # the second time for what stood inside the first
        text = marks.sub(r"\2", text)
    text = _BAR.sub(r"\1", _STAR.sub(r"\1", text))
    text = html.unescape(text)
    return fields.plain(_HELD.sub(lambda mark: _given(held, int(mark[1])), text), field)


def _without_comments(text: str) -> str:
    """Leave out what issue templates tell the writer, which no reader sees."""
    kept = []
    while (start := text.find("<!--")) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept.append(text[:start])
        text = text[end + 3 :]
    return "".join([*kept, text])


def _hold_fences(text: str, hold: Callable[[str], str]) -> str:
    kept: list[str] = []
    code: list[str] | None = None
    fence = ""
    for line in text.split("\n"):
        opened = _FENCE.match(line)
        if code is None:
            if opened:
                code, fence = [], opened[1]
            else:
                kept.append(line)
        elif opened and line.strip().startswith(fence) and not line.strip(" `~"):
            kept.append(hold("\n".join(code)))
            code = None
        else:
            code.append(line)
    if code is not None:  # never closed: the rest of the text is code, as hosts show it
        kept.append(hold("\n".join(code)))
    return "\n".join(kept)


def _given(held: list[str], number: int) -> str:
    # Escaped once more, for entities in code are shown as they stand.
    return html.escape(held[number], quote=False) if number < len(held) else ""
