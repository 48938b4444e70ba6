"""Texts, names and ids as people and programs wrote them, made clean."""

from __future__ import annotations

import html
import re

import ftfy
import html_text

from storage.fields.entry_error import EntryError, kind_of
from storage.models import RefusalReason

# Google News ids and links run to some 700 characters.
LONGEST_ID = 2000
# Five hours of reading aloud: what is longer is a dump or a bomb, and no door lets it in.
LONGEST_TEXT = 100_000

_FTFY = ftfy.TextFixerConfig(
    # Repair damage, but do not restyle what people wrote.
    unescape_html=False,
    uncurl_quotes=False,
    fix_character_width=False,
    fix_latin_ligatures=False,
    explain=False,
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ufeff]")
_TAG = re.compile(r"<[a-zA-Z/!?]")
_ANY_TAG = re.compile(r"<[^<>]{0,2000}>")
_UNSEEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_BREAKS = re.compile(r"\n{3,}")
_LINE_ENDS = re.compile(r"[ \t\u00a0]+\n")
_SPACES = re.compile(r"[ \t\u00a0]{2,}")
# Tags that people's texts come with: other words in angle brackets are words.
_USUAL_TAG = re.compile(
    r"</?(?:br|p|div|span|b|i|u|em|strong|a|ul|ol|li|h[1-6]|blockquote|img|font|table|tr|td)\b[^<>]*>",
    re.IGNORECASE,
)
_TRANSLATED = re.compile(r"\(Translated by Google\)\s*")
_ORIGINAL = re.compile(r"\(Original\)\s*")
_BBCODE = re.compile(
    r"\[/?(?:b|i|u|s|strike|spoiler|url|h[1-6]|p|list|olist|quote|code|noparse|table|tr|td|th"
    r"|img|previewyoutube)(?:\s*=[^\]\n]{0,500}|\s+[a-z]+=[^\]\n]{0,200})?\]",
    re.IGNORECASE,
)
_BBCODE_BREAK = re.compile(
    r"\[(?:/h[1-6]|/p|/?list|/?olist|/quote|/?table|/tr|/code|hr|br)\](?:\[/hr\])?", re.IGNORECASE
)
_BBCODE_ITEM = re.compile(r"\s*\[\*\]\s*")


def require_readable(**texts: str | None) -> None:
    """Raise EntryError, which names the field, for a text that is too long to be read."""
    for name, text in texts.items():
        if text is not None and len(text) > LONGEST_TEXT:
            raise EntryError(
                f"{name} has {len(text):,} characters; {LONGEST_TEXT:,} is the most",
                RefusalReason.LENGTH,
            )


def string(value: object, field: str) -> str:
    """Give a JSON scalar as text, "" for null; objects and lists are refused."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise EntryError(f"{field} is {kind_of(value)}, not text")


def plain(value: object, field: str = "text") -> str:
    """Clean text that carries entities at most: damage repaired, paragraphs kept."""
    return _tidy(mended(html.unescape(mended(string(value, field)))))


def from_html(value: object, field: str = "text") -> str:
    """Turn HTML, or text with entities in it, into clean plain text with its paragraphs."""
    source = mended(string(value, field))
    if not _TAG.search(source):
        text = html.unescape(source)
    else:
        try:
            text = html_text.extract_text(source)
        except (ValueError, AssertionError, RecursionError):
            text = ""
        if not text:
            # Markup that lxml cannot hold: the words without the tags are better than nothing.
            text = _ANY_TAG.sub(" ", _UNSEEN.sub(" ", source))
    # Twice escaped text is common: what was an entity before may be one still.
    return _tidy(mended(html.unescape(text)))


def plain_or_html(value: object, field: str = "text") -> str:
    """Clean text of which nobody says whether it is HTML: it is where it has a usual tag."""
    source = string(value, field)
    return (from_html if _USUAL_TAG.search(source) else plain)(source, field)


def from_bbcode(value: object, field: str = "text") -> str:
    """Turn BBCode into clean plain text; brackets that are no tag stay."""
    source = mended(string(value, field))
    if "[" in source:
        source = _BBCODE_ITEM.sub("\n- ", source)
        source = _BBCODE_BREAK.sub("\n", source)
        source = _BBCODE.sub("", source)
    return _tidy(html.unescape(source))


def original(text: str) -> str:
    """Give what was written: Google puts its translation before the original, or behind it."""
    original = _ORIGINAL.search(text)
    if original and _TRANSLATED.match(text):
        return text[original.end() :].strip()
    translated = _TRANSLATED.search(text)
    if not translated:
        return text
    return (text[: translated.start()].strip()) or text[translated.end() :].strip()


def line(value: object, field: str) -> str | None:
    """Clean text on one line, None when empty: for titles and names."""
    return " ".join(from_html(value, field).split()) or None


def identity(value: object, field: str = "id") -> str:
    """Give a native id as text; a mention without one is refused."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = mended(string(value, field)).strip()
    if not text:
        raise EntryError(f"{field} is missing", RefusalReason.ID)
    if len(text) > LONGEST_ID:
        raise EntryError(f"{field} is {len(text)} characters long", RefusalReason.ID)
    return text


def mended(text: str) -> str:
    """Remove what no store or parser can hold, and repair mojibake."""
    if _SURROGATE.search(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
    text = _CONTROL.sub("", text)
    return text if text.isascii() else ftfy.fix_text(text, _FTFY)


def _tidy(text: str) -> str:
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if _SURROGATE.search(text):
        text = _SURROGATE.sub("", text)
    text = _LINE_ENDS.sub("\n", text)
    return _BREAKS.sub("\n\n", _SPACES.sub(" ", text)).strip()
