"""A thread that works when woken, and sleeps in between."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

log = logging.getLogger("earful.daemon")


class WorkerThread(threading.Thread):
    """Runs `run` until ended.

    `run` counts its own failures (`failing.Failing`) and gives the seconds until it wants to run
    again, None for no wish; without a wake-up it runs every `idle`.
    """

    def __init__(self, name: str, run: Callable[[], float | None], idle: timedelta) -> None:
        super().__init__(name=name, daemon=True)
        self._run_once = run
        self._idle_s = idle.total_seconds()
        self._awake = threading.Event()
        self._ended = False

    def wake(self) -> None:
        self._awake.set()

    def end(self) -> None:
        """Ask the thread to end once what it is doing is done."""
        self._ended = True
        self._awake.set()

    def run(self) -> None:
        while not self._ended:
            wait = None
            try:
                wait = self._run_once()
            except Exception:
                # A failure that could not even be counted must not end the thread either.
                log.exception("%s failed; it is tried again", self.name)
            self._awake.wait(self._idle_s if wait is None else min(wait, self._idle_s))
            self._awake.clear()
