"""A crawl that only shows whether a source answers: a few pages, no more."""

from __future__ import annotations

from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http import Request
from scrapy.http.request import NO_CALLBACK

from crawler.crawl_session import CrawlPart, session_of

# What leads to a page, or asks for the same one once more, is no page of its own.
_NO_PAGE = ("retry_times", "redirect_times", "form", "door")


class EnoughPages(IgnoreRequest):
    """A request that a probe has no need of."""


class ProbeMiddleware(CrawlPart):
    """Ask for a few pages only, where a crawl is to show no more than that a source answers."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        session = session_of(crawler)
        if session is None or session.responses is None:
            raise NotConfigured
        self.left = session.responses

    def process_request(self, request: Request) -> None:
        meta = request.meta
        if request.callback is NO_CALLBACK or any(map(meta.get, _NO_PAGE)):
            return  # robots.txt is none either
        if self.left <= 0:
            raise EnoughPages("enough pages were asked for")
        self.left -= 1
