"""What every fake source is: a server on this machine that may fail in each way a server can."""

from __future__ import annotations

import contextlib
import json
import random
import select
import socket
import struct
import threading
from abc import ABC, abstractmethod
from base64 import b64decode
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from storage.models import AlertKind, NewAlert
from tests.alerts.fake_slack import Fault
from tests.waiting import wait_for

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    several: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def bearer(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    @property
    def basic(self) -> str:
        return b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()


@dataclass(frozen=True)
class Said:
    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class FakeSource(ABC):
    """One source. `standing` are the words of the replies that it shows, by what they answer."""

    source: ClassVar[str]
    # What the config says of it beside `source` and `base_url`.
    options: ClassVar[Mapping[str, Any]]
    environment: ClassVar[Mapping[str, str]]

    def __init__(self) -> None:
        self.writes: list[Asked] = []
        self.asked: list[Asked] = []
        self.revoked = False
        self._faults: deque[Fault] = deque()
        self._look_faults: deque[Fault] = deque()
        self._chaos: Callable[[], Fault | None] = lambda: None
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def entry(self) -> dict[str, Any]:
        """Give the source's table of `earful.toml`."""
        return {"source": self.source, "base_url": self.url, **self.options}

    def fail(self, *faults: Fault) -> None:
        """Fail the next writes, one by one."""
        self._faults.extend(faults)

    def fail_looks(self, *faults: Fault) -> None:
        """Fail the next requests that write nothing."""
        self._look_faults.extend(faults)

    def chaos(self, seed: int, share: float, hang_s: float) -> None:
        """Fail at random, whatever is asked."""
        rng = random.Random(seed)

        def fault() -> Fault | None:
            if rng.random() >= share:
                return None
            posts = rng.random() < 0.5
            return rng.choice(
                [
                    Fault.rate_limited(1),
                    Fault.http(500, posts=posts),
                    Fault.http(503, posts=posts),
                    Fault.hang(hang_s, posts=posts),
                    Fault.cut(posts=posts),
                    Fault.half(posts=posts),
                ]
            )

        self._chaos = fault

    def wait(self) -> None:
        """Return when nothing is under way: what a broken request still posts stands there."""
        wait_for(self._server.idle)

    @abstractmethod
    def mention(self, number: int) -> dict[str, Any]:
        """Give what a mention of this source is known by: native_id, url, author."""

    @abstractmethod
    def answer(self, asked: Asked) -> Said:
        """Answer as the source does."""

    @abstractmethod
    def standing(self) -> Counter[str]:
        """Give the words of all replies that stand, each as often as it stands."""

    def is_write(self, asked: Asked) -> bool:
        return asked.method in ("POST", "PUT")

    def reply(self, number: int = 1, text: str | None = None) -> NewAlert:
        """Make the row of a reply to the mention of that number."""
        via = f"source:{self.source}"
        mention = self.mention(number)
        return NewAlert(
            dedupe_key=f"reply:{self.source}:{number}",
            kind=AlertKind.REPLY,
            brand="Acme Air",
            channel=via,
            via=via,
            created_at=NOW,
            payload={
                "text": text or f"We are sorry & look into it <today>, number {number}.",
                "mention_id": f"{self.source}:{mention['native_id']}",
                "source": self.source,
                "brand": "Acme Air",
                **mention,
            },
        )

    def handle(self, asked: Asked) -> tuple[Fault | None, Callable[[], Said]]:
        """Give the fault that meets a request, if one does, and what carries it out."""
        with self._lock:
            writes = self.is_write(asked)
            waiting = self._faults if writes else self._look_faults
            fault = waiting.popleft() if waiting else self._chaos()
            self.asked.append(asked)
            if fault is not None and not writes:
                fault = replace(fault, posts=False)
        return fault, lambda: self._carried_out(asked, writes=writes)

    def _carried_out(self, asked: Asked, *, writes: bool) -> Said:
        with self._lock:
            said = self.answer(asked)
            if writes and said.status < 300:
                self.writes.append(asked)
            return said


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._taking = threading.Lock()
        self._under_way = 0

    def get_request(self) -> tuple[Any, Any]:
        with self._taking:
            taken = super().get_request()
            self._under_way += 1
        return taken

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._taking:
            self._under_way -= 1

    def idle(self) -> bool:
        with self._taking:
            return not self._under_way and not select.select([self.socket], [], [], 0)[0]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away: killing them is what the tests do."""


def _handler(source: FakeSource) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            parts = urlsplit(self.path)
            asked = Asked(
                self.command,
                unquote(parts.path),
                dict(parse_qsl(parts.query)),
                dict(self.headers.items()),
                self._body(),
                parse_qs(parts.query),
            )
            fault, carry_out = source.handle(asked)
            if fault is None:
                self._send(carry_out())
            else:
                self._fail(fault, carry_out)

        do_GET = do_PUT = do_POST  # noqa: N815 - the names http.server calls

        def _body(self) -> Any:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if (self.headers.get("Content-Type") or "").startswith("application/json"):
                return json.loads(body)
            return dict(parse_qsl(body.decode()))

        def _fail(self, fault: Fault, carry_out: Callable[[], Said]) -> None:
            if fault.delay:
                # A client that gives up closes its end, which can then be read.
                select.select([self.connection], [], [], fault.delay)
            said = carry_out() if fault.posts else Said(200, {"ok": True})
            if fault.kind == "answer":
                wait = {"Retry-After": f"{fault.retry_after or 1:g}"}
                self._send(Said(fault.status, {"error": fault.error}, wait))
            elif fault.kind == "page":
                self._send(Said(fault.status, "<html>Something went wrong</html>"))
            elif fault.kind == "half":
                body = json.dumps(said.body).encode()
                self.send_response(said.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body) + 100))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2])
                self._reset()
            else:
                self._reset()

        def _send(self, said: Said) -> None:
            page = isinstance(said.body, str)
            body = said.body.encode() if page else json.dumps(said.body).encode()
            body = b"" if said.body is None else body
            self.send_response(said.status)
            self.send_header("Content-Type", "text/html" if page else "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _reset(self) -> None:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.wfile.flush()
                linger = struct.pack("ii", 1, 0)  # close with RST, as a dying proxy does
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, *_: object) -> None:
            """Write no log."""

    return Handler
