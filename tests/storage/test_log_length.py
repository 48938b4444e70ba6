"""Readers that never all stop do not let the write-ahead log grow without end."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from earful.pages.datasette_app import datasette
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


def batch(number: int) -> list[Mention]:
    return [
        Mention(
            brand="A", source="s", native_id=f"{number}-{one}",
            text=f"{one} words of {number}. " * 20, created_at=NOW, fetched_at=NOW,
        )
        for one in range(BATCH)
    ]  # fmt: skip


def longest_log(path: Path) -> int:
    longest = 0
    with Store.open(path, migrate=True) as store, Relay(path):
        for number in range(BATCHES):
            store.mentions.save(batch(number))
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


class Managers:
    """Two who ask pages: always one reads, as long as five more saves take, unless none may."""

    def __init__(self, path: Path) -> None:
        self._site = datasette(path)
        self._saves = threading.Condition()
        self.saved = self.answers = self._reading = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._ask()))

    def __enter__(self) -> Managers:
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._stopped.set()
        with self._saves:
            self._saves.notify_all()
        self._thread.join(60)

    async def _ask(self) -> None:
        await self._site.invoke_startup()
        await asyncio.gather(self._manager(), self._manager())

    async def _manager(self) -> None:
        while not self._stopped.is_set():
            await self._site.get_database().execute_fn(self._read)
            self.answers += 1

    def _read(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM mentions").fetchone()
        with self._saves:
            until = self.saved + 5
            self._reading += 1
            self._saves.notify_all()
            self._saves.wait_for(lambda: self.saved >= until or self._stopped.is_set(), 30)
            self._reading -= 1
        connection.execute("COMMIT")

    def save_beside(self, path: Path, save: Callable[[], object]) -> None:
        """Save while somebody reads; alone only while the pages wait for a shorter log."""
        with self._saves:
            assert self._saves.wait_for(
                lambda: self._reading or log_of(path) >= log_length.LONGEST_LOG, 30
            )
        save()
        with self._saves:
            self.saved += 1
            self._saves.notify_all()


def log_of(path: Path) -> int:
    return Path(f"{path}-wal").stat().st_size


def test_no_save_waits_for_a_managers_page_and_the_log_stays_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_length, "LONGEST_LOG", 4 * LONGEST)
    path, longest, asked = tmp_path / "earful.db", 0, list[str]()
    with Store.open(path, migrate=True) as store, Managers(path) as managers:
        store.database.connection.set_trace_callback(asked.append)
        for number in range(150):
            managers.save_beside(path, partial(store.mentions.save, batch(number)))
            longest = max(longest, log_of(path))
        assert store.mentions.count() == 150 * BATCH
    assert managers.answers > 20
    assert longest < 16 * LONGEST
    # It began anew more than once, and never was anybody waited for.
    assert sum("wal_checkpoint" in one for one in asked) > 2
    waits = {one for one in asked if one.startswith("PRAGMA busy_timeout")}
    assert f"PRAGMA busy_timeout = {round(1000 * log_length.LOG_PATIENCE_S)}" not in waits


def test_pages_wait_for_a_shorter_log_only_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_length, "LONGEST_LOG", 1)
    monkeypatch.setattr(log_length, "LOG_PATIENCE_S", 0.0)
    path = tmp_path / "earful.db"
    gate = log_length.LogGate(path)
    assert gate.is_open()  # there is no log
    Path(f"{path}-wal").write_bytes(b"long")
    assert gate.is_open()  # it was waited for in vain
    monkeypatch.setattr(log_length, "LOG_PATIENCE_S", 600.0)
    assert gate.is_open()  # and is not waited for again,
    Path(f"{path}-wal").write_bytes(b"twice as long")
    assert not gate.is_open()  # but once it has grown,
    Path(f"{path}-wal").write_bytes(b"")
    assert gate.is_open()  # until it is short
