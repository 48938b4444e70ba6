"""Measure what slow queries of the pages cost a crawl, and how long the write-ahead log gets.

Saves batches of mentions alone, then beside readers that run a query for as long as a page lets
them, again and again and never all at once. Prints the median and the longest save of both, the
longest log, and the ratio of the medians.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.made_store import NOW, make_store  # noqa: E402
from earful.pages.datasette_app import SETTINGS  # noqa: E402
from storage.models import Mention  # noqa: E402
from storage.store import Store  # noqa: E402

_SLOW = "SELECT count(*) FROM mentions a, mentions b WHERE a.text || b.text LIKE '%no such words%'"


def read(path: Path, ends: threading.Event, limit_s: float, after_s: float) -> None:
    """Run the slow query until it is stopped, as a page is, for as long as the benchmark runs."""
    ends.wait(after_s)
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        while not ends.is_set():
            began = time.monotonic()
            connection.set_progress_handler(
                lambda began=began: ends.is_set() or time.monotonic() - began > limit_s, 1000
            )
            with suppress(sqlite3.OperationalError):
                connection.execute(_SLOW).fetchall()


def save(store: Store, batches: int, first: int) -> tuple[list[float], int]:
    """Save batches of 100; give the milliseconds of each, and the longest log in bytes."""
    took, longest = [], 0
    for number in range(first, first + batches):
        batch = [
            Mention(
                brand="Large", source="source_1", native_id=f"new-{number}-{one}",
                text=f"The lounge was closed again, {one} of {number}. " * 8,
                created_at=NOW + timedelta(minutes=number), fetched_at=NOW,
            )
            for one in range(100)
        ]  # fmt: skip
        began = time.perf_counter()
        store.mentions.save(batch)
        took.append(1000 * (time.perf_counter() - began))
        longest = max(longest, Path(f"{store.database.path}-wal").stat().st_size)
    return took, longest


def show(what: str, took: list[float], longest: int) -> float:
    middle = statistics.median(took)
    print(
        f"{what}: a save of 100 takes {middle:,.0f} ms, the longest {max(took):,.0f} ms; the log "
        f"has up to {longest / 2**20:,.0f} MiB",
        flush=True,
    )
    return middle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, default=20_000)
    parser.add_argument("--batches", type=int, default=600)
    parser.add_argument("--readers", type=int, default=4)
    asked = parser.parse_args()
    limit_s = SETTINGS["sql_time_limit_ms"] / 1000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "earful.db"
        make_store(path, asked.mentions)
        with Store.open(path) as store:
            alone = show("alone", *save(store, asked.batches, 0))
            ends = threading.Event()
            readers = [
                threading.Thread(
                    target=read, args=(path, ends, limit_s, one * limit_s / asked.readers)
                )
                for one in range(asked.readers)
            ]
            for reader in readers:
                reader.start()
            try:
                beside = show(
                    f"beside {asked.readers} readers", *save(store, asked.batches, asked.batches)
                )
            finally:
                ends.set()
                for reader in readers:
                    reader.join()
            print(f"ratio {beside / alone:.2f}")


if __name__ == "__main__":
    main()
