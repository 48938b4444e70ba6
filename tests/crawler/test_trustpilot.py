"""The Trustpilot spider: the official API's reviews, and the same as exports name them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError
from scrapy.http import TextResponse

from crawler.entry_problems import PageError
from crawler.spiders.trustpilot import TrustpilotSpider
from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import EXAMPLES, NOW, first_requests, read, response_of, spider_of

BODY = response_of("trustpilot")


def changed(**change: Any) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(BODY)
    for name, value in change.items():
        if value is ...:
            del data["reviews"][0][name]
        else:
            data["reviews"][0][name] = value
    return data


def test_a_review_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("trustpilot"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="trustpilot",
        native_id="7000000000aaaaaaaaaa0001",
        title="Lost my bag",
        text="Acme Air lost my bag & nobody answers.\n\nDay four.",
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 10, 26, 40, tzinfo=UTC),
        edited_at=datetime(2026, 9, 20, 11, 26, 40, tzinfo=UTC),
        url="https://www.trustpilot.com/reviews/7000000000aaaaaaaaaa0001",
        author="Mia Doe",
        author_native_id="7000000000cccccccccc0001",
        rating=2.0,
        rating_max=5.0,
        language="en",
        reach=7,
        owner_reply="Sorry, Mia!\n\nWe are looking for it.",
        owner_replied_at=datetime(2026, 9, 20, 13, 13, 20, tzinfo=UTC),
    )
    assert (len(mentions), refusals, requests, problem) == (2, [], [], None)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"id": None}, False),
        ({"title": None}, True),
        ({"text": None}, True),
        ({"text": None, "title": None}, True),
        ({"text": []}, False),
        ({"stars": ...}, True),
        ({"stars": 6}, False),
        ({"createdAt": None}, False),
        ({"updatedAt": "x"}, True),
        ({"consumer": None}, True),
        ({"consumer": "x"}, False),
        ({"consumer": {"id": 7, "displayName": None}}, True),
        ({"companyReply": []}, False),
        ({"companyReply": {"text": None}}, True),
        ({"numberOfLikes": "x"}, True),
    ],
)
def test_one_bad_field_costs_one_review_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("trustpilot"), json.dumps(changed(**change)))
    assert problem is None
    assert (len(mentions), len(refusals)) == (1 + kept, 1 - kept)


@pytest.mark.parametrize("name", ["isPending", "pending"])
def test_a_pending_review_is_not_public_yet(name: str) -> None:
    mentions, refusals, _, _ = read(spider_of("trustpilot"), json.dumps(changed(**{name: True})))
    assert (len(mentions), refusals) == (1, [])


def test_the_names_of_the_sites_own_pages_are_read_too() -> None:
    data = changed()
    review = data["reviews"][0]
    reply = review.pop("companyReply")
    page = {
        **{key: review[key] for key in ("id", "title", "text", "language", "consumer")},
        "rating": review["stars"],
        "likes": review["numberOfLikes"],
        "dates": {"publishedDate": review["createdAt"], "updatedDate": review["updatedAt"]},
        "reply": {"message": reply["text"], "publishedDate": reply["createdAt"]},
    }
    assert (
        read(spider_of("trustpilot"), json.dumps([page]))[0][0]
        == (read(spider_of("trustpilot"), BODY)[0][0])
    )


def test_the_key_is_shown_in_a_header_only() -> None:
    (request,) = first_requests(spider_of("trustpilot"))
    assert request.headers["apikey"] == b"made-up TRUSTPILOT_API_KEY"
    assert "made-up" not in request.url
    assert request.meta["dont_redirect"] is True


def test_a_business_is_found_by_its_domain() -> None:
    spider = spider_of("trustpilot", {"domain": "acme.example"})
    assert isinstance(spider, TrustpilotSpider)
    (finding,) = first_requests(spider)
    assert finding.url == "https://api.trustpilot.com/v1/business-units/find?name=acme.example"
    body = b'{"id": "46d6a890000064000500e0c3", "displayName": "Acme Air"}'
    (page,) = spider.identified(TextResponse(finding.url, body=body, request=finding))
    (known,) = first_requests(spider_of("trustpilot"))
    assert page.url == known.url  # type: ignore[union-attr]
    with pytest.raises(PageError, match="without the `id`"):
        list(spider.identified(TextResponse(finding.url, body=b"[]", request=finding)))


def test_full_pages_are_followed() -> None:
    spider = spider_of("trustpilot")
    (first,) = first_requests(spider)
    review = changed()["reviews"][0]
    many = json.dumps({"reviews": [{**review, "id": f"r{n}"} for n in range(100)]})
    (second,) = read(spider, many, first)[2]
    assert "page=2" in second.url
    assert read(spider, many, second)[2] == [], "the same page again"
    assert read(spider_of("trustpilot", since=NOW), many)[2] == []


def test_one_business_is_named_and_a_key_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {**EXAMPLES["trustpilot"], "domain": "acme.example"}
    for options in ({}, both):
        with pytest.raises(ValidationError, match="name one business"):
            TrustpilotSpider.Options.model_validate(options)
    monkeypatch.delenv("TRUSTPILOT_API_KEY")
    with pytest.raises(PageError) as caught:
        first_requests(spider_of("trustpilot"))
    assert caught.value.outcome is CrawlOutcome.UNAUTHORISED
