"""What goes wrong with pages and requests, recorded in the stats for the judge of the crawl."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK
from scrapy.statscollectors import StatsCollector

from config.errors import StoreError
from crawler import stat_keys
from crawler.base import MentionSpider
from crawler.crawl_session import CrawlPart
from crawler.daily_quota import NotAsked
from crawler.entry_problems import PageError, blocked, broken, failed, place, unauthorised
from crawler.probe import EnoughPages
from crawler.response_problems import connection_problem, response_problem, shown_error
from crawler.store_faults import end_for
from crawler.waits import header
from storage.models import iso

_MOST_PROBLEMS = 20


def record_problem(
    stats: StatsCollector, url: str, problem: PageError, *, asked: bool = True
) -> None:
    """Keep the first problems for the judge, and count all.

    What was not `asked` for, because of an earlier answer, explains less than that answer.
    """
    stats.inc_value(stat_keys.PROBLEM_COUNT)
    kept = stats.get_value(stat_keys.PROBLEMS) or []
    if len(kept) < _MOST_PROBLEMS:
        where = place(url) if url else "the source"
        details = {"outcome": problem.outcome.value, "place": where, "reason": problem.reason}
        entry = details | {"asked": asked} | ({"missing": "yes"} if problem.missing else {})
        stats.set_value(stat_keys.PROBLEMS, [*kept, entry])
    if problem.opens_at is not None:
        opens_at = iso(problem.opens_at)
        stats.set_value(
            stat_keys.OPENS_AT, max(opens_at, stats.get_value(stat_keys.OPENS_AT) or "")
        )


class ReportMiddleware(CrawlPart):
    """Judge each response: bad statuses never reach a spider, crashes are recorded."""

    async def process_start(self, start: Any) -> Any:
        spider = self.crawler.spider
        assert isinstance(spider, MentionSpider)
        for name in (*spider.needed_secrets(spider.options), *spider.references):
            if not os.environ.get(name, "").strip():
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
            record_problem(self.stats, "", failed(f"cannot be asked: {shown_error(error)}"))

    def process_spider_input(self, response: Response) -> None:
        if response.status == 304:
            self.stats.inc_value(stat_keys.UNCHANGED)
            raise _NothingToRead
        if response.status in (404, 410) and response.meta.get("page", 1) > 1:
            raise _NothingToRead  # WordPress says so past the last page of a feed
        if response.status not in response.meta.get("handle_httpstatus_list", ()) and (
            problem := response_problem(response, self._rest)
        ):
            raise problem
        self.stats.inc_value(stat_keys.PAGES)
        if "dataloss" in response.flags:
            # The spider reads what came; the run says that there was more.
            cut = broken("closed the connection before the response was whole")
            record_problem(self.stats, response.url, cut)

    @property
    def _rest(self) -> timedelta | None:
        spider = self.crawler.spider
        return spider.rest if isinstance(spider, MentionSpider) else None

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
        crash = broken(f"answered with what the spider cannot read ({shown_error(exception)})")
        record_problem(self.stats, response.url, crash)
        return None  # Scrapy logs the traceback


class _NothingToRead(Exception):  # noqa: N818 - it is no error
    """The page has not changed, or lies past the last."""


class FailureMiddleware(CrawlPart):
    """Record requests that never got a response, once no retry is left."""

    def process_response(self, request: Request, response: Response) -> Response:
        """Keep what time the server says it is: our own clock may be wrong."""
        if date := header(response, "Date"):
            self.stats.set_value(stat_keys.SERVER_TIME, date)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        if isinstance(exception, StoreError):
            end_for(self.crawler, exception)
            return
        if request.callback is NO_CALLBACK:
            return  # robots.txt: the page itself tells what is wrong
        if isinstance(exception, PageError):
            # What a download handler of ours knows already.
            problem = exception
        elif isinstance(exception, IgnoreRequest):
            if isinstance(exception, EnoughPages):
                return
            if isinstance(exception, NotAsked):
                problem = exception.problem
            elif "robots.txt" in str(exception):
                problem = blocked("is closed to programs: the robots.txt of its host forbids them")
            else:
                problem = failed(f"was not asked: {shown_error(exception)}")
        else:
            problem = connection_problem(request.url, exception)
            self._note_unreached(request.url)
        asked = not isinstance(exception, NotAsked)
        record_problem(self.stats, request.url, problem, asked=asked)

    def _note_unreached(self, url: str) -> None:
        """Keep the hosts that gave no answer at all: the fault may be this machine's network."""
        host = urlsplit(url).netloc.rpartition("@")[2]
        known = self.stats.get_value(stat_keys.UNREACHED) or []
        if host not in known and len(known) < _MOST_PROBLEMS:
            self.stats.set_value(stat_keys.UNREACHED, [*known, host])
