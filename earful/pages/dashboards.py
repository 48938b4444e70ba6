"""The dashboards beside the daemon: a process of its own, begun again when it ends."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from threading import Lock
from urllib.error import HTTPError
from urllib.request import urlopen

from config.errors import EarfulError
from config.settings import Settings
from earful.pages.server_process import Served, server_process

log = logging.getLogger("earful.run")

_ANSWER_WITHIN_S = 20.0


class Dashboards:
    """Serve the store's pages; a port that is taken costs the dashboards, never the listening."""

    def __init__(self, settings: Settings, *, any_port: bool = False) -> None:
        """With `any_port` a free one is taken where the configured one is not."""
        self._settings = settings
        self._any_port = any_port
        self._served: Served | None = None
        self._running = ExitStack()
        self._lock = Lock()

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

    def stop(self) -> None:
        """End the process; safe to repeat."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        self._served = None
        self._running.close()

    def _start(self) -> None:
        wanted = self._settings.serve
        ports = (wanted.port, 0) if self._any_port else (wanted.port,)
        for port in ports:
            try:
                self._served = self._running.enter_context(
                    server_process(self._settings.store.path, wanted.host, port)
                )
            except EarfulError:
                if port == ports[-1]:
                    raise
            else:
                log.info("dashboards", extra={"url": self._served.url})
                return


def _trouble(served: Served) -> str | None:
    if not served.alive():
        return (
            f"the dashboards' process (pid {served.process.pid}) ended with "
            f"{served.process.returncode}"
        )
    try:
        with urlopen(f"{served.url}-/versions.json", timeout=_ANSWER_WITHIN_S) as response:
            response.read()
    except HTTPError:
        return None  # it answers
    except OSError as error:
        return f"the dashboards (pid {served.process.pid}) did not answer: {error}"
    return None
