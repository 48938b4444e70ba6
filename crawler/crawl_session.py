"""What a crawl has beside its spider: the store, its stats, and who hears of its progress."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self
from weakref import WeakKeyDictionary

from scrapy.crawler import Crawler
from scrapy.statscollectors import StatsCollector

from storage.models import (
    CrawlTarget,
    Fate,
    LedgerLine,
    Mention,
    RefusalReason,
    SaveResult,
    Validators,
)


class MentionStore(Protocol):
    def save(
        self,
        batch: Sequence[Mention],
        gone: Sequence[str] = (),
        at: datetime | None = None,
        left_out: Mapping[LedgerLine, int] | None = None,
        keeps_since: datetime | None = None,
    ) -> SaveResult: ...
    def known(
        self, source: str, native_ids: Sequence[str], before: datetime
    ) -> dict[str, str]: ...
    def as_kept(self, mention: Mention) -> Mention: ...


class CrawlStore(Protocol):
    def validators(self, url: str) -> Validators | None: ...
    def save_validators(self, given: Sequence[Validators]) -> object: ...
    def counts(self, target: CrawlTarget, limit: int = 10) -> list[int]: ...


class QuotaStore(Protocol):
    def spend(self, account: str, day: str, cost: int, limit: int) -> bool: ...


class CrawlerStore(Protocol):
    """The part of `storage.store.Store` that a crawl uses."""

    @property
    def mentions(self) -> MentionStore: ...
    @property
    def crawls(self) -> CrawlStore: ...
    @property
    def quotas(self) -> QuotaStore: ...


@dataclass(frozen=True, slots=True)
class Session:
    """What stands beside one crawl.

    `scope` keeps validators of one brand's reading apart from another's; `responses` bounds the
    pages that are asked for; what was stored before `known_before` was stored by a good run;
    what is older than `keeps_since` is not stored; for the first `explain` mentions the stats show
    which clauses of the query they hold; all mentions are of the `location`, where one is given.
    `left_out` counts the entries that are no mentions to store, until the ledger has them.
    """

    store: CrawlerStore
    scope: str
    tell: Callable[[dict[str, Any]], None]
    responses: int | None = None
    known_before: datetime | None = None
    keeps_since: datetime | None = None
    explain: int = 0
    location: str | None = None
    left_out: Counter[tuple[Fate, RefusalReason | None]] = field(default_factory=Counter)


# Beside the crawler, for settings are copied deeply and a connection cannot be.
_sessions: WeakKeyDictionary[Crawler, Session] = WeakKeyDictionary()


def attach(crawler: Crawler, session: Session) -> None:
    _sessions[crawler] = session


def session_of(crawler: Crawler) -> Session | None:
    """Give the crawl's session; None under plain `scrapy crawl`, which stores nothing."""
    return _sessions.get(crawler)


def stats_of(crawler: Crawler) -> StatsCollector:
    """Give what a crawl counts with; Scrapy sets it before it builds any component."""
    assert crawler.stats is not None
    return crawler.stats


class CrawlPart:
    """A middleware, pipeline or extension of Scrapy's, made for one crawl and its stats."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.stats = stats_of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)
