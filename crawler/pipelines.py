"""From yielded items to stored mentions: refusals counted, relevance checked, pages saved."""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import fields, replace
from typing import Any

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem, NotConfigured
from twisted.internet.task import LoopingCall

from crawler import stat_keys
from crawler.base import MentionSpider
from crawler.crawl_session import CrawlerStore, CrawlPart, session_of
from crawler.entry_problems import Bounded, Gone, Refusal
from crawler.store_faults import end_for
from storage.models import Fate, LedgerLine, Mention, RefusalReason, iso

log = logging.getLogger(__name__)

EXAMPLES = 5
PAGE = 100
LATEST_FLUSH_S = 1.0

_OPTIONAL = [item.name for item in fields(Mention) if item.default is None]


class _Pipeline(CrawlPart):
    def leave_out(self, fate: Fate, reason: RefusalReason | None = None) -> None:
        """Count an entry for the ledger, which is written with the next page."""
        if (session := session_of(self.crawler)) is not None:
            session.left_out[fate, reason] += 1

    def example(self, key: str, example: dict[str, Any]) -> None:
        kept = self.stats.get_value(key) or []
        if len(kept) < EXAMPLES:
            self.stats.set_value(key, [*kept, example])

    def refuse(self, entry: str, reason: str) -> None:
        """Count an entry that is left out, and keep why."""
        self.stats.inc_value(stat_keys.REFUSED)
        self.example(stat_keys.REFUSED_EXAMPLES, {"entry": entry, "reason": reason})

    def take_back(self, mention_id: str, reason: str) -> None:
        """Refuse what was counted as a mention before it showed that it is none."""
        self.stats.inc_value(stat_keys.MENTIONS, -1)
        self.refuse(mention_id, f"{mention_id}: {reason}")


class CountPipeline(_Pipeline):
    """Count mentions once each, with the fields they fill, and entries that are none, by name."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.ids: set[str] = set()
        # Scrapy's stats are slow to add to: a dozen fields a mention are counted here first.
        self.filled: Counter[str] = Counter()

    def process_item(self, item: Any) -> Any:
        if isinstance(item, Mention):
            if item.id in self.ids:
                # Searches overlap, and pages shift while they are read.
                self.leave_out(Fate.KNOWN)
                raise DropItem(f"{item.id} came before", log_level="DEBUG")
            self.ids.add(item.id)
            self.stats.inc_value(stat_keys.MENTIONS)
            if item.created_at is None:
                self.stats.inc_value(stat_keys.UNDATED)
            self.filled.update(name for name in _OPTIONAL if getattr(item, name) is not None)
            return item
        if isinstance(item, Refusal):
            self.refuse(item.entry, item.reason)
            self.leave_out(Fate.REFUSED, item.kind)
            raise DropItem(f"{item.entry}: {item.reason}", log_level="WARNING")
        if isinstance(item, Gone):
            return item
        if isinstance(item, Bounded):
            self.stats.inc_value(stat_keys.BOUNDED)
            raise DropItem(f"page limit reached at {item.url}", log_level="DEBUG")
        raise DropItem(f"not a mention: {type(item).__name__}", log_level="ERROR")

    def close_spider(self) -> None:
        for name, count in self.filled.items():
            self.stats.set_value(stat_keys.FIELD + name, count)


class RelevancePipeline(_Pipeline):
    """Keep what matches the brand's query: search engines return what merely resembles."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        spider = crawler.spider
        assert isinstance(spider, MentionSpider)
        if not spider.wants_match:
            raise NotConfigured
        self.query, self.queried = spider.query, spider.queried
        session = session_of(crawler)
        self.to_explain = session.explain if session else 0

    def process_item(self, item: Mention | Gone) -> Mention | Gone:
        if isinstance(item, Gone):
            return item
        try:
            taken = self.query.matches(self.queried(item))
            if self.to_explain:
                self._explain(item, taken)
        except Exception as error:
            reason = f"the query cannot be asked of it ({type(error).__name__}: {error})"
            self.take_back(item.id, reason)
            self.leave_out(Fate.REFUSED, RefusalReason.QUERY)
            raise DropItem(f"{item.id}: {reason}", log_level="WARNING") from error
        if taken:
            return item
        self.stats.inc_value(stat_keys.IRRELEVANT)
        self.leave_out(Fate.IRRELEVANT)
        example = {"id": item.id, "url": item.url, "text": (item.title or item.text)[:120]}
        self.example(stat_keys.IRRELEVANT_EXAMPLES, example)
        raise DropItem(f"{item.id} is not about the brand", log_level="DEBUG")

    def _explain(self, item: Mention, taken: bool) -> None:
        self.to_explain -= 1
        clauses = self.query.explain(self.queried(item))
        explained = {
            "id": item.id,
            "text": " ".join((item.title or item.text).split())[:120],
            "taken": taken,
            "holds": [name for name, holds in clauses if holds],
            "lacks": [name for name, holds in clauses if holds is False],
            "untold": [name for name, holds in clauses if holds is None],
        }
        kept = self.stats.get_value(stat_keys.EXPLAINED) or []
        self.stats.set_value(stat_keys.EXPLAINED, [*kept, explained])


class StorePipeline(_Pipeline):
    """Save mentions a page at a time, at the end, and when a page is slow to fill."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        session = session_of(crawler)
        if session is None:
            raise NotConfigured
        self.store: CrawlerStore = session.store
        self.left_out, self.keeps_since = session.left_out, session.keeps_since
        self.location = session.location
        assert isinstance(crawler.spider, MentionSpider)
        self.spider = crawler.spider
        self.waiting: list[Mention] = []
        self.gone: list[str] = []
        self.oldest = 0.0
        self.timer = LoopingCall(self._flush_late)

    def open_spider(self) -> None:
        self.timer.start(LATEST_FLUSH_S / 2, now=False)

    def process_item(self, item: Mention | Gone) -> Mention | Gone:
        if not self.waiting and not self.gone:
            self.oldest = time.monotonic()
        if isinstance(item, Gone):
            self.gone.append(f"{self.spider.name}:{item.native_id}")
        else:
            # Where one page is one place, the config says which: no source is asked for it.
            self.waiting.append(replace(item, location=self.location) if self.location else item)
        if len(self.waiting) + len(self.gone) >= PAGE:
            self.flush()
        return item

    def close_spider(self) -> None:
        if self.timer.running:
            self.timer.stop()
        self.flush()

    def flush(self) -> None:
        """Save what waits in one transaction; a failure is recorded and ends the crawl."""
        if self.stats.get_value(stat_keys.STORE_ERROR):
            return
        page, self.waiting = self.waiting, []
        gone, self.gone = self.gone, []
        left_out = self._take_left_out()
        if not (page or gone or left_out):
            return
        try:
            saved = self.store.mentions.save(
                page, gone, self.spider.now, left_out, self.keeps_since
            )
        except Exception as error:
            end_for(self.crawler, error)
            return
        self.stats.inc_value(stat_keys.NEW, saved.new)
        self.stats.inc_value(stat_keys.EDITED, saved.edited)
        self.stats.inc_value(stat_keys.KNOWN, saved.known)
        # They came, and the source is well: they are no refusals that a run is judged by.
        if saved.forgotten:
            self.stats.inc_value(stat_keys.FORGOTTEN, saved.forgotten)
        if saved.too_old:
            self.stats.inc_value(stat_keys.TOO_OLD, saved.too_old)
        if saved.deleted:
            self.stats.inc_value(stat_keys.GONE, saved.deleted)
        for one in saved.refused:
            self.take_back(one.mention_id, one.reason)
            log.warning("Left out: %s: %s", one.mention_id, one.reason)

    def _take_left_out(self) -> dict[LedgerLine, int]:
        """Give the lines of what was left out since the last page."""
        spider = self.spider
        self.left_out[Fate.IRRELEVANT, None] += spider.passed_over
        spider.passed_over = 0
        day = iso(spider.now)[:10]
        lines = {
            LedgerLine(
                day=day, brand=spider.brand, source=spider.name, fate=fate, reason=reason
            ): entries
            for (fate, reason), entries in self.left_out.items()
            if entries
        }
        self.left_out.clear()
        return lines

    def _flush_late(self) -> None:
        if (self.waiting or self.gone) and time.monotonic() - self.oldest >= LATEST_FLUSH_S / 2:
            self.flush()
