"""What a crawl reports of itself: its progress to its parent, its memory, terse log lines."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.extensions.memusage import MemoryUsage
from scrapy.logformatter import LogFormatter, LogFormatterResult
from twisted.internet.task import LoopingCall

from crawler import stat_keys
from crawler.base import MentionSpider
from crawler.crawl_session import CrawlPart, session_of
from crawler.entry_problems import place

_EVERY_S = 0.5
COUNTS = {
    "requests": "downloader/request_count",
    "seen": stat_keys.MENTIONS,
    "new": stat_keys.NEW,
    "edited": stat_keys.EDITED,
    "known": stat_keys.KNOWN,
    "irrelevant": stat_keys.IRRELEVANT,
    "refused": stat_keys.REFUSED,
}


class Progress(CrawlPart):
    """Tell the parent the counts twice a second, and the judge what the spider expects."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        session = session_of(crawler)
        if session is None:
            raise NotConfigured
        self.tell = session.tell
        self.timer = LoopingCall(self.report)
        crawler.signals.connect(self.opened, signals.spider_opened)
        crawler.signals.connect(self.closed, signals.spider_closed)

    def opened(self, spider: MentionSpider) -> None:
        self.stats.set_value(stat_keys.ASKED_SINCE, spider.asked_since)
        self.stats.set_value(stat_keys.DELAY, spider.delay_at_host)
        self.stats.set_value(stat_keys.ALWAYS, list(spider.always))
        self.timer.start(_EVERY_S)

    def closed(self) -> None:
        if self.timer.running:
            self.timer.stop()
        self.report()

    def report(self) -> None:
        counts = {name: self.stats.get_value(key, 0) for name, key in COUNTS.items()}
        self.tell({"event": "progress", **counts})


class ResidentMemory(MemoryUsage):
    """Measure this process alone.

    `ru_maxrss` outlives exec: a child of a daemon with a model loaded would inherit its peak.
    """

    def get_virtual_size(self) -> int:
        try:
            for line in Path("/proc/self/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        except OSError:
            pass
        return super().get_virtual_size()


class TerseLogFormatter(LogFormatter):
    """Keep what people wrote, and query strings that may hold a key, out of the logs."""

    def dropped(
        self, item: Any, exception: BaseException, response: Any, spider: Any
    ) -> LogFormatterResult:
        level = getattr(exception, "log_level", None) or "WARNING"
        return _line(logging.getLevelName(level), "Left out: %s", str(exception))

    def item_error(
        self, item: Any, exception: BaseException, response: Any, spider: Any
    ) -> LogFormatterResult:
        named = getattr(item, "id", type(item).__name__)
        return _line(logging.ERROR, "Pipelines failed on %s", named)

    def spider_error(
        self, failure: Any, request: Any, response: Any, spider: Any
    ) -> LogFormatterResult:
        return _line(logging.ERROR, "Spider failed on %s", place(request.url))

    def download_error(
        self, failure: Any, request: Any, spider: Any, errmsg: str | None = None
    ) -> LogFormatterResult:
        failed = f"{place(request.url)}: {errmsg or type(failure.value).__name__}"
        return _line(logging.ERROR, "Could not download %s", failed)


def _line(level: int, message: str, named: str) -> LogFormatterResult:
    return {"level": level, "msg": message, "args": (named,)}
