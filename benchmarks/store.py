"""Measure a large store: what judging, erasing and the dashboard's queries cost beside a history.

Makes a store (`--mentions`), or works on a copy of one that was made before (`--store`), and
prints a line for each: the milliseconds, the median of several where it can be repeated. Run the
same file in an older checkout to compare the two.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.made_store import BRANDS, DAYS, NOW, let_wait, make_store  # noqa: E402
from earful.pages.datasette_app import metadata  # noqa: E402
from storage.connection import Connection  # noqa: E402
from storage.store import Store  # noqa: E402

MAX_AGE = timedelta(hours=24)
# The crawls that run as the store was made have ended by then.
LATER = NOW + timedelta(hours=2)
_TOO_SLOW_S = 120.0


def median_ms(work: Callable[[], object], times: int = 5) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(1000 * (time.perf_counter() - began))
        if took[-1] > 2000:
            break
    return statistics.median(took)


def show(what: str, ms: float) -> None:
    print(f"{ms:12,.1f} ms  {what}", flush=True)


def charts(connection: sqlite3.Connection, chosen: dict[str, str]) -> None:
    """Print what each query of the dashboard takes with these filters."""
    names = ", ".join(f"{name} {value}" for name, value in chosen.items())
    for name, chart in metadata()["plugins"]["datasette-dashboards"]["voice"]["charts"].items():
        sql = with_filters(chart["query"], chosen)
        values = {"until": "", "period": "30 days", "brand": "", "source": ""} | chosen
        ms = median_ms(partial(read, connection, sql, values))
        show(f"dashboard, {name}: {names}", ms)


def read(connection: sqlite3.Connection, sql: str, values: dict[str, str]) -> list[object]:
    return connection.execute(sql, values).fetchall()


def with_filters(sql: str, chosen: dict[str, str]) -> str:
    """Keep of the dashboard's optional conditions those whose filter is chosen, as it does."""

    def kept(match: re.Match[str]) -> str:
        named = re.findall(r":(\w+)", match[1])
        return match[1] if all(chosen.get(name) for name in named) else ""

    return re.sub(r"\[\[(.*?)\]\]", kept, sql)


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
        judged, began = 0, time.perf_counter()
        for old in olds:
            judged += judgements.judge_backlog(old, MAX_AGE, LATER)
            if time.perf_counter() - began > _TOO_SLOW_S:
                break
        took = 1000 * (time.perf_counter() - began)
        show(f"judge_backlog, {judged:,} judged of {number:,}", took)


def erasing(store: Store, erased: int) -> None:
    """Print what the retention takes for the oldest so many mentions."""
    count = store.mentions.count()
    before = NOW - timedelta(days=DAYS) * (1 - erased / count)
    began = time.perf_counter()
    store.upkeep.forget_older(before - timedelta(days=DAYS))
    show("forget_older, nothing is so old", 1000 * (time.perf_counter() - began))
    began = time.perf_counter()
    gone = store.upkeep.forget_older(before)
    show(f"forget_older, {gone:,} erased", 1000 * (time.perf_counter() - began))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, default=200_000)
    parser.add_argument("--waiting", type=int, default=20_000)
    parser.add_argument("--erased", type=int, default=300)
    parser.add_argument("--store", type=Path, help="a store that `--keep` wrote; it is copied")
    parser.add_argument("--keep", type=Path, help="write the store here, and measure nothing")
    asked = parser.parse_args()
    if asked.keep:
        make_store(asked.keep, asked.mentions)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "earful.db"
        began = time.perf_counter()
        if asked.store:
            shutil.copyfile(asked.store, path)
        else:
            make_store(path, asked.mentions)
        with Store.open(path, migrate=True) as store:
            show("the store is ready", 1000 * (time.perf_counter() - began))
            mentions, size = store.mentions.count(), path.stat().st_size
            print(f"{mentions:,} mentions, {size / mentions:,.0f} bytes of file each")
            with closing(Connection(path, "ro", 30)) as connection:
                connection.create_function("sqrt", 1, lambda value: value and value**0.5)
                for brand in (BRANDS[0], BRANDS[-1]):
                    charts(
                        connection,
                        {"brand": brand, "period": "12 months", "until": f"{NOW:%Y-%m-%d}"},
                    )
            judging(store, asked.waiting)
            erasing(store, asked.erased)


if __name__ == "__main__":
    main()
