"""Measure the ledger: what it adds to storing mentions, and how fast it is read beside a million.

Prints how much longer a page takes to store with its lines, what reading the view and the summary
of `earful status` take, and last how many times faster the view is than counting the mentions.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from earful.unusual_entries import entries_of_late  # noqa: E402
from storage.models import Fate, LedgerLine, Mention  # noqa: E402
from storage.store import Store  # noqa: E402
from storage.tables import mentions as table  # noqa: E402

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
BRANDS, SOURCES, DAYS, PAGE = 3, 10, 730, 100
COUNTED = """
    SELECT substr(fetched_at, 1, 10), brand, source, count(*),
        sum(verdict_id IS NULL), sum(duplicate_of IS NOT NULL)
    FROM mentions GROUP BY 1, 2, 3
"""


def pages(number: int, prefix: str = "") -> Iterator[list[Mention]]:
    """Make so many mentions as pages, each of one brand, source and day."""
    for first in range(0, number, PAGE):
        page = first // PAGE
        at = NOW - timedelta(days=page % DAYS)
        yield [
            Mention(
                brand=f"Brand {page % BRANDS}",
                source=f"source_{page % SOURCES}",
                native_id=f"{prefix}{one}",
                text=f"They lost bag {one} and nobody answers the phone since then. " * 3,
                created_at=at,
                fetched_at=at,
            )
            for one in range(first, min(first + PAGE, number))
        ]


def median_ms(work: Callable[[], object], times: int = 5) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


def fill(store: Store, number: int) -> None:
    """Store mentions, and judge them without a model: so many of each fate on each day."""
    for page in pages(number):
        one = page[0]
        day = one.fetched_at.date().isoformat()
        lines = {
            LedgerLine(day=day, brand=one.brand, source=one.source, fate=fate): 10
            for fate in Fate
            if fate not in (Fate.NEW, Fate.EDITED, Fate.REFUSED)
        }
        store.mentions.save(page, left_out=lines)


def pages_ms(store: Store) -> tuple[float, float]:
    """Store pages in turn without the ledger's lines and with them; give the medians."""
    count_lines = table.count_lines
    took: tuple[list[float], list[float]] = ([], [])
    for number, page in enumerate(pages(400 * PAGE, "turn-")):
        table.count_lines = count_lines if number % 2 else lambda connection, lines: None
        began = time.perf_counter()
        store.mentions.save(page)
        took[number % 2].append(1000 * (time.perf_counter() - began))
    table.count_lines = count_lines
    without, beside = map(statistics.median, took)
    return without, beside


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, default=1_000_000)
    number = parser.parse_args().mentions
    with (
        tempfile.TemporaryDirectory() as folder,
        Store.open(Path(folder) / "earful.db", migrate=True) as store,
    ):
        # How long a commit takes on this disk is not what is measured.
        store.database.connection.execute("PRAGMA synchronous = OFF")
        without, beside = pages_ms(store)
        print(f"a page of {PAGE}: {without:.2f} ms without lines, {beside:.2f} ms with them")
        fill(store, number)
        read = store.database.connection.execute
        count = "SELECT count(*) FROM ledger_lines"
        print(f"{store.mentions.count():,} mentions, {read(count).fetchone()[0]:,} ledger lines")
        whole = median_ms(lambda: store.ledger.rows(NOW - timedelta(days=DAYS)))
        week = median_ms(lambda: store.ledger.rows(NOW - timedelta(days=7)))
        status = median_ms(lambda: entries_of_late(store, NOW))
        counted = median_ms(lambda: read(COUNTED).fetchall(), 3)
        print(f"the view: {whole:.0f} ms for {DAYS} days, {week:.0f} ms for a week")
        print(f"the summary of status: {status:.0f} ms")
        print(f"counting the mentions: {counted:.0f} ms: {counted / whole:.1f} times as long")


if __name__ == "__main__":
    main()
