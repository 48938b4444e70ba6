"""The DEV spider: lists, whole articles, and the comments below them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from storage.models import Mention
from tests.crawler.reading import NOW, answer, first_requests, read, response_of, spider_of

BODY = response_of("devto")
COMMENTS = [
    {
        "type_of": "comment",
        "id_code": "3a1",
        "created_at": "2026-10-20T12:00:00Z",
        "body_html": "<p>Acme Air never <em>answers</em></p>\n\n",
        "user": {"name": "Nina", "username": "nina", "user_id": 9200},
        "children": [
            {
                "type_of": "comment",
                "id_code": "3a2",
                "created_at": "2026-10-20T12:30:00Z",
                "body_html": "<p>They did to me</p>",
                "user": {"name": "Otto", "username": "otto", "user_id": 9101},
                "children": [],
            }
        ],
    },
    {
        "type_of": "comment",
        "id_code": "3a3",
        "created_at": "2026-10-20T13:00:00Z",
        "body_html": "<p>[deleted]</p>",
        "user": {},
        "children": [],
    },
]


def changed(**change: Any) -> str:
    data = json.loads(BODY)
    for name, value in change.items():
        if value is ...:
            del data[0][name]
        else:
            data[0][name] = value
    return json.dumps(data)


def test_an_article_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("devto"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="devto",
        native_id="3300002",
        title="What Acme Air's API taught me",
        text="Acme Air & three lessons about retries...",
        fetched_at=NOW,
        created_at=datetime(2026, 10, 20, 10, tzinfo=UTC),
        edited_at=datetime(2026, 10, 21, 9, tzinfo=UTC),
        url="https://dev.to/mina/what-2",
        author="mina",
        author_native_id="9100",
        language="en",
        reach=14,
    )
    assert len(mentions) == 2
    assert mentions[1].text == mentions[1].title, "a title alone is the text too"
    assert (refusals, requests, problem) == ([], [], None)


def test_it_reads_tags_or_the_newest_of_all() -> None:
    (latest,) = first_requests(spider_of("devto"))
    assert latest.url == "https://dev.to/api/articles/latest?per_page=100&page=1"
    options = {"tags": ["acmeair"], "host": "forem.example", "about_brand": True}
    spider = spider_of("devto", options)
    (tagged,) = first_requests(spider)
    assert tagged.url == "https://forem.example/api/articles?tag=acmeair&per_page=100&page=1"
    assert not spider.wants_match
    assert read(spider, BODY)[0][0].native_id == "forem.example/3300002"


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"id": ...}, False),
        ({"id": {}}, False),
        ({"title": None}, True),
        ({"title": None, "description": None}, False),
        ({"description": ["x"]}, False),
        ({"published_at": ..., "published_timestamp": ...}, False),
        ({"published_timestamp": ...}, True),
        ({"published_timestamp": "soon"}, False),
        ({"edited_at": "soon"}, True),
        ({"user": None}, True),
        ({"user": ["x"]}, False),
        ({"url": 7}, True),
        ({"public_reactions_count": "many"}, True),
    ],
)
def test_one_bad_field_costs_one_article_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("devto"), changed(**change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (1 + kept, 1 - kept)


def test_whole_articles_are_asked_for_one_by_one() -> None:
    spider = spider_of("devto", {"whole": True}, datetime(2026, 10, 20, 11, tzinfo=UTC))
    mentions, _, requests, _ = read(spider, BODY)
    assert mentions == [], "what lists shorten is not stored beside what it is shortened from"
    assert [request.url for request in requests] == [
        "https://dev.to/api/articles/3300002",
        "https://dev.to/api/articles/3300001",
    ]
    whole = {**json.loads(BODY)[0], "body_markdown": "## Why\n\nAcme Air *fails* in `GET`"}
    mentions, refusals, requests, problem = answer(requests[0], json.dumps(whole))
    assert [mention.text for mention in mentions] == ["Why\n\nAcme Air fails in GET"]
    assert (refusals, requests, problem) == ([], [], None)


def test_comments_come_with_what_they_answer() -> None:
    spider = spider_of("devto", {"comments": True})
    requests = read(spider, BODY)[2]
    assert [request.url for request in requests] == ["https://dev.to/api/comments?a_id=3300002"]
    mentions, refusals, _, problem = answer(requests[0], json.dumps(COMMENTS))
    assert (refusals, problem) == ([], None)
    assert [(m.native_id, m.text, m.parent_id, m.author, m.url) for m in mentions] == [
        (
            "comment/3a1",
            "Acme Air never answers",
            "devto:3300002",
            "nina",
            "https://dev.to/nina/comment/3a1",
        ),
        (
            "comment/3a2",
            "They did to me",
            "devto:comment/3a1",
            "otto",
            "https://dev.to/otto/comment/3a2",
        ),
    ]


def test_articles_that_nothing_happened_to_are_left_in_peace() -> None:
    options = {"comments": True, "whole": True}
    spider = spider_of("devto", options, datetime(2026, 10, 30, tzinfo=UTC))
    assert read(spider, BODY)[2] == []


def test_a_full_page_leads_to_the_next_and_the_bound_holds() -> None:
    one = json.loads(BODY)[0]
    spider = spider_of("devto")
    (request,) = first_requests(spider)
    asked = 0
    waiting = [request]
    while waiting:
        asked += 1
        page = [{**one, "id": asked * 1000 + n} for n in range(100)]
        waiting = answer(waiting[0], json.dumps(page))[2]
    assert asked == 2
