"""The Google Places spider: originals before translations, stable ids, what a bad key says."""

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
from tests.crawler.site import Reply, Site

BODY = response_of("google_places")


def changed(**change: Any) -> str:
    data = json.loads(BODY)
    for name, value in change.items():
        if value is ...:
            del data["reviews"][0][name]
        else:
            data["reviews"][0][name] = value
    return json.dumps(data)


def test_a_review_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("google_places"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="google_places",
        native_id="ChZDSUhNMG9nS0VJQ0FnTWFkZXVwMDAB",
        text="Acme Air hat meinen Koffer verloren & niemand antwortet.",
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 10, 26, 40, tzinfo=UTC),
        url="https://www.google.com/maps/reviews/data=!4m6!14m5!1m4!2m3!1smadeup1",
        author="Mia Doe",
        author_native_id="100000000000000000001",
        rating=2.0,
        rating_max=5.0,
        language="de",
    )
    assert (len(mentions), refusals, requests, problem) == (2, [], [], None)
    assert read(spider_of("google_places"), "{}") == ([], [], [], None), "no reviews yet"


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"name": None}, False),
        ({"name": "places/x/reviews/"}, False),
        ({"originalText": ...}, True),
        ({"originalText": "x"}, False),
        ({"authorAttribution": None}, True),
        ({"authorAttribution": {"displayName": "Mia", "uri": "x"}}, True),
        ({"rating": "many"}, False),
        ({"publishTime": ...}, False),
        ({"googleMapsUri": ...}, True),
    ],
)
def test_one_bad_field_costs_one_review_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("google_places"), changed(**change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (1 + kept, 1 - kept)


def test_a_review_has_the_same_id_where_its_place_has_a_new_one() -> None:
    moved = changed(name="places/ChIJother/reviews/ChZDSUhNMG9nS0VJQ0FnTWFkZXVwMDAB")
    spider = spider_of("google_places")
    assert read(spider, moved)[0][0].id == read(spider, BODY)[0][0].id


def test_reviews_alone_are_asked_for_and_the_key_stands_in_a_header() -> None:
    (request,) = first_requests(spider_of("google_places"))
    place = "ChIJmadeup0000000000000000A"
    assert request.url == f"https://places.googleapis.com/v1/places/{place}"
    assert request.headers["X-Goog-Api-Key"] == b"made-up GOOGLE_PLACES_API_KEY"
    assert request.headers["X-Goog-FieldMask"] == b"reviews"
    assert request.meta["dont_redirect"] is True


def error(status: str, **detail: Any) -> str:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", **detail}
    return json.dumps({"error": {"status": status, "message": "No good.", "details": [info]}})


@pytest.mark.parametrize(
    ("status", "body", "outcome", "said"),
    [
        (
            400,
            error("INVALID_ARGUMENT", reason="API_KEY_INVALID"),
            CrawlOutcome.UNAUTHORISED,
            "check GOOGLE_PLACES_API_KEY",
        ),
        (400, error("INVALID_ARGUMENT"), CrawlOutcome.FAILED, "answered 400 (No good)"),
        (
            403,
            error("PERMISSION_DENIED", reason="SERVICE_DISABLED"),
            CrawlOutcome.UNAUTHORISED,
            "refused the key (No good)",
        ),
        (404, error("NOT_FOUND"), CrawlOutcome.FAILED, "there is no such page"),
        (
            429,
            error("RESOURCE_EXHAUSTED", metadata={"quota_limit": "GetPlaceRequestPerMinute"}),
            CrawlOutcome.BLOCKED,
            "answered 429",
        ),
        (
            429,
            error("RESOURCE_EXHAUSTED", metadata={"quota_limit": "GetPlaceRequestPerDay"}),
            CrawlOutcome.QUOTA,
            "its quota is spent",
        ),
    ],
)
def test_what_the_api_refuses_is_told(
    status: int, body: str, outcome: CrawlOutcome, said: str
) -> None:
    (request,) = first_requests(spider_of("google_places"))
    problem = answer(request, body, status)[3]
    assert problem is not None
    assert problem.outcome is outcome
    assert said in problem.reason
    assert (problem.opens_at is not None) is (outcome is CrawlOutcome.QUOTA)


def test_the_days_requests_are_bounded_and_a_changed_review_is_edited(
    db: Path, site: Site
) -> None:
    later = BODY.replace(b"Kind crew", b"Rude crew")
    site.on("/maps/", Reply(BODY), Reply(later))
    job = CrawlJob(
        "A",
        "acme",
        "google_places",
        {**EXAMPLES["google_places"], "daily_requests": 2},
        db=db,
        base_url=f"{site.url}/maps",
    )
    first, second, third = (run_fleet([job])[0] for _ in range(3))
    assert (first.new, second.new, second.edited, second.known) == (2, 0, 1, 1)
    assert third.outcome is CrawlOutcome.QUOTA
    with Store.open(db) as store:
        assert store.mentions.count() == 2


def test_without_a_key_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_PLACES_API_KEY")
    with pytest.raises(PageError, match="GOOGLE_PLACES_API_KEY") as caught:
        first_requests(spider_of("google_places"))
    assert caught.value.outcome is CrawlOutcome.UNAUTHORISED
