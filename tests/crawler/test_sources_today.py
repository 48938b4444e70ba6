"""What fails at sources in autumn 2026, over real HTTP: each is borne, and said as it is."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from scrapy.settings import Settings

from crawler import stat_keys
from crawler.catalog import sources
from crawler.runner import CrawlJob
from crawler.spiders.reddit import RedditSpider
from storage.models import CrawlOutcome, CrawlReport, from_iso
from tests.crawler.fleet import run_fleet
from tests.crawler.reading import NOW, RESPONSES, first_requests, read, response_of, spider_of
from tests.crawler.site import Reply, Site

POSTS = Reply(response_of("reddit"))
NO_REVIEWS = Reply(b'{"feed": {}}')
# Retries are quick on this machine; the pauses are tested where they are decided.
YOUTUBE = "/feeds/videos.xml"


def crawled(db: Path, source: str, base_url: str, options: dict[str, object]) -> CrawlReport:
    job = CrawlJob("Acme Air", '"acme air"', source, options, db=db, base_url=base_url)
    (report,) = run_fleet([job])
    return report


def opens_in(report: CrawlReport) -> timedelta:
    return from_iso(report.stats[stat_keys.OPENS_AT]) - datetime.now(UTC)


def test_what_is_said_of_today_is_dated_and_seen_in_public() -> None:
    for name, spider in sources().items():
        days = [trouble.since for trouble in spider.today]
        assert days == sorted(days, reverse=True), f"{name}: the newest first"
        for trouble in spider.today:
            assert date(2010, 1, 1) < trouble.since <= datetime.now(UTC).date(), name
            assert trouble.seen, f"{name}: name a public thread"
            for address in trouble.seen:
                assert re.fullmatch(r"[\w.-]+\.[a-z]+/\S+", address), f"{name}: {address}"
            for clause in (trouble.what, trouble.do):
                assert clause, name
                assert clause[-1] not in ".:;", f"{name}: a clause without an end: {clause}"
    assert {"reddit", "gdelt", "feeds", "appstore"} <= {
        name for name, spider in sources().items() if spider.today
    }


def test_reddit_reads_the_new_posts_of_each_subreddit_and_searches_nothing(
    site: Site, db: Path
) -> None:
    site.on("/", POSTS)
    options: dict[str, object] = {"subreddits": ["flights", "airlines"], "obey_robots": False}
    report = crawled(db, "reddit", site.url, options)
    assert (report.outcome, report.new) == (CrawlOutcome.OK, 2)
    paths = sorted(request.path for request in site.requests)
    assert paths == ["/r/airlines/new/.rss", "/r/flights/new/.rss"]


def test_reddit_rests_long_after_a_429_and_says_what_would_help(site: Site, db: Path) -> None:
    site.on("/", Reply(b"", 429))
    options: dict[str, object] = {"subreddits": ["flights", "airlines"], "obey_robots": False}
    report = crawled(db, "reddit", site.url, options)
    assert len(site.requests) == 1, "neither tried again nor asked for the next subreddit"
    assert report.outcome is CrawlOutcome.BLOCKED
    assert "answered 429: Earful leaves it alone until" in (report.reason or "")
    assert "about one feed a minute" in (report.reason or "")
    assert timedelta(minutes=55) < opens_in(report) <= timedelta(minutes=61)


def test_reddits_own_word_on_its_limit_is_waited_for(site: Site, db: Path) -> None:
    spent = {"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "1"}
    site.on("/", replace(POSTS, headers=spent), Reply(b"", 429, spent), POSTS)
    options: dict[str, object] = {"subreddits": ["flights", "airlines"], "obey_robots": False}
    report = crawled(db, "reddit", site.url, options)
    assert report.outcome is CrawlOutcome.OK
    times = [request.at for request in site.requests]
    assert [later - earlier >= 0.9 for earlier, later in pairwise(times)] == [True, True]


def test_a_reddit_search_still_works_and_is_told_what_is_better(site: Site, db: Path) -> None:
    site.on("/", POSTS)
    report = crawled(db, "reddit", site.url, {"obey_robots": False})
    assert (report.outcome, report.new) == (CrawlOutcome.OK, 2)
    assert [request.path for request in site.requests] == ["/search.rss"]
    site.on("/", Reply(b"<html><title>Blocked</title></html>", 403))
    blocked = crawled(db, "reddit", site.url, {"obey_robots": False})
    assert "name subreddits, whose new posts are read" in (blocked.reason or "")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "search feed"),
        ({"subreddits": ["a1"], "search": True}, "search feed"),
        ({"subreddits": ["a1"]}, None),
        ({"threads": ["1aaaaa"]}, None),
        ({"mode": "oauth"}, None),
        ({"subreddits": [f"sub{n}" for n in range(9)]}, None),
        ({"subreddits": [f"sub{n}" for n in range(10)]}, "10 subreddits take as many minutes"),
    ],
)
def test_what_hardly_works_at_reddit_is_remarked(
    options: dict[str, object], said: str | None
) -> None:
    remarks = list(RedditSpider.remarks(RedditSpider.Options.model_validate(options)))
    assert [said in remark for remark in remarks if said] == [True] * len(remarks)
    assert bool(remarks) is bool(said)


def test_reddits_feeds_are_asked_a_minute_apart_its_api_is_not() -> None:
    feeds, api = Settings({"AUTOTHROTTLE_MAX_DELAY": 30}), Settings()
    spider_of("reddit", {"subreddits": ["a1"]}).slow_down(feeds)
    spider_of("reddit", {"subreddits": ["a1"], "mode": "oauth"}).slow_down(api)
    assert feeds.getfloat("DOWNLOAD_DELAY") == feeds.getfloat("AUTOTHROTTLE_MAX_DELAY") == 60
    assert api.getfloat("DOWNLOAD_DELAY") == 1


def test_a_crawl_of_reddits_feeds_fits_into_its_time() -> None:
    """Each feed takes a minute: the more subreddits, the fewer pages of each."""
    body = response_of("reddit").decode()
    entry = body[body.index("<entry>") : body.index("</entry>") + 8]
    many = "".join(entry.replace("1aaaaa", f"1{n:05d}") for n in range(50))
    page = body[: body.index("<entry>")] + many + "</feed>"
    for subreddits, pages in ((1, 9), (3, 3), (9, 1), (12, 1)):
        options = {"subreddits": [f"sub{n}" for n in range(subreddits)], "pages": 10}
        spider = spider_of("reddit", options)
        waiting, read_pages = first_requests(spider)[:1], 0
        while waiting and read_pages < 20:
            read_pages += 1
            waiting = read(spider, page.replace(">t3_1", f">t3_{read_pages}"), waiting[0])[2]
        assert read_pages == pages, subreddits


def test_each_hour_another_subreddit_comes_first() -> None:
    names = ["aa", "bb", "cc"]
    firsts = []
    for hour in range(3):
        spider = RedditSpider(
            query="acme", options={"subreddits": names}, now=NOW + timedelta(hours=hour)
        )
        urls = [request.url for request in first_requests(spider)]
        assert len(urls) == 3
        firsts.append(urls[0].split("/r/")[1][:2])
    assert sorted(firsts) == names


def test_the_api_searches_as_before_unless_told_otherwise() -> None:
    def ways(**options: object) -> tuple[bool, bool]:
        given = RedditSpider.Options.model_validate({"subreddits": ["a1"], **options})
        return given.searches, given.mode == "oauth"

    assert ways() == (False, False)
    assert ways(search=True) == (True, False)
    assert ways(mode="oauth") == (True, True)
    assert ways(mode="oauth", everything=True) == (False, True)
    assert ways(mode="oauth", search=False) == (False, True)
    with pytest.raises(ValueError, match="exclude one another"):
        ways(search=True, everything=True)


@pytest.mark.parametrize("body", [b"", b"Please limit requests to one every 5 seconds or contact"])
def test_gdelts_429_at_the_first_request_is_nobodys_fault(
    body: bytes, site: Site, db: Path
) -> None:
    site.on("/", Reply(body, 429, {"Content-Type": "text/html"}))
    report = crawled(db, "gdelt", site.url, {})
    assert len(site.requests) == 1, "asking again only prolongs it"
    assert report.outcome is CrawlOutcome.BLOCKED
    assert "to everybody, at the first request too; you need to do nothing" in (
        report.reason or ""
    )
    assert timedelta(minutes=25) < opens_in(report) <= timedelta(minutes=31)
    site.on("/", Reply(response_of("gdelt")))
    assert crawled(db, "gdelt", site.url, {}).outcome is CrawlOutcome.OK


@pytest.mark.parametrize(
    "options",
    [
        {"preset": "youtube_channel", "channel_id": "UCmade0up"},
        {"url": f"https://www.youtube.com{YOUTUBE}?playlist_id=PLmade0up"},
    ],
)
def test_youtubes_404_is_asked_again_before_it_counts(
    options: dict[str, object], site: Site, db: Path
) -> None:
    given = {**options, "match": False}
    site.on(YOUTUBE, Reply(b"", 404), Reply(b"", 500), Reply(response_of("feeds")))
    report = crawled(db, "feeds", site.url, given)
    assert report.outcome is CrawlOutcome.OK
    assert len(site.asked(YOUTUBE)) == 3

    site.on(YOUTUBE, Reply(b"", 404))
    before = len(site.asked(YOUTUBE))
    report = crawled(db, "feeds", site.url, given)
    assert report.outcome is CrawlOutcome.FAILED
    assert len(site.asked(YOUTUBE)) - before == 4
    assert "answered 404 all of the 4 times that Earful asked" in (report.reason or "")
    assert "at random" in (report.reason or "")


def test_another_feeds_404_is_no_riddle(site: Site, db: Path) -> None:
    options: dict[str, object] = {"url": f"{site.url}/feed.xml"}
    job = CrawlJob("Acme Air", "acme", "feeds", options, db=db)
    (report,) = run_fleet([job])
    assert len(site.asked("/feed.xml")) == 1
    assert "there is no such page: check the id or address" in (report.reason or "")


def test_apples_silence_in_every_country_is_explained(site: Site, db: Path) -> None:
    site.on("/", NO_REVIEWS)
    options: dict[str, object] = {"app_id": 1, "countries": ["us", "gb", "de"]}
    report = crawled(db, "appstore", site.url, options)
    assert report.outcome is CrawlOutcome.EMPTY
    assert "Earful asked all 3 countries in every form" in (report.reason or "")
    assert "data centres" in (report.reason or "")
    assert "app_store_connect" in (report.reason or "")
    assert len(site.requests) == 9


def test_apples_silence_in_one_country_is_no_matter(site: Site, db: Path) -> None:
    site.on("/", NO_REVIEWS)
    page = json.loads((RESPONSES / "appstore.json").read_bytes())
    site.on("/gb/", Reply(json.dumps(page).encode()), NO_REVIEWS)
    report = crawled(db, "appstore", site.url, {"app_id": 1, "countries": ["us", "gb"]})
    assert (report.outcome, report.seen) == (CrawlOutcome.OK, 3)
