"""The Yelp spider: excerpts, times of the Pacific coast, what a bad key and a spent day say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crawler.entry_problems import PageError
from crawler.runner import CrawlJob
from storage.models import CrawlOutcome, Mention
from storage.store import Store
from tests.crawler.fleet import run_fleet
from tests.crawler.reading import (
    EXAMPLES,
    NOW,
    answer,
    first_requests,
    read,
    response_of,
    spider_of,
)
from tests.crawler.site import Asked, Reply, Site

BODY = response_of("yelp")
SPENT = (
    b'{"error": {"code": "ACCESS_LIMIT_REACHED", "description": "You\'ve reached the access limit '
    b'for this client."}}'
)


def changed(**change: Any) -> str:
    data = json.loads(BODY)
    for name, value in change.items():
        if value is ...:
            del data["reviews"][0][name]
        else:
            data["reviews"][0][name] = value
    return json.dumps(data)


def test_a_review_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("yelp"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="yelp",
        native_id="Rv1madeup00000000000A",
        text="Acme Air lost my bag & nobody at the lounge could say where it went. I asked three "
        "times, I waited for two hours, and then a friendly person from another...",
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 10, 26, 40, tzinfo=UTC),
        url="https://www.yelp.com/biz/acme-air-lounge-san-francisco?adjust_creative=madeup"
        "&hrid=Rv1madeup00000000000A",
        author="Mia D.",
        author_native_id="Us1madeup00000000000A",
        rating=1.0,
        rating_max=5.0,
        excerpt=True,
    )
    assert mentions[1].created_at == datetime(2026, 1, 10, 20, tzinfo=UTC), "winter"
    assert mentions[1].excerpt is False, "it is whole"
    assert (len(mentions), refusals, requests, problem) == (2, [], [], None)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"id": None}, False),
        ({"url": None}, True),
        ({"user": None}, True),
        ({"user": []}, False),
        ({"rating": None}, True),
        ({"rating": 6}, False),
        ({"text": {}}, False),
        ({"time_created": ...}, False),
        ({"time_created": "yesterday"}, False),
        ({"time_created": "2026-09-20T03:26:40-07:00"}, True),
    ],
)
def test_one_bad_field_costs_one_review_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("yelp"), changed(**change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (1 + kept, 1 - kept)


def test_each_business_is_asked_for_once_and_the_key_stands_in_a_header() -> None:
    options = {"businesses": ["acme-one", "acme-two", "acme-one"], "locale": "de_DE"}
    one, two = first_requests(spider_of("yelp", options))
    base = "https://api.yelp.com/v3/businesses"
    assert one.url == f"{base}/acme-one/reviews?sort_by=newest&locale=de_DE"
    assert two.url.startswith(f"{base}/acme-two/")
    assert one.headers["Authorization"] == b"Bearer made-up YELP_API_KEY"
    assert one.meta["dont_redirect"] is True


@pytest.mark.parametrize(
    ("status", "error", "outcome", "said"),
    [
        (
            400,
            {"code": "VALIDATION_ERROR", "field": "Authorization", "description": "'x' is no key"},
            CrawlOutcome.UNAUTHORISED,
            "refused the key",
        ),
        (
            403,
            {"code": "BUSINESS_UNAVAILABLE", "description": "Business information is unavailable"},
            CrawlOutcome.BLOCKED,
            "Business information is unavailable",
        ),
        (404, {"code": "BUSINESS_NOT_FOUND"}, CrawlOutcome.FAILED, "BUSINESS_NOT_FOUND"),
        (429, {"code": "TOO_MANY_REQUESTS_PER_SECOND"}, CrawlOutcome.BLOCKED, "answered 429"),
    ],
)
def test_what_the_api_refuses_is_told(
    status: int, error: dict[str, str], outcome: CrawlOutcome, said: str
) -> None:
    (request,) = first_requests(spider_of("yelp"))
    problem = answer(request, json.dumps({"error": error}), status)[3]
    assert problem is not None
    assert problem.outcome is outcome
    assert said in problem.reason
    assert "made-up" not in problem.reason


def test_a_spent_day_is_a_spent_quota_until_it_opens(db: Path, site: Site) -> None:
    site.on("/spent/", Reply(SPENT, 429))
    resets = {"RateLimit-Remaining": "0", "RateLimit-ResetTime": "2999-01-01T00:00:00+00:00"}
    site.on("/headers/", Reply(SPENT, 429, resets))
    options = {"businesses": ["one", "two", "three"]}
    jobs = [
        CrawlJob("A", "acme", "yelp", options, db=db, base_url=f"{site.url}/{name}")
        for name in ("spent", "headers")
    ]
    for report in run_fleet(jobs):
        assert report.outcome is CrawlOutcome.QUOTA, report.reason
        assert report.stats["earful/opens_at"] > datetime.now(UTC).isoformat()
    assert len(site.asked("/headers/")) == 1


def test_the_plans_requests_are_counted_and_a_whole_review_that_changes_is_edited(
    db: Path, site: Site
) -> None:
    def edited(asked: Asked) -> Reply:
        body = BODY.replace(b"Quiet, good", b"No longer quiet, good").replace(
            b"lost my", b"hid my"
        )
        return Reply(body)

    site.on("/yelp/", Reply(BODY), edited)
    job = CrawlJob(
        "A",
        "acme",
        "yelp",
        {**EXAMPLES["yelp"], "daily_requests": 2},
        db=db,
        base_url=f"{site.url}/yelp",
    )
    first, second, third = (run_fleet([job])[0] for _ in range(3))
    assert (first.new, second.new, second.edited, second.known) == (2, 0, 1, 1)
    assert third.outcome is CrawlOutcome.QUOTA
    assert "quota of 2 a day" in (third.reason or "")
    with Store.open(db) as store:
        cut = store.mentions.get("yelp:Rv1madeup00000000000A")
    assert cut is not None
    assert "lost my bag" in cut.text, "an excerpt replaces nothing"


def test_without_a_key_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YELP_API_KEY")
    with pytest.raises(PageError, match="YELP_API_KEY") as caught:
        first_requests(spider_of("yelp"))
    assert caught.value.outcome is CrawlOutcome.UNAUTHORISED
