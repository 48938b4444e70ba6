"""Reddit posts and comments, from the RSS form of its pages or its official API."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from scrapy.http import Request, Response

from crawler import grants
from crawler.base import MentionSpider, Yielded
from crawler.feed_bodies import read_feed, stamp
from crawler.json_bodies import read_json
from crawler.reddit_things import GONE, is_gone, things_of
from crawler.request_details import meta_of, next_cursor, real_url
from crawler.search_terms import phrase
from crawler.source_notes import Today
from crawler.source_options import SourceOptions
from storage import fields
from storage.models import CrawlOutcome, Mention

_PER_PAGE = 100
# At a request a minute so many fit into the usual time limit of a crawl.
_FEEDS_A_CRAWL = 9
_API = "https://oauth.reddit.com"
_SITE = "https://www.reddit.com/"
_JSON = re.compile(rb"\s*\[?\s*\{")
_WINDOWS = (("day", 1), ("week", 7), ("month", 31), ("year", 366))
_FOOTER = re.compile(
    r"\s*submitted\s+by\s+/?u/\S+(?:\s+to\s+/?r/\S+)?(?:\s*\[link\])?(?:\s*\[comments\])?\s*$"
)
_COMMENT_TITLE = re.compile(r"^/?u/\S+ on ")
_THREAD = re.compile(r"/comments/([a-z0-9]+)")

_Subreddit = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{2,50}$")]
_Post = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{3,12}$")]


_SEARCH_FAILS = (
    "Reddit's search feed answers most programs with 403 or 429: name subreddits, whose new posts "
    "are read instead, and see `earful sources reddit`"
)
_FEEDS_FAIL = (
    "Reddit gives an address about one feed a minute, and some addresses none: name fewer "
    "subreddits, read them less often, and see `earful sources reddit`"
)


class RedditSpider(MentionSpider):
    """Read the new posts of named subreddits and threads, or search all of Reddit.

    Two ways lead to the same mentions. With `mode = "rss"` its feeds are read, one a minute: the
    new posts of each subreddit, matched here. Reddit's robots.txt forbids programs, so with the
    default `obey_robots = true` the crawl says that it is blocked and reads nothing. Its feeds do
    answer a program that names itself; whoever sets `obey_robots = false` decides for their own
    crawler, and for Reddit's terms, which ask commercial users for an agreement. With
    `mode = "oauth"` the official API is asked, with the keys of an app that Reddit approved.
    """

    name = "reddit"
    label = "Reddit"
    place = "on Reddit"
    default_base_url = "https://www.reddit.com"
    names_are_ids = True
    always = ("author",)
    needs = "`subreddits` and `obey_robots = false` for RSS, or the keys of an app for the API"
    limits = (
        "RSS: a feed a minute, nine a crawl, the 100 newest posts of each; API: 100 requests a "
        "minute; search finds posts only"
    )
    terms = "robots.txt forbids programs; commercial use needs Reddit's agreement"
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "REDDIT_CLIENT_ID": "id of an app of the kind script or web that Reddit approved "
        "(reddit.com/prefs/apps shows it; new ones are hardly given); used with "
        '`mode = "oauth"` only',
        "REDDIT_CLIENT_SECRET": "the secret of that app",
    }
    rest = timedelta(hours=1)
    today = (
        Today(
            date(2026, 7, 23),
            "the search feed answers programs with 403",
            "name the brand's subreddits in `subreddits`, and let F5Bot mail what all of Reddit "
            "says to an address that the source `mailbox` reads",
            ("github.com/bentleypark/aiwatch/pull/1145",),
        ),
        Today(
            date(2026, 6, 12),
            "an address gets about one feed a minute, private feeds included, and 429 for more; "
            "addresses of data centres may get 403 for all",
            "name few subreddits and read them seldom: `every` of an hour or more",
            (
                "github.com/FreshRSS/FreshRSS/issues/8928",
                "github.com/Ranchero-Software/NetNewsWire/pull/5355",
                "github.com/bhpark1013/claudenews/pull/6",
            ),
        ),
        Today(
            date(2026, 5, 31),
            "pages in JSON answer 403 without a key",
            "nothing: Earful asks for no such page",
            (
                "github.com/karanb192/reddit-mcp-buddy/pull/60",
                "github.com/TauricResearch/TradingAgents/issues/935",
            ),
        ),
        Today(
            date(2025, 11, 12),
            "nobody makes keys for the API by themselves: Reddit approves each app by hand, and "
            "answers few who ask",
            'keep `mode = "oauth"` if you have keys; without them read feeds',
            (
                "github.com/n8n-io/n8n-docs/pull/4510",
                "github.com/karanb192/reddit-mcp-buddy/issues/39",
                "github.com/QuantumBadger/RedReader/issues/1365",
            ),
        ),
    )

    class Options(SourceOptions):
        """Where to read; without subreddits and threads, all of Reddit is searched."""

        subreddits: list[_Subreddit] = Field(
            default=[],
            description="Names without r/; the new posts of each are read and matched here. "
            "Without any, all of Reddit is searched.",
        )
        comments: bool = Field(
            default=False, description="Read the newest comments of the subreddits too."
        )
        everything: bool = Field(
            default=False,
            description="Read all new posts of the subreddits instead of searching them, by the "
            "API too; feeds are read so anyway.",
        )
        search: bool | None = Field(
            default=None,
            description="Search the subreddits for the brand's terms instead of reading their "
            "new posts; by default with the API only, as the search feed answers 403 or 429.",
        )
        threads: list[_Post] = Field(
            default=[], description="Ids of posts whose comments are read, as in /comments/ID/."
        )
        mode: Literal["rss", "oauth"] = Field(
            default="rss",
            description="How to read Reddit: its feeds, or its official API, which needs keys.",
        )
        pages: int = Field(
            default=3,
            ge=1,
            le=10,
            description="Pages of 100 posts for each feed, at most; with RSS also no more than "
            "nine in all, as each takes a minute.",
        )
        obey_robots: bool = Field(
            default=True,
            description="Reddit's robots.txt forbids all programs: Earful reads no feed "
            "unless you set this to false, at your own responsibility. The API has its own rules.",
        )

        @model_validator(mode="after")
        def _one_way(self) -> Self:
            if self.search and self.everything:
                raise ValueError("`search` and `everything` exclude one another: keep one")
            return self

        @property
        def searches(self) -> bool:
            """Tell whether terms are searched for, in the subreddits or in all of Reddit."""
            if not self.subreddits:
                return not self.threads
            return (
                self.mode == "oauth" and not self.everything
                if self.search is None
                else (self.search)
            )

        @property
        def target(self) -> str:
            parts = [f"r/{name}" for name in self.subreddits]
            return " ".join([*parts, *(f"comments/{thread}" for thread in self.threads)])

    options: Options
    token = ""

    @classmethod
    def needed_secrets(cls, options: SourceOptions) -> Mapping[str, str]:
        return cls.optional_secrets if getattr(options, "mode", "rss") == "oauth" else {}

    @classmethod
    def remarks(cls, options: SourceOptions) -> Iterator[str]:
        assert isinstance(options, cls.Options)
        if options.mode == "rss" and options.searches:
            yield _SEARCH_FAILS
        elif options.mode == "rss" and len(options.subreddits) > _FEEDS_A_CRAWL:
            yield (
                f"{len(options.subreddits)} subreddits take as many minutes a crawl: raise "
                "[crawl] time_limit, or name fewer"
            )

    @property
    def advice(self) -> Mapping[CrawlOutcome, str]:
        if self.options.mode == "oauth":
            return {}
        word = _SEARCH_FAILS if self.options.searches else _FEEDS_FAIL
        return {CrawlOutcome.BLOCKED: word, CrawlOutcome.QUOTA: word}

    @property
    def delay(self) -> float:  # type: ignore[override]  # it depends on the mode
        return 60.0 if self.options.mode == "rss" else 1.0

    @property
    def asked_since(self) -> bool:
        """Only searches have a time window; listings always hold something."""
        listed = self.options.threads or self.options.comments or not self.options.searches
        return self.since is not None and not listed

    def requests(self) -> Iterable[Request]:
        if self.options.mode == "rss":
            yield from self._listings()
            return
        pair = (grants.key(self, "REDDIT_CLIENT_ID"), grants.key(self, "REDDIT_CLIENT_SECRET"))
        claims = {"grant_type": "client_credentials"}
        yield grants.token_request(self, "/api/v1/access_token", claims, pair)

    def authorised(self, response: Response) -> Iterator[Yielded]:
        """Begin to read with the access token that came."""
        self.token = grants.access_token(response)
        yield from self._listings()

    def parse(self, response: Response) -> Iterator[Yielded]:
        if self.options.mode == "oauth" or _JSON.match(response.body):
            yield from self._parse_json(response)
            return
        feed = read_feed(response)
        mentions = yield from self.each(
            feed.entries, lambda entry: self._entry(entry, real_url(response))
        )
        if feed.problem:
            raise feed.problem
        last = str(feed.entries[-1].get("id") or "") if feed.entries else ""
        # A feed shorter than asked has no next page, nor has one that ignores `after`.
        if mentions and len(feed.entries) >= _PER_PAGE // 4:
            yield from self._after(response, mentions, last)

    def _parse_json(self, response: Response) -> Iterator[Yielded]:
        data = read_json(response)
        things, after = things_of(data)
        for kind, thing in things:
            if is_gone(thing):
                yield self.gone(f"{kind}_{thing['id']}")
        mentions = yield from self.each(things, lambda one: self._thing(*one), tuple)
        if mentions:
            yield from self._after(response, mentions, after)

    def _after(
        self, response: Response, mentions: list[Mention], last: str | None
    ) -> Iterator[Yielded]:
        listing = meta_of(response).get("listing")
        after = next_cursor(response, last, "after")
        if listing is None or after is None:
            return
        path, params = listing
        following = self._ask(path, {**params, "after": after})
        yield from self.more(response, mentions, self._pages, following)

    @property
    def _pages(self) -> int:
        """Give how many pages of each feed are read: feeds take a minute each."""
        if self.options.mode == "oauth":
            return self.options.pages
        feeds = sum(1 for _ in self._listings())
        return max(1, min(self.options.pages, _FEEDS_A_CRAWL // max(1, feeds)))

    def _listings(self) -> Iterator[Request]:
        for thread in self.options.threads:
            yield self._ask(f"/comments/{thread}", {"sort": "new", "limit": 500}, paged=False)
        places = [f"/r/{name}" for name in self._in_turn(self.options.subreddits)]
        for place in places:
            if self.options.comments:
                yield self._ask(f"{place}/comments", {"limit": _PER_PAGE})
            if not self.options.searches:
                yield self._ask(f"{place}/new", {"limit": _PER_PAGE})
        if not self.options.searches:
            return
        for place in places or [""]:
            for term in self.query.search_terms():
                params = {"q": phrase(term), "sort": "new", "t": self._window()}
                within = {"restrict_sr": 1} if place else {}
                yield self._ask(f"{place}/search", {**params, "limit": _PER_PAGE, **within})

    def _in_turn(self, names: list[str]) -> list[str]:
        """Begin with another each hour: all get read, even where Reddit cuts crawls short."""
        first = int(self.now.timestamp() // 3600) % max(1, len(names))
        return [*names[first:], *names[:first]]

    def _ask(self, path: str, params: dict[str, Any], *, paged: bool = True) -> Request:
        listing = (path, params) if paged else None
        if self.options.mode == "rss":
            robots = self.options.obey_robots
            ending = ".rss" if path.endswith("/search") or not paged else "/.rss"
            return self.ask(f"{path}{ending}", params, obey_robots=robots, listing=listing)
        # Without it texts come escaped twice.
        asked_for = {**params, "raw_json": 1}
        if path.endswith("/search"):
            asked_for["type"] = "link"
        return self.ask(
            f"{_API}{path}",
            asked_for,
            obey_robots=False,
            headers={"Authorization": f"Bearer {self.token}"},
            dont_redirect=True,
            listing=listing,
        )

    def _window(self) -> str:
        """Name the smallest of Reddit's search windows that reaches back to `since`."""
        if self.since is None:
            return "month"
        age = self.now - self.since
        return next((name for name, days in _WINDOWS if age <= timedelta(days=days)), "all")

    def _entry(self, entry: Any, where: str) -> Mention | None:
        native_id = fields.identity(entry.get("id"))
        if native_id.startswith(("t2_", "t5_")):
            return None  # searches may list users and subreddits too
        url = fields.link(entry.get("link"), where)
        contents = entry.get("content") or [{}]
        html = contents[0].get("value") or entry.get("summary")
        text = _FOOTER.sub("", fields.from_html(html, "content"))
        title = fields.line(entry.get("title"), "title")
        title = _COMMENT_TITLE.sub("", title) if title else None
        if text in GONE or (not text and title in GONE):
            return None
        author = fields.line(entry.get("author"), "author")
        author = author.removeprefix("/").removeprefix("u/") if author else None
        if author in GONE:
            author = None
        created = stamp(entry, "published", self.now) or stamp(entry, "updated", self.now)
        thread = _THREAD.search(url or "") if native_id.startswith("t1_") else None
        return self.mention(
            native_id=native_id,
            text=text,
            title=title,
            created_at=fields.moment(created, self.now, "published"),
            edited_at=fields.later(stamp(entry, "updated", self.now), self.now, "updated"),
            url=url,
            author=author,
            parent=f"t3_{thread[1]}" if thread else None,
        )

    def _thing(self, kind: str, thing: dict[str, Any]) -> Mention | None:
        """Read a post or a comment of the API as its feed would have it."""
        number = fields.identity(thing.get("id"))
        if is_gone(thing):
            return None
        comment = kind == "t1"
        rendered = thing.get("body_html" if comment else "selftext_html")
        if isinstance(rendered, str) and rendered.lstrip().startswith("&lt;"):
            rendered = html.unescape(rendered)
        raw = thing.get("body" if comment else "selftext")
        title = fields.line(thing.get("link_title" if comment else "title"), "title")
        author = fields.line(thing.get("author"), "author")
        edited = thing.get("edited")  # a time, or false
        thread = fields.string(thing.get("link_id"), "link_id").removeprefix("t3_")
        path = thing.get("permalink")
        if comment and not isinstance(path, str) and thread:
            path = f"/r/{thing.get('subreddit')}/comments/{thread}/_/{number}/"
        parent = fields.string(thing.get("parent_id"), "parent_id") or (
            f"t3_{thread}" if comment and thread else ""
        )
        return self.mention(
            native_id=f"{kind}_{number}",
            text=fields.from_html(rendered or raw, "text"),
            title=title,
            created_at=fields.moment(thing.get("created_utc"), self.now, "created_utc"),
            edited_at=None if edited is True else fields.later(edited, self.now, "edited"),
            url=(fields.link(path.partition("?")[0], _SITE) if isinstance(path, str) else None)
            or f"{_SITE}comments/{thread or number}/",
            author=None if author in GONE else author,
            reach=fields.count(thing.get("score")),
            parent=parent,
        )
