"""Many sources due at once are read side by side, none starves; a page costs one transaction."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from alerts.scheduler import Schedule
from crawler.runner import CrawlJob
from earful.crawl_schedule import PARALLEL_CRAWLS
from storage.store import Store
from tests.crawler.fleet import run_fleet
from tests.crawler.site import Asked, Reply, Site, running_site
from tests.waiting import PATIENCE_S

# More than twice as many as are read side by side.
SOURCES = 2 * PARALLEL_CRAWLS + 2
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


@pytest.mark.slow("ten crawls, each in a process of its own as in the product")
def test_none_of_many_sources_due_at_once_starves(db: Path, tmp_path: Path) -> None:
    """One of them hangs until the others are all read; it holds one place and no more."""
    from config.settings import parse_settings
    from crawler.catalog import options_models
    from earful.stages.crawl_stage import crawl_target

    done: list[str] = []
    others_done, all_done = threading.Event(), threading.Event()

    def hang(_: Asked) -> Reply:
        others_done.wait(PATIENCE_S)
        return Reply(b"{}", 404)

    with running_site() as site:
        site.on("/appreviews/", answer(2))
        site.on("/appreviews/1", hang)
        listed = [
            {"source": "steam", "app_id": 1 if n == 0 else 200 + n, "base_url": site.url}
            for n in range(SOURCES)
        ]
        raw = {
            "store": {"path": str(db)},
            "crawl": {"time_limit": "30m"},
            "brands": [{"name": "A", "query": "acme", "sources": listed}],
        }
        settings = parse_settings(raw, options_models(), where="x")
        (brand,) = settings.brands
        schedule = Schedule(threads=PARALLEL_CRAWLS)

        def crawl(source: Any) -> None:
            report = crawl_target(settings, brand, source, lambda: datetime.now(UTC))
            done.append(source.target)
            assert report.outcome.good is (source.target != "1"), report
            if len(done) >= SOURCES - 1:
                others_done.set()
            if len(done) == SOURCES:
                all_done.set()

        for source in brand.sources:
            schedule.every(
                f"crawl {source.target}",
                timedelta(hours=1),
                partial(crawl, source),
                first_after=timedelta(0),
            )
        schedule.start()
        try:
            assert all_done.wait(5 * PATIENCE_S), sorted(done)
        finally:
            schedule.stop(wait=True)
    with Store.open(db) as store:
        assert store.mentions.count() == (SOURCES - 1) * 200
    assert done[-1] == "1", "the others were read while it was hanging"


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
