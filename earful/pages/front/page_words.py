"""How the pages write numbers, times and what people said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from earful.pages.front.asked import Asked
from storage.models import from_iso

CUT = 320
NAMES = {
    "angry": "angry",
    "mediocre": "merely okay",
    "delighted": "delighted",
    "none": "no experience",
    "advocate": "advocate",
    "hater": "hater",
    "neither": "neither",
}


def count(number: float) -> str:
    return f"{number:,.0f}"


def percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def points(gap: float) -> str:
    return f"{100 * gap:+.1f} points".replace("-", "−")


def day(value: date, today: date | None = None) -> str:
    """Write a day; its year only where it is not this one."""
    year = "" if today is not None and value.year == today.year else f" {value.year}"
    return f"{value.day} {value:%b}{year}"


def days(first: date, last: date, today: date) -> str:
    if first == last:
        return day(first, today)
    return f"{day(first, today)} to {day(last, today)}"


def moment(text: str | None, asked: Asked) -> str:
    """Write a time of the store in the zone of the page; nothing where there is none."""
    read = at(text)
    if read is None:
        return ""
    local = asked.local(read)
    return f"{day(local.date(), asked.today)}, {local:%H:%M}"


def at(text: str | None) -> datetime | None:
    """Read a time of the store; None where none stands there, or none that can be read."""
    try:
        return from_iso(text) if text else None
    except ValueError:
        return None


def span(length: timedelta) -> str:
    """Write a length as people say it: its largest unit, two of them where that matters."""
    minutes = int(abs(length).total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    if hours < 48:
        return f"{hours} h"
    return f"{hours // 24} days"


def hours(length: float | None) -> str:
    if length is None:
        return "–"
    if length < 1 / 60:
        return "a minute"
    if length < 1:
        return f"{60 * length:.0f} min"
    return f"{length:.1f} h" if length < 48 else f"{length / 24:.1f} days"


def stars(row: Mapping[str, Any]) -> str:
    if row.get("rating") is None:
        return ""
    if not row.get("rating_max"):
        return f"{row['rating']:g}"
    return f"{row['rating']:g} of {row['rating_max']:g} stars"


def web(address: str | None) -> str | None:
    """Give a link that may be followed: anybody may have made it, so the web's schemes alone."""
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return None
    return address if parts.scheme.lower() in ("http", "https") and parts.netloc else None


def said(row: Mapping[str, Any], limit: int = CUT) -> str:
    """Write what a mention says, cut where it is long."""
    text = " ".join(str(row.get("text") or "").split())
    if not text and not row.get("title"):
        given = stars(row)
        return f"No words, {given}" if given else "No words"
    return text if len(text) <= limit else f"{text[:limit].rstrip()} …"
