"""The Hacker News spider: exact searches, slices of time, stories and comments."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from storage.models import Mention
from tests.crawler.reading import NOW, first_requests, read, response_of, spider_of

BODY = response_of("hackernews")
START = 1_789_000_000


def changed(**change: Any) -> str:
    data = json.loads(BODY)
    for name, value in change.items():
        if value is ...:
            del data["hits"][0][name]
        else:
            data["hits"][0][name] = value
    return json.dumps(data)


def test_a_comment_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("hackernews"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="hackernews",
        native_id="50000002",
        title="Acme Air opens its API",
        text="Acme Air's rebooking is absurdly good.\n\nI was on the next plane before the queue "
        "moved: https://acme.example/help",
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 10, tzinfo=UTC),
        url="https://news.ycombinator.com/item?id=50000002",
        author="runwayrob",
        author_native_id="runwayrob",
        parent_id="hackernews:50000001",
    )
    assert len(mentions) == 3
    assert (mentions[1].text, mentions[1].parent_id, mentions[1].reach) == (
        "Acme Air opens its API",
        None,
        42,
    )
    assert (refusals, requests, problem) == ([], [], None)


def test_it_searches_each_term_exactly_and_since() -> None:
    spider = spider_of("hackernews", since=datetime(2026, 9, 1, tzinfo=UTC))
    (request,) = first_requests(spider)
    assert "query=%22acme+air%22" in request.url
    assert "typoTolerance=false" in request.url
    assert "tags=%28story%2Ccomment%29" in request.url
    assert "numericFilters=created_at_i%3E%3D1788220800" in request.url


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"author": ...}, True),
        ({"author": None}, True),
        ({"author": {}}, False),
        ({"objectID": ...}, False),
        ({"objectID": 50000002}, True),
        ({"created_at_i": ...}, True),
        ({"created_at_i": ..., "created_at": ...}, False),
        ({"created_at_i": "soon"}, False),
        ({"created_at_i": True}, False),
        ({"comment_text": None}, True),
        ({"comment_text": 7}, True),
        ({"comment_text": ["x"]}, False),
        ({"points": "many"}, True),
        ({"parent_id": {}}, True),
    ],
)
def test_one_bad_field_costs_one_hit_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("hackernews"), changed(**change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (2 + kept, 1 - kept)


def hits(query: dict[str, str], stories: list[int]) -> str:
    """Answer as the server does: newest first, 100 a request, below the bound it was given."""
    bound = query.get("numericFilters", "").partition("created_at_i<")[2]
    fitting = sorted((s for s in stories if not bound or s < int(bound)), reverse=True)
    chosen = [
        {"objectID": str(s), "created_at_i": s, "title": f"Acme Air {s}", "author": "a"}
        for s in fitting[:100]
    ]
    return json.dumps({"hits": chosen, "nbHits": len(fitting), "nbPages": 10, "page": 0})


def crawl(stories: list[int], pages: int = 20) -> tuple[set[str], int]:
    from urllib.parse import parse_qsl, urlsplit

    spider = spider_of("hackernews", {"pages": pages})
    waiting, found, asked = first_requests(spider), set(), 0
    while waiting:
        request = waiting.pop()
        asked += 1
        query = dict(parse_qsl(urlsplit(request.url).query))
        mentions, _, requests, _ = read(spider, hits(query, stories), request)
        found |= {mention.native_id for mention in mentions}
        waiting += requests
    return found, asked


def test_it_reads_past_the_thousand_hits_that_can_be_paged() -> None:
    stories = [START + 7 * n for n in range(1_250)]
    found, asked = crawl(stories)
    assert len(found) == 1_250
    assert asked <= 14


def test_a_server_that_ignores_the_bound_is_not_asked_forever() -> None:
    spider = spider_of("hackernews")
    (request,) = first_requests(spider)
    same = hits({}, [START + n for n in range(300)])
    asked = 0
    while request is not None:
        asked += 1
        requests = read(spider, same, request)[2]
        request = requests[0] if requests else None  # type: ignore[assignment]
    assert asked <= 3


def test_paging_is_bounded() -> None:
    assert crawl([START + 7 * n for n in range(2_000)], pages=5)[1] == 5


def test_nothing_new_is_quiet_only_when_it_asked_for_new_ones() -> None:
    assert spider_of("hackernews", since=NOW - timedelta(days=1)).asked_since
    assert not spider_of("hackernews").asked_since
