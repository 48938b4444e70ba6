"""What stands between spiders and servers: manners, conditional GET, and a record of failures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK
from scrapy.statscollectors import StatsCollector

from config.errors import StoreError
from config.redaction import mask_url
from crawler import outcome
from crawler.base import MentionSpider, is_loopback
from crawler.daily_quota import NotAsked
from crawler.entry_problems import PageError, blocked, failed, place, quota_spent, unauthorised
from crawler.session import session_of
from crawler.store_faults import end_for
from crawler.waits import header, limit_resets_in, retry_after
from storage.models import CrawlOutcome, Validators, iso

_MOST_PROBLEMS = 20
PROBED = "enough pages were asked for"


def _stats(crawler: Crawler) -> StatsCollector:
    assert crawler.stats is not None  # set before components are built
    return crawler.stats


def record_problem(stats: StatsCollector, url: str, problem: PageError) -> None:
    """Keep the first problems for the judge, and count all."""
    stats.inc_value(outcome.PROBLEM_COUNT)
    kept = stats.get_value(outcome.PROBLEMS) or []
    if len(kept) < _MOST_PROBLEMS:
        where = place(url) if url else "the source"
        entry = {"outcome": problem.outcome.value, "place": where, "reason": problem.reason}
        stats.set_value(outcome.PROBLEMS, [*kept, entry])
    if problem.opens_at is not None:
        opens_at = iso(problem.opens_at)
        stats.set_value(outcome.OPENS_AT, max(opens_at, stats.get_value(outcome.OPENS_AT) or ""))


class ReportMiddleware:
    """Judge each answered page: bad statuses never reach a spider, crashes are recorded."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.stats = _stats(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_start(self, start: Any) -> Any:
        spider = self.crawler.spider
        assert isinstance(spider, MentionSpider)
        for name in spider.needed_secrets(spider.options):
            if spider.secret(name) is None:
                # Asking without it would only teach the source to refuse us.
                record_problem(self.stats, "", unauthorised(f"needs {name} in the environment"))
                return
        try:
            async for request in start:
                yield request
        except PageError as error:
            record_problem(self.stats, "", error)
        except StoreError as error:
            end_for(self.crawler, error)
        except Exception as error:
            record_problem(self.stats, "", failed(f"cannot be asked: {_shown(error)}"))

    def process_spider_input(self, response: Response) -> None:
        if response.status == 304:
            self.stats.inc_value(outcome.UNCHANGED)
            raise _NothingToRead
        if response.status in (404, 410) and response.meta.get("page", 1) > 1:
            raise _NothingToRead  # WordPress says so past the last page of a feed
        if response.status not in response.meta.get("handle_httpstatus_list", ()) and (
            problem := of_response(response)
        ):
            raise problem
        self.stats.inc_value(outcome.PAGES)
        if "dataloss" in response.flags:
            # The spider reads what came; the run says that there was more.
            problem = PageError(CrawlOutcome.BROKEN, "closed the connection mid-answer")
            record_problem(self.stats, response.url, problem)

    def process_spider_exception(
        self, response: Response, exception: Exception
    ) -> Iterable[Any] | None:
        if isinstance(exception, _NothingToRead):
            return ()
        if isinstance(exception, PageError):
            record_problem(self.stats, response.url, exception)
            return ()
        if isinstance(exception, StoreError):
            end_for(self.crawler, exception)
            return ()
        crashed = PageError(
            CrawlOutcome.BROKEN, f"answered with what the spider cannot read ({_shown(exception)})"
        )
        record_problem(self.stats, response.url, crashed)
        return None  # Scrapy logs the traceback


class _NothingToRead(Exception):  # noqa: N818 - it is no error
    """The page has not changed, or lies past the last."""


class FailureMiddleware:
    """Record requests that never got an answer, once no retry is left."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.stats = _stats(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_exception(self, request: Request, exception: Exception) -> None:
        if isinstance(exception, StoreError):
            end_for(self.crawler, exception)
            return
        if request.callback is NO_CALLBACK:
            return  # robots.txt: the page itself tells what is wrong
        if isinstance(exception, PageError):
            # What a download handler of ours could tell already.
            problem = exception
        elif isinstance(exception, IgnoreRequest):
            if PROBED in str(exception):
                return
            if isinstance(exception, NotAsked):
                problem = exception.problem
            elif "robots.txt" in str(exception):
                problem = blocked("is forbidden to programs by its robots.txt")
            else:
                problem = failed(f"was not asked: {_shown(exception)}")
        else:
            problem = failed(f"did not answer: {_unreachable(exception)}")
        record_problem(self.stats, request.url, problem)


class ProbeMiddleware:
    """Ask for a few pages only, where a crawl is to show no more than that a source answers."""

    def __init__(self, crawler: Crawler) -> None:
        session = session_of(crawler)
        if session is None or session.responses is None:
            raise NotConfigured
        self.left = session.responses

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        meta = request.meta
        if request.callback is NO_CALLBACK or any(
            meta.get(name) for name in ("retry_times", "redirect_times", "form", "door")
        ):
            return  # robots.txt, the same page once more, what leads to a page
        if self.left <= 0:
            raise IgnoreRequest(PROBED)
        self.left -= 1


class ConditionalMiddleware:
    """Ask "changed since?" for pages that stand for a whole target.

    Validators are taken up in the stats only: whoever runs the crawl saves them once all that
    the run gave is stored and the run was good, so they can never run ahead of the data.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.stats = _stats(crawler)
        self.session = session_of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

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
                kept = self.stats.get_value("earful/validators") or []
                self.stats.set_value("earful/validators", [*kept, given])
        return response

    def _key(self, request: Request) -> str:
        """Name a reading, not a page: another brand or query has seen other things of it."""
        assert self.session is not None
        # The scope tells apart what masking makes equal.
        return f"{mask_url(request.meta['real_url'])}#{self.session.scope}"


class PoliteRetryMiddleware(RetryMiddleware):
    """Retry as Scrapy does, but later each time and never before the host wants to hear of us.

    That is what `Retry-After`, a spent rate limit, or the body (through the spider's `wait`)
    asks for. A host that asks to be left alone for longer than `RETRY_AFTER_MAX` is not asked
    again in this crawl.
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
        asked = retry_after(response, now) if response.status in (403, 429, 503) else None
        wait = max((given for given in (resets, asked) if given is not None), default=None)
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
        return super().process_response(request, response)

    def _retry(self, request: Request, reason: Any) -> Request | None:
        again = super()._retry(request, reason)
        if again is not None:
            pause = 0.05 if is_loopback(request.url) else self.backoff ** again.meta["retry_times"]
            again.meta["hold_until"] = time.monotonic() + pause
        return again

    def _held_until(self, host: str, request: Request) -> float:
        spider = self.crawler.spider
        told = spider.body_waits.get(host, 0.0) if isinstance(spider, MentionSpider) else 0.0
        return max(self.holds.get(host, 0.0), told, float(request.meta.get("hold_until", 0.0)))

    def _left_alone(self, host: str, wait: float) -> PageError:
        opens_at = datetime.now(UTC) + timedelta(seconds=wait)
        if host in self.limited:
            return quota_spent(
                f"was not asked: its rate limit is spent until {opens_at:%H:%M} UTC", opens_at
            )
        reason = f"was not asked: the host asked to be left alone for another {wait:.0f} s"
        return PageError(CrawlOutcome.BLOCKED, reason, opens_at)


def of_response(response: Response) -> PageError | None:
    """Judge a final answer by its status and by how long it asks to be left alone."""
    now = datetime.now(UTC)
    wait, resets = retry_after(response, now), limit_resets_in(response, now)
    problem = of_status(
        response.status, "" if wait is None else f" and asked to wait {wait:.0f} s"
    )
    if problem is None or problem.outcome is not CrawlOutcome.BLOCKED:
        return problem
    if resets is not None:
        opens_at = datetime.now(UTC) + timedelta(seconds=resets)
        return quota_spent(
            f"answered {response.status}: its rate limit is spent until {opens_at:%H:%M} UTC",
            opens_at,
        )
    if wait is not None:
        problem.opens_at = datetime.now(UTC) + timedelta(seconds=wait)
    return problem


def of_status(status: int, waits: str = "") -> PageError | None:
    """Judge a final HTTP status; None for one that carries a page."""
    if 200 <= status < 300:
        return None
    answer = f"answered {status}{waits}"
    if status in (401, 407):
        return PageError(CrawlOutcome.UNAUTHORISED, answer)
    if status in (403, 429, 451, 999):
        return blocked(answer)
    if status in (404, 410):
        return failed(f"{answer}, no such page, so check the id or address in earful.toml")
    return failed(answer)


def _unreachable(error: Exception) -> str:
    name = type(error).__name__
    for part, sentence in (
        ("CannotResolveHost", "its name is not known to DNS"),
        ("DNSLookup", "its name is not known to DNS"),
        ("ConnectionRefused", "the connection was refused"),
        ("Timeout", "it took too long"),
        ("MaxSize", "the answer is larger than 32 MB"),
        ("Cancelled", "the answer is larger than 32 MB"),
    ):
        if part in name:
            return sentence
    return f"the connection failed ({_shown(error)})"


def _shown(error: Exception) -> str:
    text = " ".join(str(error).split())[:160]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
