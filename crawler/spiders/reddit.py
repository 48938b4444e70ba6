"""Reddit posts and comments, from the RSS form of its pages or its official API."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints
from scrapy.http import Request, Response

from crawler import grants
from crawler.base import MentionSpider, Yielded
from crawler.entry_problems import broken
from crawler.feed_bodies import read_feed, stamp
from crawler.json_bodies import at, read_json
from crawler.request_details import meta_of, next_cursor, real_url
from crawler.search_terms import phrase
from crawler.source_options import SourceOptions
from storage import fields
from storage.models import Mention

_PER_PAGE = 100
_API = "https://oauth.reddit.com"
_SITE = "https://www.reddit.com/"
_JSON = re.compile(rb"\s*\[?\s*\{")
_WINDOWS = (("day", 1), ("week", 7), ("month", 31), ("year", 366))
_FOOTER = re.compile(
    r"\s*submitted\s+by\s+/?u/\S+(?:\s+to\s+/?r/\S+)?(?:\s*\[link\])?(?:\s*\[comments\])?\s*$"
)
_COMMENT_TITLE = re.compile(r"^/?u/\S+ on ")
_THREAD = re.compile(r"/comments/([a-z0-9]+)")
_GONE = {"[deleted]", "[removed]", "[deleted by user]"}

_Subreddit = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{2,50}$")]
_Post = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{3,12}$")]


class RedditSpider(MentionSpider):
    """Search Reddit for the brand, or read named subreddits and threads.

    Two ways lead to the same mentions. With `mode = "rss"` its feeds are read. Reddit's
    robots.txt forbids programs, so with the default `obey_robots = true` the crawl says that it
    is blocked and reads nothing. Its feeds do answer a program that names itself; whoever sets
    `obey_robots = false` decides for their own crawler, and for Reddit's terms, which ask
    commercial users for an agreement. With `mode = "oauth"` the official API is asked, with the
    keys of an app that is registered at Reddit.
    """

    name = "reddit"
    label = "Reddit"
    place = "on Reddit"
    default_base_url = "https://www.reddit.com"
    always = ("author",)
    needs = '`mode = "oauth"` with an app\'s keys, or `obey_robots = false` for RSS'
    limits = "RSS: a request every two seconds; API: 100 a minute; search finds posts only"
    terms = "robots.txt forbids programs; commercial use needs Reddit's agreement"
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "REDDIT_CLIENT_ID": "id of an app of the kind script or web: reddit.com/prefs/apps; "
        'used with `mode = "oauth"` only',
        "REDDIT_CLIENT_SECRET": "the secret of that app",
    }
    delay = 2.0

    class Options(SourceOptions):
        """Where to read; without subreddits and threads, all of Reddit is searched."""

        subreddits: list[_Subreddit] = Field(
            default=[], description="Names without r/; each is searched for the brand's terms."
        )
        comments: bool = Field(
            default=False, description="Read the newest comments of the subreddits too."
        )
        everything: bool = Field(
            default=False,
            description="Read all new posts of the subreddits instead of searching them.",
        )
        threads: list[_Post] = Field(
            default=[], description="Ids of posts whose comments are read, as in /comments/ID/."
        )
        mode: Literal["rss", "oauth"] = Field(
            default="rss",
            description="How to read Reddit: its feeds, or its official API, which needs keys.",
        )
        pages: int = Field(
            default=3, ge=1, le=10, description="Pages of 100 posts for each feed, at most."
        )
        obey_robots: bool = Field(
            default=True,
            description="Reddit's robots.txt forbids all programs: Earful reads no feed "
            "unless you set this to false, at your own responsibility. The API has its own rules.",
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

    @property
    def asked_since(self) -> bool:
        """Only searches have a time window; listings always hold something."""
        listed = self.options.threads or self.options.comments or self.options.everything
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
        things, after = _things(data)
        for kind, thing in things:
            if _is_gone(thing):
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
        yield from self.more(response, mentions, self.options.pages, following)

    def _listings(self) -> Iterator[Request]:
        for thread in self.options.threads:
            yield self._ask(f"/comments/{thread}", {"sort": "new", "limit": 500}, paged=False)
        for name in self.options.subreddits:
            if self.options.comments:
                yield self._ask(f"/r/{name}/comments", {"limit": _PER_PAGE})
            if self.options.everything:
                yield self._ask(f"/r/{name}/new", {"limit": _PER_PAGE})
        places = [f"/r/{name}" for name in self.options.subreddits]
        if self.options.everything or (self.options.threads and not places):
            return
        for place in places or [""]:
            for term in self.query.search_terms():
                params = {"q": phrase(term), "sort": "new", "t": self._window()}
                within = {"restrict_sr": 1} if place else {}
                yield self._ask(f"{place}/search", {**params, "limit": _PER_PAGE, **within})

    def _ask(self, path: str, params: dict[str, Any], *, paged: bool = True) -> Request:
        listing = (path, params) if paged else None
        if self.options.mode == "rss":
            robots = self.options.obey_robots
            return self.ask(f"{path}.rss", params, obey_robots=robots, listing=listing)
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
        if text in _GONE or (not text and title in _GONE):
            return None
        author = fields.line(entry.get("author"), "author")
        author = author.removeprefix("/").removeprefix("u/") if author else None
        if author in _GONE:
            author = None
        created = stamp(entry, "published") or stamp(entry, "updated")
        thread = _THREAD.search(url or "") if native_id.startswith("t1_") else None
        return self.mention(
            native_id=native_id,
            text=text,
            title=title,
            created_at=fields.moment(created, self.now, "published"),
            edited_at=fields.later(stamp(entry, "updated"), self.now, "updated"),
            url=url,
            author=author,
            author_native_id=author,
            parent=f"t3_{thread[1]}" if thread else None,
        )

    def _thing(self, kind: str, thing: dict[str, Any]) -> Mention | None:
        """Read a post or a comment of the API as its feed would have it."""
        number = fields.identity(thing.get("id"))
        if _is_gone(thing):
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
            author=None if author in _GONE else author,
            # Its name, for the feeds give no other id.
            author_native_id=None if author in _GONE else author,
            reach=fields.count(thing.get("score")),
            parent=parent,
        )


def _things(data: Any) -> tuple[list[tuple[str, dict[str, Any]]], str | None]:
    """Give the posts and comments of a listing, or of a thread's two, with those below them."""
    listings = data if isinstance(data, list) and data else [data]
    waiting = []
    for listing in listings:
        children = at(listing, "data", "children")
        if not isinstance(children, list):
            raise broken("answered without `data.children`")
        waiting.extend(children)
    things = []
    waiting.reverse()
    while waiting:
        child = waiting.pop()
        kind, thing = at(child, "kind"), at(child, "data")
        if kind not in ("t1", "t3"):
            continue  # users, subreddits, "more"
        things.append((str(kind), thing if isinstance(thing, dict) else {}))
        below = at(thing, "replies", "data", "children")
        if isinstance(below, list):
            waiting.extend(reversed(below))
    after = listings[-1]["data"].get("after")
    return things, after if isinstance(after, str) else None


def _is_gone(thing: dict[str, Any]) -> bool:
    """Tell whether a post or comment was deleted by its author or taken down."""
    if not isinstance(thing.get("id"), str) or not thing["id"]:
        return False
    words = thing.get("body", thing.get("selftext")), thing.get("title")
    return any(isinstance(each, str) and each.strip() in _GONE for each in words)
