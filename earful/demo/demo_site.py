"""The demo's local replay site: real HTTP on this machine, answering as the real sources do."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

from earful.demo import answers, demo_feeds, demo_pages, world
from earful.demo.items import Sighting
from earful.demo.story import Story

_JSON = "application/json; charset=utf-8"
_ATOM = "application/atom+xml; charset=UTF-8"
_RSS = "application/rss+xml; charset=UTF-8"
_HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    body: str
    content_type: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as the routes see it: `parts` are the groups of the route's pattern."""

    path: str
    parts: dict[str, str]
    query: dict[str, list[str]]
    headers: dict[str, str]
    moment: datetime

    def one(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]

    def number(self, name: str, default: int) -> int:
        given = self.one(name)
        return int(given) if given.isdecimal() else default


class DemoSite:
    """Serves a story on 127.0.0.1, at a free port, in threads of its own.

    Only what was written by `clock()` is visible. Use it as a context manager, or `start` it and
    `stop` it.
    """

    def __init__(self, story: Story, clock: Callable[[], datetime]) -> None:
        self._story = story
        self._clock = clock
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.answer = self._answer
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="demo-site", daemon=True
        )
        review_page = r"/(?P<country>[a-z]{2})/rss/customerreviews"
        app = rf"id={world.APP_ID}"
        self._routes: list[tuple[re.Pattern[str], Callable[[Ask], Answer]]] = [
            (re.compile(pattern + "$"), answer)
            for pattern, answer in (
                (r"/", self._index),
                (r"/robots\.txt", _robots),
                (rf"{review_page}/page=(?P<page>\d+)/{app}/sortby=mostrecent/json", self._app),
                (rf"{review_page}/{app}/sortBy=mostRecent/page=(?P<page>\d+)/json", self._app),
                (rf"/(?P<country>[a-z]{{2}})/app/id{world.APP_ID}", self._app_page),
                (r"/api/v1/search_by_date", self._hacker_news),
                (r"/item", self._hacker_news_page),
                (r"/search\.rss", self._reddit_search),
                (r"/r/(?P<subreddit>\w+)/search\.rss", self._reddit_search),
                (r"/r/(?P<subreddit>\w+)/new/?\.rss", self._reddit_listing),
                (r"/r/(?P<subreddit>\w+)/comments/(?P<id>\w+)/\w*/?", self._reddit_page),
                (r"/forum/feed/", self._forum),
                (r"/forum/(?P<id>\d+)-[\w-]*/", self._forum_page),
                (r"/forum/", self._forum_list),
                (rf"/appreviews/{world.GAME_ID}", self._steam),
                (rf"/profiles/(?P<id>\d+)/recommended/{world.GAME_ID}/", self._steam_page),
            )
        ]

    @property
    def url(self) -> str:
        """Give the address, without a slash at its end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End serving and free the port; harmless when it never started."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _answer(self, target: str, headers: dict[str, str]) -> Answer:
        parts = urlsplit(target)
        for pattern, answer in self._routes:
            if match := pattern.match(parts.path):
                query = parse_qs(parts.query, keep_blank_values=True)
                ask = Ask(target, match.groupdict(), query, headers, self._clock())
                return answer(ask)
        return _missing(parts.path)

    def _index(self, ask: Ask) -> Answer:
        return Answer(demo_pages.index_page(self._story, ask.moment), _HTML)

    def _app(self, ask: Ask) -> Answer:
        country, page = ask.parts["country"], int(ask.parts["page"])
        body = answers.app_reviews(self._story, ask.moment, country, max(1, page), ask.path)
        # Apple says that its JSON is JavaScript.
        return Answer(body, "text/javascript; charset=utf-8")

    def _app_page(self, ask: Ask) -> Answer:
        seen = self._story.sightings(ask.moment, "appstore", ask.parts["country"])
        return Answer(demo_pages.list_page(f"{world.APP_NAME}: reviews", seen), _HTML)

    def _hacker_news(self, ask: Ask) -> Answer:
        try:
            body = answers.search_hits(
                self._story,
                ask.moment,
                ask.one("query"),
                ask.one("tags"),
                ask.one("numericFilters"),
                ask.number("page", 0),
                ask.number("hitsPerPage", 20),
            )
        except ValueError as error:
            problem = {"message": str(error), "status": 400}
            return Answer(json.dumps(problem), _JSON, 400)
        return Answer(body, _JSON)

    def _hacker_news_page(self, ask: Ask) -> Answer:
        return self._page_of(ask, "hackernews", lambda s: s.item.native_id == ask.one("id"))

    def _reddit_search(self, ask: Ask) -> Answer:
        subreddit = ask.parts.get("subreddit")
        # Without restrict_sr a search in a subreddit searches all of Reddit.
        within = subreddit if ask.one("restrict_sr") in ("1", "on", "true") else None
        query = ask.one("q")
        posts = demo_feeds.reddit_posts(
            self._story,
            ask.moment,
            subreddit=within,
            query=query,
            window=ask.one("t", "all"),
            after=ask.one("after"),
            limit=ask.number("limit", 25),
        )
        title = f"{subreddit or 'reddit.com'}: search results - {query}"
        return self._reddit(posts, ask, title)

    def _reddit_listing(self, ask: Ask) -> Answer:
        subreddit = ask.parts["subreddit"]
        posts = demo_feeds.reddit_posts(
            self._story,
            ask.moment,
            subreddit=subreddit,
            query=None,
            after=ask.one("after"),
            limit=ask.number("limit", 25),
        )
        return self._reddit(posts, ask, f"{subreddit}: newest submissions")

    def _reddit(self, posts: list[Sighting], ask: Ask, title: str) -> Answer:
        body = demo_feeds.reddit_feed(
            posts, ask.moment, site_url=self.url, path=ask.path, title=title
        )
        return Answer(body, _ATOM)

    def _reddit_page(self, ask: Ask) -> Answer:
        wanted = f"t3_{ask.parts['id']}"
        return self._page_of(ask, "reddit", lambda s: s.item.native_id == wanted)

    def _forum(self, ask: Ask) -> Answer:
        entries = demo_feeds.forum_entries(self._story, ask.moment)
        built_at = max((entry.version.at for entry in entries), default=self._story.started_at)
        body = demo_feeds.forum_feed(entries, built_at, self.url)
        etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:20]}"'
        modified = format_datetime(built_at.astimezone(UTC).replace(microsecond=0), usegmt=True)
        validators = {"ETag": etag, "Last-Modified": modified}
        if _unchanged(ask.headers, etag, built_at):
            return Answer("", _RSS, 304, validators)
        return Answer(body, _RSS, 200, validators)

    def _forum_page(self, ask: Ask) -> Answer:
        return self._page_of(ask, "feeds", lambda s: s.item.native_id == ask.parts["id"])

    def _forum_list(self, ask: Ask) -> Answer:
        entries = demo_feeds.forum_entries(self._story, ask.moment)
        return Answer(demo_pages.list_page(world.FORUM_NAME, entries), _HTML)

    def _steam(self, ask: Ask) -> Answer:
        body = answers.game_reviews(
            self._story,
            ask.moment,
            ask.one("filter", "recent"),
            ask.one("language", "all"),
            ask.one("cursor", "*"),
            max(1, min(100, ask.number("num_per_page", 20))),
        )
        return Answer(body, _JSON)

    def _steam_page(self, ask: Ask) -> Answer:
        author = ask.parts["id"]
        return self._page_of(ask, "steam", lambda s: s.item.author.native_id == author)

    def _page_of(self, ask: Ask, source: str, holds: Callable[[Sighting], bool]) -> Answer:
        for sighting in self._story.sightings(ask.moment, source):
            if holds(sighting):
                return Answer(demo_pages.item_page(sighting), _HTML)
        return _missing(ask.path)


def _robots(_: Ask) -> Answer:
    return Answer("User-agent: *\nDisallow:\n", "text/plain; charset=utf-8")


def _missing(path: str) -> Answer:
    return Answer(demo_pages.missing_page(path), _HTML, 404)


def _unchanged(headers: dict[str, str], etag: str, built_at: datetime) -> bool:
    """Tell whether the asker has this version: by tag, or by date where no tag is given."""
    if tags := headers.get("if-none-match"):
        return etag in re.findall(r'"[^"]*"', tags) or tags.strip() == "*"
    if since := headers.get("if-modified-since"):
        try:
            return built_at.replace(microsecond=0) <= parsedate_to_datetime(since)
        except (ValueError, TypeError):
            return False
    return False


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    answer: Callable[[str, dict[str, str]], Answer]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A client that keeps its connection open must not keep a thread for ever.
    timeout = 30
    server: _Server

    def do_GET(self) -> None:
        headers = {name.casefold(): value for name, value in self.headers.items()}
        answer = self.server.answer(self.path, headers)
        body = answer.body.encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 304:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet: the daemon's own log is what a newcomer should see."""
