"""A write-ahead log that stays short beside readers who never all stop.

SQLite writes the log anew from its beginning only while nobody reads from it. Who writes cannot
wait for that: a crawl would stand still behind a manager's slow query. So whoever commits tries it
without waiting, and the pages, whose queries end after a few seconds, begin none while the log is
long: the next commit finds it free. Programs of somebody else know nothing of this; for them a
writer waits, once the log is four times as long.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from config.errors import StoreError
from storage.connection import Connection

LONGEST_LOG = 64 * 1024 * 1024
"""Bytes from which on a log is too long."""
LOG_PATIENCE_S = 6.0
"""How long readers are waited for, and wait themselves: a page's query ends before."""
# A writer that waits holds up all others.
_WAITED_FOR = 4


class LogShortener:
    """Shortens the log of one writer's store after its commits."""

    def __init__(self, connection: Connection, patience_s: float) -> None:
        """`patience_s` is how long the connection waits for other processes with all else."""
        self._connection = connection
        self._patience_s = patience_s
        self._waits_from: int | None = None

    def look(self) -> None:
        """Have a long log begin anew; wait for its readers only where it has grown far longer.

        Where somebody reads on and on, such as an export, that is tried again at twice the length.
        """
        length = _length(self._connection.path)
        if length < LONGEST_LOG:
            self._waits_from = None
            return
        waits_from = self._waits_from or _WAITED_FOR * LONGEST_LOG
        waits = length >= waits_from
        busy = self._begin_anew(LOG_PATIENCE_S if waits else 0.0)
        if waits:
            self._waits_from = 2 * length if busy else None

    def _begin_anew(self, patience_s: float) -> bool:
        """Tell whether somebody kept the log from it for so long."""
        self._wait_for_others(patience_s)
        try:
            with suppress(StoreError):  # what was written is committed
                found = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                return bool(found[0])
            return True
        finally:
            self._wait_for_others(self._patience_s)

    def _wait_for_others(self, seconds: float) -> None:
        self._connection.execute(f"PRAGMA busy_timeout = {round(1000 * seconds)}")


class LogGate:
    """Tells the pages of one process whether they may begin to read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._closed_at: float | None = None
        self._closes_from = LONGEST_LOG

    def is_open(self) -> bool:
        """Tell whether the log is short, or was waited for in vain: then till it is twice as long.

        Whoever asks asks again after a moment, and does not read before.
        """
        length = _length(self._path)
        if length < LONGEST_LOG:
            self._closes_from = LONGEST_LOG
        if length < self._closes_from:
            self._closed_at = None
            return True
        now = time.monotonic()
        if self._closed_at is None:
            self._closed_at = now
        if now - self._closed_at < LOG_PATIENCE_S:
            return False
        # Nobody writes any more, or somebody else reads.
        self._closes_from, self._closed_at = 2 * length, None
        return True


def _length(path: Path) -> int:
    with suppress(OSError):
        return Path(f"{path}-wal").stat().st_size
    return 0
