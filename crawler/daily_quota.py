"""Daily quotas: counted in the store before each request, so that no restart forgets them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK

from crawler.base import MentionSpider
from crawler.crawl_session import CrawlPart, session_of
from crawler.entry_problems import PageError, quota_spent


class NotAsked(IgnoreRequest):
    """A request that is not made; `problem` says why."""

    def __init__(self, problem: PageError) -> None:
        super().__init__(problem.reason)
        self.problem = problem


class QuotaMiddleware(CrawlPart):
    """Take each request from the account's quota of the day; ask no more once it is spent."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        session, spider = session_of(crawler), crawler.spider
        limit = spider.quota_limit() if isinstance(spider, MentionSpider) else None
        if session is None or limit is None:
            raise NotConfigured
        assert isinstance(spider, MentionSpider)
        self.store = session.store
        self.spider = spider
        self.limit = limit

    def process_request(self, request: Request) -> None:
        if request.callback is NO_CALLBACK:
            return  # robots.txt
        day, opens_at = quota_day(datetime.now(UTC), self.spider.quota_zone)
        cost = self.spider.quota_cost(request)
        if not self.store.quotas.spend(self.spider.quota_account, day, cost, self.limit):
            raise NotAsked(quota_spent(f"was not asked: {spoken(self.limit, opens_at)}", opens_at))


def quota_day(now: datetime, zone: str) -> tuple[str, datetime]:
    """Name the day that a quota counts in, and tell when the next one begins."""
    day = now.astimezone(ZoneInfo(zone)).date()
    opens_at = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
    return day.isoformat(), opens_at.astimezone(UTC)


def day_spent(spider: MentionSpider, response: Response, words: str = "") -> PageError:
    """Make the error of a quota that a body says is spent: nothing more is asked on that day."""
    now = datetime.now(UTC)
    _, opens_at = quota_day(now, spider.quota_zone)
    spider.wait(response, (opens_at - now).total_seconds(), spent=True)
    return quota_spent(f"says that its quota is spent{f' ({words})' if words else ''}", opens_at)


def spoken(limit: int, opens_at: datetime) -> str:
    return f"its quota of {limit:,} a day is spent and opens again {opens_at:%Y-%m-%d %H:%M} UTC"
