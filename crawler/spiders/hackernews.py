"""Hacker News stories and comments, from Algolia's public search API."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from pydantic import Field
from scrapy.http import Request, Response

from crawler.base import MentionSpider, Yielded
from crawler.json_bodies import items_at, read_json
from crawler.request_details import asked
from crawler.search_terms import phrase
from crawler.source_options import SourceOptions
from storage import fields
from storage.models import Mention

_PER_PAGE = 100
_UNTIL = re.compile(r"created_at_i<(\d+)")


class HackerNewsSpider(MentionSpider):
    """Search stories and comments for each term of the brand's query, newest first.

    robots.txt does not apply: this is a documented JSON API. Only 1000 hits can be paged, so
    each further page is a search of what is older than the last hit.
    """

    name = "hackernews"
    label = "Hacker News"
    place = "on Hacker News"
    default_base_url = "https://hn.algolia.com"
    names_are_ids = True
    robots = False
    asks_since = True
    always = ("author",)
    limits = "about 10,000 requests an hour; 100 hits a request"
    terms = "public API, no key"

    class Options(SourceOptions):
        """What to search."""

        kinds: list[Literal["story", "comment"]] = Field(
            default=["story", "comment"], min_length=1, description="Stories, comments or both."
        )
        pages: int = Field(
            default=20, ge=1, le=200, description="Pages of 100 hits per search term, at most."
        )

    options: Options

    def requests(self) -> Iterable[Request]:
        for term in self.query.search_terms():
            # Quoted, or the engine matches words that merely resemble.
            yield self._search(phrase(term))

    def parse(self, response: Response) -> Iterator[Yielded]:
        hits = items_at(read_json(response), "hits")
        mentions = yield from self.each(hits, self._hit)
        moments = [mention.created_at for mention in mentions if mention.created_at]
        if not moments or len(hits) < min(_PER_PAGE, int(asked(response, "hitsPerPage", "1"))):
            return
        bound = _UNTIL.search(asked(response, "numericFilters"))
        oldest = int(min(moments).timestamp())
        # The hit's own second is asked for again, so that none of that second is lost.
        until = oldest + 1
        if bound and until >= int(bound[1]):
            until = oldest
            if until >= int(bound[1]):
                return  # the server ignores the bound: it has no more to give
        search = self._search(asked(response, "query"), until)
        yield from self.more(response, mentions, self.options.pages, search)

    def _search(self, query: str, until: int | None = None) -> Request:
        params: dict[str, object] = {
            "query": query,
            "tags": f"({','.join(self.options.kinds)})",
            "hitsPerPage": _PER_PAGE,
            "typoTolerance": "false",
            "page": 0,
        }
        bounds = []
        if self.since is not None:
            bounds.append(f"created_at_i>={int(self.since.timestamp())}")
        if until is not None:
            bounds.append(f"created_at_i<{until}")
        if bounds:
            params["numericFilters"] = ",".join(bounds)
        return self.ask("/api/v1/search_by_date", params)

    def _hit(self, hit: dict[str, Any]) -> Mention | None:
        native_id = fields.identity(hit.get("objectID"), "objectID")
        author = fields.line(hit.get("author"), "author")
        body = next(
            (hit[key] for key in ("comment_text", "story_text", "text") if hit.get(key)), None
        )
        parent = hit.get("parent_id") or (
            # A story names itself as its own story.
            None if str(hit.get("story_id")) == native_id else hit.get("story_id")
        )
        return self.mention(
            native_id=native_id,
            text=fields.from_html(body, "text"),
            title=fields.line(hit.get("title") or hit.get("story_title"), "title"),
            created_at=fields.moment(
                hit.get("created_at_i") or hit.get("created_at"), self.now, "created_at"
            ),
            url=f"https://news.ycombinator.com/item?id={native_id}",
            author=author,
            reach=fields.count(hit.get("points")),
            parent=fields.identity(parent) if parent else None,
        )
