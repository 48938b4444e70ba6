"""SIGTERM and SIGINT as a wish to stop, once; a second one, later, kills as usual."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

# Signals that come so shortly after each other are one wish to stop.
_SAME_STOP_S = 1.0


class StopSignals:
    """SIGTERM and SIGINT set an event while the block runs; a later second one kills as usual.

    One stop may come twice at once: `timeout` and some shells send it to the process and to its
    group.
    """

    def __init__(self, event: threading.Event, reload: Callable[[], object] | None = None) -> None:
        """With `reload`, SIGHUP calls that; where it says that the terminal is gone, it stops."""
        self._event = event
        self._reload = reload
        self._has_terminal = _terminal()
        self._first_at = 0.0
        self._before: dict[int, object] = {}

    def __enter__(self) -> None:
        # Only the main thread may set handlers; a daemon in a test's thread is stopped by `stop`.
        with suppress(ValueError):
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._handle)
            # Windows has none.
            if self._reload is not None and hasattr(signal, "SIGHUP"):
                self._before[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._hang_up)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        # By the time and not by the event: the second one may come while the first is setting it.
        if not self._first_at:
            self._first_at = time.monotonic()
            self._event.set()
        elif time.monotonic() - self._first_at > _SAME_STOP_S:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    def _hang_up(self, number: int, frame: FrameType | None) -> None:
        if self._has_terminal and not _terminal():
            self._event.set()
        elif self._reload is not None:
            self._reload()

    def __exit__(self, *details: object) -> None:
        # Who was asked to stop ends now. The same wish may be on its way still, and the handlers
        # from before would let it kill what ends in order.
        if self._first_at:
            return
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]


def _terminal() -> bool:
    """Tell whether this process has a terminal, which sends SIGHUP too when it is closed."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
