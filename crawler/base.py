"""The spider that all sources are made of: how it asks, how it reads, what it yields.

A spider says in `requests()` what to ask for and in `parse()` how a response reads. It yields
`Mention`s, `Refusal`s for entries that are none, `Gone`s for mentions that the source says were
deleted, and further requests; it touches nothing else.
"""

from __future__ import annotations

import os
import time
from collections.abc import (
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar, Self, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

import scrapy
from scrapy.crawler import Crawler
from scrapy.http import Request, Response
from scrapy.settings import BaseSettings

from config.moved_urls import moved
from config.query import Query, parse_query
from config.redaction import Redactor
from config.secret_references import filled, names_in
from crawler.crawl_session import session_of
from crawler.entry_problems import Bounded, Gone, PageError, Refusal, name_of
from crawler.forbidden import why_forbidden
from crawler.own_secrets import own_secrets, without_secrets
from crawler.request_details import is_loopback, login_apart, meta_of, page_of, real_url
from crawler.source_notes import Today
from crawler.source_options import SourceOptions
from storage.fields import EntryError, require_readable
from storage.models import FORGOTTEN_TEXT, CrawlOutcome, Mention, RefusalReason

T = TypeVar("T")
Yielded = Mention | Refusal | Gone | Bounded | Request
# Gives the stored text hash of each of these native ids that an earlier good run stored.
Known = Callable[[Sequence[str]], Mapping[str, str]]

DOUBTFUL_RETRIES = 3
"""So often a request is made again whose answer the source gives at random: for 14 s in all."""

_SHAPES: dict[type, str] = {dict: "an object", list: "a list"}


class MentionSpider(scrapy.Spider):
    """One source. Subclass it in a file under `crawler/spiders/`; nothing is registered."""

    name: str
    label: ClassVar[str]
    # Where a mention stands, for the messages: a preposition and a name, "on Google Play".
    place: ClassVar[str]
    default_base_url: ClassVar[str]
    # True: robots.txt is obeyed. False needs its reason in the docstring.
    robots: ClassVar[bool] = True
    # True: a user name tells one person at this source, and is their id where none is given.
    # False: strangers share names; whom only a name tells is nobody (`storage.models.nobody`).
    names_are_ids: ClassVar[bool] = False
    # True: mentions must match the brand's query. False: all of the page is about the brand.
    matches_query: ClassVar[bool] = True
    # True: the source itself is asked for what is newer than `since`, so none is then no news.
    asks_since: ClassVar[bool] = False
    # Seconds between two requests, where the source wants more than Earful's usual one.
    delay: float | None = None
    # For how long a source is left alone that answers 429 and does not say for how long.
    rest: ClassVar[timedelta | None] = None
    # Fields that a healthy response always fills: when most lack one, the shape has changed.
    always: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[str] = "nothing"
    limits: ClassVar[str]
    terms: ClassVar[str]
    # What fails at the source today, for whoever asks it: the newest first.
    today: ClassVar[tuple[Today, ...]] = ()
    # Environment variables without which nothing can be read, each with a sentence that says
    # what it is and where to get it; the optional ones raise limits.
    secrets: ClassVar[Mapping[str, str]] = {}
    optional_secrets: ClassVar[Mapping[str, str]] = {}
    # What may be asked for a day, counted per account in `quota_cost` and kept across restarts;
    # None: no such limit. The day begins at midnight in `quota_zone`.
    daily_quota: ClassVar[int | None] = None
    quota_zone: ClassVar[str] = "UTC"
    # So many mentions in a row that an earlier good run stored unchanged end the paging.
    enough_known: ClassVar[int] = 100

    class Options(SourceOptions):
        """A source without settings of its own."""

    def __init__(
        self,
        *,
        query: Query | str,
        brand: str = "brand",
        since: datetime | None = None,
        options: SourceOptions | Mapping[str, Any] | None = None,
        base_url: str | None = None,
        now: datetime | None = None,
        **given: Any,
    ) -> None:
        """Take what config and the runner know; `given` are options from `scrapy crawl -a`."""
        super().__init__()
        if base_url and (forbidden := why_forbidden(base_url)):
            raise ValueError(forbidden)
        self.query = parse_query(query) if isinstance(query, str) else query
        self.brand = brand
        self.since = since
        self.now = (now or datetime.now(UTC)).replace(microsecond=0)
        self.base_url = base_url.rstrip("/") if base_url else None
        if not isinstance(options, SourceOptions):
            options = self.Options.model_validate({**(options or {}), **given})
        self.options = options
        # What a source's own answers must not bring into the store.
        given_addresses = [options.model_dump(mode="json"), self.base_url or ""]
        self._own_secrets = Redactor(own_secrets(given_addresses, os.environ))
        # The session of a crawl puts its look-up here; without one nothing is known.
        self.known: Known = lambda native_ids: {}
        # Entries that were no mention by design, until the ledger counts them.
        self.passed_over = 0
        # The same of whatever the store has, whichever run stored it.
        self.stored: Known = lambda native_ids: {}
        # A mention as it is stored, to be compared with what is: `[privacy]` may mask its words.
        self.kept: Callable[[Mention], Mention] = lambda mention: mention
        # When a host that a body asked to wait for may be asked again, by `time.monotonic`.
        self.body_waits: dict[str, float] = {}
        # Those of them whose quota is spent.
        self.spent_hosts: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        spider = super().from_crawler(crawler, *args, **kwargs)
        session = session_of(crawler)
        if session is not None:
            mentions = session.store.mentions
            spider.kept = mentions.as_kept
            spider.stored = lambda ids: mentions.known(spider.name, ids, spider.now)
            if (before := session.known_before) is not None:
                spider.known = lambda native_ids: mentions.known(spider.name, native_ids, before)
        spider.slow_down(crawler.settings)
        return spider

    def slow_down(self, settings: BaseSettings) -> None:
        """Put `delay` between requests; it may depend on the options."""
        if self.delay is None:
            return
        longest = max(self.delay, settings.getfloat("AUTOTHROTTLE_MAX_DELAY"))
        settings.set("DOWNLOAD_DELAY", self.delay, priority="spider")
        settings.set("AUTOTHROTTLE_MAX_DELAY", longest, priority="spider")

    @classmethod
    def needed_secrets(cls, options: SourceOptions) -> Mapping[str, str]:
        """Name the secrets without which these options cannot be read."""
        return cls.secrets

    @property
    def delay_at_host(self) -> float:
        """Give the seconds between two requests; a server on this machine needs no sparing."""
        here = self.base_url is not None and is_loopback(self.base_url)
        return 0.0 if here or self.delay is None else self.delay

    @classmethod
    def remarks(cls, options: SourceOptions) -> Iterator[str]:
        """Say what is allowed in these options and yet unlikely to work, and what would."""
        yield from ()

    @property
    def references(self) -> Sequence[str]:
        """Name the variables that the config's addresses of this source refer to."""
        return [*names_in([self.options.model_dump(mode="json"), self.base_url or ""])]

    @property
    def advice(self) -> Mapping[CrawlOutcome, str]:
        """Say what to do about an outcome, where this source knows better than the usual word."""
        return {}

    def secret(self, name: str) -> str | None:
        """Give a declared secret from the environment; None when unset or empty."""
        if name not in self.secrets and name not in self.optional_secrets:
            raise LookupError(f"{self.name} declares no secret {name}")
        return os.environ.get(name, "").strip() or None

    def quota_limit(self) -> int | None:
        """Give the present account's daily quota; None where there is none."""
        return self.daily_quota

    def quota_cost(self, request: Request) -> int:
        """Give what a request takes from the daily quota."""
        return 1

    @property
    def quota_account(self) -> str:
        """Name whose quota is spent, without showing a key: each key has its own."""
        names = (*self.secrets, *self.optional_secrets)
        keys = "\n".join(key for name in names if (key := self.secret(name)))
        return f"{self.name}:{sha256(keys.encode()).hexdigest()[:8]}" if keys else self.name

    @property
    def wants_match(self) -> bool:
        """Tell whether mentions must match the brand's query before they are stored."""
        return self.matches_query

    def queried(self, mention: Mention) -> Mention:
        """Give what the brand's query is asked of a mention: itself, for most."""
        return mention

    @property
    def asked_since(self) -> bool:
        """Tell whether this crawl asks the source for new entries only: none is then no news."""
        return self.asks_since and self.since is not None

    async def start(self) -> AsyncIterator[Any]:
        """Yield the first requests; `requests` says which."""
        for request in self.requests():
            yield request

    def requests(self) -> Iterable[Request]:
        """Name the first requests, from `self.query`, `self.since` and `self.options`."""
        return ()

    def ask(
        self,
        url: str,
        params: Mapping[str, object] | None = None,
        *,
        page: int = 1,
        conditional: bool = False,
        obey_robots: bool | None = None,
        doubtful: Sequence[int] = (),
        callback: Callable[..., Any] | None = None,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | str = b"",
        **meta: Any,
    ) -> Request:
        """Make a request for a path or URL of the source, moved to `base_url` when one is set.

        `conditional` asks "changed since the last good run?", for pages that stand for all of a
        target. `page` counts towards the page bound of `more`. Statuses in
        `handle_httpstatus_list` reach the callback; the others are judged before it. `doubtful`
        are statuses that the source gives at random: they are asked again before they count.
        """
        real = urljoin(f"{self.default_base_url}/", url) if "://" not in url else url
        if params:
            real += ("&" if "?" in real else "?") + urlencode(params, errors="replace")
        obeys = self.robots if obey_robots is None else obey_robots
        # What links lead to is told from the address as it may be shown: no login is in it.
        details = {
            "page": page,
            "real_url": login_apart(real)[0],
            "conditional": conditional,
            **meta,
        }
        if not obeys:
            details["dont_obey_robotstxt"] = True
        if doubtful:
            details |= {"doubtful": list(doubtful), "max_retry_times": DOUBTFUL_RETRIES}
        url, login = login_apart(
            filled(moved(real, self.base_url) if self.base_url else real, os.environ)
        )
        return Request(
            url,
            callback=callback or self.parse,
            method=method,
            headers={**login, **(headers or {})},
            body=body,
            meta=details,
            # Paging states its own end, and a retry under the same URL must pass.
            dont_filter=True,
        )

    def more(
        self,
        response: Response,
        mentions: Sequence[Mention],
        pages: int,
        following: Request,
        *,
        past_empty: bool = False,
    ) -> Iterator[Yielded]:
        """Yield the next page unless this one lies wholly before `since` or `pages` are read.

        One old entry does not end the paging: pinned ones come first and clocks differ. A page
        that only repeats earlier ones does: some servers answer any page number with the last.
        So does a run of `enough_known` mentions, across pages, that an earlier good run stored.
        With `past_empty` a page without mentions does not: its entries were none by design.
        """
        meta = meta_of(response)
        page = page_of(response) + 1
        following.meta["page"] = page
        if not mentions and past_empty:
            if page <= pages:
                yield following
            return
        earlier = meta.get("earlier_ids", frozenset())
        ids = frozenset(mention.native_id for mention in mentions)
        if ids.issubset(earlier) or not self.reaches_since(mentions):
            return
        known_in_a_row = self._known_in_a_row(mentions, int(meta.get("known_in_a_row", 0)))
        if known_in_a_row >= self.enough_known:
            return
        if page > pages:
            yield Bounded(real_url(response))
            return
        following.meta["earlier_ids"] = ids.union(earlier)
        following.meta["known_in_a_row"] = known_in_a_row
        yield following

    def reaches_since(self, mentions: Iterable[Mention]) -> bool:
        """Tell whether any of the mentions was written or edited at or after `since`.

        What has no date may have been.
        """
        return self.since is None or any(
            moment is None or moment >= self.since
            for mention in mentions
            for moment in [mention.edited_at or mention.created_at]
        )

    def _known_in_a_row(self, mentions: Sequence[Mention], before: int) -> int:
        """Count on: what is new or edited begins anew.

        What is not about the brand is no sign, nor is what was forgotten.
        """
        stored = self.known([mention.native_id for mention in mentions])
        run = before
        for mention in mentions:
            held = stored.get(mention.native_id)
            if held is not None and held == self.kept(mention).text_hash:
                run += 1
                if run >= self.enough_known:
                    break
            elif held == FORGOTTEN_TEXT:
                continue
            elif not self.wants_match or self.query.matches(self.queried(mention)):
                run = 0
        return run

    def each(
        self, entries: Iterable[T], read: Callable[[T], Mention | None], shape: type = dict
    ) -> Generator[Mention | Refusal, None, list[Mention]]:
        """Read entries one by one: a bad one is refused by name, the others are kept.

        Entries are objects, or of another `shape`. `read` returns None for those that are no
        mention by design, which the ledger counts as irrelevant. `mentions = yield from
        self.each(...)` gives what `more` needs.
        """
        mentions = []
        for number, entry in enumerate(entries, 1):
            try:
                if not isinstance(entry, shape):
                    raise EntryError(f"it is not {_SHAPES.get(shape, shape.__name__)}")
                mention = read(entry)
            except PageError:
                raise
            except EntryError as error:
                yield Refusal(name_of(entry, number), str(error), error.kind)
            except Exception as error:
                # Whatever a source may send, one entry must not take its page with it.
                reason = f"its shape is unexpected ({type(error).__name__}: {str(error)[:80]})"
                yield Refusal(name_of(entry, number), reason)
            else:
                if mention is None:
                    self.passed_over += 1
                    continue
                mentions.append(mention)
                yield mention
        return mentions

    def mention(
        self,
        *,
        native_id: str,
        text: str,
        created_at: datetime | None,
        title: str | None = None,
        edited_at: datetime | None = None,
        url: str | None = None,
        author: str | None = None,
        author_native_id: str | None = None,
        rating: float | None = None,
        rating_max: float | None = None,
        language: str | None = None,
        reach: int | None = None,
        parent: str | None = None,
        owner_reply: str | None = None,
        owner_replied_at: datetime | None = None,
        country: str | None = None,
        product_version: str | None = None,
        excerpt: bool = False,
    ) -> Mention:
        """Make a Mention; an entry with neither text nor title nor rating is refused.

        A rating without words is a mention. Where a source gives a title only, it is the text
        too, so that it is read and scored. `created_at` is None where the source promises no date
        and gives none: the mention is then kept undated (decision 0003).
        `parent` is the native id of what the mention answers. What makes no sense by itself is
        left out: an edit no later than the writing, a scale or a reply's time without the other.
        """
        if not text and not title and rating is None:
            raise EntryError("it has no text", RefusalReason.WORDS)
        require_readable(text=text, title=title, owner_reply=owner_reply)
        made = Mention(
            brand=self.brand,
            source=self.name,
            native_id=native_id,
            text=text or title or "",
            title=title,
            created_at=created_at,
            fetched_at=self.now,
            edited_at=edited_at if edited_at and created_at and edited_at > created_at else None,
            url=url,
            author=author,
            author_native_id=author_native_id or (author if self.names_are_ids else None),
            rating=rating,
            rating_max=None if rating is None else rating_max,
            language=language,
            reach=reach,
            parent_id=f"{self.name}:{parent}" if parent else None,
            owner_reply=owner_reply or None,
            owner_replied_at=owner_replied_at if owner_reply else None,
            country=country,
            product_version=product_version,
            excerpt=excerpt,
        )
        return without_secrets(made, self._own_secrets)

    def gone(self, native_id: str) -> Gone:
        """Tell that the source says a mention was deleted."""
        return Gone(native_id)

    def wait(self, response: Response, seconds: float, *, spent: bool = False) -> None:
        """Leave a host alone for as long as the body of its response asks.

        `spent`: because its quota is spent, not because it was asked too much at once.
        """
        host = urlsplit(response.url).netloc
        if spent:
            self.spent_hosts.add(host)
        until = time.monotonic() + max(0.0, seconds)
        self.body_waits[host] = max(self.body_waits.get(host, 0.0), until)
