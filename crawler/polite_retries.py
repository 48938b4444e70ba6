"""When a host is asked again: later each time, and never before it wants to be."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.http import Request, Response

from crawler.base import MentionSpider
from crawler.daily_quota import NotAsked
from crawler.entry_problems import PageError, quota_spent
from crawler.request_details import is_loopback
from crawler.waits import limit_resets_in, retry_after
from storage.models import CrawlOutcome


class PoliteRetryMiddleware(RetryMiddleware):
    """Retry as Scrapy does, but later each time and never before the host wants to hear of us.

    That is what `Retry-After`, a spent rate limit, or the body (through the spider's `wait`)
    asks for; where a 429 comes without, it is the spider's `rest`. A host that is to be left
    alone for longer than `RETRY_AFTER_MAX` is not asked again in this crawl.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler.settings)
        self.crawler = crawler
        self.longest = crawler.settings.getfloat("RETRY_AFTER_MAX")
        self.backoff = crawler.settings.getfloat("RETRY_BACKOFF")
        self.holds: dict[str, float] = {}
        self.limited: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        if is_loopback(request.url):
            request.meta["autothrottle_dont_adjust_delay"] = True
        host = urlsplit(request.url).netloc
        while (wait := self._held_until(host, request) - time.monotonic()) > 0:
            if wait > self.longest:
                raise NotAsked(self._left_alone(host, wait))
            await asyncio.sleep(wait)

    def process_response(
        self, request: Request, response: Response, spider: Any = None
    ) -> Request | Response:
        host = urlsplit(request.url).netloc
        now = datetime.now(UTC)
        resets = limit_resets_in(response, now)
        asked_for = retry_after(response, now) if response.status in (403, 429, 503) else None
        wait = max((given for given in (resets, asked_for) if given is not None), default=None)
        if wait is None and response.status == 429:
            wait = self._rest()
        if wait is not None:
            self.holds[host] = max(self.holds.get(host, 0.0), time.monotonic() + wait)
            if resets is not None:
                self.limited.add(host)
            if response.status in (403, 429, 503):
                if wait > self.longest:
                    return response
                # GitHub says 403 where others say 429.
                return self._retry(request, f"{response.status}, asked to wait") or response
        if "dataloss" in response.flags:
            return self._retry(request, "dataloss") or response
        if response.status in request.meta.get("doubtful", ()):
            return self._retry(request, f"{response.status}, given at random") or response
        return super().process_response(request, response)

    def _retry(self, request: Request, reason: Any) -> Request | None:
        again = super()._retry(request, reason)
        if again is not None:
            pause = 0.05 if is_loopback(request.url) else self.backoff ** again.meta["retry_times"]
            again.meta["hold_until"] = time.monotonic() + pause
        return again

    def _held_until(self, host: str, request: Request) -> float:
        spider = self.crawler.spider
        by_body = spider.body_waits.get(host, 0.0) if isinstance(spider, MentionSpider) else 0.0
        return max(self.holds.get(host, 0.0), by_body, float(request.meta.get("hold_until", 0.0)))

    def _rest(self) -> float | None:
        spider = self.crawler.spider
        rest = spider.rest if isinstance(spider, MentionSpider) else None
        return None if rest is None else rest.total_seconds()

    def _left_alone(self, host: str, wait: float) -> PageError:
        opens_at = datetime.now(UTC) + timedelta(seconds=wait)
        spider = self.crawler.spider
        spent = spider.spent_hosts if isinstance(spider, MentionSpider) else set()
        if host in self.limited or host in spent:
            return quota_spent(
                f"was not asked: its rate limit is spent until {opens_at:%H:%M} UTC", opens_at
            )
        reason = f"was not asked: its host is left alone for another {wait:.0f} s"
        return PageError(CrawlOutcome.BLOCKED, reason, opens_at)
