"""Serve Datasette over HTTP, behind the guard.

`server_process` runs this in a process of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from pathlib import Path

from config.errors import StoreError, StoreRefusedError
from earful.http_serving import App, Message, Receive, Send, address_of, listen_at, run_app
from earful.pages.accounts import NOBODY, Accounts, check_reach
from earful.pages.csv_files import with_whole_files
from earful.pages.datasette_app import datasette
from earful.pages.front.page_desk import DESK_KEY, Desk
from earful.pages.gate import Gate
from earful.pages.guard import Hosts, guarded
from storage.store import Store


def serve(
    store_path: Path,
    host: str,
    port: int,
    *,
    accounts: Accounts = NOBODY,
    allowed_hosts: Collection[str] = (),
    public_url: str | None = None,
    settings: bytes | None = None,
    ready: Callable[[str], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Serve until SIGINT, SIGTERM or `stop`; `ready` gets the address once pages are served.

    Port 0 takes a free one. Only loopback names, the address itself and `allowed_hosts` are
    answered, so that no web page elsewhere can read the store through a browser. A change on a
    page is judged by pickled `settings`; without them nothing can be changed. InputError: the
    store is missing, the address cannot be had, or others could reach it without a password.
    """
    check_reach(host, accounts)
    check_store(store_path)
    listener = listen_at(host, port, "--port or [serve] port")
    address = address_of(host, listener)
    app = guarded(
        _with_desk(with_whole_files(datasette(store_path).app()), store_path, settings),
        Gate(store_path, accounts),
        Hosts(host, allowed_hosts),
        public_url,
    )
    with listener:
        run_app(app, listener, lambda: ready(address) if ready else None, stop)


def _with_desk(app: App, store_path: Path, settings: bytes | None) -> App:
    """Give each request the desk at which a page is changed, where there can be one."""
    if settings is None:
        return app
    desk = Desk(store_path, settings)

    async def with_desk(scope: Message, receive: Receive, send: Send) -> None:
        await app({**scope, DESK_KEY: desk}, receive, send)

    return with_desk


def check_store(store_path: Path) -> None:
    """Raise StoreError where the store is missing, or its views are of an older Earful."""
    with Store.open(store_path, readonly=True) as store:
        try:
            store.database.connection.execute("SELECT seq FROM voice LIMIT 0")
        except StoreRefusedError as error:
            raise StoreError(
                f"{store_path}: its views are older than this Earful: run `earful process` once"
            ) from error
