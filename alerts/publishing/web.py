"""One request to a source's API: its JSON, or what keeps a reply from the source."""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

import httpx

from alerts.messages import reply_words
from alerts.outbox.transport import Fate, SendResult
from config.redaction import Redactor, mask_url

TIMEOUT_S = 10.0
"""How long a whole request may take; less than `delivery.SETTLE`."""

# It would write down every request at INFO, beside what Earful says of it.
logging.getLogger("httpx").setLevel(logging.WARNING)

_LARGEST = 4_000_000
_LONGEST_WAIT_S = 3600.0
_KEY_HEADERS = ("Authorization", "Api-Key")
_DEFAULT_WAIT_S = 60.0
# What breaks before the request has left: a second try is no repetition.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class Failed(Exception):  # noqa: N818  # it carries a result, and is no error of Earful's
    """What keeps a reply from its source, as the outbox takes it."""

    def __init__(self, fate: Fate, sentence: str, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.result = SendResult(fate, sentence, retry_after=retry_after)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response below 500, but for 429 and redirects; `data` is its JSON, None without any.

    `hide` takes keys out of what is shown of it.
    """

    status: int
    headers: Mapping[str, str]
    data: Any
    hide: Callable[[str], str] = str

    @property
    def good(self) -> bool:
        return self.status < 300

    def at(self, *path: str | int) -> Any:
        """Give what lies at a path in the JSON; None where nothing does."""
        found: Any = self.data
        for step in path:
            if not isinstance(found, dict | list):
                return None
            inner: Any = found
            try:
                found = inner[step]
            except (LookupError, TypeError):
                return None
        return found

    def text_at(self, *path: str | int) -> str | None:
        """Give the text or number at a path, as text; None where there is none, or it is empty."""
        found = self.at(*path)
        if isinstance(found, bool) or not isinstance(found, str | int) or found == "":
            return None
        return str(found)

    def objects_at(self, *path: str | int) -> list[dict[str, Any]]:
        """Give the objects of the list at a path; none where there is no list."""
        found = self.at(*path)
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    @property
    def words(self) -> str:
        """Give what the source says in its error, in whichever of the usual shapes."""
        for path in (
            ("errors", 0, "detail"),
            ("error", "message"),
            ("errors", 0, "message"),
            ("error_description",),
            ("errors", 0),
            ("message",),
            ("error",),
            ("details",),
        ):
            found = self.at(*path)
            if isinstance(found, str) and found.strip():
                # Before anybody cuts it: half a key is not recognised.
                return self.hide(found)
        return f"HTTP {self.status}"


class Web:
    """Asks one source. Every request has a connection of its own, and follows no redirect.

    A kept connection may be closed by the other side just when a request leaves on it, and nobody
    could tell whether that was heard; a redirect would carry the key to whomever it names.
    """

    def __init__(
        self, label: str, timeout_s: float = TIMEOUT_S, secrets: Iterable[str] = ()
    ) -> None:
        """Take what no error may show: a source may quote what it was sent."""
        self._label = label
        self._timeout_s = timeout_s
        self._secrets = tuple(secrets)
        # What was made of them: tokens, and names and passwords in base64.
        self._keys_sent: deque[str] = deque(maxlen=20)

    @cached_property
    def _client(self) -> httpx.Client:
        return httpx.Client(
            timeout=self._timeout_s,
            limits=httpx.Limits(max_keepalive_connections=0),
            follow_redirects=False,
            headers={"User-Agent": "Earful", "Accept": "application/json"},
        )

    def ask(
        self,
        method: str,
        url: str,
        *,
        posts: bool = False,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str | int] | None = None,
        json_body: Any = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask once. With `posts`, what breaks after the request left is UNCLEAR, else NOT_SENT.

        Raises Failed for what no source says about a reply: no connection, an answer that is
        late, cut off or no JSON, statuses from 500, 408, 429 and redirects.
        """
        host = httpx.URL(url).netloc.decode()
        for name, value in (headers or {}).items():
            if name in _KEY_HEADERS:
                self._keys_sent.append(value.rpartition(" ")[2])
        try:
            request = self._client.build_request(
                method, url, headers=headers, params=params, json=json_body, data=form
            )
            response, body = self._fetched(request)
        except _NOT_SENT as error:
            raise Failed(Fate.NOT_SENT, reply_words.unreachable(host, _reason(error))) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise _broken_off(host, _reason(error), posts=posts) from None
        self._judge(response, host, posts=posts)
        try:
            data = json.loads(body) if body.strip() else None
        except ValueError:
            if response.status_code < 300:
                raise _broken_off(host, "its answer is no JSON", posts=posts) from None
            data = None
        hidden = Redactor([*self._secrets, *self._keys_sent])
        return Answer(response.status_code, response.headers, data, hidden.text)

    def _fetched(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        """Fetch within the time for all of it: a body that drips would take for ever."""
        until = time.monotonic() + self._timeout_s
        response = self._client.send(request, stream=True)
        try:
            body = b""
            for part in response.iter_bytes():
                body += part
                if time.monotonic() > until:
                    raise httpx.ReadTimeout("the answer took too long", request=request)
                if len(body) > _LARGEST:
                    raise httpx.ReadError("the answer is too large", request=request)
        finally:
            response.close()
        return response, body

    def _judge(self, response: httpx.Response, host: str, *, posts: bool) -> None:
        status = response.status_code
        if status >= 500 or status == 408:
            raise _broken_off(host, f"HTTP {status}", posts=posts)
        if status == 429:
            raise self.wait(response.headers)
        if 300 <= status < 400:
            place = mask_url(response.headers.get("location", "another address"))
            raise Failed(Fate.CHANNEL_DEAD, reply_words.redirected(host, place))

    def wait(self, headers: Mapping[str, str], default_s: float = _DEFAULT_WAIT_S) -> Failed:
        """Make what keeps a reply until the time that the headers name."""
        seconds = wait_of(headers, datetime.now(UTC))
        seconds = default_s if seconds is None else seconds
        sentence = reply_words.asked_to_wait(self._label, round(seconds))
        return Failed(Fate.RATE_LIMITED, sentence, seconds)


def wait_of(headers: Mapping[str, str], now: datetime) -> float | None:
    """Give the seconds that a source asks to wait, an hour at most; None where it names none.

    Retry-After is in seconds or a date (RFC 9110); GitHub and Bluesky give the epoch of their
    reset, Mastodon its moment in ISO 8601.
    """
    given = {name.casefold(): value.strip() for name, value in headers.items()}
    seconds: float | None = None
    if after := given.get("retry-after"):
        seconds = float(after) if after.isdecimal() else _until(after, now)
    if seconds is None:
        for name in ("x-ratelimit-reset", "ratelimit-reset"):
            if name in given:
                seconds = _until(given[name], now)
                break
    return None if seconds is None else min(max(1.0, seconds), _LONGEST_WAIT_S)


def _until(moment: str, now: datetime) -> float | None:
    try:
        if moment.isdecimal():
            # GitHub and Bluesky give an epoch, some servers the seconds that are left.
            number = float(moment)
            return number - now.timestamp() if number > 1e9 else number
        if moment[:4].isdecimal():
            at = datetime.fromisoformat(moment)
        else:
            at = parsedate_to_datetime(moment)
        return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    except ValueError:
        return None


def _broken_off(host: str, reason: str, *, posts: bool) -> Failed:
    if posts:
        return Failed(Fate.UNCLEAR, reply_words.broken_off(host, reason))
    return Failed(Fate.NOT_SENT, reply_words.not_answered(host, reason))


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return str(error).strip().rstrip(".").splitlines()[0] if str(error) else type(error).__name__
