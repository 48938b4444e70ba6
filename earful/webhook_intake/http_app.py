"""The webhook over HTTP: what is refused unread, how much is read, and how many at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from uvicorn.protocols.http.h11_impl import H11Protocol

from config.settings import DoorSettings
from earful.http_serving import HEALTHY, Message, Receive, Send
from earful.webhook_intake.intake import Answer
from earful.webhook_intake.signatures import SignatureError, check_standard_headers

MAX_BODY = 5_000_000
_PATH = "/webhook/"
# Deliveries are stored one after the other; who would wait behind more is asked to come again.
_MOST_WAITING = 16
_BUSY_FOR_S = 5
# So much of a body that is refused is still read, so that its sender gets to read the answer.
_DRAINED = 4 * MAX_BODY

Take = Callable[[str, Mapping[str, str], bytes], Answer]
Heard = Callable[[str, Answer], object]


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 whose clients have a bounded time for a request, and a bounded number of places.

    Slow clients hold nobody up: where all places are taken, the one that has been sending for
    longest loses its own.
    """

    read_s = 20.0
    places = 32

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.began = self.loop.time()
        self._deadline = self.loop.call_later(self.read_s, self._end_if_sending)
        if len(self.connections) > self.places:
            sending = [
                one for one in self.connections
                if isinstance(one, BoundedProtocol) and one.is_sending
            ]  # fmt: skip
            min(sending, key=lambda one: one.began).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        super().connection_lost(exc)

    @property
    def is_sending(self) -> bool:
        return self.cycle is None or self.cycle.more_body

    def _end_if_sending(self) -> None:
        if self.is_sending:
            self.transport.abort()


class WebhookApp:
    """The ASGI application: `POST /webhook/NAME` and `GET /health`."""

    def __init__(
        self,
        doors: Mapping[str, DoorSettings],
        take: Take,
        heard: Heard,
        clock: Callable[[], datetime],
    ) -> None:
        """`take` stores a delivery, in a thread of its own; `heard` gets what each came to."""
        self._doors, self._take, self._heard, self._clock = doors, take, heard, clock
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="intake")
        self._waiting = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"{scope['type']} is not spoken here")
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        name = scope["path"].removeprefix(_PATH)
        if scope["path"] == "/health" and scope["method"] == "GET":
            await _send(send, Answer(200, HEALTHY))
            return
        if refused := self._refusal(scope, name, headers):
            if headers.get("expect", "").lower() != "100-continue":
                await _drain(receive)
            await _send(send, refused)
            return
        self._waiting += 1
        try:
            body, whole = await _read(receive)
            if body is None:
                return  # its sender is gone
            if len(body) > MAX_BODY:
                if not whole:
                    await _drain(receive)
                answer = _too_long()
            else:
                answer = await asyncio.get_running_loop().run_in_executor(
                    self._worker, self._work, name, headers, body
                )
        finally:
            self._waiting -= 1
        await _send(send, answer)

    def _work(self, name: str, headers: Mapping[str, str], body: bytes) -> Answer:
        answer = self._take(name, headers, body)
        # Here, not after the answer: whoever takes no answer has been stored all the same.
        self._heard(name, answer)
        return answer

    def _refusal(self, scope: Message, name: str, headers: Mapping[str, str]) -> Answer | None:
        """Refuse what needs no reading of its body."""
        door = self._doors.get(name) if scope["path"].startswith(_PATH) else None
        if door is None:
            return Answer(404, {"error": "no such door: it is POST /webhook/NAME"})
        if scope["method"] != "POST":
            return Answer(405, {"error": "send it by POST"})
        if headers.get("content-encoding", "identity").lower() != "identity":
            return Answer(415, {"error": "send the body unpacked"})
        length = headers.get("content-length", "")
        if length.isdigit() and int(length[:20]) > MAX_BODY:
            return _too_long()
        try:
            if door.signature == "standard":
                check_standard_headers(headers, self._clock())
        except SignatureError as error:
            answer = Answer(401, {"error": str(error)})
            self._heard(name, answer)
            return answer
        if self._waiting >= _MOST_WAITING:
            return Answer(
                503, {"error": "many deliveries are waiting: send it again"}, _BUSY_FOR_S
            )
        return None


async def _read(receive: Receive) -> tuple[bytes | None, bool]:
    """Read a body, of one that is too long a little more than the most, and say if it is whole.

    None where its sender goes away.
    """
    body = bytearray()
    while len(body) <= MAX_BODY:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None, False
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body), True
    return bytes(body), False


async def _drain(receive: Receive) -> None:
    read = 0
    while read <= _DRAINED:
        message = await receive()
        read += len(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return


def _too_long() -> Answer:
    return Answer(413, {"error": f"the body has more than {MAX_BODY:,} bytes: send it in parts"})


async def _send(send: Send, answer: Answer) -> None:
    body = json.dumps(answer.body, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        # One request a connection: its time is counted from the connection's beginning.
        (b"connection", b"close"),
    ]
    if answer.status == 405:
        headers.append((b"allow", b"POST"))
    if answer.retry_after_s is not None:
        headers.append((b"retry-after", str(answer.retry_after_s).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
