"""The spider that all sources are made of: what it is told, how it asks, what it yields.

A spider says in `start()` what to ask for and in `parse()` how a response reads. It yields
`Mention`s, `Refusal`s for entries that are none, `Gone`s for mentions that the source says were
deleted, and further requests; it touches nothing else.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from ipaddress import ip_address
from typing import Any, ClassVar, Self, TypeVar
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit, urlunsplit

import scrapy
from pydantic import BaseModel, ConfigDict, model_validator
from scrapy.crawler import Crawler
from scrapy.http import Request, Response

from config.query import Query, parse_query
from crawler.entry_problems import Bounded, Gone, PageError, Refusal
from crawler.forbidden import why_forbidden
from crawler.session import session_of
from storage.fields import EntryError
from storage.models import Mention

T = TypeVar("T")
Yielded = Mention | Refusal | Gone | Bounded | Request
# Gives the stored text hash of each of these native ids that an earlier good run stored.
Known = Callable[[Sequence[str]], Mapping[str, str]]


_HOST_OPTIONS = frozenset({"site", "sites", "instance", "instances", "forum", "forums", "host"})


class SourceOptions(BaseModel):
    """What a source is told in `earful.toml` beside the keys that all sources take."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def target(self) -> str:
        """Name the part of the source that is read; "" for all of it."""
        return ""

    @model_validator(mode="after")
    def _no_forbidden_host(self) -> Self:
        for name in type(self).model_fields:
            given = getattr(self, name)
            values = given if isinstance(given, list | tuple) else [given]
            for value in values:
                # An app's package name looks like a host: those stand in some options only.
                is_host = isinstance(value, str) and ("://" in value or name in _HOST_OPTIONS)
                if is_host and (forbidden := why_forbidden(value)):
                    raise ValueError(f"{name}: {forbidden}")
        return self


class MentionSpider(scrapy.Spider):
    """One source. Subclass it in a file under `crawler/spiders/`; nothing is registered."""

    name: str
    label: ClassVar[str]
    default_base_url: ClassVar[str]
    # True: robots.txt is obeyed. False needs its reason in the docstring.
    robots: ClassVar[bool] = True
    # True: mentions must match the brand's query. False: all of the page is about the brand.
    matches_query: ClassVar[bool] = True
    # Fields that a healthy answer always fills: when most lack one, the shape has changed.
    always: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[str] = "nothing"
    limits: ClassVar[str]
    terms: ClassVar[str]
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
        # The session of a crawl puts its look-up here; without one nothing is known.
        self.known: Known = lambda native_ids: {}
        # When a host that a body asked to wait for may be asked again, by `time.monotonic`.
        self.body_waits: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        spider = super().from_crawler(crawler, *args, **kwargs)
        session = session_of(crawler)
        if session is not None and (before := session.known_before) is not None:
            mentions = session.store.mentions
            spider.known = lambda native_ids: mentions.known(spider.name, native_ids, before)
        return spider

    @classmethod
    def needed_secrets(cls, options: SourceOptions) -> Mapping[str, str]:
        """Name the secrets without which these options cannot be read."""
        return cls.secrets

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
        """Tell whether the source itself was asked for new entries only: none is then no news."""
        return False

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
        callback: Callable[..., Any] | None = None,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | str = b"",
        **meta: Any,
    ) -> Request:
        """Make a request for a path or URL of the source, moved to `base_url` when one is set.

        `conditional` asks "changed since the last good run?", for pages that stand for all of a
        target. `page` counts towards the page bound of `more`. Statuses in
        `handle_httpstatus_list` reach the callback; the others are judged before it.
        """
        real = urljoin(f"{self.default_base_url}/", url) if "://" not in url else url
        if params:
            real += ("&" if "?" in real else "?") + urlencode(params)
        obeys = self.robots if obey_robots is None else obey_robots
        details = {"page": page, "real_url": real, "conditional": conditional, **meta}
        if not obeys:
            details["dont_obey_robotstxt"] = True
        return Request(
            self._moved(real),
            callback=callback or self.parse,
            method=method,
            headers=dict(headers or {}),
            body=body,
            meta=details,
            # Paging states its own end, and a retry under the same URL must pass.
            dont_filter=True,
        )

    def more(
        self, response: Response, mentions: Sequence[Mention], pages: int, following: Request
    ) -> Iterator[Yielded]:
        """Yield the next page unless this one lies wholly before `since` or `pages` are read.

        One old entry does not end the paging: pinned ones come first and clocks differ. A page
        that only repeats earlier ones does: some servers answer any page number with the last.
        So does a run of `enough_known` mentions, across pages, that an earlier good run stored.
        """
        meta = response.request.meta if response.request else {}
        earlier = meta.get("earlier_ids", frozenset())
        ids = frozenset(mention.native_id for mention in mentions)
        if ids.issubset(earlier) or not self.reaches_since(mentions):
            return
        known_in_a_row = self._known_in_a_row(mentions, int(meta.get("known_in_a_row", 0)))
        if known_in_a_row >= self.enough_known:
            return
        page = page_of(response) + 1
        if page > pages:
            yield Bounded(real_url(response))
            return
        following.meta["page"] = page
        following.meta["earlier_ids"] = ids.union(earlier)
        following.meta["known_in_a_row"] = known_in_a_row
        yield following

    def reaches_since(self, mentions: Iterable[Mention]) -> bool:
        """Tell whether any of the mentions was written or edited at or after `since`."""
        return self.since is None or any(
            moment >= self.since
            for mention in mentions
            if (moment := mention.edited_at or mention.created_at)
        )

    def _known_in_a_row(self, mentions: Sequence[Mention], before: int) -> int:
        """Count on: what is new or edited begins anew, what is not about the brand is no sign."""
        stored = self.known([mention.native_id for mention in mentions])
        run = before
        for mention in mentions:
            if stored.get(mention.native_id) == mention.text_hash:
                run += 1
                if run >= self.enough_known:
                    break
            elif not self.wants_match or self.query.matches(self.queried(mention)):
                run = 0
        return run

    def each(
        self, entries: Iterable[T], read: Callable[[T], Mention | None]
    ) -> Iterator[Mention | Refusal]:
        """Read entries one by one: a bad one is refused by name, the others are kept.

        `read` returns None for entries that are no mention by design.
        """
        for number, entry in enumerate(entries, 1):
            try:
                mention = read(entry)
            except PageError:
                raise
            except EntryError as error:
                yield Refusal(_name(entry, number), str(error))
            except Exception as error:
                # Whatever a source may send, one entry must not take its page with it.
                reason = f"its shape is unexpected ({type(error).__name__}: {str(error)[:80]})"
                yield Refusal(_name(entry, number), reason)
            else:
                if mention is not None:
                    yield mention

    def mention(self, *, native_id: str, text: str, created_at: datetime, **more: Any) -> Mention:
        """Make a Mention; an entry with neither text nor title is refused.

        Where a source gives a title only, it is the text too, so that it is read and scored.
        """
        title = more.get("title")
        if not text and not title:
            raise EntryError("it has no text")
        return Mention(
            brand=self.brand,
            source=self.name,
            native_id=native_id,
            text=text or str(title),
            created_at=created_at,
            fetched_at=self.now,
            **more,
        )

    def gone(self, native_id: str) -> Gone:
        """Tell that the source says a mention was deleted."""
        return Gone(native_id)

    def wait(self, response: Response, seconds: float) -> None:
        """Leave a host alone for as long as the body of its answer asks."""
        host = urlsplit(response.url).netloc
        until = time.monotonic() + max(0.0, seconds)
        self.body_waits[host] = max(self.body_waits.get(host, 0.0), until)

    def _moved(self, url: str) -> str:
        if self.base_url is None:
            return url
        base, parts = urlsplit(self.base_url), urlsplit(url)
        moved = parts._replace(
            scheme=base.scheme, netloc=base.netloc, path=base.path.rstrip("/") + parts.path
        )
        return urlunsplit(moved)


def page_of(response: Response) -> int:
    """Give the number of the page a response answers; 1 outside a crawl."""
    return int(response.request.meta.get("page", 1)) if response.request else 1


def real_url(response: Response) -> str:
    """Give the public address of a response, wherever `base_url` moved it to."""
    meta = response.request.meta if response.request else {}
    return str(meta.get("real_url") or response.url)


def asked(response: Response, name: str, default: str = "") -> str:
    """Give a parameter of the query string that a response answers."""
    return parse_qs(urlsplit(response.url).query).get(name, [default])[0]


def is_loopback(url: str) -> bool:
    """Tell whether a URL leads to this machine, where politeness is not needed."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


# What entries call their id, the usual ones first.
_NAMES = (
    "id", "objectID", "recommendationid", "guid", "uri", "id_code", "comment_id", "answer_id",
    "question_id", "post_id", "number", "url", "link",
)  # fmt: skip


def _name(entry: object, number: int) -> str:
    """Name an entry for people: its id where it has one, else its place on the page."""
    if isinstance(entry, Mapping):
        for key in _NAMES:
            value = entry.get(key)
            if isinstance(value, Mapping):
                value = value.get("label")
            if isinstance(value, str | int) and str(value).strip():
                return str(value)[:80]
    return f"entry {number}"
