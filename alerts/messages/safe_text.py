"""Outside text made safe for Slack, and moments, spans and numbers written for people.

Outside text is data that can neither ping, format, link nor break a message.

Slack's mrkdwn has no escape for its formatting marks, so the marks that would format, or make a
picture of `:a_name:`, are swapped for look-alikes; `console_text.plain` swaps them back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote as percent
from urllib.parse import urlsplit

from alerts.messages.catalogue import ENGLISH, _, formatted, n_, spoken

MAX_WORDS = 1200
"""Characters of a customer's words that a message shows before it links to the rest."""

_AHEAD = 10
"""Of a huge text only this many times its limit is cleaned: no more can be shown."""
_MAX_MARKS = 3
_MAX_LINES = 24
_MAX_URL = 1800
_ABSURD_URL = 50_000
MAX_LINK = 2900
"""Units that a link takes at most, address and label escaped."""
_LOOK_ALIKES = {"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ", ":": "∶"}
_ORIGINALS = {look: mark for mark, look in _LOOK_ALIKES.items()}
# Inside a word (snake_case) a mark formats nothing and stays.
_MARKS = re.compile(r"(?<![^\W_])[*_~]|[*_~](?![^\W_])|`")
# A name that runs to the end counts too: what is written after it may begin with a colon.
_PICTURES = re.compile(r":(?=[^\s:/]+(?::|\Z))")
_INVISIBLE = frozenset(
    [
        *range(0x202A, 0x202F),  # bidirectional embeddings and overrides
        *range(0x2066, 0x206A),  # bidirectional isolates
        *range(0x2060, 0x2065),  # word joiner, invisible operators
        *range(0x206A, 0x2070),  # deprecated format characters
        *range(0xE0000, 0xE0080),  # tags: text that no reader sees
        *range(0xFFF9, 0xFFFC),  # interlinear annotation
        0x00AD,
        0x061C,
        0x180E,
        0x200B,
        0x200E,
        0x200F,
        0xFEFF,
    ]
)
_JOINING = frozenset("\u200c\u200d\ufe0e\ufe0f")
_SPAN = re.compile(r"(\d{1,6})\s*([mhdw])")
_USER_ID = re.compile(r"[UW][A-Z0-9]{2,20}")
_SPACES = re.compile(r"[^\S\n]+")
# What must not be halved: a link, a mention or a date; an entity; a character.
_WHOLES = re.compile(r"<[^<>]*>|&(?:amp|lt|gt);|.", re.DOTALL)


def clean(text: str, *, lines: bool = True) -> str:
    """Drop what deceives the eye or breaks JSON: controls, direction overrides, heaped marks.

    Lone surrogates become U+FFFD, tabs and odd spaces one space; more than one empty line
    becomes one. With `lines=False` the whole becomes a single line.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", text):
        code = ord(char)
        if code in _INVISIBLE:
            continue
        if 0xD800 <= code <= 0xDFFF or code & 0xFFFE == 0xFFFE:
            kept.append("\ufffd")
            continue
        kind = unicodedata.category(char)
        if kind in ("Mn", "Me"):
            marks += 1
            if marks > _MAX_MARKS:
                continue
        else:
            marks = 0
        if char == "\n" or kind in ("Zl", "Zp"):
            kept.append("\n" if lines else " ")
        elif kind == "Cc":
            kept.append(" " if char in "\t\v\f\x85" else "")
        elif kind == "Zs":
            kept.append(" ")
        else:
            kept.append(char)
    text = _SPACES.sub(" ", "".join(kept))
    text = "\n".join(line.strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def escape(text: str) -> str:
    """Write `text` so that Slack shows it as it is: nothing pings, links, formats or is drawn."""
    return _entities(_PICTURES.sub(_LOOK_ALIKES[":"], text))


def code(text: str, limit: int) -> str:
    """Show an id as code: Slack draws nothing in it, and what is copied from it is the id."""
    shown = cut(clean(text[: _AHEAD * limit], lines=False), limit, escaped_limit=2 * limit)[0]
    return f"`{_entities(shown)}`"


def _entities(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKS.sub(lambda mark: _LOOK_ALIKES[mark[0]], text)


def unescape(text: str) -> str:
    """Undo `escape` for a console."""
    for look, mark in _ORIGINALS.items():
        text = text.replace(look, mark)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def units(text: str) -> int:
    """Measure a text as Slack does, in UTF-16: what lies beyond the first plane takes two."""
    return len(text) + sum(char > "\uffff" for char in text)


def fit(text: str, limit: int) -> str:
    """Shorten mrkdwn that is already escaped to `limit` units, halving no link and no entity.

    This is the last resort of a builder whose parts are longer together than it thought.
    """
    if units(text) <= limit:
        return text
    kept: list[str] = []
    room = limit - 1  # the ellipsis
    for part in _WHOLES.findall(text):
        room -= units(part)
        if room < 0:
            break
        kept.append(part)
    return "".join(kept).rstrip() + "…"


def cut(text: str, limit: int, *, escaped_limit: int | None = None) -> tuple[str, bool]:
    """Shorten to `limit` characters, and to `escaped_limit` units once escaped, at a word's end.

    The second value says whether anything was cut; the ellipsis is counted in.
    """
    room = escaped_limit if escaped_limit is not None else 5 * limit
    end, cost = 0, 0
    for end, char in enumerate(text):
        cost += {"&": 5, "<": 4, ">": 4}.get(char, 2 if char > "\uffff" else 1)
        if end >= limit or cost > room:
            break
    else:
        return text, False
    end = max(0, end - 1)
    while end and (text[end] in _JOINING or text[end - 1] == "\u200d" or _combines(text[end])):
        end -= 1
    gap = max(text.rfind(" ", 0, end + 1), text.rfind("\n", 0, end + 1))
    if gap >= end * 3 // 5:  # a text without spaces is cut between two characters
        end = gap
    return text[:end].rstrip(" \n,;:.…-") + "…", True


def line(text: str | None, limit: int) -> str:
    """Clean, cut and escape `text` into one line of at most `limit` characters to read."""
    start = (text or "")[: _AHEAD * limit]
    return escape(cut(clean(start, lines=False), limit, escaped_limit=2 * limit)[0])


def words(text: str, limit: int = MAX_WORDS, escaped_limit: int = 2600) -> tuple[str, bool]:
    """Clean, cut and escape a customer's words as a Slack quote; say whether they were cut.

    Empty when nothing readable is left.
    """
    start = text[: _AHEAD * limit]
    shown, was_cut = cut(clean(start), limit, escaped_limit=escaped_limit - 3 * _MAX_LINES)
    was_cut = was_cut or len(start) < len(text.rstrip())
    rows = shown.split("\n")
    if len(rows) > _MAX_LINES:
        rows, was_cut = [*rows[: _MAX_LINES - 1], "…"], True
    if not shown:
        return "", was_cut
    return "\n".join(f"> {escape(row)}".rstrip() for row in rows), was_cut


def heading(text: str, limit: int = 150) -> str:
    """Make one line for a `plain_text` header, where no entity and no tag must stand."""
    shown = clean(text, lines=False).replace("<", "‹").replace(">", "›")
    # Slack may count an ampersand as the entity that it keeps it as.
    return cut(shown, limit, escaped_limit=limit)[0]


def web_address(url: str | None) -> str | None:
    """Return `url`, percent-encoded and whole, if it is an http(s) address; else None."""
    if not url or len(url) > _ABSURD_URL:
        return None
    url = url.strip()
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in url):
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    return percent(url, safe="!#$%&'()*+,/:;=?@[]~-._", encoding="utf-8")


def safe_url(url: str | None) -> str | None:
    """Return an http(s) address that a button can open, else None."""
    address = web_address(url)
    return address if address is not None and len(address) <= _MAX_URL else None


def link(url: str | None, label: str, room: int = MAX_LINK) -> str:
    """Link `label` (already escaped) to `url`.

    The bare label where the address is not safe, or where the link, escaped, is longer than
    `room` units.
    """
    address = safe_url(url)
    if address is None:
        return label
    shown = f"<{address.replace('&', '&amp;')}|{label.replace('|', '¦')}>"
    return shown if units(shown) <= room else label


def ping(user_id: str | None) -> str | None:
    """Write a Slack user so that Slack names and pings them; None where it is no user's id."""
    return f"<@{user_id}>" if user_id and _USER_ID.fullmatch(user_id) else None


def moment(when: datetime) -> str:
    """Write a moment for Slack to show in each reader's zone, with UTC for the rest."""
    stamp = int(when.timestamp())
    form = _("{date_short_pretty} at {time}")
    return f"<!date^{stamp}^{form}|{in_utc(when)}>"


def in_utc(when: datetime) -> str:
    """Write a moment in words, e.g. `Tue 24 Nov 2026, 14:05 UTC`."""
    return moment_at(when.astimezone(UTC), "UTC")


def moment_at(when: datetime, zone: str) -> str:
    """Write a moment as the clocks of its zone show it; `zone` is what people call that."""
    weekday = _DAYS[when.weekday()] if spoken() == ENGLISH else formatted(when, "EEE")
    return f"{weekday} {day(when)}, {when:%H:%M} {zone}"


# Not strftime's %a and %b: they follow the machine's locale.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(when: date) -> str:
    """Write a day, e.g. `24 Nov 2026`; that of a moment is the one in its own zone."""
    if spoken() == ENGLISH:
        return f"{when.day} {month(when)}"
    return formatted(when, _("d MMM y"))


def month(when: date) -> str:
    """Write a month, e.g. `Nov 2026`."""
    if spoken() == ENGLISH:
        return f"{_MONTHS[when.month - 1]} {when.year}"
    return formatted(when, "LLL y")


def count(number: int, one: str, many: str | None = None) -> str:
    """Write `1 mention`, `2 mentions`, `1,204 mentions`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def percentage(share: float) -> str:
    """Write a share of 1 as whole percent; never 0% or 100% for what is not."""
    rounded = round(100 * share)
    if rounded == 0 and share > 0:
        return _("under 1%")
    if rounded == 100 and share < 1:
        return _("over 99%")
    return _("{number}%", number=rounded)


def listed(items: Sequence[str]) -> str:
    """Join items in a sentence: `Rita, Jim and Ana`; nothing for none."""
    *first, last = items or [""]
    return _("{items} and {last}", items=", ".join(first), last=last) if first else last


def span(text: str) -> str:
    """Write a config duration for people: `30d` as `30 days`; anything else as it is, escaped."""
    matched = _SPAN.fullmatch(text.strip())
    if matched is None:
        return line(text, 40)
    return _UNITS[matched[2]](int(matched[1]))


def duration(length: timedelta) -> str:
    """Write a length of time for people: `45 minutes`, `3 hours`, `2 days`."""
    minutes = max(0, round(length.total_seconds() / 60))
    if minutes < 120:
        return _UNITS["m"](minutes)
    if minutes < 48 * 60:
        return _UNITS["h"](round(minutes / 60))
    return _UNITS["d"](round(minutes / 1440))


_UNITS: dict[str, Callable[[int], str]] = {
    "m": lambda number: n_("{n} minute", "{n} minutes", number),
    "h": lambda number: n_("{n} hour", "{n} hours", number),
    "d": lambda number: n_("{n} day", "{n} days", number),
    "w": lambda number: n_("{n} week", "{n} weeks", number),
}


def _combines(char: str) -> bool:
    return unicodedata.combining(char) > 0 or unicodedata.category(char) in ("Mn", "Me", "Sk")
