"""The App Store Connect spider: reviews with their responses, and a token that Apple takes."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest

from crawler.entry_problems import PageError
from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import NOW, first_requests, read, response_of, spider_of

BODY = response_of("app_store_connect")
KEY = "APP_STORE_CONNECT_PRIVATE_KEY"


def changed(**change: Any) -> str:
    data = json.loads(BODY)
    for name, value in change.items():
        node = data["data"][0] if name in data["data"][0] else data["data"][0]["attributes"]
        if value is ...:
            del node[name]
        else:
            node[name] = value
    return json.dumps(data)


def test_a_review_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("app_store_connect"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="app_store_connect",
        native_id="7000000000-0000-0014-729e-000000000001",
        title="Lost my bag",
        text="Acme Air lost my bag & the app only shows “error”.\n\nSeat 12A 😞",
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 10, 26, 40, tzinfo=UTC),
        url="https://apps.apple.com/us/app/id1000001?see-all=reviews",
        author="Mia Doe",
        rating=2.0,
        rating_max=5.0,
        language="en",
        country="US",
        owner_reply="Sorry, Mia! Please write to us.",
        owner_replied_at=datetime(2026, 9, 20, 13, 13, 20, tzinfo=UTC),
    )
    assert (mentions[1].owner_reply, mentions[1].language) == (None, "de")
    assert (len(mentions), refusals, problem) == (2, [], None)
    assert requests[0].url.endswith("cursor=AoJwgMiH.made-up")


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"id": None}, False),
        ({"attributes": None}, False),
        ({"rating": None}, True),
        ({"rating": 7}, False),
        ({"title": None}, True),
        ({"body": None}, True),
        ({"body": {}}, False),
        ({"reviewerNickname": ...}, True),
        ({"createdDate": ...}, False),
        ({"territory": "XYZ"}, True),
        ({"territory": []}, True),
        ({"relationships": None}, True),
    ],
)
def test_one_bad_field_costs_one_review_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("app_store_connect"), changed(**change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (1 + kept, 1 - kept)


def test_a_response_is_found_from_its_own_side_too() -> None:
    data = json.loads(BODY)
    del data["data"][0]["relationships"]
    linked = {"data": {"type": "customerReviews", "id": data["data"][0]["id"]}}
    data["included"][0]["relationships"]["review"] = linked
    mentions = read(spider_of("app_store_connect"), json.dumps(data))[0]
    assert mentions[0].owner_reply == "Sorry, Mia! Please write to us."


def test_the_token_is_signed_for_apple_and_shown_in_a_header() -> None:
    (request,) = first_requests(spider_of("app_store_connect"))
    sent = request.headers["Authorization"]
    assert sent is not None
    raw = sent.decode().removeprefix("Bearer ")
    assert jwt.get_unverified_header(raw)["kid"] == "made-up APP_STORE_CONNECT_KEY_ID"
    assert jwt.get_unverified_header(raw)["alg"] == "ES256"
    claims = jwt.decode(raw, options={"verify_signature": False})
    assert claims["iss"] == "made-up APP_STORE_CONNECT_ISSUER_ID"
    assert claims["aud"] == "appstoreconnect-v1"
    assert claims["exp"] - claims["iat"] <= 20 * 60
    assert raw not in request.url


def test_the_key_may_lie_in_a_file_or_on_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = os.environ[KEY]
    path = tmp_path / "key.p8"
    path.write_text(pem)
    for given in (str(path), pem.replace("\n", "\\n")):
        monkeypatch.setenv(KEY, given)
        assert len(first_requests(spider_of("app_store_connect"))) == 1


@pytest.mark.parametrize("given", ["", "/no/such/file", "-----BEGIN PRIVATE KEY-----\nAAAA"])
def test_a_key_that_is_none_is_told_without_showing_it(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, given)
    with pytest.raises(PageError) as caught:
        first_requests(spider_of("app_store_connect"))
    assert caught.value.outcome is CrawlOutcome.UNAUTHORISED
    assert "AAAA" not in caught.value.reason


@pytest.mark.parametrize(
    "links",
    [
        None,
        {},
        {"next": None},
        {"next": "https://api.appstoreconnect.apple.com/v1/apps/1/customerReviews"},
        {"next": "https://[bad?cursor=x"},
    ],
)
def test_without_a_cursor_the_paging_ends(links: Any) -> None:
    data = {**json.loads(BODY), "links": links}
    assert read(spider_of("app_store_connect"), json.dumps(data))[2] == []


def test_the_next_page_is_asked_of_apple_wherever_the_link_leads() -> None:
    data = json.loads(BODY)
    data["links"]["next"] = "https://elsewhere.example/steal?cursor=abc"
    (following,) = read(spider_of("app_store_connect"), json.dumps(data))[2]
    assert following.url.startswith("https://api.appstoreconnect.apple.com/v1/apps/1000001/")


def test_errors_in_place_of_data_are_named() -> None:
    body = '{"errors": [{"status": "404", "code": "NOT_FOUND", "title": "No such app"}]}'
    problem = read(spider_of("app_store_connect"), body)[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.BROKEN
