"""Ask only for what changed: validators of the last good run, sent along and taken up."""

from __future__ import annotations

from scrapy.crawler import Crawler
from scrapy.http import Request, Response

from config.redaction import mask_url
from crawler import stat_keys
from crawler.crawl_session import CrawlPart, session_of
from crawler.waits import header
from storage.models import Validators


class ConditionalMiddleware(CrawlPart):
    """Ask "changed since?" for pages that stand for a whole target.

    Validators are taken up in the stats only: whoever runs the crawl saves them once all that
    the run gave is stored and the run was good, so they can never run ahead of the data.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.session = session_of(crawler)

    def process_request(self, request: Request) -> None:
        # Without an earlier good run nothing is stored, so nothing may count as unchanged.
        since = getattr(self.crawler.spider, "since", None)
        if not request.meta.get("conditional") or self.session is None or since is None:
            return
        known = self.session.store.crawls.validators(self._key(request))
        if known and known.etag:
            request.headers.setdefault("If-None-Match", known.etag)
        if known and known.last_modified:
            request.headers.setdefault("If-Modified-Since", known.last_modified)

    def process_response(self, request: Request, response: Response) -> Response:
        if request.meta.get("conditional") and self.session and response.status == 200:
            etag, modified = header(response, "ETag"), header(response, "Last-Modified")
            if etag or modified:
                given = Validators(url=self._key(request), etag=etag, last_modified=modified)
                kept = self.stats.get_value(stat_keys.VALIDATORS) or []
                self.stats.set_value(stat_keys.VALIDATORS, [*kept, given])
        return response

    def _key(self, request: Request) -> str:
        """Name a reading, not a page: another brand or query has seen other things of it."""
        assert self.session is not None
        # The scope tells apart what masking makes equal.
        return f"{mask_url(request.meta['real_url'])}#{self.session.scope}"
