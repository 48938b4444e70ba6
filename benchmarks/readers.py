"""What other programs wait for: an agent's tools, and a Parquet layout that is brought up to date.

    python -m benchmarks.readers [--mentions 100000] [--store FILE]

Prints the slowest of several calls of each tool, and how much cheaper an export is that finds
nothing changed, or one month, than the first one.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from alerts.messages.page_links import Links
from benchmarks.made_store import BRANDS, NOW, make_store
from earful.agents.tools import Tools
from earful.parquet_layout import Written, write_layout
from storage.models import Experience
from storage.store import Store

T = TypeVar("T")

_CALLS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, default=100_000)
    parser.add_argument("--store", type=Path, help="One that is there already, made so.")
    chosen = parser.parse_args()
    with TemporaryDirectory() as folder:
        path = chosen.store or Path(folder) / "earful.db"
        if not path.exists():
            make_store(path, chosen.mentions)
        _time_tools(path)
        _time_layout(path, Path(folder) / "layout")


def _time_tools(path: Path) -> None:
    tools = Tools(path, Links(), lambda: NOW)
    brand = BRANDS[0]
    with Store.open(path, readonly=True) as store:
        row = store.database.connection.execute(
            "SELECT id, author_id, text FROM voice WHERE brand = ? LIMIT 1", (brand,)
        ).fetchone()
    word = max(row["text"].split(), key=len)
    common = min(row["text"].split(), key=len)
    calls: dict[str, Callable[[], object]] = {
        "overview": tools.overview,
        "metrics": lambda: tools.metrics(brand=brand),
        "metrics by month": lambda: tools.metrics("month", brand=brand),
        "metrics by country": lambda: tools.metrics("country"),
        "search, a rare word": lambda: tools.search(word),
        "search, a common word": lambda: tools.search(common, brand=brand),
        "voice, angry": lambda: tools.voice(brand=brand, experience="angry"),
        "voice, haters": lambda: tools.voice(brand=brand, stance="hater"),
        "voice, an author": lambda: tools.voice(author_id=row["author_id"]),
        "mention": lambda: tools.mention(row["id"]),
        "cases": tools.cases,
        "select a count": lambda: tools.select("SELECT count(*) FROM mention_facts"),
    }
    for name, call in calls.items():
        times = sorted(_timed(call)[0] for _ in range(_CALLS))
        print(f"{name:24} median {times[_CALLS // 2]:7.3f} s   slowest {times[-1]:7.3f} s")


def _time_layout(path: Path, folder: Path) -> None:
    def export() -> Written:
        with Store.open(path, readonly=True) as store:
            return write_layout(store, folder)

    first, written = _timed(export)
    again, unchanged = _timed(export)
    assert unchanged.same == written.new
    with Store.open(path) as store:
        (mention_id,) = store.database.connection.execute(
            "SELECT id FROM mentions LIMIT 1"
        ).fetchone()
        store.corrections.add(
            mention_id, experience=Experience.MEDIOCRE, stance=None, by="benchmark", at=NOW
        )
    one, changed = _timed(export)
    size = sum(file.stat().st_size for file in folder.rglob("*.parquet"))
    print(
        f"layout of {written.mentions:,} mentions: {written.new} files, {size / 1e6:.1f} MB, "
        f"{size / written.mentions:.0f} bytes a mention (the store: "
        f"{path.stat().st_size / written.mentions:.0f})"
    )
    print(f"first {first:.1f} s, nothing changed {again:.1f} s: {first / again:.1f} times as fast")
    print(f"one mention changed: {changed.changed} files in {one:.1f} s")


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    done = work()
    return time.perf_counter() - began, done


if __name__ == "__main__":
    main()
