"""Bluesky's Jetstream for Scrapy: a request for the stream is answered with what came of it."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from socket import gaierror
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.exceptions import CannotResolveHostError, DownloadFailedError
from scrapy.http import Request, Response
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from config.query import fold
from crawler.crawl_session import session_of
from crawler.entry_problems import PageError, failed
from crawler.json_bodies import at, quoted
from storage import fields
from storage.fields import EntryError

_POSTS = "app.bsky.feed.post"
# Posts alone, of everybody.
STREAM = f"/xrpc/network.bsky.jetstream.subscribeEvents?kinds=commit&collections={_POSTS}"

_FRAMES = Subprotocol("xrpc.v1.json")
# All is caught up with when nothing comes for so long.
_SILENCE_S = 10.0
# A check only asks whether the stream answers.
_PROBE_S = 5.0
_LARGEST_FRAME = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the stream is wanted: posts that hold one of the words, and deletions.

    Without a cursor of an earlier crawl it begins at `first`; it is read for `seconds` at most.
    """

    words: tuple[str, ...]
    first: datetime
    seconds: float


@dataclass(slots=True)
class Heard:
    """What came: events to read, how many there were in all, and how far the stream was read.

    `reached` is a moment in microseconds since 1970, which is what the stream takes as a cursor.
    """

    reached: int
    posts: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)


def words_of(terms: Sequence[str]) -> tuple[str, ...]:
    """Give a word of each search term that every text with the term holds, folded."""
    return tuple(max(re.findall(r"\w+", fold(term)), key=len, default="") for term in terms)


def post_of(event: dict[str, Any]) -> dict[str, Any] | None:
    """Give a post of the stream as the search would; None for a deletion.

    A notice that the stream no longer keeps what came since the last crawl is refused by name.
    """
    if event.get("name") == "OutdatedCursor":
        raise EntryError("posts since the last crawl are lost: crawl the stream more often")
    if event.get("operation") not in ("create", "update"):
        return None
    did = fields.identity(event.get("did"), "did")
    return {
        "uri": f"at://{did}/{_POSTS}/{fields.identity(event.get('rkey'), 'rkey')}",
        "author": {"did": did},
        "record": event.get("record"),
        "indexedAt": event.get("time"),
    }


def deleted_uri(event: dict[str, Any]) -> str | None:
    """Name the post that an event deletes; None for any other event."""
    named = f"at://{event.get('did')}/{_POSTS}/{event.get('rkey')}"
    return named if event.get("operation") == "delete" else None


def stream_request(request: Request) -> Request:
    """Ask for the same address by WebSocket."""
    parts = urlsplit(request.url)
    scheme = {"https": "wss", "http": "ws"}.get(parts.scheme, parts.scheme)
    return request.replace(url=urlunsplit(parts._replace(scheme=scheme)))


class JetstreamHandler(BaseDownloadHandler):
    """Read the stream from a cursor to the present, and answer with the events that are wanted.

    `Request.meta["stream"]` says which; the cursor comes as the ETag of an earlier answer. The
    answer is JSON: `events` as the stream wrote them, and `posts`, how many went by. Its ETag is
    the cursor to go on from: an answer that is not kept is read again. What the network does is
    raised as it is, and asked again; a server that refuses the stream answers with its status.
    """

    lazy = True

    async def download_request(self, request: Request) -> Response:
        wanted: Wanted = request.meta["stream"]
        session = session_of(self.crawler)
        is_probe = session is not None and session.responses is not None
        seconds = min(wanted.seconds, _PROBE_S) if is_probe else wanted.seconds
        given = (request.headers.get("If-None-Match") or b"").decode("latin-1")
        cursor = int(given) if given.isdecimal() else int(wanted.first.timestamp() * 1_000_000)
        agent = (request.headers.get("User-Agent") or b"").decode("latin-1")
        try:
            heard = await asyncio.to_thread(
                read_stream, request.url, cursor, wanted.words, seconds, agent
            )
        except InvalidStatus as error:
            refused = error.response
            headers = dict(refused.headers.raw_items())
            body = bytes(refused.body or b"")
            return Response(request.url, refused.status_code, headers, body, request=request)
        answer = json.dumps({"posts": heard.posts, "events": heard.events}).encode()
        headers = {"Content-Type": "application/json"}
        if not is_probe:
            # A probe keeps little of what comes, so the next crawl must read it again.
            headers["ETag"] = str(heard.reached)
        return Response(request.url, 200, headers, answer, request=request)


def read_stream(
    url: str, cursor: int, words: Sequence[str], seconds: float, agent: str = ""
) -> Heard:
    """Read posts and deletions from a cursor until now, until silence, or for `seconds`.

    PageError where the server is none, or says that it sends no more.
    """
    now = time.time_ns() // 1000
    heard = Heard(reached=cursor)
    try:
        with connect(
            f"{url}&cursor={cursor}",
            subprotocols=[_FRAMES],
            user_agent_header=agent or None,
            compression=None,
            max_size=_LARGEST_FRAME,
        ) as stream:
            for payload in _payloads(stream, time.monotonic() + seconds):
                moment = _take(payload, words, heard)
                # No further than the present: a cursor from the future would skip what is said.
                heard.reached = min(max(heard.reached, moment), now)
                if moment >= now:
                    break
    except gaierror as error:
        raise CannotResolveHostError(str(error)) from error
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or "no TLS"
        raise failed(f"could not be trusted: TLS failed ({reason})") from error
    except (ConnectionClosed, PageError) as error:
        # What came is as good as before: the next crawl goes on from there.
        if not heard.posts:
            if isinstance(error, PageError):
                raise
            raise DownloadFailedError(str(error)) from error
    except InvalidStatus:
        raise
    except InvalidHandshake as error:
        raise failed(f"is no WebSocket ({quoted(str(error))})") from error
    if not heard.posts and not heard.events:
        raise failed("let the stream stay silent")
    return heard


def _payloads(stream: ClientConnection, until: float) -> Iterator[dict[str, Any]]:
    """Give the payload of each frame, as xrpc.v1.json wraps it, until silence or the time."""
    while (left := until - time.monotonic()) > 0:
        try:
            frame = json.loads(stream.recv(min(left, _SILENCE_S)))
        except TimeoutError:
            return
        except (RecursionError, ValueError):
            continue
        if at(frame, "$type") == "error":
            words = quoted(at(frame, "message")) or quoted(at(frame, "error"))
            raise failed(f"ended the stream ({words})")
        payload = at(frame, "payload")
        if isinstance(payload, dict):
            yield payload


def _take(payload: dict[str, Any], words: Sequence[str], heard: Heard) -> int:
    """Keep an event that is wanted, and give its moment as a cursor; 0 where it has none."""
    if str(payload.get("$type")).endswith("#info"):
        heard.events.append(payload)
        return 0
    if payload.get("collection") != _POSTS:
        return 0
    heard.posts += 1
    # Where servers have it, the moment that cursors go by.
    moment = _microseconds(payload.get("witnessedAt") or payload.get("time"))
    if payload.get("operation") == "delete":
        # Of anybody's posts: there are many, and whose they are is told by what is stored.
        kept = ("operation", "did", "rkey")
        heard.events.append({name: payload.get(name) for name in kept})
        return moment
    record = fold(json.dumps(payload.get("record"), ensure_ascii=False))
    if any(word in record for word in words):
        heard.events.append(payload)
    return moment


def _microseconds(moment: object) -> int:
    try:
        when = datetime.fromisoformat(str(moment))
        return int(when.replace(tzinfo=when.tzinfo or UTC).timestamp() * 1_000_000)
    except (OverflowError, ValueError):
        return 0
