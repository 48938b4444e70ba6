"""Manners over real HTTP: waits, robots.txt, conditional GET, what stays out of logs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from scrapy.http import Response

from crawler.entry_problems import place
from crawler.response_problems import status_problem
from crawler.runner import CrawlJob
from crawler.waits import retry_after
from storage.models import CrawlOutcome, CrawlReport, CrawlTarget
from storage.store import Store
from tests.crawler.fleet import run_fleet
from tests.crawler.reading import response_of
from tests.crawler.site import Reply, Site, running_site

FEED = response_of("feeds")
SINCE = datetime(2026, 9, 1, tzinfo=UTC)


def feed_job(db: Path, url: str, **more: object) -> CrawlJob:
    options = {"url": url, "match": False}
    return replace(CrawlJob("Acme Air", '"acme air"', "feeds", options, db=db), **more)  # type: ignore[arg-type]


def test_retry_after_is_waited_for_by_the_whole_host(site: Site, db: Path) -> None:
    page = Reply(b'{"hits": []}')
    site.on("/api/", Reply(b"", 429, {"Retry-After": "2"}), page)
    job = CrawlJob("A", "one OR two OR three", "hackernews", db=db, base_url=site.url)
    (report,) = run_fleet([job])

    assert report.outcome is CrawlOutcome.EMPTY
    times = [request.at for request in site.asked("/api/")]
    assert len(times) == 4
    assert min(later - times[0] for later in times[1:]) >= 1.9


def test_a_host_that_asks_for_too_long_is_left_alone(site: Site, db: Path) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    site.on("/api/", Reply(b"", 503, {"Retry-After": until}))
    query = " OR ".join(f"term{n}" for n in range(8))
    job = CrawlJob("A", query, "hackernews", db=db, base_url=site.url)
    (report,) = run_fleet([job])

    assert len(site.asked("/api/")) == 1
    assert report.outcome is CrawlOutcome.BLOCKED
    assert "left alone" in (report.reason or "")


NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120.0), ("0", 0.0), ("soon", None), ("-1", None), (None, None), ("", None)],
)
def test_retry_after_reads_seconds(value: str | None, seconds: float | None) -> None:
    headers = {} if value is None else {"Retry-After": value}
    assert retry_after(Response("http://x.example", headers=headers), NOW) == seconds


def test_retry_after_reads_a_date() -> None:
    date = format_datetime(NOW + timedelta(seconds=90), usegmt=True)
    assert retry_after(Response("http://x", headers={"Retry-After": date}), NOW) == 90.0
    past = format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True)
    assert retry_after(Response("http://x", headers={"Retry-After": past}), NOW) == 0.0


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, None),
        (204, None),
        (302, CrawlOutcome.FAILED),
        (400, CrawlOutcome.FAILED),
        (401, CrawlOutcome.UNAUTHORISED),
        (403, CrawlOutcome.BLOCKED),
        (404, CrawlOutcome.FAILED),
        (429, CrawlOutcome.BLOCKED),
        (451, CrawlOutcome.BLOCKED),
        (503, CrawlOutcome.FAILED),
    ],
)
def test_statuses(status: int, outcome: CrawlOutcome | None) -> None:
    problem = status_problem(status)
    assert (problem.outcome if problem else None) is outcome


def test_robots_are_obeyed_by_pages_and_not_by_apis(db: Path) -> None:
    with running_site() as site:
        site.on("/robots.txt", Reply(b"User-agent: *\nDisallow: /\n"))
        site.on("/feed", Reply(FEED))
        site.on("/api/", Reply(response_of("hackernews")))
        site.on("/search.rss", Reply(response_of("reddit")))
        jobs = [
            feed_job(db, f"{site.url}/feed"),
            CrawlJob("A", "acme", "hackernews", db=db, base_url=site.url),
            CrawlJob("A", "acme", "reddit", db=db, base_url=site.url),
            CrawlJob("A", "acme", "reddit", {"obey_robots": False}, db=db, base_url=site.url),
        ]
        feed, api, obeying, deciding = run_fleet(jobs)

        assert feed.outcome is obeying.outcome is CrawlOutcome.BLOCKED
        assert "closed to programs: the robots.txt of its host" in (feed.reason or "")
        assert api.outcome is deciding.outcome is CrawlOutcome.OK
        assert site.asked("/feed") == []
        assert len(site.asked("/search.rss")) == 1
        agents = {request.headers["User-Agent"] for request in site.requests}
        assert len(agents) == 1
        assert agents.pop().startswith("Earful/")


def record(db: Path, job: CrawlJob, report: CrawlReport) -> None:
    """Write the run down as `earful` does."""
    target = CrawlTarget(brand=job.brand, source=job.source, target=str(job.options["url"]))
    with Store.open(db) as store:
        run = store.crawls.start(target, SINCE)
        store.crawls.finish(run, report, SINCE)


def test_an_unchanged_feed_is_not_sent_again(site: Site, db: Path) -> None:
    def answer(asked: object) -> Reply:
        headers = getattr(asked, "headers", {})
        if headers.get("If-None-Match") == '"v1"':
            return Reply(b"", 304)
        return Reply(FEED, headers={"ETag": '"v1"', "Last-Modified": "Sun, 20 Sep 2026"})

    site.on("/feed", answer)
    job = feed_job(db, f"{site.url}/feed")
    (first,) = run_fleet([job])
    record(db, job, first)
    assert first.outcome is CrawlOutcome.OK

    again, first_of_other, other_query = run_fleet(
        [
            replace(job, since=SINCE),
            replace(job, brand="Other", since=SINCE),
            replace(job, query="acme", since=SINCE),
        ]
    )
    assert again.outcome is CrawlOutcome.UNCHANGED
    assert (again.seen, again.new) == (0, 0)
    # Another reading of the same feed has not seen what this one has.
    assert first_of_other.seen == other_query.seen == first.seen

    (no_since,) = run_fleet([job])
    assert no_since.seen == first.seen, "without an earlier good run everything is read"


def test_a_broken_run_leaves_no_validators(site: Site, db: Path) -> None:
    headers = {"ETag": '"v1"'}
    site.on("/feed", Reply(FEED[: len(FEED) * 2 // 3], headers=headers), Reply(FEED, 200, headers))
    job = feed_job(db, f"{site.url}/feed", since=SINCE)
    broken, whole = run_fleet([job])[0], run_fleet([job])[0]

    assert broken.outcome is CrawlOutcome.BROKEN
    assert broken.new == 1, "what came was kept"
    assert whole.outcome is CrawlOutcome.OK
    assert "If-None-Match" not in site.asked("/feed")[1].headers


def test_a_probe_asks_for_one_page(site: Site, db: Path) -> None:
    site.on("/", Reply(response_of("appstore")))
    site.on("/down/", Reply(b"", 500))
    options = {"app_id": 1, "countries": ["us", "gb"]}
    job = CrawlJob("A", "acme", "appstore", options, db=db, base_url=site.url, responses=1)
    good, bad = run_fleet([job, replace(job, base_url=f"{site.url}/down")])
    assert good.outcome is CrawlOutcome.OK
    assert [request.path[:4] for request in site.requests if "/down" not in request.path] == [
        "/us/"
    ]
    assert bad.outcome is CrawlOutcome.FAILED
    assert "answered 500" in (bad.reason or "")


def test_past_the_last_page_a_404_is_the_end(site: Site, db: Path) -> None:
    site.on("/", lambda asked: Reply(b"", 404) if "paged" in asked.query else Reply(FEED))
    options = {"preset": "wordpress_reviews", "slug": "acme-air"}
    job = CrawlJob("A", "acme", "feeds", options, db=db, base_url=site.url)
    (report,) = run_fleet([job])
    assert [request.query for request in site.asked("/support/")] == [{}, {"paged": "2"}]
    # One of the three has no date: it is a mention all the same.
    assert (report.outcome, report.new) == (CrawlOutcome.OK, 3)


def test_dead_and_unknown_hosts_are_failures(db: Path) -> None:
    with running_site() as gone:
        dead = gone.url
    refused, unknown = run_fleet(
        [
            CrawlJob("A", "acme", "hackernews", db=db, base_url=dead),
            CrawlJob("A", "acme", "hackernews", db=db, base_url="http://nowhere.invalid"),
        ],
        {"RETRY_BACKOFF": 0.1, "DOWNLOAD_DELAY": 0.1, "AUTOTHROTTLE_START_DELAY": 0.1},
    )
    assert refused.outcome is unknown.outcome is CrawlOutcome.FAILED
    assert "it refused the connection" in (refused.reason or "")
    assert "DNS does not know its name" in (unknown.reason or "")


def test_a_sentence_names_no_query_string() -> None:
    assert place("https://user:pw@x.example:8443/a/b?key=secret#f") == "https://x.example:8443/a/b"
