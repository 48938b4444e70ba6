"""Measure what slow queries of the pages cost a crawl, and how long the write-ahead log gets.

Saves batches of mentions alone, then beside the pages of `earful serve` in a process of their own,
where managers run a query for as long as a page lets them, again and again and never all at once.
Prints the median and the longest save of both, the longest log, and the ratio of the medians; with
`--others` the readers are programs of somebody else, which know nothing of Earful.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.made_store import NOW, make_store  # noqa: E402
from earful.pages.datasette_app import SETTINGS, datasette  # noqa: E402
from storage.models import Mention  # noqa: E402
from storage.store import Store  # noqa: E402

_SLOW = "SELECT count(*) FROM mentions a, mentions b WHERE a.text || b.text LIKE '%no such words%'"
_LIMIT_S = SETTINGS["sql_time_limit_ms"] / 1000


def managers(path: Path, readers: int, begun: Any, longest: Any) -> None:
    """Ask for the slow query's page until the process is ended; note the longest wait for it."""

    async def manager(site: Any, after_s: float) -> None:
        await asyncio.sleep(after_s)
        while True:
            began = time.monotonic()
            await site.client.get(f"/earful?{urlencode({'sql': _SLOW})}")
            longest.value = max(longest.value, time.monotonic() - began)

    async def ask() -> None:
        site = datasette(path)
        await site.invoke_startup()
        begun.set()
        await asyncio.gather(*(manager(site, n * _LIMIT_S / readers) for n in range(readers)))

    asyncio.run(ask())


def is_over(began: float) -> bool:
    return time.monotonic() - began > _LIMIT_S


def others(path: Path, readers: int, begun: Any, longest: Any) -> None:
    """Run the slow query as any other program would, each for as long as a page lets it."""

    def read(after_s: float) -> None:
        time.sleep(after_s)
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            while True:
                began = time.monotonic()
                connection.set_progress_handler(partial(is_over, began), 1000)
                with suppress(sqlite3.OperationalError):
                    connection.execute(_SLOW).fetchall()
                longest.value = max(longest.value, time.monotonic() - began)

    for number in range(readers):
        Thread(target=read, args=(number * _LIMIT_S / readers,), daemon=True).start()
    begun.set()
    time.sleep(3600)


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


def beside(
    path: Path, readers: int, read: Callable[..., None], work: Callable[[], float]
) -> tuple[float, float]:
    """Do work while others read; give what it gives, and the longest that a reader waited in s."""
    spawn = multiprocessing.get_context("spawn")
    begun, longest = spawn.Event(), spawn.Value("d", 0.0)
    process = spawn.Process(target=read, args=(path, readers, begun, longest), daemon=True)
    process.start()
    try:
        assert begun.wait(60)
        # Until each of them reads.
        time.sleep(_LIMIT_S)
        return work(), longest.value
    finally:
        process.kill()
        process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, default=20_000)
    parser.add_argument("--batches", type=int, default=600)
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--others", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "earful.db"
        make_store(path, asked.mentions)
        with Store.open(path) as store:
            alone = show("alone", *save(store, asked.batches, 0))
            what = f"beside {asked.readers} {'other programs' if asked.others else 'managers'}"
            slowly, waited = beside(
                path,
                asked.readers,
                others if asked.others else managers,
                lambda: show(what, *save(store, asked.batches, asked.batches)),
            )
            print(
                f"ratio {slowly / alone:.2f}; the longest answer to a reader took {waited:.1f} s"
            )


if __name__ == "__main__":
    main()
