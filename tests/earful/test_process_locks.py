"""Locks belong to the store's file; who looks whether one is held is in nobody's way."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from filelock import Timeout

from earful.process_locks import daemon_runs, lock_for_daemon, lock_for_delivery
from storage.store import Store
from tests.earful.conftest import Earful

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
LISTENS = """
[[brands]]
name = "Acme"
query = "acme"

  [[brands.sources]]
  source = "lobsters"
  base_url = "http://127.0.0.1:9/"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    Store.open(tmp_path / "earful.db", migrate=True).close()
    return tmp_path / "earful.db"


def test_a_look_takes_no_lock_and_writes_nothing(path: Path) -> None:
    before = sorted(path.parent.iterdir())
    assert not daemon_runs(path)
    assert sorted(path.parent.iterdir()) == before
    with lock_for_daemon(path):
        assert daemon_runs(path)
    assert not daemon_runs(path)


def test_a_daemon_starts_however_often_somebody_looks(path: Path) -> None:
    lock_for_daemon(path).acquire().lock.release()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            daemon_runs(path)

    lookers = [threading.Thread(target=look) for _ in range(4)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(30):
            with lock_for_daemon(path):
                pass
    finally:
        done.set()
        for looker in lookers:
            looker.join()


@pytest.mark.parametrize("lock", [lock_for_daemon, lock_for_delivery])
def test_a_link_to_a_store_is_that_store(path: Path, tmp_path: Path, lock: object) -> None:
    assert callable(lock)
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(path)
    with lock(path), pytest.raises(Timeout):
        lock(link).acquire()
    if lock is lock_for_daemon:
        with lock(link):
            assert daemon_runs(path)


def test_a_store_with_two_names_is_run_by_none(earful: Earful, path: Path) -> None:
    (path.parent / "earful.toml").write_text(LISTENS)
    (path.parent / "second.db").hardlink_to(path)
    ran = earful("run", "--no-serve")
    assert ran.code == 1
    assert "earful: earful.db: has a second name (a hard link)" in ran.err


def test_a_second_daemon_names_the_first(earful: Earful, path: Path) -> None:
    (path.parent / "earful.toml").write_text(LISTENS)
    with Store.open(path) as store:
        store.daemon_runs.start(4711, "1", NOW)
    with lock_for_daemon(path):
        ran = earful("run", "--no-serve")
    assert ran.code == 1
    assert "another daemon (pid 4711, since 2026-03-10 12:00 UTC) is working on" in ran.err


def test_nothing_in_the_current_folder_is_run(tmp_path: Path) -> None:
    (tmp_path / "earful.toml").write_text(LISTENS)
    for name in ("json.py", "config.py", "logging.py", "crawler.py"):
        (tmp_path / name).write_text("open('hijacked', 'a').write(__name__)\n")
    command = [sys.executable, "-P", "-m", "earful", "crawl"]
    ran = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert not (tmp_path / "hijacked").exists()
    assert "refused" in ran.stdout + ran.stderr
