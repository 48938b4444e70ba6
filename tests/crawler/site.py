"""A real HTTP server in a thread that answers as it is told to; for any test that needs one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request that the site got."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    at: float
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """An answer; `sent` bytes of it are sent before the connection is cut, None: all."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    sent: int | None = None


Answer = Reply | Callable[[Asked], Reply]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Hundreds of crawls connect at once: with the library's 5 the kernel drops most, and each
    # then takes a minute's timeout and a retry that the test counts.
    request_queue_size = 1024


class Site:
    """Routes are prefixes of paths, the longest wins; scripted replies end with the last one."""

    def __init__(self, port: int = 0) -> None:
        self.requests: list[Asked] = []
        self._routes: dict[str, list[Answer]] = {}
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def on(self, prefix: str, *answers: Answer) -> None:
        """Answer requests under a path with each of these in turn, then with the last."""
        self._routes[prefix] = list(answers)

    def asked(self, prefix: str = "/") -> list[Asked]:
        return [request for request in self.requests if request.path.startswith(prefix)]

    def serve(self) -> None:
        self._server.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, asked: Asked) -> Reply:
        with self._lock:
            self.requests.append(asked)
            matching = [prefix for prefix in self._routes if asked.path.startswith(prefix)]
            if not matching:
                return Reply(b"nothing here", 404, {"Content-Type": "text/plain"})
            script = self._routes[max(matching, key=len)]
            answer = script.pop(0) if len(script) > 1 else script[0]
        return answer(asked) if callable(answer) else answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                headers = dict(self.headers.items())
                asked = Asked(parts.path, query, headers, time.monotonic(), sent)
                reply = site._answer(asked)
                if reply.delay:
                    time.sleep(reply.delay)
                try:
                    self.send_response(reply.status)
                    for name, value in reply.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(reply.body)))
                    self.end_headers()
                    self.wfile.write(reply.body[: reply.sent])
                    if reply.sent is not None:
                        self.close_connection = True
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            do_POST = do_GET  # noqa: N815 - the server's name for it

            def log_message(self, *args: object) -> None:
                """Keep the test's output to the test."""

        return Handler


@contextmanager
def running_site(port: int = 0) -> Iterator[Site]:
    site = Site(port)
    thread = threading.Thread(target=site.serve, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.close()
        thread.join()
