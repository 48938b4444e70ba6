"""Turns at sources that count by address: one crawl at a time, and a pause before the next."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_TICK_S = 0.25


class Turn:
    """One crawl's turn; `pause_s` is for how long nobody else may begin after it."""

    def __init__(self) -> None:
        self.pause_s = 0.0


class Turns:
    """Who may ask a source now, among the threads of this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._locks: dict[str, threading.Lock] = {}
        self._free_at: dict[str, float] = {}

    @contextmanager
    def taken(self, name: str, stop: threading.Event) -> Iterator[Turn]:
        """Wait until the one before is done and its pause over; `stop` ends the waiting."""
        lock, turn, is_ours = self._locks.setdefault(name, threading.Lock()), Turn(), False
        while not is_ours and not stop.is_set():
            is_ours = lock.acquire(timeout=_TICK_S)
        try:
            if is_ours and (pause := self._free_at.get(name, 0.0) - self._clock()) > 0:
                stop.wait(pause)
            yield turn
        finally:
            if is_ours:
                self._free_at[name] = self._clock() + turn.pause_s
                lock.release()
