"""The Google Business spider: stars as words, translations, stars alone, the owner's token."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest
from scrapy.http import TextResponse

from crawler.entry_problems import PageError
from crawler.spiders.google_business import GoogleBusinessSpider
from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import EXAMPLES, NOW, first_requests, read, response_of, spider_of

BODY = response_of("google_business")


def changed(**change: Any) -> str:
    data = json.loads(BODY)
    for name, value in change.items():
        if value is ...:
            del data["reviews"][0][name]
        else:
            data["reviews"][0][name] = value
    return json.dumps(data)


def test_a_review_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("google_business"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="google_business",
        native_id="AoJwgMiH0000000001",
        text="Acme Air hat meinen Koffer verloren & niemand antwortet.",
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 10, 26, 40, tzinfo=UTC),
        edited_at=datetime(2026, 9, 20, 11, 26, 40, tzinfo=UTC),
        url="https://business.google.com/reviews",
        author="Mia Doe",
        rating=2.0,
        rating_max=5.0,
        owner_reply="Sorry, Mia!",
        owner_replied_at=datetime(2026, 9, 20, 13, 13, 20, tzinfo=UTC),
    )
    assert mentions[1].author is None, "everybody may be anonymous"
    assert (mentions[2].text, mentions[2].rating) == ("", 4.0), "stars alone are a mention"
    assert len(mentions) == 3
    assert (refusals, problem) == ([], None)
    assert "pageToken=made-up-next" in requests[0].url


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"reviewId": None}, True),
        ({"reviewId": None, "name": None}, False),
        ({"reviewer": None}, True),
        ({"reviewer": "x"}, False),
        ({"starRating": "STAR_RATING_UNSPECIFIED"}, True),
        ({"starRating": 5}, True),
        ({"starRating": None, "comment": None}, False),
        ({"comment": {}}, False),
        ({"createTime": None}, True),
        ({"createTime": "x"}, False),
        ({"updateTime": None}, True),
        ({"reviewReply": None}, True),
        ({"reviewReply": []}, False),
        ({"reviewReply": {"comment": "Sorry!"}}, True),
    ],
)
def test_one_bad_field_costs_one_review_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("google_business"), changed(**change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (2 + kept, 1 - kept)


@pytest.mark.parametrize("stars", list(enumerate(["ONE", "TWO", "THREE", "FOUR", "FIVE"], 1)))
def test_stars_come_as_words(stars: tuple[int, str]) -> None:
    mentions = read(spider_of("google_business"), changed(starRating=stars[1]))[0]
    assert (mentions[0].rating, mentions[0].rating_max) == (stars[0], 5.0)


@pytest.mark.parametrize(
    "comment",
    [
        "Toller Flug",
        "Toller Flug\n\n(Translated by Google)\nGreat flight",
        "(Translated by Google) Great flight\n\n(Original)\nToller Flug",
        "(Translated by Google) Toller Flug",
    ],
)
def test_of_a_translated_comment_the_original_is_read(comment: str) -> None:
    assert read(spider_of("google_business"), changed(comment=comment))[0][0].text == "Toller Flug"


def test_the_refresh_token_is_traded_for_one_that_reads_every_place() -> None:
    options = {"account": "111", "locations": ["222", "333"], "place_id": "ChIJmadeup"}
    spider = spider_of("google_business", options)
    assert isinstance(spider, GoogleBusinessSpider)
    (request,) = first_requests(spider)
    assert (request.method, request.url) == ("POST", "https://oauth2.googleapis.com/token")
    sent = parse_qs(request.body.decode())
    assert sent["grant_type"] == ["refresh_token"]
    assert sent["refresh_token"] == ["made-up GOOGLE_BUSINESS_REFRESH_TOKEN"]

    body = b'{"access_token": "made-up-access", "expires_in": 3599}'
    pages = list(spider.authorised(TextResponse(request.url, body=body, request=request)))
    urls = [page.url.split("?")[0] for page in pages]  # type: ignore[union-attr]
    base = "https://mybusiness.googleapis.com/v4/accounts/111/locations"
    assert urls == [f"{base}/222/reviews", f"{base}/333/reviews"]
    (following,) = read(spider, BODY, pages[1])[2]  # type: ignore[arg-type]
    assert following.headers["Authorization"] == b"Bearer made-up-access"
    assert "/locations/333/" in following.url
    assert "placeid=ChIJmadeup" in (read(spider, BODY)[0][0].url or "")


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (400, b'{"error": "invalid_grant"}', CrawlOutcome.UNAUTHORISED),
        (200, b'{"error": "bad_verification"}', CrawlOutcome.UNAUTHORISED),
        (200, b'{"token": "x"}', CrawlOutcome.BROKEN),
        (200, b"<html><title>Sorry</title>", CrawlOutcome.BLOCKED),
    ],
)
def test_a_token_that_does_not_come_is_told(
    status: int, body: bytes, outcome: CrawlOutcome
) -> None:
    spider = spider_of("google_business")
    assert isinstance(spider, GoogleBusinessSpider)
    (request,) = first_requests(spider)
    assert request.meta["handle_httpstatus_list"] == [400]
    with pytest.raises(PageError) as caught:
        list(spider.authorised(TextResponse(request.url, status, body=body, request=request)))
    assert caught.value.outcome is outcome


def test_a_page_of_stars_alone_does_not_end_the_paging() -> None:
    data = json.loads(BODY)
    data["reviews"] = data["reviews"][2:]
    assert len(read(spider_of("google_business"), json.dumps(data))[2]) == 1
    one_page = spider_of("google_business", {**EXAMPLES["google_business"], "pages": 1})
    assert read(one_page, json.dumps(data))[2] == []
    del data["nextPageToken"]
    assert read(spider_of("google_business"), json.dumps(data))[2] == []
    assert read(spider_of("google_business"), "{}") == ([], [], [], None)
