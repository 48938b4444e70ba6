"""IMAP for Scrapy: a request for a folder is answered with a page of its mails."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from email.utils import format_datetime
from hashlib import sha256
from socket import gaierror
from typing import Any, Literal
from urllib.parse import parse_qs, quote, unquote, urlsplit

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import (
    CapabilityError,
    IMAPClientAbortError,
    IMAPClientError,
    LoginError,
)
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.exceptions import CannotResolveHostError, DownloadFailedError
from scrapy.http import Request, Response

from crawler.entry_problems import failed, unauthorised
from crawler.json_bodies import quoted

Security = Literal["tls", "starttls", "none"]

PORTS: dict[Security, int] = {"tls": 993, "starttls": 143, "none": 143}
# A mail says what it says at its beginning: attachments come after.
LONGEST_MAIL = 256 * 1024
_PART = f"BODY.PEEK[]<0.{LONGEST_MAIL}>"
_READ = b"BODY[]<0>"
_ATOM = re.compile(r"[A-Za-z0-9_.@+-]+")
# What a server answers a login that may pass at another time: RFC 5530.
_FOR_NOW = re.compile(r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG|CONTACTADMIN)", re.I)


@dataclass(frozen=True, slots=True)
class Login:
    """Who opens a mailbox, and how the connection is kept secret."""

    user: str
    password: str = field(repr=False)
    security: Security = "tls"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which mails of a folder are asked for: the newest `mails` below the UID `before`."""

    since: date | None
    senders: tuple[str, ...]
    before: int | None
    mails: int


def folder_url(host: str, port: int | None, security: Security, folder: str) -> str:
    """Name a folder of a mailbox as RFC 5092 does."""
    scheme = "imaps" if security == "tls" else "imap"
    return f"{scheme}://{host}:{port or PORTS[security]}/{quote(folder, safe='')}"


class ImapHandler(BaseDownloadHandler):
    """Open a folder read-only and answer with a digest of the mails that the query asks for.

    `Request.meta["login"]` is a Login. The query has `since` (a day), `senders` (parts of
    addresses, between commas), `before` (a UID) and `mails` (how many). The answer is what
    `digest` makes. A refused password, a missing folder and a bad certificate are PageErrors:
    asking again changes nothing. What the network does is raised as it is, and asked again.
    """

    lazy = True

    async def download_request(self, request: Request) -> Response:
        seconds = request.meta.get("download_timeout") or self.crawler.settings.getfloat(
            "DOWNLOAD_TIMEOUT"
        )
        body = await asyncio.to_thread(read_page, request.url, request.meta["login"], seconds)
        headers = {"Content-Type": "multipart/digest"}
        return Response(request.url, 200, headers, body, request=request)


def read_page(url: str, login: Login, seconds: float) -> bytes:
    """Read a page of mails over a connection of its own, as a digest."""
    parts = urlsplit(url)
    folder = unquote(parts.path.lstrip("/"))
    try:
        port = parts.port or PORTS[login.security]
        with _connected(parts.hostname or "", port, login, seconds) as client:
            _log_in(client, login)
            try:
                # Read-only: the server marks nothing as seen.
                client.select_folder(folder, readonly=True)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:
                raise failed(
                    f"has no folder {folder!r} ({_said(error)}), so check `folder` in earful.toml"
                ) from error
            return _page(client, _wanted(parts.query))
    except gaierror as error:
        raise CannotResolveHostError(str(error)) from error
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or "no TLS"
        raise failed(f"could not be trusted: TLS failed ({reason})") from error
    except IMAPClientAbortError as error:
        raise DownloadFailedError(_said(error)) from error
    except CapabilityError as error:
        raise failed(f"cannot do what `security` asks ({_said(error)})") from error
    except IMAPClientError as error:
        raise failed(f"refused to be read ({_said(error)})") from error


def digest(mails: list[tuple[datetime | None, bytes]], older_than: int | None) -> bytes:
    """Put mails, each with the time it arrived, into one body; the newest comes first.

    `older_than` is where the next page begins; None where this is the last.
    """
    mark = sha256(b"".join(raw for _, raw in mails)).hexdigest()[:40].encode()
    head = [b"MIME-Version: 1.0", b'Content-Type: multipart/digest; boundary="%b"' % mark]
    if older_than is not None:
        head.append(b"Older-Than: %d" % older_than)
    lines = [*head, b""]
    for arrived, raw in mails:
        lines.append(b"--" + mark)
        if arrived is not None:
            lines.append(b"Arrived: " + format_datetime(arrived).encode())
        lines += [b"", raw]
    return b"\r\n".join([*lines, b"--" + mark + b"--", b""])


@contextmanager
def _connected(host: str, port: int, login: Login, seconds: float) -> Iterator[Any]:
    client = IMAPClient(
        host, port, ssl=login.security == "tls", timeout=SocketTimeout(seconds, seconds)
    )
    client.normalise_times = False
    try:
        if login.security == "starttls":
            client.starttls()
        yield client
    except BaseException:
        # Without a good-bye: a server that has fallen silent would be waited for again.
        with suppress(Exception):
            client.shutdown()
        raise
    with suppress(Exception):
        client.logout()


def _log_in(client: Any, login: Login) -> None:
    try:
        if login.password.isascii() and _ATOM.fullmatch(login.user):
            client.login(login.user, login.password)
        else:
            # LOGIN is ASCII alone, and imaplib quotes no user.
            client.plain_login(login.user, login.password)
    except LoginError as error:
        if isinstance(error.__context__, IMAPClientAbortError):
            raise DownloadFailedError(_said(error)) from error
        if _FOR_NOW.search(str(error)):
            raise failed(f"lets nobody in for now ({_said(error)})") from error
        raise unauthorised(f"refused the user or the password ({_said(error)})") from error


def _page(client: Any, wanted: Wanted) -> bytes:
    criteria: list[Any] = ["UNDELETED"]
    if wanted.since is not None:
        criteria += ["SINCE", wanted.since]
    criteria += _any_of(wanted.senders)
    newest_first = sorted(client.search(criteria), reverse=True)
    below = [uid for uid in newest_first if wanted.before is None or uid < wanted.before]
    page = below[: wanted.mails]
    fetched = client.fetch(page, ["INTERNALDATE", _PART])
    mails = [
        (fetched[uid].get(b"INTERNALDATE"), fetched[uid][_READ])
        for uid in page
        # One that was deleted since the search is missing.
        if _READ in fetched.get(uid, {})
    ]
    return digest(mails, page[-1] if len(below) > len(page) else None)


def _any_of(senders: tuple[str, ...]) -> list[Any]:
    """Ask for mails of any of these senders: OR takes two, so they are nested."""
    criteria: list[Any] = []
    for sender in reversed(senders):
        one = ["FROM", sender]
        criteria = ["OR", one, criteria] if criteria else one
    return criteria


def _wanted(query: str) -> Wanted:
    given = parse_qs(query)
    since, before = given.get("since"), given.get("before")
    return Wanted(
        since=date.fromisoformat(since[0]) if since else None,
        senders=tuple(given["senders"][0].split(",")) if "senders" in given else (),
        before=int(before[0]) if before else None,
        mails=int(given.get("mails", ["50"])[0]),
    )


def _said(error: Exception) -> str:
    """Quote a server on one line; the library wraps its bytes in a Python literal."""
    text = str(error).removeprefix("b'").removeprefix('b"').rstrip("'\"")
    return quoted(text) or type(error).__name__
