"""The WordPress spider: the REST API, the feed where that is closed, the same ids by both."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from scrapy.http import Request, TextResponse

from storage.models import Mention
from tests.crawler.reading import (
    NOW,
    RESPONSES,
    answer,
    first_requests,
    read,
    response_of,
    spider_of,
)

BODY = response_of("wordpress")
FEED = (RESPONSES / "wordpress_feed.xml").read_text()
SITE = "https://blog.acme.example"


def changed(**change: Any) -> str:
    data = json.loads(BODY)
    for name, value in change.items():
        if value is ...:
            del data[0][name]
        else:
            data[0][name] = value
    return json.dumps(data)


def test_a_comment_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("wordpress"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="wordpress",
        native_id="blog.acme.example#70000000002",
        text="Same here with Acme Air.",
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 11, 26, 40, tzinfo=UTC),
        url="https://blog.acme.example/2026/09/new-cabin/#comment-70000000002",
        author="Ole",
        parent_id="wordpress:blog.acme.example#70000000001",
    )
    assert mentions[1].text == "Acme Air lost my bag – nobody answers.\n\nDay four & counting."
    assert len(mentions) == 2, "a pingback is no comment"
    assert (refusals, requests, problem) == ([], [], None)


def test_the_feed_gives_the_same_mentions() -> None:
    mentions, refusals, requests, problem = read(spider_of("wordpress"), FEED)
    assert mentions == read(spider_of("wordpress"), BODY)[0]
    assert (refusals, problem) == ([], None)
    assert requests[0].url == f"{SITE}/comments/feed/?paged=2"
    german = FEED.replace("<description></description>", "<language>de-DE</language>")
    assert read(spider_of("wordpress"), german)[0] == [
        replace(mention, language="de-DE") for mention in mentions
    ]


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"id": None}, False),
        ({"content": None}, False),
        ({"content": {"rendered": []}}, False),
        ({"content": "<p>Acme Air</p>"}, True),
        ({"date_gmt": ...}, True),
        ({"date_gmt": "x"}, False),
        ({"author_name": None}, True),
        ({"author_name": {}}, False),
        ({"link": ...}, True),
        ({"parent": 0}, True),
        ({"parent": []}, True),
        ({"type": None}, True),
    ],
)
def test_one_bad_field_costs_one_comment_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("wordpress"), changed(**change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (1 + kept, 1 - kept)


def test_it_searches_or_reads_all() -> None:
    (searching,) = first_requests(spider_of("wordpress", since=NOW))
    assert searching.url.startswith(f"{SITE}/wp-json/wp/v2/comments?per_page=100&page=1")
    assert "search=acme+air" in searching.url
    assert "after=2026-10-31" in searching.url
    everything = spider_of("wordpress", {"site": SITE, "match": False})
    assert "search" not in first_requests(everything)[0].url
    assert not everything.wants_match


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_closed_api_is_answered_by_the_feed_once(status: int) -> None:
    spider = spider_of("wordpress")
    (first,) = first_requests(spider)
    assert status in first.meta["handle_httpstatus_list"]
    closed = TextResponse(
        first.url, status=status, body=b'{"code": "rest_cannot_read"}', request=first
    )
    (feed,) = spider.parse(closed)
    assert isinstance(feed, Request)
    assert feed.url == f"{SITE}/comments/feed/"
    assert "handle_httpstatus_list" not in feed.meta, "a closed feed is the end"
    assert list(spider.parse(closed)) == [], "another term finds the same door closed"


def test_with_plain_permalinks_the_api_stands_behind_a_parameter() -> None:
    spider = spider_of("wordpress")
    (first,) = first_requests(spider)
    _, _, (second,), _ = answer(first, b"<html>Not Found</html>", 404)
    assert second.url.startswith(f"{SITE}/?rest_route=/wp/v2/comments&per_page=100&page=1")
    assert "search=acme+air" in second.url
    many = [{**json.loads(BODY)[0], "id": number} for number in range(1, 101)]
    mentions, _, (third,), problem = answer(second, json.dumps(many))
    assert (len(mentions), problem) == (100, None)
    assert third.url.startswith(f"{SITE}/?rest_route=/wp/v2/comments&per_page=100&page=2")


@pytest.mark.parametrize(
    ("status", "body"), [(404, b""), (401, b"{}"), (200, b"<html><title>Our blog</title></html>")]
)
def test_without_an_api_the_plain_feed_is_read(status: int, body: bytes) -> None:
    spider = spider_of("wordpress")
    (first,) = first_requests(spider)
    (second,) = answer(first, b"", 404)[2]
    (feed,) = answer(second, body, status)[2]
    assert feed.url == f"{SITE}/?feed=comments-rss2"
    mentions, _, (older,), _ = answer(feed, FEED)
    assert len(mentions) == 2
    assert older.url == f"{SITE}/?feed=comments-rss2&paged=2"


def test_who_has_an_account_at_the_site_is_known_and_a_guest_is_not() -> None:
    known, *_ = read(spider_of("wordpress"), changed(author=12))
    guest, *_ = read(spider_of("wordpress"), changed(author=0))
    assert known[0].author_native_id == "blog.acme.example#user-12"
    assert (guest[0].author, guest[0].author_native_id) == (known[0].author, None)


def test_full_pages_are_followed_and_400_is_the_end() -> None:
    spider = spider_of("wordpress")
    (first,) = first_requests(spider)
    many = [{**json.loads(BODY)[0], "id": number} for number in range(1, 101)]
    (second,) = read(spider, json.dumps(many), first)[2]
    assert "page=2" in second.url
    assert "search=acme+air" in second.url
    past = TextResponse(second.url, status=400, body=b"{}", request=second)
    assert list(spider.parse(past)) == []
