"""Measure a large store: what clicks ask of it, what is written, erased and kept beside a history.

Makes a store (`--mentions`), or works on a copy of one that was made before (`--store`), and
prints a line for each thing: the milliseconds, of what is asked the 95th percentile of warm
repeats with a mark where it is beyond 100 (a search: 200). Run the same file in an older checkout
to compare the two.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.made_store import (  # noqa: E402
    BRANDS,
    DAYS,
    NOW,
    SOURCES,
    let_wait,
    make_store,
)
from benchmarks.store_questions import Question, questions  # noqa: E402
from earful.pages.datasette_app import SETTINGS, datasette  # noqa: E402
from earful.pages.report_page import render_report  # noqa: E402
from storage.connection import Connection  # noqa: E402
from storage.models import Experience, Mention, Stance, Verdict  # noqa: E402
from storage.reports import Filter  # noqa: E402
from storage.search_words import match_for  # noqa: E402
from storage.store import Store  # noqa: E402
from storage.tables.mention_rows import COLUMNS, row_of  # noqa: E402
from storage.tables.verdicts import Scored  # noqa: E402

MAX_AGE = timedelta(hours=24)
# The crawls that run as the store was made have ended by then.
LATER = NOW + timedelta(hours=2)
_TOO_SLOW_S = 120.0
_clock = [time.perf_counter]
WORD = "ba"
"""One of the commonest of the made words."""

PAGES = (
    "/earful/voice", "/earful/voice?brand=Large&stance=hater", f"/earful/voice?_search={WORD}",
    "/earful/advocates", "/earful/flips", "/earful/angry_lately?brand=&since=", "/earful",
)  # fmt: skip

VERDICT = Verdict(
    model="made-up", experience=Experience.ANGRY, stance=Stance.NEITHER, p_angry=0.9,
    p_mediocre=0.04, p_delighted=0.03, p_none=0.03, p_advocate=0.05, p_hater=0.05,
    p_neither=0.9, sure=True,
)  # fmt: skip


def clock() -> float:
    return _clock[0]()


def median_ms(work: Callable[[], object], times: int = 5) -> float:
    took = []
    for _ in range(times):
        began = clock()
        work()
        took.append(1000 * (clock() - began))
        if took[-1] > 2000:
            break
    return statistics.median(took)


def show(what: str, ms: float) -> None:
    print(f"{ms:12,.1f} ms  {what}", flush=True)


def p95_ms(work: Callable[[], object], times: int = 20) -> float:
    """Time warm repeats; fewer of what takes long."""
    work()
    took: list[float] = []
    while len(took) < times and sum(took) < 5_000:
        began = clock()
        work()
        took.append(1000 * (clock() - began))
    return sorted(took)[round(0.95 * (len(took) - 1))]


def asking(path: Path, *, shown: bool = True) -> list[tuple[float, Question]]:
    """Print what each question of the pages takes; give those that take too long."""
    with closing(Connection(path, "ro", 30)) as connection:
        connection.create_function("sqrt", 1, lambda value: value and value**0.5)
        connection.create_function("match_for", 1, match_for, deterministic=True)
        too_long, took = [], []
        for one in questions(connection, WORD):
            ms = p95_ms(partial(answer, connection, one))
            took.append(ms)
            if ms > (200 if one.searches else 100):
                too_long.append((ms, one))
            if shown:
                show(f"{'BEYOND ' if too_long and too_long[-1][1] is one else ''}{one.name}", ms)
        print(
            f"{len(took)} questions: median {statistics.median(took):,.1f} ms, longest "
            f"{max(took):,.1f} ms, {len(too_long)} beyond the goal",
            flush=True,
        )
        return too_long


def answer(connection: sqlite3.Connection, one: Question) -> list[object]:
    """Read as many rows as a page takes."""
    most = int(SETTINGS["max_returned_rows"])
    return connection.execute(one.sql, one.values).fetchmany(most + 1)


def whole_pages(path: Path) -> None:
    """Print what whole pages take, made into HTML."""

    async def ask() -> None:
        site = datasette(path)
        await site.invoke_startup()
        for page in PAGES:
            took = []
            for _ in range(6):
                began = clock()
                await site.client.get(page)
                took.append(1000 * (clock() - began))
            show(f"whole page {page}", sorted(took[1:])[-1])

    asyncio.run(ask())


def writing(store: Store, at: datetime) -> None:
    """Print what new mentions and their verdicts take, and a save beside a plain insert."""
    new = new_mentions(1_000, at)
    show("save 1,000 new mentions", once_ms(lambda: store.mentions.save(new, at=at)))
    waiting = store.verdicts.waiting(1_000)
    scored = [Scored(mention=one, verdict=VERDICT) for one in waiting]
    show("save 1,000 verdicts", once_ms(lambda: store.verdicts.save(scored, at)))
    show("save the same 1,000 again", once_ms(lambda: store.mentions.save(new, at=at)))
    connection, columns = store.database.connection, ", ".join(COLUMNS)
    marks = ", ".join(f":{column}" for column in COLUMNS)
    ratios = []
    for number in range(1, 6):
        saved = new_mentions(1_000, at + timedelta(days=number))
        plain = [row_of(one, None) for one in new_mentions(1_000, at + timedelta(days=-number))]

        def insert(plain: list[dict[str, object]] = plain) -> None:
            with store.database.transaction():
                connection.executemany(
                    "INSERT INTO authors (id, source, native_id, first_seen_at, last_seen_at) "
                    "VALUES (:author_id, :source, :author_id, :created_at, :created_at)",
                    plain,
                )
                connection.executemany(f"INSERT INTO mentions ({columns}) VALUES ({marks})", plain)

        plainly = once_ms(insert)
        ratios.append(plainly / once_ms(partial(store.mentions.save, saved, at=at)))
    print(f"{statistics.median(ratios):12.0%}     of a plain executemany's speed, by save")


def new_mentions(number: int, at: datetime) -> list[Mention]:
    return [
        Mention(
            brand=BRANDS[0], source=SOURCES[0], native_id=f"{at:%Y%m%d}-{one}",
            text=f"The seat was broken for the {one}th time. " * 4, author=f"Guest {one % 300}",
            author_native_id=None, created_at=at, fetched_at=at,
        )
        for one in range(number)
    ]  # fmt: skip


def once_ms(work: Callable[[], object]) -> float:
    began = clock()
    work()
    return 1000 * (clock() - began)


def keeping(store: Store, folder: Path) -> None:
    """Print what a report, a search in the terminal and a backup take."""
    since = NOW - timedelta(days=30)
    for brand in (BRANDS[0], None):
        which = f"report of 30 days of {brand or 'all brands'}"
        show(which, once_ms(partial(render_report, store, brand, since, NOW, NOW)))
    show("earful search", p95_ms(lambda: store.insight.search(WORD, Filter(), 20)))
    one = Filter(brand=BRANDS[2])
    show("earful search --brand", p95_ms(lambda: store.insight.search(WORD, one, 20)))
    show("backup, verified", once_ms(lambda: store.upkeep.backup(folder / "backup.db")))


def judging(store: Store, waiting: int) -> None:
    """Print what judging takes with nothing waiting, and with a history that waits."""
    judgements = store.judgements
    show("backlogs, nothing waits", median_ms(lambda: judgements.backlogs(MAX_AGE, NOW)))
    show("count_unjudged, nothing waits", median_ms(judgements.count_unjudged))
    show("waiting_since, nothing waits", median_ms(judgements.waiting_since))
    for number in (1, waiting):
        let_wait(store, number)
        show(f"backlogs, {number:,} wait", median_ms(lambda: judgements.backlogs(MAX_AGE, LATER)))
        olds = judgements.backlogs(MAX_AGE, LATER)
        judged, began = 0, clock()
        for old in olds:
            judged += judgements.judge_backlog(old, MAX_AGE, LATER)
            if clock() - began > _TOO_SLOW_S:
                break
        took = 1000 * (clock() - began)
        show(f"judge_backlog, {judged:,} judged of {number:,}", took)


def erasing(store: Store, erased: int) -> None:
    """Print what the retention takes for the oldest so many mentions."""
    count = store.mentions.count()
    before = NOW - timedelta(days=DAYS) * (1 - erased / count)
    began = clock()
    store.upkeep.forget_older(before - timedelta(days=DAYS))
    show("forget_older, nothing is so old", 1000 * (clock() - began))
    began = clock()
    gone = store.upkeep.forget_older(before)
    show(f"forget_older, {gone:,} erased", 1000 * (clock() - began))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, default=200_000)
    parser.add_argument("--waiting", type=int, default=20_000)
    parser.add_argument("--erased", type=int, default=300)
    parser.add_argument("--store", type=Path, help="a store that `--keep` wrote; it is copied")
    parser.add_argument("--keep", type=Path, help="write the store here, and measure nothing")
    parser.add_argument(
        "--busy",
        action="store_true",
        help="for a machine with other work: what asks is timed by its own processor time",
    )
    asked = parser.parse_args()
    if asked.busy:
        _clock[0] = time.thread_time
    if asked.keep:
        make_store(asked.keep, asked.mentions)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "earful.db"
        began = clock()
        if asked.store:
            shutil.copyfile(asked.store, path)
        else:
            make_store(path, asked.mentions)
        with Store.open(path, migrate=True) as store:
            show("the store is ready", 1000 * (clock() - began))
            mentions, size = store.mentions.count(), path.stat().st_size
            print(f"{mentions:,} mentions, {size / mentions:,.0f} bytes of file each")
            asking(path)
            whole_pages(path)
            writing(store, LATER)
            keeping(store, Path(folder))
            judging(store, asked.waiting)
            erasing(store, asked.erased)


if __name__ == "__main__":
    main()
