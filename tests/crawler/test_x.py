"""The X spider: whole texts, links, edits, partial errors, and a bounded bill."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from scrapy.http import TextResponse

from crawler.catalog import sources
from crawler.entry_problems import PageError
from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import NOW, first_requests, read, response_of, spider_of

BODY = response_of("x")


def changed(**change: Any) -> str:
    data = json.loads(BODY)
    for name, value in change.items():
        if value is ...:
            del data["data"][0][name]
        else:
            data["data"][0][name] = value
    return json.dumps(data)


def asked_for(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_a_post_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("x"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="x",
        native_id="70000000003000000000",
        text="@acmeair lost my bag & nobody answers. “acme air” indeed https://acme.example/bags",
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 10, 26, 40, tzinfo=UTC),
        url="https://x.com/miadoe/status/70000000003000000000",
        author="miadoe",
        author_native_id="7001",
        language="en",
        reach=1200,
        parent_id="x:70000000001000000000",
    )
    assert mentions[1].text == "Acme Air: the start of a longer post, and its end."
    assert mentions[1].url == "https://x.com/i/status/70000000002000000000"
    assert (mentions[1].author, mentions[1].language, mentions[1].reach) == (None, None, 90)
    assert (len(mentions), refusals, problem) == (2, [], None), "partial errors cost nothing"
    assert asked_for(requests[0].url)["next_token"] == "AoJwgMiHmadeup"


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"id": None}, False),
        ({"text": ""}, False),
        ({"text": []}, False),
        ({"author_id": None}, True),
        ({"author_id": {}}, True),
        ({"created_at": "x"}, False),
        ({"created_at": None, "id": "17"}, False),
        ({"created_at": None, "id": "1578516068309794817"}, True),
        ({"lang": 4}, True),
        ({"public_metrics": None}, True),
        ({"referenced_tweets": "x"}, True),
        ({"referenced_tweets": [None, {"type": "replied_to"}]}, True),
        ({"entities": {"urls": [None, {"url": None}]}}, True),
        ({"note_tweet": "x"}, True),
        ({"edit_history_tweet_ids": None}, True),
    ],
)
def test_one_bad_field_costs_one_post_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("x"), changed(**change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (1 + kept, 1 - kept)


def test_the_time_is_in_the_id_where_it_is_not_told() -> None:
    body = changed(created_at=..., id="1578516068309794817")
    assert read(spider_of("x"), body)[0][0].created_at == (
        datetime(2022, 10, 7, 22, 42, 12, tzinfo=UTC)
    )


def test_an_edited_post_is_a_version_of_its_first() -> None:
    first, second = "1578515564971970560", "1578516068309794817"
    at = "2022-10-07T22:42:12.000Z"
    body = changed(id=second, created_at=at, edit_history_tweet_ids=[first, second])
    edited = read(spider_of("x"), body)[0][0]
    assert edited.native_id == first
    assert edited.created_at == datetime(2022, 10, 7, 22, 40, 12, tzinfo=UTC)
    assert edited.edited_at == datetime(2022, 10, 7, 22, 42, 12, tzinfo=UTC)
    assert edited.url == f"https://x.com/miadoe/status/{second}"


def test_a_repost_has_the_whole_text_of_the_original() -> None:
    data = json.loads(BODY)
    data["data"][0]["text"] = "RT @ole: Acme Air is the best airline of …"
    data["data"][0]["referenced_tweets"] = [{"type": "retweeted", "id": "5"}]
    data["includes"]["tweets"] = [{"id": "5", "text": "Acme Air is the best airline of all"}]
    repost = read(spider_of("x"), json.dumps(data))[0][0]
    assert repost.text == "RT @ole: Acme Air is the best airline of all"
    assert repost.parent_id is None


def test_it_asks_for_the_brands_terms_in_as_few_searches_as_fit() -> None:
    (request,) = first_requests(spider_of("x", {"languages": ["en", "de"]}))
    assert asked_for(request.url)["query"] == '("acme air") -is:retweet (lang:en OR lang:de)'
    assert request.headers["Authorization"] == b"Bearer made-up X_BEARER_TOKEN"
    assert "made-up" not in request.url
    terms = " OR ".join(f'"acme air flight number {number}"' for number in range(40))
    requests = first_requests(sources()["x"](query=terms, options={}))
    queries = [asked_for(each.url)["query"] for each in requests]
    assert len(queries) > 1
    assert all(len(query) <= 512 for query in queries)
    assert sum(query.count("flight number") for query in queries) == 40


def test_it_asks_for_nothing_older_than_a_week() -> None:
    assert "start_time" not in asked_for(first_requests(spider_of("x"))[0].url)
    for age, start in ((1, "2026-10-31T00:00:00Z"), (30, "2026-10-25T00:05:00Z")):
        (request,) = first_requests(spider_of("x", since=NOW - timedelta(days=age)))
        assert asked_for(request.url)["start_time"] == start


def test_the_bound_and_a_missing_token_end_the_paging() -> None:
    assert read(spider_of("x", {"pages": 1}), BODY)[2] == []
    data = json.loads(BODY)
    del data["meta"]["next_token"]
    assert read(spider_of("x"), json.dumps(data))[2] == []
    assert read(spider_of("x"), '{"meta": {"result_count": 0}}') == ([], [], [], None)


@pytest.mark.parametrize(
    ("body", "outcome", "said"),
    [
        ('{"errors": [{"message": "Bad query"}], "title": "Invalid"}', "failed", "Bad query"),
        ('{"title": "Unauthorized", "status": 401}', "failed", "Unauthorized"),
        ('{"meta": {}}', "broken", "without `data`"),
        ('{"data": "x"}', "broken", "not a list"),
        ("[]", "broken", "not an object"),
    ],
)
def test_errors_in_a_good_status_are_told(body: str, outcome: str, said: str) -> None:
    problem = read(spider_of("x"), body)[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome(outcome)
    assert said in problem.reason


def test_an_empty_account_is_a_spent_quota() -> None:
    spider = spider_of("x")
    (request,) = first_requests(spider)
    assert 402 in request.meta["handle_httpstatus_list"]
    with pytest.raises(PageError, match="no credits") as caught:
        list(spider.parse(TextResponse(request.url, 402, body=b"{}", request=request)))
    assert caught.value.outcome is CrawlOutcome.QUOTA
