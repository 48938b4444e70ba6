"""Measure a large store: what clicks ask of it, what is written, erased and kept beside a history.

    python -m benchmarks.store [--mentions 1000000] [--parts asks pages]

Makes a store (`--mentions`), or works on a copy of one that `--keep` wrote (`--store`), and prints
a line for each thing: milliseconds of processor time and of the clock, of what is asked the 95th
percentile of warm repeats, with a mark where its processor time is beyond 100 (a search: 200).
`--json` writes them down, and `--beside` compares them with those of another store.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
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
from benchmarks.measuring import Results, Took, once, warm  # noqa: E402
from benchmarks.store_pages import addresses  # noqa: E402
from benchmarks.store_questions import Question, questions  # noqa: E402
from earful.forgetting import forget_author, forget_mention  # noqa: E402
from earful.pages.datasette_app import SETTINGS, datasette  # noqa: E402
from earful.pages.report_page import render_report  # noqa: E402
from storage.connection import Connection  # noqa: E402
from storage.models import Experience, Mention, SortedMention, Stance, Verdict  # noqa: E402
from storage.reports import Filter  # noqa: E402
from storage.search_words import match_for  # noqa: E402
from storage.store import Store  # noqa: E402
from storage.tables.mention_rows import COLUMNS, row_of  # noqa: E402
from storage.tables.verdicts import Scored  # noqa: E402

MAX_AGE = timedelta(hours=24)
# The crawls that run as the store was made have ended by then.
LATER = NOW + timedelta(hours=2)
_TOO_SLOW_MS = 120_000.0
_ASKED_MS, _SEARCHED_MS = 100.0, 200.0
PARTS = ("asks", "pages", "writes", "keeps", "backups", "judges", "erases")
WORD = "ba"
"""One of the commonest of the made words."""

VERDICT = Verdict(
    model="made-up", experience=Experience.ANGRY, stance=Stance.NEITHER, p_angry=0.9,
    p_mediocre=0.04, p_delighted=0.03, p_none=0.03, p_advocate=0.05, p_hater=0.05,
    p_neither=0.9, sure=True,
)  # fmt: skip


def asking(path: Path, results: Results) -> None:
    """Print what each question of the pages takes."""
    with closing(Connection(path, "ro", 30)) as connection:
        connection.create_function("sqrt", 1, lambda value: value and value**0.5)
        connection.create_function("match_for", 1, match_for, deterministic=True)
        asked = {}
        for one in questions(connection, WORD):
            asked[one.name] = _SEARCHED_MS if one.searches else _ASKED_MS
            results.show(one.name, warm(partial(answer, connection, one)), asked[one.name])
        results.of(asked, "questions")


def answer(connection: sqlite3.Connection, one: Question) -> list[object]:
    """Read as many rows as a page takes."""
    most = int(SETTINGS["max_returned_rows"])
    return connection.execute(one.sql, one.values).fetchmany(most + 1)


def whole_pages(path: Path, results: Results) -> None:
    """Print what whole pages take, made into HTML."""
    with closing(Connection(path, "ro", 30)) as connection:
        pages = {
            address: _SEARCHED_MS if searches else _ASKED_MS
            for address, searches in addresses(connection, WORD)
        }
    with asyncio.Runner() as runner:
        site = datasette(path)
        # On a busy machine what needs little of its processor takes long by the clock.
        site._settings["sql_time_limit_ms"] = 120_000
        runner.run(site.invoke_startup())

        def ask(address: str) -> None:
            # The dashboard leads on to its own address with the filters that stand first.
            response = runner.run(site.client.get(address, follow_redirects=True))
            assert response.status_code == 200, f"{address}: {response.status_code}"

        for address, most in pages.items():
            results.show(address, warm(partial(ask, address), times=3), most)
    results.of(pages, "whole pages")


def writing(store: Store, at: datetime, results: Results) -> None:
    """Print what new mentions and their verdicts take, and a save beside a plain insert."""
    new = new_mentions(1_000, at)
    results.show("save 1,000 new mentions", once(lambda: store.mentions.save(new, at=at)))
    waiting = store.verdicts.waiting(1_000)
    scored = [Scored(mention=one, verdict=VERDICT) for one in waiting]
    results.show("save 1,000 verdicts", once(lambda: store.verdicts.save(scored, at)))
    results.show("sort 1,000 by topic", once(lambda: sort_by_topic(store)))
    results.show("save the same 1,000 again", once(lambda: store.mentions.save(new, at=at)))
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

        plainly = once(insert)
        ratios.append(plainly.cpu / once(partial(store.mentions.save, saved, at=at)).cpu)
    print(f"{statistics.median(ratios):12.0%}     of a plain executemany's speed, by save")


def sort_by_topic(store: Store) -> None:
    """Let what waits for it be about one topic each, as the daemon does after scoring."""
    topic = next(iter(store.topics.of(BRANDS[0])))
    waiting = store.topic_sorting.waiting(topic.encoder, 1_000)
    store.topic_sorting.save(
        [
            SortedMention(
                seq=one.seq, text_hash=one.mention.text_hash, encoder=topic.encoder,
                vector=bytes(384), topics=((topic.id, 0.5),),
            )
            for one in waiting
        ]
    )  # fmt: skip


def new_mentions(number: int, at: datetime) -> list[Mention]:
    return [
        Mention(
            brand=BRANDS[0], source=SOURCES[0], native_id=f"{at:%Y%m%d}-{one}",
            text=f"The seat was broken for the {one}th time. " * 4, author=f"Guest {one % 300}",
            author_native_id=None, created_at=at, fetched_at=at,
        )
        for one in range(number)
    ]  # fmt: skip


def keeping(store: Store, results: Results) -> None:
    """Print what a report and a search in the terminal take."""
    since = NOW - timedelta(days=30)
    for brand in (BRANDS[0], None):
        which = f"report of 30 days of {brand or 'all brands'}"
        results.show(which, once(partial(render_report, store, brand, since, NOW, NOW)))
    for which, chosen in (("", Filter()), (" --brand", Filter(brand=BRANDS[2]))):
        took = warm(partial(store.insight.search, WORD, chosen, 20))
        results.show(f"earful search{which}", took, _SEARCHED_MS)


def backing_up(store: Store, folder: Path, results: Results) -> None:
    """Print what a backup and a rewritten file take, beside SQLite's own ways and a plain copy."""
    path = store.database.path
    plain = partial(sqlite3.connect, path)

    def copied(target: Path) -> None:
        shutil.copyfile(path, target)
        with target.open("rb+") as file:
            os.fsync(file.fileno())

    def backed_up(target: Path) -> None:
        with closing(plain()) as source, closing(sqlite3.connect(target)) as to:
            source.backup(to)

    def vacuumed(target: Path) -> None:
        with closing(plain()) as source:
            source.execute("VACUUM INTO ?", (str(target),))

    took: dict[str, Took] = {}
    for what, work in (
        ("copy the file, synced", copied),
        ("sqlite3 .backup", backed_up),
        ("backup, verified", store.upkeep.backup),
        ("VACUUM INTO", vacuumed),
        ("rewrite the file", lambda _: store.upkeep.rewrite()),
    ):
        target = folder / "copied.db"
        took[what] = once(partial(work, target))
        results.show(what, took[what])
        target.unlink(missing_ok=True)
    size = path.stat().st_size
    print(f"{size / 1000 / took['copy the file, synced'].wall:12,.0f}     MB a second, copied")
    for what, other in (
        ("backup, verified", "sqlite3 .backup"),
        ("backup, verified", "copy the file, synced"),
        ("rewrite the file", "VACUUM INTO"),
        ("rewrite the file", "copy the file, synced"),
    ):
        one, two = took[what], took[other]
        print(
            f"{one.cpu / two.cpu:12.2f}     times the processor time, {one.wall / two.wall:.2f} "
            f"times as long: {what}, beside {other}",
            flush=True,
        )


def judging(store: Store, waiting: int, results: Results) -> None:
    """Print what judging takes with nothing waiting, and with a history that waits."""
    judgements = store.judgements
    for name, look in (
        ("backlogs", lambda: judgements.backlogs(MAX_AGE, NOW)),
        ("count_unjudged", judgements.count_unjudged),
        ("waiting_since", judgements.waiting_since),
    ):
        results.show(f"{name}, nothing waits", warm(look, times=5))
    for number in (1, waiting):
        let_wait(store, number)
        look = partial(judgements.backlogs, MAX_AGE, LATER)
        results.show(f"backlogs, {number:,} wait", warm(look, times=5))
        judged, took = 0, Took(0.0, 0.0)
        for old in look():
            began = time.process_time(), time.perf_counter()
            judged += judgements.judge_backlog(old, MAX_AGE, LATER)
            took = Took(
                took.cpu + 1000 * (time.process_time() - began[0]),
                took.wall + 1000 * (time.perf_counter() - began[1]),
            )
            if took.cpu > _TOO_SLOW_MS:
                break
        results.show(f"judge_backlog, {judged:,} judged of {number:,}", took)


def erasing(store: Store, erased: int, results: Results) -> None:
    """Print what forgetting takes: one mention, one author, and the oldest so many mentions."""
    connection = store.database.connection
    (mention,) = connection.execute("SELECT id FROM mentions ORDER BY seq LIMIT 1").fetchone()
    (author,) = connection.execute(
        "SELECT author_id FROM author_standing ORDER BY advocacy DESC LIMIT 1"
    ).fetchone()
    results.show("forget one mention", once(partial(forget_mention, store, mention)))
    results.show("forget one author", once(partial(forget_author, store, author)))
    before = NOW - timedelta(days=DAYS) * (1 - erased / store.mentions.count())
    for which, than in (("nothing is so old", before - timedelta(days=DAYS)), ("", before)):
        gone = 0

        def forget(than: datetime = than) -> None:
            nonlocal gone
            gone = store.upkeep.forget_older(than)

        took = once(forget)
        results.show(f"forget_older, {which or f'{gone:,} erased'}", took)
    results.show("rewrite the file after it", once(store.upkeep.rewrite))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, default=200_000)
    parser.add_argument("--waiting", type=int, default=20_000)
    parser.add_argument("--erased", type=int, default=300)
    parser.add_argument("--store", type=Path, help="a store that `--keep` wrote; it is copied")
    parser.add_argument("--keep", type=Path, help="write the store here, and measure nothing")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--json", type=Path, help="write all that was measured here")
    parser.add_argument("--beside", type=Path, help="what `--json` wrote of another store")
    asked = parser.parse_args()
    if asked.keep:
        make_store(asked.keep, asked.mentions)
        return
    results = Results()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "earful.db"
        if asked.store:
            shutil.copyfile(asked.store, path)
        else:
            results.show("make the store", once(partial(make_store, path, asked.mentions)))
        with Store.open(path, migrate=True) as store:
            mentions, size = store.mentions.count(), path.stat().st_size
            print(f"{mentions:,} mentions, {size / mentions:,.0f} bytes of file each", flush=True)
            parts = {
                "asks": lambda: asking(path, results),
                "pages": lambda: whole_pages(path, results),
                "writes": lambda: writing(store, LATER, results),
                "keeps": lambda: keeping(store, results),
                "backups": lambda: backing_up(store, Path(folder), results),
                "judges": lambda: judging(store, asked.waiting, results),
                "erases": lambda: erasing(store, asked.erased, results),
            }
            for part in asked.parts:
                parts[part]()
    if asked.json:
        results.write(asked.json)
    if asked.beside:
        results.beside(asked.beside)


if __name__ == "__main__":
    main()
