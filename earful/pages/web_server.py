"""Serve Datasette over HTTP: which names are answered, which headers go with each page.

`server_process` runs this beside the daemon.
"""

from __future__ import annotations

import ipaddress
import re
import threading
from collections.abc import Callable, Collection
from pathlib import Path

from config.errors import StoreError, StoreRefusedError
from earful.http_serving import App, Message, Receive, Send, address_of, listen_at, run_app
from earful.pages.csv_files import with_whole_files
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
    listener = listen_at(host, port, "--port or [serve] port")
    address = address_of(host, listener)
    app = _guarded(with_whole_files(datasette(store_path).app()), _names(host, allowed_hosts))
    with listener:
        run_app(app, listener, lambda: ready(address) if ready else None, stop)


def check_store(store_path: Path) -> None:
    """Raise StoreError where the store is missing, or its views are of an older Earful."""
    with Store.open(store_path, readonly=True) as store:
        try:
            store.database.connection.execute("SELECT seq FROM voice LIMIT 0")
        except StoreRefusedError as error:
            raise StoreError(
                f"{store_path}: its views are older than this Earful: run `earful process` once"
            ) from error


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
