"""How long servers want to be left alone, and how much they give a day."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from scrapy.http import Response

from crawler.daily_quota import quota_day
from crawler.runner import CrawlJob
from crawler.waits import limit_resets_in
from storage.models import CrawlOutcome, from_iso
from storage.store import Store
from tests.crawler.fleet import run_fleet
from tests.crawler.reading import spider_of
from tests.crawler.site import Reply, Site

EMPTY = Reply(b'{"hits": []}')
NO_TERMS = " OR ".join(f"term{n}" for n in range(3))


NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def ahead(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "90"}, 90),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOW.timestamp() + 90:.0f}"}, 90),
        (
            {
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": f"{NOW.timestamp() * 1e3 + 9e4:.0f}",
            },
            90,
        ),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": ahead(90).isoformat()}, 90),
        (
            {
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": f"{ahead(90):%Y-%m-%dT%H:%M:%S.%fZ}",
            },
            90,
        ),
        (
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": format_datetime(ahead(90), True)},
            90,
        ),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "90"}, 90),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": f"{NOW.timestamp() + 90:.0f}"}, 90),
        ({"X-RateLimit-Remaining": "0.4", "X-RateLimit-Reset": "90"}, 90),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOW.timestamp() - 90:.0f}"}, 0),
        ({"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "90"}, None),
        ({"X-RateLimit-Remaining": "0"}, None),
        ({"X-RateLimit-Remaining": "none", "X-RateLimit-Reset": "90"}, None),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "soon"}, None),
        ({"X-RateLimit-Remaining": "nan", "X-RateLimit-Reset": "inf"}, None),
        ({}, None),
    ],
)
def test_every_way_to_write_a_reset(headers: dict[str, str], seconds: float | None) -> None:
    found = limit_resets_in(Response("http://x.example", headers=headers), NOW)
    assert found == (None if seconds is None else pytest.approx(seconds, abs=5))


def test_a_spent_limit_is_waited_for_before_the_next_request(site: Site, db: Path) -> None:
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2"}
    site.on("/api/", replace(EMPTY, headers=spent), EMPTY)
    (report,) = run_fleet([CrawlJob("A", NO_TERMS, "hackernews", db=db, base_url=site.url)])
    assert report.outcome is CrawlOutcome.EMPTY
    first, *others = [request.at for request in site.asked("/api/")]
    assert len(others) == 2
    assert min(others) - first >= 1.9


@pytest.mark.parametrize("status", [200, 403, 429])
def test_a_limit_spent_for_long_is_quota_and_says_when(status: int, site: Site, db: Path) -> None:
    now = datetime.now(UTC)
    reset = f"{now.timestamp() + 3600:.0f}"
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
    site.on("/api/", replace(EMPTY, status=status, headers=headers))
    (report,) = run_fleet([CrawlJob("A", NO_TERMS, "hackernews", db=db, base_url=site.url)])
    assert report.outcome is CrawlOutcome.QUOTA
    assert len(site.asked("/api/")) == 1
    assert "its rate limit is spent until" in (report.reason or "")
    opens = from_iso(report.stats["earful/opens_at"])
    assert opens == pytest.approx(now + timedelta(hours=1), abs=timedelta(seconds=30))


def test_a_body_may_ask_to_wait() -> None:
    spider = spider_of("hackernews")
    began = time.monotonic()
    spider.wait(Response("http://x.example/a"), 30)
    spider.wait(Response("http://x.example/b"), 5)
    assert began + 30 <= spider.body_waits["x.example"] <= time.monotonic() + 30


def spent(store: Store) -> dict[str, int]:
    """Read what account `a` has spent, by day."""
    rows = store.database.connection.execute("SELECT day, spent FROM quotas WHERE account = 'a'")
    return dict(map(tuple, rows))


def test_a_quota_outlives_the_process_and_is_never_passed(db: Path) -> None:
    with Store.open(db) as store:
        assert [store.quotas.spend("a", "2026-11-24", 4, 10) for _ in range(3)] == [
            True,
            True,
            False,
        ]
    with Store.open(db) as store:
        assert spent(store) == {"2026-11-24": 8}
        assert store.quotas.spend("a", "2026-11-24", 2, 10)
        assert not store.quotas.spend("a", "2026-11-24", 1, 10)
        assert not store.quotas.spend("b", "2026-11-24", 11, 10)
        assert store.quotas.spend("a", "2026-12-04", 1, 10)
        assert spent(store) == {"2026-12-04": 1}, "old days are forgotten"


def test_a_spent_quota_ends_the_crawl_and_says_when_it_opens(site: Site, db: Path) -> None:
    site.on("/api/", EMPTY)
    job = CrawlJob("A", NO_TERMS, "hackernews", db=db, base_url=site.url)
    limited: dict[str, object] = {"DAILY_QUOTA": 2}
    first, second = (run_fleet([job], limited)[0] for _ in range(2))
    assert len(site.asked("/api/")) == 2, "of six that two crawls would ask for"
    for report in (first, second):
        assert report.outcome is CrawlOutcome.QUOTA
        assert "its quota of 2 a day is spent and opens again" in (report.reason or "")
        assert from_iso(report.stats["earful/opens_at"]) > datetime.now(UTC)


def test_a_store_that_fails_is_not_the_sources_fault(site: Site, db: Path) -> None:
    site.on("/api/", EMPTY)
    with Store.open(db) as store:
        store.database.connection.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON quotas "
            "BEGIN SELECT raise(ABORT, 'the disk is full'); END"
        )
    job = CrawlJob("A", NO_TERMS, "hackernews", db=db, base_url=site.url)
    (report,) = run_fleet([job], {"DAILY_QUOTA": 2})
    assert report.outcome is CrawlOutcome.FAILED
    assert (report.reason or "").startswith(f"the store did not take the mentions: {db}: ")
    assert "the disk is full" in (report.reason or "")
    assert "did not answer" not in (report.reason or "")
    assert site.asked("/api/") == []


def test_a_day_begins_where_the_source_is() -> None:
    now = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
    assert quota_day(now, "UTC") == ("2026-11-24", datetime(2026, 11, 25, tzinfo=UTC))
    assert quota_day(now, "America/Los_Angeles") == (
        "2026-11-23",
        datetime(2026, 11, 24, 8, tzinfo=UTC),
    )
