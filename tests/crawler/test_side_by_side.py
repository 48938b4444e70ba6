"""Twenty sources due at once are read side by side, none starves; a page costs one transaction."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.scheduler import Schedule
from crawler.runner import CrawlJob
from earful.daemon import PARALLEL_CRAWLS
from storage.store import Store
from tests.crawler.fleet import run_fleet
from tests.crawler.site import Asked, Reply, Site, running_site

SOURCES = 20
NOW = datetime(2026, 9, 1, tzinfo=UTC)


def page_of(app: str, page: int, pages: int, size: int = 100) -> bytes:
    reviews = [
        {
            "recommendationid": f"{app}{page:04}{place:03}",
            "author": {"steamid": f"{place}"},
            "review": f"Number {place} of page {page}",
            "timestamp_created": int(NOW.timestamp()) - 60 * (page * size + place),
            "voted_up": True,
        }
        for place in range(size)
    ]
    cursor = f"c{page + 1}" if page + 1 < pages else "*"
    return json.dumps({"success": 1, "reviews": reviews, "cursor": cursor}).encode()


def answer(pages: int, delay: float = 0.0) -> Any:
    def reply(asked: Asked) -> Reply:
        cursor = asked.query["cursor"]
        page = 0 if cursor == "*" else int(cursor[1:])
        return Reply(page_of(asked.path.rsplit("/", 1)[-1], page, pages), delay=delay)

    return reply


@pytest.mark.timeout(280)
def test_none_of_twenty_sources_due_at_once_starves(db: Path, tmp_path: Path) -> None:
    """One of them hangs for as long as it may; the others are all read meanwhile."""
    from config.settings import parse_settings
    from crawler.catalog import options_models
    from earful.crawling import crawl_target

    done: dict[str, float] = {}
    all_done = threading.Event()
    with running_site() as site:
        site.on("/appreviews/", answer(2))
        site.on("/appreviews/1", Reply(b"{}", delay=25))
        listed = [
            {"source": "steam", "app_id": 1 if n == 0 else 200 + n, "base_url": site.url}
            for n in range(SOURCES)
        ]
        raw = {
            "store": {"path": str(db)},
            "crawl": {"time_limit": "20s"},
            "brands": [{"name": "A", "query": "acme", "sources": listed}],
        }
        settings = parse_settings(raw, options_models(), where="x")
        (brand,) = settings.brands
        schedule = Schedule(threads=PARALLEL_CRAWLS)
        started = time.monotonic()

        def crawl(source: Any) -> None:
            report = crawl_target(settings, brand, source, lambda: datetime.now(UTC))
            done[source.target] = time.monotonic() - started
            assert report.outcome.good is (source.target != "1"), report
            if len(done) == SOURCES:
                all_done.set()

        for source in brand.sources:
            schedule.every(
                f"crawl {source.target}",
                timedelta(hours=1),
                lambda source=source: crawl(source),
                first_after=timedelta(0),
            )
        schedule.start()
        try:
            assert all_done.wait(240), sorted(done)
        finally:
            schedule.stop(wait=True)
    with Store.open(db) as store:
        assert store.mentions.count() == (SOURCES - 1) * 200
    others = sorted(moment for target, moment in done.items() if target != "1")
    # The one that hangs holds one of the places, for its own time limit and no longer.
    assert others[len(others) // 2] < done["1"] + 60


def test_a_page_of_a_hundred_costs_one_transaction(site: Site, db: Path) -> None:
    site.on("/appreviews/", answer(3))
    job = CrawlJob("A", "acme", "steam", {"app_id": 5, "pages": 3}, db=db, base_url=site.url)
    (report,) = run_fleet([job], {"COUNT_TRANSACTIONS": True})
    assert report.new == 300
    assert report.stats["transactions"] == 3


def test_a_transaction_is_what_is_counted(db: Path) -> None:
    with Store.open(db) as store:
        begun: list[str] = []
        store.database.connection.set_trace_callback(begun.append)
        with store.database.transaction() as connection:
            connection.execute("SELECT 1")
        assert [text for text in begun if text.startswith("BEGIN")] == ["BEGIN IMMEDIATE"]
