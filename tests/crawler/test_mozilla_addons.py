"""The Firefox Add-ons spider: reviews with replies, ratings without a text, what was deleted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from scrapy.http import TextResponse

from crawler.entry_problems import Gone
from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import NOW, first_requests, read, response_of, spider_of

BODY = response_of("mozilla_addons")


def changed(**change: Any) -> str:
    data = json.loads(BODY)
    for name, value in change.items():
        if value is ...:
            del data["results"][0][name]
        else:
            data["results"][0][name] = value
    return json.dumps(data)


def test_a_review_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("mozilla_addons"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="mozilla_addons",
        native_id="70000000001",
        text="Acme Air's toolbar eats my tabs & my patience.\n\nNobody answers.",
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 10, 26, 40, tzinfo=UTC),
        url="https://addons.mozilla.org/firefox/addon/acme-air-toolbar/reviews/70000000001/",
        author="Mia Doe",
        author_native_id="7001",
        rating=2.0,
        rating_max=5.0,
        product_version="3.4.29",
        owner_reply="Sorry, Mia! Fixed in 3.4.30.",
        owner_replied_at=datetime(2026, 9, 20, 13, 13, 20, tzinfo=UTC),
    )
    assert (mentions[2].text, mentions[2].rating) == ("", 4.0), "a rating alone is a mention"
    assert len(mentions) == 3
    assert (refusals, problem) == ([], None)
    assert "page=2" in requests[0].url


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"id": None}, False),
        ({"body": {}}, False),
        ({"body": "", "score": None}, False),
        ({"score": None}, True),
        ({"score": 11}, False),
        ({"created": ...}, False),
        ({"created": 0}, False),
        ({"user": ...}, True),
        ({"user": "x"}, False),
        ({"user": {"name": None}}, True),
        ({"reply": []}, False),
        ({"reply": {"body": None}}, True),
        ({"reply": {"body": "Sorry!", "created": "x"}}, True),
        ({"addon": None}, True),
    ],
)
def test_one_bad_field_costs_one_review_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("mozilla_addons"), changed(**change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (2 + kept, 1 - kept)


def test_a_deleted_review_is_told() -> None:
    spider = spider_of("mozilla_addons")
    (request,) = first_requests(spider)
    body = changed(is_deleted=True).encode()
    given = list(spider.parse(TextResponse(request.url, body=body, request=request)))
    assert Gone("70000000001") in given
    assert [item.native_id for item in given if isinstance(item, Mention)] == [
        "70000000002",
        "70000000003",
    ]


def test_the_last_page_and_since_and_the_bound_end_the_paging() -> None:
    data = json.loads(BODY)
    assert read(spider_of("mozilla_addons"), json.dumps({**data, "next": None}))[2] == []
    assert read(spider_of("mozilla_addons", since=NOW), BODY)[2] == []
    one_page = spider_of("mozilla_addons", {"addon": "acme-air-toolbar", "pages": 1})
    assert read(one_page, BODY)[2] == []


def test_an_error_in_place_of_results_is_named() -> None:
    problem = read(spider_of("mozilla_addons"), '{"detail": "Need an addon or user."}')[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.BROKEN
    assert "results" in problem.reason
