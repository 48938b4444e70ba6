"""Datasette on the store: read-only, live, and without any request to the internet.

`serve` runs it in this process; `server_process` runs it beside the daemon, which must not wait
for people's queries.
"""

from __future__ import annotations

import contextlib
import importlib
import ipaddress
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.errors import EarfulError, InputError, StoreError, StoreRefusedError
from storage.connection import address
from storage.faults import fault
from storage.store import Store

if TYPE_CHECKING:
    from datasette.app import Datasette

DATABASE = "earful"
# Sized for a million mentions. A query that runs longer is cut off, so that no reader holds the
# write-ahead log back for more than a few seconds.
SETTINGS: dict[str, int | bool] = {
    "sql_time_limit_ms": 10_000,
    "facet_time_limit_ms": 700,
    "suggest_facets": False,
    "max_returned_rows": 5000,
    "default_page_size": 50,
    "truncate_cells_html": 600,
    "max_csv_mb": 200,
    "num_sql_threads": 4,
    "default_cache_ttl": 0,
    "allow_download": False,
}
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
# Counting all rows is only a figure in a page's title: the page must not wait long for it.
_COUNT_MS = 1000
_LOOPBACK_NAMES = {"localhost", "127.0.0.1", "[::1]"}
_START_S = 60.0
_STOP_S = 10.0

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
    _check(store_path)
    listener = _listen(host, port)
    # A wildcard address cannot be opened; this machine's own name for it can.
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    shown = f"[{shown}]" if ":" in shown else shown
    address = f"http://{shown}:{listener.getsockname()[1]}/"
    app = _guarded(datasette(store_path).app(), _names(host, allowed_hosts))
    with listener:
        _run(app, listener, lambda: ready(address) if ready else None, stop)


def datasette(store_path: Path) -> Datasette:
    """Make the Datasette instance; its database is named `earful` whatever the file's name."""
    from datasette.app import Datasette
    from datasette.database import Database
    from datasette.views.base import DatasetteError

    # With rich at hand Datasette prints every local variable of a failed query, customers' words
    # included, on stdout. (Imported before `datasette.app`, that module would not be registered.)
    vars(importlib.import_module("datasette.handle_exception"))["rich"] = None

    class ReadOnlyDatabase(Database):  # type: ignore[misc]
        def connect(self, write: bool = False) -> sqlite3.Connection:
            if write:
                raise StoreError(f"{store_path}: is served read-only")
            connection = sqlite3.connect(
                # Datasette's own address breaks at `#`, `?` and `%` in a path.
                address(store_path, "ro"),
                uri=True,
                check_same_thread=False,
            )
            connection.execute("PRAGMA query_only = 1")
            _add_sqrt(connection)
            self._all_file_connections.append(connection)
            return connection

        async def execute(
            self, sql: str, params: Any = None, *, custom_time_limit: int | None = None, **how: Any
        ) -> Any:
            if sql.startswith("select count(*) from "):
                custom_time_limit = min(custom_time_limit or _COUNT_MS, _COUNT_MS)
            return await super().execute(sql, params, custom_time_limit=custom_time_limit, **how)

        async def execute_fn(self, fn: Any) -> Any:
            try:
                return await super().execute_fn(fn)
            except sqlite3.Error as error:
                found = fault(store_path, error)
                writes = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY
                if writes or isinstance(found, StoreRefusedError):
                    raise  # the asker's own SQL: Datasette says so
                # Not the folders above the store: a page may be public.
                told = str(found).replace(str(store_path), store_path.name)
                raise DatasetteError(told, "The store cannot be read", status=503) from error

    rooms = resources.files("storage")
    made = Datasette(
        [],
        metadata=metadata(),
        template_dir=str(rooms / "datasette" / "templates"),
        static_mounts=[("assets", str(rooms / "datasette" / "static"))],
        settings=dict(SETTINGS),
    )
    made.remove_database("_memory")
    made.add_database(ReadOnlyDatabase(made, path=str(store_path), is_mutable=True), name=DATABASE)
    return made


def metadata() -> dict[str, Any]:
    """Read `storage/datasette.yml` and fill in its shared pieces of SQL."""
    import yaml

    text = resources.files("storage").joinpath("datasette.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    fragments: dict[str, str] = found.pop("fragments")

    def fill(sql: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda match: fill(fragments[match[1]]), sql)

    for query in found["databases"][DATABASE]["queries"].values():
        query["sql"] = fill(query["sql"])
    for dashboard in found["plugins"]["datasette-dashboards"].values():
        for chart in dashboard["charts"].values():
            chart["query"] = fill(chart["query"])
    return found


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: where it is, and its process."""

    url: str
    process: subprocess.Popen[str]

    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """Let it finish what it answers, then end it; safe to repeat."""
        with contextlib.suppress(OSError):
            self.process.terminate()
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()


@contextlib.contextmanager
def server_process(
    store_path: Path,
    host: str,
    port: int,
    *,
    allowed_hosts: Collection[str] = (),
) -> Iterator[Served]:
    """Run `serve` in a process of its own; it ends with the block, or with this process.

    Raises what `serve` raises, before the block begins.
    """
    _check(store_path)
    command = [sys.executable, "-m", "earful.pages.serve", str(store_path), host, str(port)]
    process = subprocess.Popen(
        [*command, *allowed_hosts],
        # Its end of the pipe closes when this process dies, however it dies.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        # Ctrl-C is ours to pass on, in order.
        start_new_session=True,
    )
    served = Served(url="", process=process)
    too_slow = threading.Timer(_START_S, process.kill)
    too_slow.start()
    try:
        assert process.stdout is not None
        word, _, rest = process.stdout.readline().strip().partition(" ")
        too_slow.cancel()
        if word == "refused":
            raise InputError(rest)
        if word != "ready":
            reason = rest or f"it ended with {process.wait()} before it served a page"
            raise EarfulError(f"dashboards at {host}:{port}: cannot be served: {reason}")
        yield Served(url=rest, process=process)
    finally:
        too_slow.cancel()
        served.stop()


def _check(store_path: Path) -> None:
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
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=int(_STOP_S / 2)
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


def _add_sqrt(connection: sqlite3.Connection) -> None:
    """Control limits need it; some builds of SQLite come without mathematics."""
    try:
        connection.execute("SELECT sqrt(4.0)")
    except sqlite3.OperationalError:
        connection.create_function(
            "sqrt",
            1,
            lambda value: None if value is None or value < 0 else value**0.5,
            deterministic=True,
        )


def _main(arguments: list[str]) -> int:
    """Serve beside a parent: one line on stdout tells it the address, or what is wrong."""
    store_path, host, port, *allowed = arguments
    orphaned = threading.Event()

    def watch_parent() -> None:
        # Not through sys.stdin: its lock, held by a waiting reader, aborts Python's own exit.
        while os.read(0, 1):
            pass
        orphaned.set()

    def say_ready(url: str) -> None:
        print(f"ready {url}", flush=True)
        # Nobody reads this pipe any more: what a library prints must not fill it.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    threading.Thread(target=watch_parent, daemon=True).start()
    try:
        serve(
            Path(store_path),
            host,
            int(port),
            allowed_hosts=allowed,
            ready=say_ready,
            stop=orphaned,
        )
    except EarfulError as error:
        print(f"{'refused' if error.exit_code == 2 else 'failed'} {error}", flush=True)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
