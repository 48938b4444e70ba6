"""Keep secrets out of whatever is written down: known values, and what looks like one in a URL."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Any
from urllib.parse import quote, quote_plus, unquote

HIDDEN = "***"
# Shorter values would hide words that happen to hold them.
_SHORTEST = 6
_END = r"\s\"'<>"
# A parameter of a query, a fragment or a form, with or without an address before it.
_PARAMETER = re.compile(rf"[?&;#](?P<name>[\w.\-\[\]%]+)=(?P<value>[^&#;{_END}]+)")
_USERINFO = re.compile(rf"(?<=://)[^/?#{_END}]*@")
_PATH = re.compile(rf"(?<=://)(?P<host>[^/?#{_END}]*)(?P<path>/[^?#{_END}]*)")
_SEGMENT = re.compile(r"[^/]+")
_NAMED_SEGMENT = re.compile(r"(?P<name>[\w.-]+)[:=].+")
# The words of a name: "X-Amz-Signature", "feed_token", "accessToken".
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SECRET_WORDS = frozenset({
    "key", "apikey", "token", "secret", "password", "passwd", "pwd", "pass", "passphrase",
    "passkey", "auth", "authorization", "bearer", "jwt", "sig", "signature", "hmac", "hash",
    "access", "credential", "credentials", "code", "session", "sid", "private", "user",
    "username", "login", "email", "mail",
})  # fmt: skip
_SECRET_COMPOUND = re.compile(
    r"(?:api|auth|access|rss|feed|user|private|secret|session|client|app|my)"
    r"(?:key|token|auth|hash|secret|pass|password)"
)
# What names a thing in public: `channel_id=UC…` is no secret, however random it looks.
_PUBLIC_WORDS = frozenset({
    "id", "ids", "v", "list", "cursor", "after", "before", "page", "q", "query", "tag",
})  # fmt: skip
# Reddit's private feeds: `feed=…&user=…`; elsewhere `feed=` says which feed, such as "rss2".
_FEEDS_USER = re.compile(r"[?&;]user=", re.IGNORECASE)
# What nobody guesses: an id with hyphens; letters and digits mixed in a run that no word has.
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_RUN = re.compile(r"[A-Za-z0-9]{16,}")


def mask_url(text: str) -> str:
    """Hide secrets in every address that stands in a text; masked twice is masked once.

    Hidden are user info, the values of parameters named like a key, a token, a secret or a user,
    and what nobody could guess: a value whose name does not say that it is public, or a part of
    a path, as private feeds have it.
    """
    text = _USERINFO.sub(f"{HIDDEN}@", text)
    text = _PATH.sub(
        lambda match: match["host"] + _SEGMENT.sub(_masked_segment, match["path"]), text
    )
    return _with_parameters_masked(text)


def told_apart(text: str) -> str:
    """Mask what names something: names that differ in their secrets alone still differ."""
    masked = mask_url(text)
    if masked == text:
        return text
    return f"{masked} ({sha256(text.encode()).hexdigest()[:4]})"


def is_unguessable(text: str) -> bool:
    """Tell whether a text looks like a key that a program made, not like words or a number."""
    plain = unquote(text)
    return bool(_UUID.search(plain)) or any(
        not run.isdigit() and not run.isalpha() for run in _RUN.findall(plain)
    )


def _masked_segment(match: re.Match[str]) -> str:
    segment = match[0]
    if (named := _NAMED_SEGMENT.fullmatch(segment)) and _names_a_secret(named["name"]):
        return f"{segment[: named.end('name') + 1]}{HIDDEN}"
    stem, dot, suffix = segment.rpartition(".")
    if dot and suffix.isalpha() and len(suffix) <= 5 and is_unguessable(stem):
        return f"{HIDDEN}.{suffix}"
    return HIDDEN if is_unguessable(segment) else segment


def _with_parameters_masked(text: str) -> str:
    parts, at = [], 0
    while match := _PARAMETER.search(text, at):
        start, end = match.span("value")
        name, value = unquote(match["name"]), match["value"]
        if _names_a_secret(name) or (name.lower() == "feed" and _FEEDS_USER.search(text)):
            shown = HIDDEN
        elif (shown := _masked_within(value)) == value:
            # The value may be an address with parameters of its own, which come next.
            own = value.partition("?")[0]
            end = start + len(own)
            is_public = _words_of(name) & _PUBLIC_WORDS or not is_unguessable(own)
            shown = own if is_public else HIDDEN
        parts += [text[at:start], shown]
        at = end
    return "".join([*parts, text[at:]])


def _masked_within(value: str) -> str:
    """Mask an address that a parameter holds in quoted form."""
    if "%" not in value:
        return value
    plain = unquote(value)
    masked = mask_url(plain)
    return value if masked == plain else quote(masked, safe="*")


def _names_a_secret(name: str) -> bool:
    words = _words_of(name)
    return bool(words & _SECRET_WORDS) or any(map(_SECRET_COMPOUND.fullmatch, words))


def _words_of(name: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(name)}


class Redactor:
    """Hides the given values, however a URL may have quoted them, and secrets in any URL."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        # A key of many lines is shown line by line.
        parts_of = (part.strip() for value in values for part in (value, *value.splitlines()))
        forms = {
            form
            for value in parts_of
            if len(value) >= _SHORTEST
            for form in (value, quote(value, safe=""), quote_plus(value), quote(value))
        }
        # The longest first: one value may begin another.
        parts = [re.escape(form) for form in sorted(forms, key=len, reverse=True)]
        self._values = re.compile("|".join(parts)) if parts else None

    def text(self, text: str) -> str:
        return mask_url(self._values.sub(HIDDEN, text) if self._values else text)

    def anything(self, value: Any) -> Any:
        """Redact every text in a value, however deep it lies; other things stay as they are."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.anything(key): self.anything(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.anything(item) for item in value)
        return value


def redact_logs(redactor: Redactor) -> None:
    """Redact every log record of this process where it is made, its traceback too."""
    make = logging.getLogRecordFactory()
    plain = logging.Formatter()

    def redacted(*args: Any, **more: Any) -> logging.LogRecord:
        record = make(*args, **more)
        record.msg, record.args = redactor.text(record.getMessage()), ()
        if record.exc_info:
            # A formatter uses this instead of writing the traceback itself.
            record.exc_text = redactor.text(plain.formatException(record.exc_info))
        return record

    logging.setLogRecordFactory(redacted)
