"""Call a spider's `parse` on a body as if its server had answered, without a process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scrapy.http import Request, TextResponse

from crawler.base import MentionSpider
from crawler.catalog import sources
from crawler.entry_problems import PageError, Refusal
from storage.models import Mention

NOW = datetime(2026, 11, 1, tzinfo=UTC)
RESPONSES = Path(__file__).parent / "responses"

# What each source needs to be told, and the response that is ours for it.
EXAMPLES: dict[str, dict[str, Any]] = {
    "appstore": {"app_id": 1000001},
    "bluesky": {},
    "chrome_web_store": {
        "extension_id": "abcdefghijklmnopabcdefghijklmnop",
        "accept_unofficial": True,
    },
    "devto": {},
    "discourse": {"forum": "https://forum.acme.example"},
    "feeds": {"preset": "wordpress_reviews", "slug": "acme-air"},
    "gdelt": {},
    "github": {},
    "google_play": {"app_id": "com.acme.air", "accept_unofficial": True},
    "hackernews": {},
    "lemmy": {"instance": "lemmy.example"},
    "lobsters": {},
    "mailbox": {"host": "imap.acme.example", "user": "voice@acme.example"},
    "mastodon": {"hashtags": ["acmeair"]},
    "reddit": {"obey_robots": False},
    "stackexchange": {},
    "steam": {"app_id": 440},
    "mozilla_addons": {"addon": "acme-air-toolbar"},
    "telegram": {"channels": ["acmeair"]},
    "woocommerce": {"site": "https://shop.acme.example"},
    "wordpress": {"site": "https://blog.acme.example"},
    "youtube": {"videos": ["vid00000001"], "search": False},
    "app_store_connect": {"app_id": 1000001},
    "google_business": {"account": "111", "locations": ["222"]},
    "trustpilot": {"business_unit_id": "46d6a890000064000500e0c3"},
    "web_reviews": {"urls": ["https://shop.acme.example/cabin-bag"]},
    "x": {},
    "yelp": {"businesses": ["acme-air-lounge-san-francisco"]},
    "facebook": {"page_id": "1000001"},
    "instagram": {"account_id": "17841400000000001"},
    "google_places": {"places": ["ChIJmadeup0000000000000000A"]},
}


def response_of(source: str) -> bytes:
    """Give the response in the repository that stands for a source."""
    (path,) = [p for p in RESPONSES.glob(f"{source}.*") if p.name != "appstore.xml"]
    return path.read_bytes()


def spider_of(
    source: str, options: dict[str, Any] | None = None, since: datetime | None = None, **more: Any
) -> MentionSpider:
    return sources()[source](
        query='"acme air"',
        brand="Acme Air",
        since=since,
        options=EXAMPLES[source] if options is None else options,
        now=NOW,
        **more,
    )


def first_requests(spider: MentionSpider) -> list[Request]:
    async def collect() -> list[Request]:
        return [request async for request in spider.start()]

    return asyncio.run(collect())


def read(
    spider: MentionSpider, body: bytes | str, request: Request | None = None
) -> tuple[list[Mention], list[Refusal], list[Request], PageError | None]:
    """Parse a body as the answer to a request, by default the spider's first."""
    request = request or first_requests(spider)[0]
    return _taken(spider.parse, request, body)


def answer(
    request: Request,
    body: bytes | str,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> tuple[list[Mention], list[Refusal], list[Request], PageError | None]:
    """Answer a request with a status, and let the callback that it names read that."""
    assert request.callback is not None
    return _taken(request.callback, request, body, status, headers)


def _taken(
    parse: Callable[..., Any],
    request: Request,
    body: bytes | str,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> tuple[list[Mention], list[Refusal], list[Request], PageError | None]:
    raw = body.encode() if isinstance(body, str) else body
    response = TextResponse(
        request.url, status, headers, body=raw, request=request, encoding="utf-8"
    )
    given: list[Any] = []
    problem = None
    try:
        for item in parse(response):
            given.append(item)  # noqa: PERF402 - what came before an error counts
    except PageError as error:
        problem = error
    return (
        [item for item in given if isinstance(item, Mention)],
        [item for item in given if isinstance(item, Refusal)],
        [item for item in given if isinstance(item, Request)],
        problem,
    )
