"""Each entry that a crawl saw is in the ledger once, by what it came to."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from crawler.runner import CrawlJob, CrawlProgress, run_crawl
from storage.models import CrawlOutcome
from storage.store import Store
from tests.crawler.fleet import run_fleet
from tests.crawler.reading import response_of
from tests.crawler.site import Reply, Site
from tests.crawler.test_runner import LIMIT, crawls_of, hanging, steam_job

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def counted(db: Path) -> dict[str, Any]:
    """Give the one row of the ledger, without what it counts none of."""
    with Store.open(db) as store:
        (row,) = store.ledger.rows(LONG_AGO)
    return {name: value for name, value in row.items() if value and name != "day"}


def test_what_a_crawl_leaves_out_is_counted_by_why(site: Site, db: Path) -> None:
    entries: list[dict[str, Any]] = [
        {"native_id": "1", "text": "acme lost my bag"},
        {"native_id": "1", "text": "acme lost my bag"},  # on two pages
        {"native_id": "2", "text": "another airline"},
        {"native_id": "3", "text": "a third one"},
        {"native_id": "4", "text": None},
        {"native_id": "\x00", "text": "acme"},
    ]
    body = "\n".join(map(json.dumps, entries)).encode()
    site.on("/", Reply(body), Reply(body))
    job = CrawlJob("A", "acme", "careless", db=db, base_url=site.url)
    first = {
        "brand": "A", "source": "careless", "seen": 6, "new": 1, "known": 1, "irrelevant": 2,
        "refused": 2, "refused_because": "query 1, unstorable 1", "waiting": 1,
    }  # fmt: skip
    run_fleet([job], {"SPIDERS": "tests.crawler.careless"})
    assert counted(db) == first
    run_fleet([job], {"SPIDERS": "tests.crawler.careless"})
    assert counted(db) == first | {
        "seen": 12, "known": 3, "irrelevant": 4, "refused": 4,
        "refused_because": "query 2, unstorable 2",
    }  # fmt: skip


def test_entries_that_are_no_mentions_are_counted_too(site: Site, db: Path) -> None:
    """A pingback is passed over by design, and what cannot be read is refused by its reason."""
    comments = json.loads(response_of("wordpress"))
    assert [comment["type"] for comment in comments] == ["comment", "comment", "pingback"]
    whole = comments[0]
    comments += [
        "no object",
        whole | {"id": None},
        whole | {"id": 4},
        whole | {"id": 5, "content": {"rendered": ""}},
        whole | {"id": 6, "content": {"rendered": ""}},
    ]
    site.on("/wp-json/", Reply(json.dumps(comments).encode()))
    options = {"site": "https://blog.acme.example", "match": False}
    job = CrawlJob("A", "acme", "wordpress", options, db=db, base_url=site.url)
    (report,) = run_fleet([job])
    assert (report.new, report.refused, report.irrelevant) == (3, 4, 0)
    assert counted(db) == {
        "brand": "A", "source": "wordpress", "seen": 8, "new": 3, "irrelevant": 1, "refused": 4,
        "refused_because": "id 1, shape 1, words 2", "waiting": 3,
    }  # fmt: skip


def test_a_killed_crawl_counts_what_it_stored_and_the_next_one_goes_on(
    site: Site, db: Path
) -> None:
    hanging(site)

    def kill(told: CrawlProgress) -> None:
        for child in crawls_of(os.getpid()) if told.new else ():
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    report = run_crawl(steam_job(site, db), time_limit=LIMIT, progress=kill)
    assert report.outcome is CrawlOutcome.FAILED
    new = {"brand": "Acme Air", "source": "steam", "seen": 3, "new": 3, "waiting": 3}
    assert counted(db) == new
    site.on("/appreviews/", Reply(response_of("steam")), Reply(b'{"success": 1, "reviews": []}'))
    (again,) = run_fleet([steam_job(site, db)])
    assert again.known == 3
    assert counted(db) == new | {"seen": 6, "known": 3}


def test_a_crawl_without_mentions_counts_what_it_left_out(site: Site, db: Path) -> None:
    site.on("/", Reply(json.dumps({"native_id": "1", "text": "another airline"}).encode()))
    job = CrawlJob("A", "acme", "careless", db=db, base_url=site.url)
    run_fleet([job], {"SPIDERS": "tests.crawler.careless"})
    assert counted(db) == {"brand": "A", "source": "careless", "seen": 1, "irrelevant": 1}


def test_no_crawl_brings_back_what_was_forgotten_or_is_too_old(site: Site, db: Path) -> None:
    entries = [{"native_id": key, "text": "acme lost my bag"} for key in ("1", "2")]
    body = "\n".join(map(json.dumps, entries)).encode()
    site.on("/", Reply(body), Reply(body), Reply(body))
    job = CrawlJob("A", "acme", "careless", db=db, base_url=site.url)
    run_fleet([job], {"SPIDERS": "tests.crawler.careless"})
    with Store.open(db) as store:
        assert store.upkeep.forget_older(datetime.now(UTC) + timedelta(days=1)) == 2
    (report,) = run_fleet([job], {"SPIDERS": "tests.crawler.careless"})
    # The source is well: what came was no fault of its own.
    assert (report.outcome, report.new, report.refused) == (CrawlOutcome.OK, 0, 0)
    assert "2 entries forgotten here, which stay out" in str(report.reason)
    assert counted(db)["refused_because"] == "forgotten 2"
    young = replace(job, keeps_since=datetime.now(UTC) + timedelta(days=1))
    with Store.open(db) as store, store.database.transaction() as connection:
        connection.execute("DELETE FROM tombstones")
    (report,) = run_fleet([young], {"SPIDERS": "tests.crawler.careless"})
    assert (report.outcome, report.new, report.refused) == (CrawlOutcome.OK, 0, 0)
    assert counted(db)["refused_because"] == "forgotten 2, too_old 2"
    with Store.open(db) as store:
        assert store.mentions.count() == 0
