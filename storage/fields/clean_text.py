"""Pure readers of single fields: each returns a clean value, None, or refuses by name."""

from __future__ import annotations

import html
import math
import re
from calendar import timegm
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import ftfy
import html_text


class EntryError(ValueError):
    """One entry that is not a mention; the message says what is wrong with which field."""


EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
LATEST_AHEAD = timedelta(days=2)
# Google News ids and links run to some 700 characters.
LONGEST_ID = 2000
LONGEST_URL = 4000

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
_BBCODE = re.compile(
    r"\[/?(?:b|i|u|s|strike|spoiler|url|h[1-6]|p|list|olist|quote|code|noparse|table|tr|td|th"
    r"|img|previewyoutube)(?:\s*=[^\]\n]{0,500}|\s+[a-z]+=[^\]\n]{0,200})?\]",
    re.IGNORECASE,
)
_BBCODE_BREAK = re.compile(
    r"\[(?:/h[1-6]|/p|/?list|/?olist|/quote|/?table|/tr|/code|hr|br)\](?:\[/hr\])?", re.IGNORECASE
)
_BBCODE_ITEM = re.compile(r"\s*\[\*\]\s*")
_TRACKING = re.compile(r"^(?:utm_\w+|fbclid|gclid|mc_cid|mc_eid|igshid)$", re.IGNORECASE)
_LANGUAGE = re.compile(r"^[a-z]{2,3}(?:[-_][a-z0-9]{2,8})*$", re.IGNORECASE)


def string(value: object, field: str) -> str:
    """Give a JSON scalar as text, "" for null; objects and lists are refused."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise EntryError(f"{field} is {_kind(value)}, not text")


def plain(value: object, field: str = "text") -> str:
    """Clean text that carries entities at most: damage repaired, paragraphs kept."""
    return _tidy(_mend(html.unescape(_mend(string(value, field)))))


def from_html(value: object, field: str = "text") -> str:
    """Turn HTML, or text with entities in it, into clean plain text with its paragraphs."""
    source = _mend(string(value, field))
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
    return _tidy(_mend(html.unescape(text)))


def from_bbcode(value: object, field: str = "text") -> str:
    """Turn BBCode into clean plain text; brackets that are no tag stay."""
    source = _mend(string(value, field))
    if "[" in source:
        source = _BBCODE_ITEM.sub("\n- ", source)
        source = _BBCODE_BREAK.sub("\n", source)
        source = _BBCODE.sub("", source)
    return _tidy(html.unescape(source))


def line(value: object, field: str) -> str | None:
    """Clean text on one line, None when empty: for titles and names."""
    return " ".join(from_html(value, field).split()) or None


def identity(value: object, field: str = "id") -> str:
    """Give a native id as text; a mention without one is refused."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = _mend(string(value, field)).strip()
    if not text:
        raise EntryError(f"{field} is missing")
    if len(text) > LONGEST_ID:
        raise EntryError(f"{field} is {len(text)} characters long")
    return text


def moment(value: object, now: datetime, field: str = "created_at") -> datetime:
    """Read an aware UTC time out of epoch seconds or milliseconds, ISO 8601 or RFC 2822.

    Zoneless times are taken as UTC. Before 1995 or more than two days ahead of `now` is refused.
    """
    when = _moment(value, field)
    if not EARLIEST <= when <= now + LATEST_AHEAD:
        raise EntryError(f"{field} {when:%Y-%m-%d} is no believable date")
    return when.replace(microsecond=0)


def later(value: object, now: datetime, field: str) -> datetime | None:
    """Read a time that the mention can do without: None when missing, zero or nonsense."""
    if value in (None, "", 0, "0"):
        return None
    try:
        return moment(value, now, field)
    except EntryError:
        return None


def rating(value: object, top: float, field: str = "rating") -> float | None:
    """Read a rating between 0 and `top`; None when there is none."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise EntryError(f"{field} is {_kind(value)}, not a number")
    try:
        stars = float(value.replace(",", ".")) if isinstance(value, str) else float(value)
    except (ValueError, OverflowError) as error:
        raise EntryError(f"{field} {str(value)[:40]!r} is not a number") from error
    if not 0 <= stars <= top:
        raise EntryError(f"{field} {stars:g} is not between 0 and {top:g}")
    return stars


def count(value: object) -> int | None:
    """Read a count of people; None when missing, negative or an overflown counter."""
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 15:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        return None
    return value


def link(value: object, base: str | None = None) -> str | None:
    """Give an absolute http(s) link without tracking parameters; None for anything else."""
    if not isinstance(value, str) or not value.strip():
        return None
    try:
        url = urljoin(base or "", _mend(value).strip())
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return None
        if parts.query and any(_TRACKING.match(p.split("=")[0]) for p in parts.query.split("&")):
            pairs = parse_qsl(parts.query, keep_blank_values=True)
            kept = [(name, given) for name, given in pairs if not _TRACKING.match(name)]
            url = urlunsplit(parts._replace(query=urlencode(kept)))
    except ValueError:
        return None
    return url if len(url) <= LONGEST_URL and not re.search(r"[\s<>\"]", url) else None


def address(*values: object, base: str | None = None) -> str:
    """Give the first of these that is a link; a mention that has none is refused."""
    for value in values:
        if (url := link(value, base)) is not None:
            return url
    raise EntryError("url is missing or no address")


def language(value: object) -> str | None:
    """Give a BCP 47 tag in its usual case; None for what is no tag."""
    if not isinstance(value, str) or not _LANGUAGE.match(value.strip()):
        return None
    first, *rest = value.strip().replace("_", "-").split("-")
    sized = {2: str.upper, 4: str.title}
    return "-".join([first.lower(), *(sized.get(len(part), str.lower)(part) for part in rest)])


def _moment(value: object, field: str) -> datetime:
    if value is None or value == "":
        raise EntryError(f"{field} is missing")
    try:
        if isinstance(value, datetime):
            when = value
        elif isinstance(value, tuple):  # a struct_time, as feedparser gives
            when = datetime.fromtimestamp(timegm(value), UTC)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            when = _from_epoch(float(value))
        elif isinstance(value, str):
            when = _from_text(value.strip())
        else:
            raise EntryError(f"{field} is {_kind(value)}, not a time")
        return (when.replace(tzinfo=UTC) if when.tzinfo is None else when).astimezone(UTC)
    except EntryError:
        raise
    except (ValueError, OverflowError, OSError, TypeError, IndexError) as error:
        raise EntryError(f"{field} {str(value)[:40]!r} cannot be read as a time") from error


def _from_epoch(seconds: float) -> datetime:
    if not math.isfinite(seconds):
        raise ValueError("not finite")
    return datetime.fromtimestamp(seconds / 1000 if abs(seconds) > 1e11 else seconds, UTC)


def _from_text(text: str) -> datetime:
    if re.fullmatch(r"-?\d{9,13}(?:\.\d+)?", text):
        return _from_epoch(float(text))
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)


def _mend(text: str) -> str:
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


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", bool: "a truth value"}
    return names.get(type(value), f"of type {type(value).__name__}")
