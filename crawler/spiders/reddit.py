"""Reddit posts and comments, from the RSS form of its pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from scrapy.http import Request, Response

from crawler import fields
from crawler.base import MentionSpider, SourceOptions, Yielded, asked, page_of, real_url
from crawler.bodies import read_feed, stamp
from storage.models import Mention

_PER_PAGE = 100
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
    """Search Reddit for the brand, or read named subreddits and threads, through RSS.

    Reddit's robots.txt forbids programs, so with the default `obey_robots = true` the crawl
    says that it is blocked and reads nothing. Its feeds do answer a program that names itself;
    whoever sets `obey_robots = false` decides for their own crawler, and for Reddit's terms,
    which ask commercial users for an agreement.
    """

    name = "reddit"
    label = "Reddit (RSS)"
    default_base_url = "https://www.reddit.com"
    always = ("author",)
    needs = "`obey_robots = false`, after reading Reddit's terms"
    limits = "a request every two seconds; search finds posts, not comments"
    terms = "robots.txt forbids programs; commercial use needs Reddit's agreement"
    custom_settings = {"DOWNLOAD_DELAY": 2.0}  # noqa: RUF012 - Scrapy's name and type

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
        pages: int = Field(
            default=3, ge=1, le=10, description="Pages of 100 posts for each feed, at most."
        )
        obey_robots: bool = Field(
            default=True,
            description="Reddit's robots.txt forbids all programs: nothing is read unless you "
            "set this to false, at your own responsibility.",
        )

        @property
        def target(self) -> str:
            parts = [f"r/{name}" for name in self.subreddits]
            return " ".join([*parts, *(f"comments/{thread}" for thread in self.threads)])

    options: Options

    @property
    def asked_since(self) -> bool:
        """Only searches have a time window; listings always hold something."""
        listed = self.options.threads or self.options.comments or self.options.everything
        return self.since is not None and not listed

    def requests(self) -> Iterable[Request]:
        for thread in self.options.threads:
            yield self._feed(f"/comments/{thread}.rss", {"sort": "new", "limit": 500}, paged=False)
        for name in self.options.subreddits:
            if self.options.comments:
                yield self._feed(f"/r/{name}/comments.rss", {"limit": _PER_PAGE})
            if self.options.everything:
                yield self._feed(f"/r/{name}/new.rss", {"limit": _PER_PAGE})
        places = [f"/r/{name}" for name in self.options.subreddits]
        if self.options.everything or (self.options.threads and not places):
            return
        for place in places or [""]:
            for term in self.query.search_terms():
                params = {"q": f'"{term}"', "sort": "new", "t": self._window(), "limit": _PER_PAGE}
                if place:
                    params["restrict_sr"] = 1
                yield self._feed(f"{place}/search.rss", params)

    def parse(self, response: Response) -> Iterator[Yielded]:
        feed = read_feed(response)
        mentions = []
        for read in self.each(feed.entries, lambda entry: self._entry(entry, real_url(response))):
            yield read
            if isinstance(read, Mention):
                mentions.append(read)
        if feed.problem:
            raise feed.problem
        listing = response.request.meta.get("listing") if response.request else None
        if not mentions or listing is None:
            return
        last = str(feed.entries[-1].get("id") or "")
        # A feed shorter than asked has no next page, nor has one that ignores `after`.
        if len(feed.entries) < _PER_PAGE // 4 or last in ("", asked(response, "after")):
            return
        path, params = listing
        following = self._feed(path, {**params, "after": last}, page=page_of(response) + 1)
        yield from self.more(response, mentions, self.options.pages, following)

    def _feed(
        self, path: str, params: dict[str, Any], *, page: int = 1, paged: bool = True
    ) -> Request:
        return self.ask(
            path,
            params,
            page=page,
            obey_robots=self.options.obey_robots,
            listing=(path, params) if paged else None,
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
        created = fields.moment(
            stamp(entry, "published") or stamp(entry, "updated"), self.now, "published"
        )
        edited = fields.later(stamp(entry, "updated"), self.now, "updated")
        thread = _THREAD.search(url or "") if native_id.startswith("t1_") else None
        return self.mention(
            native_id=native_id,
            text=text,
            title=title,
            created_at=created,
            edited_at=edited if edited and edited > created else None,
            url=url,
            author=author,
            author_native_id=author,
            parent_id=f"{self.name}:t3_{thread[1]}" if thread else None,
        )
