"""`[ops] listen`: whether the daemon is healthy and ready, and its metrics, over HTTP."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6, socket
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from earful.http_serving import address_of, listen_at

log = logging.getLogger("earful.ops")

Check = Callable[[], Mapping[str, str]]
"""Gives what is not as it should be, by its name; nothing means all is well."""

_READS_WITHIN_S = 10.0
# Scrapers are few; who opens more connections waits in line.
_AT_ONCE = 8


class OpsServer:
    """Answers GET /healthz, /readyz and /metrics until it is stopped; in threads of its own."""

    def __init__(
        self, place: tuple[str, int], registry: CollectorRegistry, *, healthy: Check, ready: Check
    ) -> None:
        """Take the place at once: InputError says that it cannot be had."""
        host, port = place
        listener = listen_at(host, port, "[ops] listen")
        self.url = address_of(host, listener)
        self._server = _Server(listener, _handler(registry, healthy, ready))
        self._thread = threading.Thread(target=self._serve, name="ops", daemon=True)

    def start(self) -> None:
        self._thread.start()
        log.info("metrics", extra={"url": f"{self.url}metrics"})

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.2)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, listener: socket, handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = AF_INET6 if listener.family == AF_INET6 else listener.family
        super().__init__(listener.getsockname()[:2], handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self._slots = threading.BoundedSemaphore(_AT_ONCE)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._slots.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Whoever hung up in the middle is no news; the next scrape comes anyway.
        log.debug("a request of %s failed", client_address, exc_info=True)


def _handler(
    registry: CollectorRegistry, healthy: Check, ready: Check
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _READS_WITHIN_S
        server_version, sys_version = "earful", ""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                generate, kind = choose_encoder(self.headers.get("Accept") or "")
                self._say(200, generate(registry), kind)
            elif path in ("/healthz", "/readyz"):
                wrong = (healthy if path == "/healthz" else ready)()
                said = "".join(f"{name}: {what}\n" for name, what in wrong.items()) or "ok\n"
                self._say(503 if wrong else 200, said.encode(), "text/plain; charset=utf-8")
            else:
                known = b"/healthz, /readyz and /metrics are what there is\n"
                self._say(404, known, "text/plain; charset=utf-8")

        do_HEAD = do_GET  # noqa: N815 - the server's name for it

        def _say(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Keep scrapes out of the log."""

    return Handler
