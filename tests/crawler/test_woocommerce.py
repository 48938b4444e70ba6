"""The WooCommerce spider: the public Store API, the owner's API, and whom it must not keep."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError
from scrapy.http import TextResponse

from crawler.entry_problems import Gone, PageError
from crawler.spiders.woocommerce import WooCommerceSpider
from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import NOW, answer, first_requests, read, response_of, spider_of

BODY = response_of("woocommerce")
SITE = "https://shop.acme.example"
OWNER = {"site": SITE, "owner_api": True}


@pytest.fixture
def owner_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WOOCOMMERCE_KEY", "ck_made_up")
    monkeypatch.setenv("WOOCOMMERCE_SECRET", "cs_made_up")


def changed(**change: Any) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = json.loads(BODY)
    for name, value in change.items():
        if value is ...:
            del data[0][name]
        else:
            data[0][name] = value
    return data


def test_a_review_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("woocommerce"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="woocommerce",
        native_id="shop.acme.example#7000000001",
        text="The Acme Air cabin bag lost a wheel & nobody answers.\n\nDay four.",
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 10, 26, 40, tzinfo=UTC),
        url="https://shop.acme.example/product/cabin-bag-12/#comment-7000000001",
        author="Mia Doe",
        rating=2.0,
        rating_max=5.0,
    )
    assert [mention.rating for mention in mentions] == [2.0, 5.0, None]
    assert (refusals, requests, problem) == ([], [], None)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"id": ...}, False),
        ({"review": None}, True),
        ({"review": {}}, False),
        ({"rating": None}, True),
        ({"rating": "5"}, True),
        ({"rating": 6}, False),
        ({"date_created_gmt": None}, True),
        ({"date_created_gmt": None, "date_created": None}, False),
        ({"date_created_gmt": "0000-00-00"}, False),
        ({"reviewer": ...}, True),
        ({"reviewer": []}, False),
        ({"product_permalink": None}, True),
    ],
)
def test_one_bad_field_costs_one_review_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("woocommerce"), json.dumps(changed(**change)))
    assert problem is None
    assert (len(mentions), len(refusals)) == (2 + kept, 1 - kept)


def test_full_pages_are_followed() -> None:
    spider = spider_of("woocommerce")
    (first,) = first_requests(spider)
    assert f"{SITE}/wp-json/wc/store/v1/products/reviews?per_page=100&page=1" in first.url
    many = [{**changed()[0], "id": number} for number in range(1, 101)]
    (second,) = read(spider, json.dumps(many), first)[2]
    assert "page=2" in second.url
    assert read(spider, json.dumps(many), second)[2] == [], "the same page again"
    assert read(spider, "[]", second)[2] == []


@pytest.mark.parametrize("options", [{"site": SITE}, OWNER])
def test_with_plain_permalinks_the_api_stands_behind_a_parameter(
    options: dict[str, Any], owner_key: None
) -> None:
    (first,) = first_requests(spider_of("woocommerce", options))
    (second,) = answer(first, b"<html>Not Found</html>", 404)[2]
    path = "wc/v3/products/reviews" if options is OWNER else "wc/store/v1/products/reviews"
    assert second.url.startswith(f"{SITE}/?rest_route=/{path}&per_page=100&page=1")
    assert second.headers.get("Authorization") == first.headers.get("Authorization")
    many = [{**changed()[0], "id": number} for number in range(1, 101)]
    mentions, _, (third,), _ = answer(second, json.dumps(many))
    assert len(mentions) == 100
    assert f"{SITE}/?rest_route=/{path}&per_page=100&page=2" in third.url


def test_what_is_no_shop_is_named() -> None:
    (first,) = first_requests(spider_of("woocommerce"))
    refused = answer(first, b'{"code": "rest_no_route"}', 404)[3]
    (second,) = answer(first, b"", 404)[2]
    elsewhere = answer(second, b"<html><title>Our home</title></html>")[3]
    for problem in (refused, elsewhere):
        assert problem is not None
        assert problem.missing
        assert problem.reason == "answered 404: there is no such page"


def test_the_owner_shows_a_key_in_a_header_and_asks_for_what_is_approved(owner_key: None) -> None:
    (request,) = first_requests(spider_of("woocommerce", OWNER, since=NOW))
    assert f"{SITE}/wp-json/wc/v3/products/reviews?" in request.url
    assert "status=approved" in request.url
    assert "after=2026-10-31T00" in request.url
    assert "made_up" not in request.url
    assert request.headers["Authorization"] == b"Basic Y2tfbWFkZV91cDpjc19tYWRlX3Vw"


def test_addresses_of_reviewers_are_dropped_and_deletions_told(owner_key: None) -> None:
    data = changed(reviewer_email="mia@example.org", status="approved")
    data[1]["status"] = "trash"
    spider = spider_of("woocommerce", OWNER)
    (request,) = first_requests(spider)
    body = json.dumps({"data": data}).encode()
    given = list(spider.parse(TextResponse(request.url, body=body, request=request)))
    assert "mia@example.org" not in repr(given)
    assert Gone("shop.acme.example#7000000002") in given
    mentions = [item for item in given if isinstance(item, Mention)]
    assert [mention.rating for mention in mentions] == [2.0, None]
    assert mentions[0] == read(spider_of("woocommerce"), BODY)[0][0], "the same either way"


def test_a_single_review_may_come_alone() -> None:
    expected = read(spider_of("woocommerce"), BODY)[0][:1]
    alone = changed()[0]
    for body in (alone, {"data": alone}, {"data": [alone]}):
        assert read(spider_of("woocommerce"), json.dumps(body))[0] == expected


def test_a_missing_key_and_a_key_in_the_clear_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WOOCOMMERCE_KEY", raising=False)
    with pytest.raises(PageError, match="needs WOOCOMMERCE_KEY") as caught:
        first_requests(spider_of("woocommerce", OWNER))
    assert caught.value.outcome is CrawlOutcome.UNAUTHORISED
    with pytest.raises(ValidationError, match="https://"):
        WooCommerceSpider.Options(site="http://shop.acme.example", owner_api=True)


def test_a_shop_in_a_folder_is_another_shop() -> None:
    one, two = (spider_of("woocommerce", {"site": f"{SITE}/{lang}/"}) for lang in ("en", "de"))
    assert read(one, BODY)[0][0].id != read(two, BODY)[0][0].id
    assert f"{SITE}/de/wp-json" in first_requests(two)[0].url


def test_an_error_object_is_named() -> None:
    body = '{"code": "woocommerce_rest_cannot_view", "message": "No.", "data": {"status": 401}}'
    problem = read(spider_of("woocommerce"), body)[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.BROKEN
