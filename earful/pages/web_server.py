"""Serve Datasette over HTTP: which names are answered, which headers go with each page.

`server_process` runs this beside the daemon.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from config.errors import InputError, StoreError, StoreRefusedError
from earful.pages.datasette_app import datasette
from storage.store import Store

# The pages are ours alone: what a customer wrote can neither load nor send anything. Vega compiles
# its expressions, hence 'unsafe-eval'; Datasette's own pages carry scripts inline.
_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
        b"style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; "
        b"base-uri 'none'; frame-ancestors 'self'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_LOOPBACK_NAMES = {"localhost", "127.0.0.1", "[::1]"}
STOP_S = 10.0
"""So long a server may finish what it answers once it is to stop."""

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


def serve(
    store_path: Path,
    host: str,
    port: int,
    *,
    allowed_hosts: Collection[str] = (),
    ready: Callable[[str], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Serve until SIGINT, SIGTERM or `stop`; `ready` gets the address once pages are served.

    Port 0 takes a free one. On a loopback address only loopback names (and `allowed_hosts`, for a
    proxy) are answered, so that no web page elsewhere can read the store through a browser.
    InputError: the store is missing, or the address cannot be had.
    """
    check_store(store_path)
    listener = _listen(host, port)
    # A wildcard address cannot be opened; this machine's own name for it can.
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    shown = f"[{shown}]" if ":" in shown else shown
    address = f"http://{shown}:{listener.getsockname()[1]}/"
    app = _guarded(datasette(store_path).app(), _names(host, allowed_hosts))
    with listener:
        _run(app, listener, lambda: ready(address) if ready else None, stop)


def check_store(store_path: Path) -> None:
    """Raise StoreError where the store is missing, or its views are of an older Earful."""
    with Store.open(store_path, readonly=True) as store:
        try:
            store.database.connection.execute("SELECT seq FROM voice LIMIT 0")
        except StoreRefusedError as error:
            raise StoreError(
                f"{store_path}: its views are older than this Earful: run `earful process` once"
            ) from error


def _listen(host: str, port: int) -> socket.socket:
    where = f"{host}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise InputError(f"{where}: not an address to serve at: {error.strerror}") from error
    try:
        # Else a restart within a minute finds the port taken by its own past.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise InputError(
            f"{where}: cannot be served at: {(error.strerror or str(error)).lower()}; stop what "
            "uses it, or choose another port with --port or [serve] port"
        ) from error
    return listener


def _run(
    app: App,
    listener: socket.socket,
    ready: Callable[[], None],
    stop: threading.Event | None,
) -> None:
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            ready()

    server = Server(
        uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=int(STOP_S / 2)
        )
    )
    if stop is not None:

        def watch(event: threading.Event) -> None:
            event.wait()
            server.should_exit = True

        threading.Thread(target=watch, args=(stop,), daemon=True).start()
    # Once it has ended in order uvicorn raises the signal again: that must not kill us.
    with contextlib.suppress(KeyboardInterrupt), _sigterm_is_no_news():
        server.run(sockets=[listener])


@contextlib.contextmanager
def _sigterm_is_no_news() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _names(host: str, allowed: Collection[str]) -> frozenset[str] | None:
    """Name the hosts to answer as; None where the address is public and any will do."""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    return frozenset(_LOOPBACK_NAMES | {host} | set(allowed)) if local else None


def _guarded(app: App, names: frozenset[str] | None) -> App:
    async def guarded(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1").lower()
        if names is not None and re.sub(r":\d+$", "", host) not in names:
            body = b"Earful: this address is served to this machine only.\n"
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 421, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
            await send(message)

        await app(scope, receive, with_headers)

    return guarded
