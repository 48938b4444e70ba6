"""One request to a destination: no redirect is followed, no retry is made, little is read.

Addresses come from the owner's config or environment. A redirect could lead elsewhere, into a
network that is not the owner's to be asked: it is an answer like any other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException, IncompleteRead
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from alerts.outbox.transport import Fate, SendResult

TIMEOUT_S = 10
"""Must stay under `delivery.SETTLE`: a look must not come while a try is still under way."""

BROKEN = (OSError, HTTPException)
"""What comes of a line that broke, or of a response that could not be read."""

_MOST_BYTES = 2_000_000
_LONGEST_WAIT_S = 3600.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What the other side answered, whatever the status; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def json(self) -> Any:
        """Read the body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def retry_after(self) -> float | None:
        """Give the seconds to wait, of at most an hour, where the answer names any."""
        told = self.headers.get("retry-after")
        if told is None and isinstance(self.json, dict):
            told = self.json.get("retry_after")  # Discord, in fractions of a second
        try:
            return max(0.0, min(float(told or ""), _LONGEST_WAIT_S))
        except (TypeError, ValueError):
            return None


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def _opener() -> OpenerDirector:
    return build_opener(_NoRedirect, HTTPHandler, HTTPSHandler, ProxyHandler)


def call(
    method: str,
    url: str,
    *,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT_S,
) -> Reply:
    """Send one request, `body` as JSON unless it is bytes; raises one of `BROKEN`.

    A URLError means that the request was never complete: a second try is harmless.
    """
    data = None
    sent = {"User-Agent": "Earful", **(headers or {})}
    if body is not None:
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        sent.setdefault("Content-Type", "application/json")
    request = Request(url, data=data, headers=sent, method=method)
    try:
        with _opener().open(request, timeout=timeout) as response:
            return _reply(response.status, response.headers, _read(response))
    except HTTPError as error:
        with error:
            return _reply(error.code, error.headers, _read(error))


def _read(response: Any) -> bytes:
    """Read a body to its end; with a limit given, `http.client` takes a cut one for a whole."""
    body: bytes = response.read(_MOST_BYTES)
    length = response.headers.get("content-length") or ""
    if length.isdigit() and len(body) < min(int(length), _MOST_BYTES):
        raise IncompleteRead(body, int(length) - len(body))
    return body


def _reply(status: int, headers: Message, body: bytes) -> Reply:
    return Reply(status, {name.lower(): value for name, value in headers.items()}, body)


def host_of(url: str) -> str:
    """Name the host for people; the rest of an address may be a secret."""
    return urlsplit(url).hostname or "the destination"


def broken(error: Exception, where: str) -> SendResult:
    """Say what a broken line means: never sent, or nobody knows. `where` names both ends."""
    if isinstance(error, URLError):
        return SendResult(Fate.NOT_SENT, f"{where} cannot be reached: {reason_of(error)}.")
    return SendResult(
        Fate.UNCLEAR, f"{where} broke off ({reason_of(error)}); it may have taken it all the same."
    )


def reason_of(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror.lower()
    text = " ".join(str(reason).split())[:200]
    return text.rstrip(".") or type(error).__name__


def refused(reply: Reply, where: str, mend: str) -> SendResult:
    """Say what an answer means that is no success; `mend` is what to do about a wrong address.

    `where` names the destination as the config does.
    """
    told = f"{where} answered HTTP {reply.status}{_said(reply)}"
    if reply.status == 429:
        wait = reply.retry_after if reply.retry_after is not None else 30.0
        return SendResult(
            Fate.RATE_LIMITED, f"{where} asked to wait {wait:g} s.", retry_after=wait
        )
    if reply.status == 503 and reply.retry_after is not None:
        return SendResult(Fate.UNCLEAR, f"{told}.", retry_after=reply.retry_after)
    if reply.status >= 500 or reply.status in (408, 425):
        return SendResult(Fate.UNCLEAR, f"{told}; it may have taken it all the same.")
    if 300 <= reply.status < 400:
        return SendResult(
            Fate.CHANNEL_DEAD, f"{told}: Earful follows no redirect: write the final address."
        )
    if reply.status in (400, 413, 415, 422):
        return SendResult(Fate.BAD_MESSAGE, f"{told}.")
    return SendResult(Fate.CHANNEL_DEAD, f"{told}: {mend}.")


def _said(reply: Reply) -> str:
    """Quote the start of a plain answer: it often says what is wrong."""
    text = reply.body[:1000].decode("utf-8", "replace")
    if "<" in text:
        return ""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return f" ({line[:160]})" if line else ""
