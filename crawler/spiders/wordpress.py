"""Comments of a WordPress site, from its REST API or, where that is closed, its feed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field
from scrapy.http import Request, Response

from crawler.base import MentionSpider, Yielded
from crawler.feed_bodies import read_feed, stamp
from crawler.json_bodies import error_body, items_at, read_json
from crawler.request_details import login_apart, meta_of, page_of
from crawler.source_options import SourceOptions
from crawler.web_pages import html_page
from storage import fields
from storage.models import Mention, iso

_PER_PAGE = 100
_API = "/wp/v2/comments"
# Where the API and the feed stand with pretty permalinks, and where with plain ones.
_DOORS = ("/wp-json", "/?rest_route=")
_FEEDS = ("/comments/feed/", "/?feed=comments-rss2")
# The REST API is often closed to visitors, by a plugin or altogether; the feed seldom is.
_CLOSED = [401, 403, 404]
_COMMENT = re.compile(r"#comment-(\d+)")
# The feed begins a reply with a sentence that links to what it answers.
_IN_REPLY = re.compile(
    r'^\s*(?:<p>)?[^<]{0,60}<a href="[^"]*#comment-(\d+)"[^>]*>[^<]*</a>[^<\w]{0,20}(?:</p>|\n|$)'
)


class WordPressSpider(MentionSpider):
    """Search a site's public comments, or read all of them, newest first.

    Comments have the same ids by either way, so that both may be read of one site.
    """

    name = "wordpress"
    label = "WordPress comments"
    place = "on a WordPress site"
    default_base_url = "https://localhost"
    asks_since = True
    always = ("author",)
    needs = "the site's address"
    limits = "100 comments a request; where only the feed is open, 10"
    terms = "the site's own; Earful obeys robots.txt"

    class Options(SourceOptions):
        """Which site."""

        site: str = Field(
            pattern=r"^https?://[^\s/?#]+[^\s?#]*$",
            description='The site\'s address, such as "https://blog.example".',
        )
        match: bool = Field(
            default=True,
            description="Whether comments must match the brand's query; false for the brand's "
            "own site, all of which is read.",
        )
        pages: int = Field(
            default=5, ge=1, le=100, description="Pages per search term, or of the feed, at most."
        )

        @property
        def address(self) -> str:
            return self.site.rstrip("/")

        @property
        def target(self) -> str:
            return self.address

    options: Options
    fell_back = False

    @property
    def wants_match(self) -> bool:
        return self.options.match

    def requests(self) -> Iterable[Request]:
        for term in self.query.search_terms() if self.options.match else [""]:
            yield self._page(term, 1)

    def parse(self, response: Response) -> Iterator[Yielded]:
        if response.status == 400:
            return  # what WordPress says past the last page
        door = meta_of(response).get("door", _DOORS[0])
        # Where there is no WordPress API, a site's home page answers to whatever is asked of it.
        if response.status in _CLOSED or (door == _DOORS[1] and html_page(response.body)):
            yield from self._next_door(response, door)
            return
        if response.body.lstrip()[:5] in (b"<?xml", b"<rss ", b"<feed"):
            yield from self._parse_feed(response)
            return
        data = read_json(response)
        comments = items_at(data if isinstance(data, dict) else {"comments": data}, "comments")
        mentions = yield from self.each(comments, self._comment)
        if len(comments) >= _PER_PAGE:
            term = meta_of(response).get("term", "")
            following = self._page(term, page_of(response) + 1, door)
            yield from self.more(response, mentions, self.options.pages, following)

    def _next_door(self, response: Response, door: str) -> Iterator[Request]:
        """Ask where the API stands with plain permalinks, or the feed where the API is closed."""
        # What WordPress itself refuses is closed by either way.
        if response.status == 404 and door == _DOORS[0] and not error_body(response):
            yield self._page(meta_of(response).get("term", ""), 1, _DOORS[1])
        elif not self.fell_back:
            self.fell_back = True
            yield self._feed(1, _FEEDS[_DOORS.index(door)])

    def _page(self, term: str, page: int, door: str = _DOORS[0]) -> Request:
        params: dict[str, object] = {
            "per_page": _PER_PAGE,
            "page": page,
            "orderby": "date_gmt",
            "order": "desc",
        }
        if term:
            params["search"] = term
        if self.since is not None:
            # Sites compare with their own time of day, whatever the zone says.
            params["after"] = iso(self.since - timedelta(days=1))
        return self.ask(
            self.options.address + door + _API,
            params,
            page=page,
            term=term,
            door=door,
            handle_httpstatus_list=_CLOSED if page == 1 else [400],
        )

    def _comment(self, comment: dict[str, Any]) -> Mention | None:
        native_id = self._id(comment.get("id"))
        if comment.get("type") in ("pingback", "trackback"):
            return None
        content = comment.get("content")
        parent = comment.get("parent")
        return self._mention(
            native_id=native_id,
            html=content.get("rendered") if isinstance(content, dict) else content,
            created=fields.moment(
                comment.get("date_gmt") or comment.get("date"), self.now, "date_gmt"
            ),
            url=comment.get("link"),
            author=comment.get("author_name"),
            parent=parent if isinstance(parent, int | str) else None,
            # Whoever has no account at the site has the number 0.
            user=fields.count(comment.get("author")),
        )

    def _feed(self, page: int, place: str) -> Request:
        params = {"paged": page} if page > 1 else None
        return self.ask(self.options.address + place, params, page=page, feed=place)

    def _parse_feed(self, response: Response) -> Iterator[Yielded]:
        feed = read_feed(response)
        mentions = yield from self.each(
            feed.entries, lambda entry: self._entry(entry, feed.language)
        )
        if feed.problem:
            raise feed.problem
        if feed.entries:
            place = meta_of(response).get("feed", _FEEDS[0])
            following = self._feed(page_of(response) + 1, place)
            yield from self.more(response, mentions, self.options.pages, following)

    def _entry(self, entry: Any, language: str | None) -> Mention:
        link = entry.get("link")
        number = _COMMENT.search(f"{entry.get('id') or ''} {link or ''}")
        contents = entry.get("content") or [{}]
        html = contents[0].get("value") or entry.get("summary") or ""
        replied = _IN_REPLY.match(html)
        return self._mention(
            native_id=self._id(number[1] if number else None),
            html=html[replied.end() :] if replied else html,
            # RSS promises no date.
            created=fields.later(
                stamp(entry, "published", self.now) or stamp(entry, "updated", self.now),
                self.now,
                "published",
            ),
            url=link,
            author=entry.get("author"),
            parent=replied[1] if replied else None,
            language=fields.language(language),
        )

    def _mention(
        self,
        *,
        native_id: str,
        html: object,
        created: datetime | None,
        url: object,
        author: object,
        parent: int | str | None,
        language: str | None = None,
        user: int | None = None,
    ) -> Mention:
        named = fields.line(author, "author")
        return self.mention(
            native_id=native_id,
            text=fields.from_html(html, "content"),
            created_at=created,
            url=fields.link(url, self.options.address) or self.options.address,
            author=named,
            author_native_id=f"{self._site}#user-{user}" if user else None,
            language=language,
            parent=self._id(parent) if parent else None,
        )

    @property
    def _site(self) -> str:
        parts = urlsplit(login_apart(self.options.address)[0])
        return parts.netloc.casefold() + parts.path

    def _id(self, number: object) -> str:
        """Number comments per site: each site counts from one."""
        return f"{self._site}#{fields.identity(number)}"
