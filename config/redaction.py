"""Keep secrets out of whatever is written down: known values, and what looks like one in a URL."""

from __future__ import annotations

import json
import logging
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import SplitResult, quote, quote_plus, unquote, urlsplit, urlunsplit

from config.secret_references import is_reference

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
# What parameters of feeds and pages are called that say what is read. In an address that somebody
# wrote into the config all others may be keys, whatever they are called.
_PLAIN_NAMES = _PUBLIC_WORDS | frozenset({
    "action", "alt", "app", "appid", "board", "brand", "cat", "categories", "category", "ceid",
    "channel", "count", "country", "days", "f", "feed", "filter", "format", "forum", "from", "gl",
    "group", "hl", "item", "kind", "label", "lang", "language", "limit", "locale", "max", "mode",
    "n", "name", "num", "offset", "order", "orderby", "output", "p", "paged", "per", "playlist",
    "post", "product", "range", "rating", "repo", "s", "search", "section", "since", "site",
    "size", "slug", "sort", "start", "t", "tags", "term", "to", "topic", "type", "until", "view",
    "withcomments",
})  # fmt: skip
# Words of which people know what they are for: a variable so named holds a secret.
_SECRET_VARIABLE = re.compile(
    r"KEY|APIKEY|TOKENS?|SECRETS?|PASSWORD|PASSWD|PASSPHRASE|PASS|CREDENTIALS?|BEARER|HASH|WEBHOOK"
)
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
    text = _USERINFO.sub(_masked_userinfo, text)
    text = _PATH.sub(
        lambda match: match["host"] + _SEGMENT.sub(_masked_segment, match["path"]), text
    )
    return _with_parameters_masked(text)


def told_apart(text: str) -> str:
    """Mask what names something: names that differ in their secrets alone still differ."""
    return _with_mark(text, mask_url(text))


def as_named(text: str) -> str:
    """Give what the config names, such as a feed's address, as it may be shown.

    Of the parameters of an address those are shown that are called what feeds call what is read;
    a `${NAME}` is shown as it stands. Names that differ in their secrets alone still differ.
    """
    return _with_mark(text, shown_address(text))


def shown_address(text: str) -> str:
    """Mask an address that stands in the config, or several with spaces between them."""
    return mask_url(" ".join(_shown_part(part) for part in text.split(" ")))


def secrets_of(addresses: str) -> Iterator[str]:
    """Give what is secret in addresses of the config, as a redactor takes it.

    A parameter's value that may be a word is given as `name=value`.
    """
    for address in addresses.split(" "):
        parts = _split(address)
        if parts is None:
            continue
        login = parts.netloc.rpartition("@")[0]
        if login and not is_reference(login):
            user, _, password = login.partition(":")
            yield password or user
            yield unquote(password or user)
            yield b64encode(unquote(login).encode()).decode()
        for name, value in _parameters(parts.query, parts.fragment):
            if value and not _is_plain(name) and not is_reference(value):
                yield f"{name}={value}" if unquote(value).isalpha() else value
                yield unquote(value) if not unquote(value).isalpha() else ""


def secret_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """Give the values of the variables whose names say that they hold a secret."""
    for name, value in environment.items():
        if any(map(_SECRET_VARIABLE.fullmatch, name.upper().split("_"))):
            yield value.strip()


def _with_mark(text: str, masked: str) -> str:
    if masked == text:
        return text
    return f"{masked} ({sha256(text.encode()).hexdigest()[:4]})"


def _split(address: str) -> SplitResult | None:
    if "://" not in address:
        return None
    try:
        return urlsplit(address)
    except ValueError:
        return None


def _shown_part(address: str) -> str:
    parts = _split(address)
    if parts is None:
        return address
    login, at, host = parts.netloc.rpartition("@")
    if at and not is_reference(login):
        login = HIDDEN
    query, fragment = (_shown_parameters(one) for one in (parts.query, parts.fragment))
    shown = parts._replace(netloc=f"{login}{at}{host}", query=query, fragment=fragment)
    return urlunsplit(shown)


def _shown_parameters(text: str) -> str:
    def shown(match: re.Match[str]) -> str:
        name, value = match["name"], match["value"]
        if not value or _is_plain(name) or is_reference(value):
            return match[0]
        return f"{match['before']}{name}={HIDDEN}"

    return re.sub(r"(?P<before>^|[&;])(?P<name>[^=&;]*)=(?P<value>[^&;]*)", shown, text)


def _parameters(*texts: str) -> Iterator[tuple[str, str]]:
    for text in texts:
        for pair in re.split("[&;]", text):
            name, has_value, value = pair.partition("=")
            if has_value:
                yield unquote(name), value


def _is_plain(name: str) -> bool:
    words = _words_of(unquote(name))
    return bool(words & _PLAIN_NAMES) and not _names_a_secret(name)


def _masked_userinfo(match: re.Match[str]) -> str:
    return match[0] if is_reference(match[0].removesuffix("@")) else f"{HIDDEN}@"


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
        if is_reference(value):
            shown = value
        elif _names_a_secret(name) or (name.lower() == "feed" and _FEEDS_USER.search(text)):
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
    """Hides the given values, however a URL may have quoted them, and secrets in any URL.

    A value `name=value` is hidden where something of that name has it, as in an address or JSON.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._forms: set[str] = set()
        self._pairs: set[tuple[str, str]] = set()
        self._values: re.Pattern[str] | None = None
        self.also(values)

    def also(self, values: Iterable[str]) -> None:
        """Hide these values from now on, too."""
        for value in values:
            name, is_pair, of_name = value.partition("=")
            if is_pair and name.isidentifier() and of_name.isalpha():
                self._pairs.add((name, of_name))
            else:
                self._forms |= _forms_of(value)
        # The longest first: one value may begin another.
        parts = [re.escape(form) for form in sorted(self._forms, key=len, reverse=True)]
        parts += [
            rf"(?<=\b{name}{between}){re.escape(value)}\b"
            for name, value in sorted(self._pairs)
            for between in ("=", "%3D", "': '", '": "', r'\\": \\"', "=b'")
        ]
        self._values = re.compile("|".join(parts)) if parts else None

    def text(self, text: str) -> str:
        return mask_url(self.values_out_of(text))

    def values_out_of(self, text: str) -> str:
        """Hide the known values alone."""
        return self._values.sub(HIDDEN, text) if self._values else text

    def anything(self, value: Any) -> Any:
        """Redact every text in a value, however deep it lies; other things stay as they are."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.anything(key): self.anything(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.anything(item) for item in value)
        return value


def _forms_of(value: str) -> set[str]:
    # A key of many lines is shown line by line.
    parts = (part.strip() for part in (value, *value.splitlines()))
    return {
        form
        for part in parts
        if len(part) >= _SHORTEST
        for form in (
            part, quote(part, safe=""), quote_plus(part), quote(part),
            quote(part, safe="/@:!$'&="), json.dumps(part)[1:-1], repr(part)[1:-1],
        )
    }  # fmt: skip


PROCESS = Redactor()
"""What this process must not show: its environment is one, and so are the secrets in it."""


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
