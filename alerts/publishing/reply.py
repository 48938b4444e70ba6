"""A reply on its way to a source: what is posted, to what, and how long it may be. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from alerts.messages import reply_words
from storage.models import Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply as its row of the outbox holds it.

    `key` names it for ever, `native_id` and `url` are those of the mention that it answers.
    """

    key: str
    written_at: datetime
    text: str
    brand: str
    native_id: str
    url: str | None = None
    author: str | None = None

    @classmethod
    def of(cls, alert: Alert) -> Reply | None:
        """Read a row; None where it does not say what it answers."""
        text, native_id = alert.payload.get("text"), _text(alert, "native_id")
        if not isinstance(text, str) or not text.strip() or native_id is None:
            return None
        return cls(
            key=alert.dedupe_key,
            written_at=alert.created_at,
            text=text.strip(),
            brand=_text(alert, "brand") or alert.brand,
            native_id=native_id,
            url=_text(alert, "url"),
            author=_text(alert, "author"),
        )


@dataclass(frozen=True, slots=True)
class Length:
    """How long a reply is, and how long its source lets it be; `unit` is what is counted."""

    label: str
    used: int
    most: int | None = None
    least: int = 0
    unit: str = "characters"

    @property
    def problem(self) -> str | None:
        """Say what is wrong with the length, in a sentence for people."""
        if self.most is not None and self.used > self.most:
            return reply_words.too_long(self.label, self.used, self.most, self.unit)
        if self.used < self.least:
            return reply_words.too_short(self.label, self.used, self.least, self.unit)
        return None


def same_words(one: object, other: str) -> bool:
    """Tell whether a source shows these words, however it spaces and composes them."""
    return isinstance(one, str) and _bare(one) == _bare(other)


def host_of(address: str | None) -> str:
    """Give the host of an address with its port, in small letters; "" where there is none."""
    try:
        return urlsplit(address or "").netloc.casefold()
    except ValueError:
        return ""


def _bare(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _text(alert: Alert, name: str) -> str | None:
    value: Any = alert.payload.get(name)
    return value if isinstance(value, str) and value else None
