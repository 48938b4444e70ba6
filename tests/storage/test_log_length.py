"""Readers that never all stop do not let the write-ahead log grow without end."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import log_length
from storage.models import Mention
from storage.store import Store

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
BATCH, BATCHES = 50, 60
LONGEST = 256 * 1024


class Relay:
    """Two readers, one of which always holds a snapshot: each goes on once the other has begun."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turns = [threading.Semaphore(1), threading.Semaphore(0)]
        self._stopped = threading.Event()
        self.begun = threading.Event()
        self.snapshots = 0
        self._threads = [threading.Thread(target=self._read, args=(each,)) for each in (0, 1)]

    def __enter__(self) -> Relay:
        for thread in self._threads:
            thread.start()
        assert self.begun.wait(30)
        return self

    def __exit__(self, *details: object) -> None:
        self._stopped.set()
        for turn in self._turns:
            turn.release()
        for thread in self._threads:
            thread.join(30)

    def _read(self, each: int) -> None:
        with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)) as connection:
            connection.isolation_level = None
            while not self._stopped.is_set():
                self._turns[each].acquire()
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM mentions").fetchone()
                self.snapshots += 1
                self._turns[1 - each].release()
                self._turns[each].acquire()
                connection.execute("COMMIT")
                self._turns[each].release()
                self.begun.set()


def longest_log(path: Path) -> int:
    longest = 0
    with Store.open(path, migrate=True) as store, Relay(path):
        for batch in range(BATCHES):
            store.mentions.save(
                [
                    Mention(
                        brand="A", source="s", native_id=f"{batch}-{one}",
                        text=f"{one} words of {batch}. " * 20, created_at=NOW, fetched_at=NOW,
                    )
                    for one in range(BATCH)
                ]
            )  # fmt: skip
            longest = max(longest, Path(f"{path}-wal").stat().st_size)
        assert store.mentions.count() == BATCH * BATCHES
    return longest


def test_the_log_stays_short_beside_readers_that_overlap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As long as it takes: these readers leave SQLite no moment to begin it anew.
    assert longest_log(tmp_path / "long.db") > 16 * LONGEST
    monkeypatch.setattr(log_length, "LONGEST_LOG", LONGEST)
    assert longest_log(tmp_path / "short.db") < 8 * LONGEST
