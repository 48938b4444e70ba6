"""A mention that the store cannot hold is refused by name, and its crawl stores the others."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from crawler.runner import CrawlJob
from storage.models import CrawlOutcome, CrawlReport
from storage.store import Store
from tests.crawler.fleet import run_fleet
from tests.crawler.site import Reply, Site

BEFORE_ALL = "0001-01-01T00:00:00+05:00"
AFTER_ALL = "9999-12-31T23:00:00-05:00"
# What each crawl has between two good mentions, and what its report says.
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"text": None}, "careless:0-bad: the query cannot be asked of it (TypeError: "),
    ({"native_id": "\x00"}, "careless:\x00: native_id '\\x00' cannot be stored: it is empty"),
    ({"created_at": BEFORE_ALL}, "careless:2-bad: created_at '0001-01-01 00:00:00+05:00' cannot"),
    ({"created_at": AFTER_ALL}, "careless:3-bad: created_at '9999-12-31 23:00:00-05:00' cannot"),
    ({"created_at": 7}, "created_at '7' cannot be stored: it is of type int, not a time"),
    ({"native_id": ["bad"]}, "cannot be stored: it is of type list, not text"),
    ({"fetched_at": 0}, "fetched_at '0' cannot be"),
]
# What a mention loses, and is stored without.
SIDE: dict[str, Any] = {
    "reach": 2**70,
    "rating": float("nan"),
    "rating_max": 5.0,
    "edited_at": AFTER_ALL,
    "owner_replied_at": BEFORE_ALL,
    "owner_reply": {"a": 1},
}
MENDED = {"text": "acme \ud800 \x00.", "title": "\udfff", "author": "\ud83d\ude00", "url": "\x00u"}


def crawled(site: Site, db: Path, *crawls: list[dict[str, Any]]) -> list[CrawlReport]:
    """Crawl a source once for each list of entries, between two good ones, side by side."""
    jobs = []
    for number, entries in enumerate(crawls):
        ids = [f"{number}-first", f"{number}-bad", f"{number}-last"]
        given = [{"native_id": ids[0]}, *({"native_id": ids[1]} | one for one in entries)]
        lines = [json.dumps({"text": "acme"} | one) for one in [*given, {"native_id": ids[2]}]]
        site.on(f"/{number}/", Reply("\n".join(lines).encode()))
        jobs.append(CrawlJob("A", "acme", "careless", db=db, base_url=f"{site.url}/{number}"))
    return run_fleet(jobs, {"SPIDERS": "tests.crawler.careless"})


def stored(db: Path) -> dict[str, dict[str, Any]]:
    with closing(sqlite3.connect(db)) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute(
            "SELECT m.*, a.name FROM mentions m LEFT JOIN authors a ON a.id = author_id"
        )
        return {row["native_id"]: dict(row) for row in rows}


def test_a_bad_mention_is_refused_by_name_and_the_others_are_stored(site: Site, db: Path) -> None:
    reports = crawled(site, db, *([entry] for entry, _ in REFUSED))
    for report, (_, reason) in zip(reports, REFUSED, strict=True):
        assert (report.outcome, report.reason) == (CrawlOutcome.OK, "Earful refused 1 entry")
        assert (report.seen, report.new, report.refused) == (2, 2, 1)
        (example,) = report.stats["earful/refused_examples"]
        assert reason in example["reason"]
    kept = {f"{number}-{place}" for number in range(len(REFUSED)) for place in ("first", "last")}
    assert set(stored(db)) == kept


def test_a_bad_side_field_is_dropped_and_a_text_mended(site: Site, db: Path) -> None:
    side, texts = crawled(site, db, [SIDE], [MENDED])
    for report in (side, texts):
        assert (report.outcome, report.reason) == (CrawlOutcome.OK, None)
        assert (report.seen, report.new, report.refused) == (3, 3, 0)
    found = stored(db)
    assert all(found["0-bad"][name] is None for name in SIDE)
    assert {name: found["1-bad"][name] for name in ("text", "title", "name", "url")} == {
        "text": "acme \ufffd .", "title": "\ufffd", "name": "\U0001f600", "url": "u",
    }  # fmt: skip


def test_what_sqlite_refuses_is_found_among_many(site: Site, db: Path) -> None:
    """The batch is halved until the bad ones are alone: no reading of ours knew of them."""
    with Store.open(db) as store:
        store.database.connection.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON mentions WHEN new.text LIKE '%worse%' "
            "BEGIN SELECT raise(ABORT, 'this one not'); END"
        )
    many = [{"native_id": f"{n}", "text": f"acme{' worse' * (n in (7, 40))}"} for n in range(90)]
    (report,) = crawled(site, db, many)
    assert (report.outcome, report.reason) == (CrawlOutcome.OK, "Earful refused 2 entries")
    assert (report.seen, report.new, report.refused) == (90, 90, 2)
    assert [example["reason"] for example in report.stats["earful/refused_examples"]] == [
        "careless:7: it does not fit into the store: this one not",
        "careless:40: it does not fit into the store: this one not",
    ]
    assert len(stored(db)) == 90
