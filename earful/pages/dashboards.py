"""The dashboards beside the daemon: a process of its own, begun again when it ends."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import ExitStack
from threading import Event, Lock, Thread
from time import monotonic
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

from config.errors import EarfulError
from config.settings import Settings
from earful.pages.accounts import Accounts
from earful.pages.server_process import Served, server_process
from earful.stop_signals import StopSignals

log = logging.getLogger("earful.run")

_ANSWER_WITHIN_S = 20.0
_SERVED_S = 5.0
_LOOK_S = 0.5
_IN_VAIN = 3


class Dashboards:
    """Serve the store's pages; a port that is taken costs the dashboards, never the listening."""

    def __init__(self, settings: Settings, *, any_port: bool = False) -> None:
        """With `any_port` a free one is taken where the configured one is not."""
        self._settings = settings
        self._any_port = any_port
        self._served: Served | None = None
        self._port: int | None = None
        self._running = ExitStack()
        self._lock = Lock()
        self.ended: Callable[[], object] = lambda: None
        """Called, in a thread of its own, when the process ended by itself after it had served."""

    @property
    def url(self) -> str | None:
        return self._served.url if self._served else None

    def look(self) -> None:
        """See that pages are served, and begin again where they are not.

        EarfulError says that they were not, even where they are now.
        """
        with self._lock:
            if self._served is None:
                self._start()
                return
            trouble = _trouble(self._served)
            if trouble is not None:
                self._end()
                self._start()
                raise EarfulError(f"{trouble}: they were started again at {self.url}")

    def serve(self, ready: Callable[[str], object], trouble: Callable[[str], object]) -> None:
        """Serve until SIGINT or SIGTERM; `ready` gets the address, `trouble` why it began again.

        EarfulError: they cannot be served, or end as soon as they begin.
        """
        stopping = Event()
        with StopSignals(stopping):
            try:
                self.look()
                ready(str(self.url))
                began, in_vain = monotonic(), 0
                while not stopping.wait(_LOOK_S):
                    if self._served is not None and self._served.alive():
                        continue
                    in_vain = in_vain + 1 if monotonic() - began < _SERVED_S else 0
                    try:
                        self.look()
                    except EarfulError as error:
                        if self.url is None or in_vain > _IN_VAIN:
                            raise
                        trouble(str(error))
                    began = monotonic()
            finally:
                self.stop()

    def follow(self, settings: Settings) -> None:
        """Serve by another config, where they are: the process is begun anew."""
        with self._lock:
            self._settings = settings
            if self._served is not None:
                self._end()
                self._start()

    def stop(self) -> None:
        """End the process; safe to repeat."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        self._served = None
        self._running.close()

    def _start(self) -> None:
        wanted = self._settings.serve
        # Begun again, they are where they were: an open page goes on working.
        port = self._port or wanted.port
        ports = (port, 0) if self._any_port else (port,)
        for port in ports:
            try:
                self._served = self._running.enter_context(
                    server_process(
                        self._settings.store.path,
                        wanted.host,
                        port,
                        accounts=Accounts.of(wanted, os.environ),
                        allowed_hosts=wanted.names,
                        public_url=wanted.public_url,
                        settings=self._settings,
                    )
                )
            except EarfulError:
                if port == ports[-1]:
                    raise
            else:
                self._port = urlsplit(self._served.url).port
                log.info("dashboards", extra={"url": self._served.url})
                Thread(target=self._await_end, args=(self._served,), daemon=True).start()
                return

    def _await_end(self, served: Served) -> None:
        """Take note of the process's end at once: nobody then finds a page that is not there."""
        began = monotonic()
        served.process.wait()
        # What ends as soon as it begins would be begun again and again: the next look is enough.
        if self._served is served and monotonic() - began > _SERVED_S:
            self.ended()


def _end_of(served: Served) -> str:
    code = served.process.returncode
    if code is not None and code < 0:
        return f"was killed by signal {-code}"
    return f"ended with {code}"


def _trouble(served: Served) -> str | None:
    if not served.alive():
        return f"the dashboards' process (pid {served.process.pid}) {_end_of(served)}"
    try:
        # A file of Datasette's own: whoever must sign in for the pages gets that without.
        with urlopen(f"{served.url}-/static/app.css", timeout=_ANSWER_WITHIN_S) as response:  # nosec B310 # our own http server
            response.read()
    except HTTPError:
        return None  # it answers
    except OSError as error:
        return f"the dashboards (pid {served.process.pid}) did not answer: {error}"
    return None
