"""Serve an application over HTTP until it is to stop: at which address, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from config.errors import InputError

STOP_S = 10.0
"""So long a server may finish what it answers once it is to stop."""

HEALTHY = {"healthy": True, "what": "earful webhook"}
"""What the webhook answers to `GET /health`."""

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


def listen_at(host: str, port: int, otherwise: str) -> socket.socket:
    """Take an address, port 0 a free one; InputError ends with what to do `otherwise`."""
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
            f"uses it, or choose another port with {otherwise}"
        ) from error
    return listener


def address_of(host: str, listener: socket.socket) -> str:
    """Give the address of a server as this machine can open it."""
    # A wildcard address cannot be opened; this machine's own name for it can.
    loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}
    shown = loopback.get(host, host)
    shown = f"[{shown}]" if ":" in shown else shown
    return f"http://{shown}:{listener.getsockname()[1]}/"


def run_app(
    app: App,
    listener: socket.socket,
    ready: Callable[[], None],
    stop: threading.Event | None,
    *,
    protocol: type[asyncio.Protocol] | None = None,
    log_level: str = "warning",
) -> None:
    """Serve until SIGINT, SIGTERM or `stop`; `protocol` is what speaks HTTP, uvicorn's if none."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            ready()

    server = Server(
        uvicorn.Config(
            app,
            http=protocol or "auto",
            log_level=log_level,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=int(STOP_S / 2),
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


def gone_with_parent() -> threading.Event:
    """Give an event that is set once the other end of stdin closes: the parent is gone."""
    orphaned = threading.Event()

    def watch() -> None:
        # Not through sys.stdin: its lock, held by a waiting reader, aborts Python's own exit.
        while os.read(0, 1):
            pass
        orphaned.set()

    threading.Thread(target=watch, daemon=True).start()
    return orphaned


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
