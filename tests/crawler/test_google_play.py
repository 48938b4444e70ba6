"""The Google Play spider: the envelope, its errors in a 200, replies, and the owner's API."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError
from scrapy.http import TextResponse

from crawler.entry_problems import PageError
from crawler.spiders.google_play import GooglePlaySpider
from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import NOW, RESPONSES, first_requests, read, response_of, spider_of

BODY = response_of("google_play").decode()
OWNER = {"app_id": "com.acme.air", "owner_api": True}
OWNER_BODY = (RESPONSES / "google_play_owner.json").read_bytes()
TEXT = "Acme Air lost my bag & the app only shows “error”.\n\nSeat 12A 😞"


def enveloped(payload: Any) -> str:
    row = ["wrb.fr", "UsvDTd", None if payload is None else json.dumps(payload), None]
    return ")]}'\n\n" + json.dumps([row, ["di", 5]])


def payload() -> Any:
    return json.loads(json.loads(BODY[4:])[0][2])


def changed(place: int, value: Any) -> str:
    given = payload()
    given[0][0][place] = value
    return enveloped(given)


def test_a_review_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("google_play"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="google_play",
        native_id="7000000000-aaaa-4000-8000-000000000001",
        text=TEXT,
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 10, 26, 40, tzinfo=UTC),
        url="https://play.google.com/store/apps/details?id=com.acme.air"
        "&reviewId=7000000000-aaaa-4000-8000-000000000001",
        author="Mia Doe",
        author_native_id="100000000000000000001",
        rating=2.0,
        rating_max=5.0,
        language="en",
        reach=7,
        product_version="4.2.1",
        owner_reply="Sorry, Mia! Please write to us.",
        owner_replied_at=datetime(2026, 9, 20, 13, 13, 20, tzinfo=UTC),
    )
    assert [mention.rating for mention in mentions] == [2.0, 5.0, 4.0]
    assert mentions[1].owner_reply is mentions[2].owner_reply is None
    assert (refusals, problem) == ([], None)
    assert "CtIBAoJwgMiHmadeUpToken" in requests[0].body.decode()


@pytest.mark.parametrize(
    ("place", "value", "kept"),
    [
        (0, None, False),
        (0, "", False),
        (1, None, True),
        (1, [["x"]], False),
        (2, None, True),
        (2, 6, False),
        (2, "fair", False),
        (4, None, True),
        (4, {}, False),
        (5, None, False),
        (5, [0, 0], False),
        (6, "many", True),
        (7, None, True),
        (7, ["Acme Air", "Sorry!", None], True),
        (9, None, True),
        (9, [{}], True),
    ],
)
def test_one_bad_field_costs_one_review_at_most(place: int, value: Any, kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("google_play"), changed(place, value))
    assert problem is None
    assert (len(mentions), len(refusals)) == (2 + kept, 1 - kept)


def test_the_request_asks_for_the_newest_in_each_language() -> None:
    options = {"app_id": "com.acme.air", "accept_unofficial": True, "languages": ["en", "de"]}
    english, german = first_requests(spider_of("google_play", options))
    assert (english.method, german.method) == ("POST", "POST")
    assert german.url.endswith("batchexecute?hl=de&gl=us")
    ((call,),) = json.loads(parse_qs(german.body.decode())["f.req"][0])
    assert call[0] == "UsvDTd"
    assert json.loads(call[1])[2][:2] == [2, 2]
    assert json.loads(call[1])[3] == ["com.acme.air", 7]
    assert read(spider_of("google_play", options), BODY, german)[0][0].language == "de"


@pytest.mark.parametrize(
    ("rest", "followed"),
    [
        ([None, "token"], True),
        (["token"], True),
        ([None, ["token"]], False),
        ([None, None], False),
        ([], False),
        (None, False),
    ],
)
def test_a_token_leads_on_and_anything_else_ends(rest: Any, followed: bool) -> None:
    requests = read(spider_of("google_play"), enveloped([payload()[0], rest]))[2]
    assert bool(requests) is followed


def test_the_newer_form_has_its_token_before_the_last() -> None:
    given = [payload()[0], None, [None, "token"], None]
    assert "token" in read(spider_of("google_play"), enveloped(given))[2][0].body.decode()


@pytest.mark.parametrize("empty", [[], [None], [None, [None, None]], [[]]])
def test_nothing_is_no_error(empty: Any) -> None:
    assert read(spider_of("google_play"), enveloped(empty)) == ([], [], [], None)


@pytest.mark.parametrize("kind", ["PlayDataError", "PlayGatewayError"])
def test_its_errors_in_a_good_status_are_throttling(kind: str) -> None:
    error = [5, None, [[f"type.googleapis.com/made.up.{kind}", [1]]]]
    row = ["wrb.fr", "UsvDTd", None, None, None, error, "generic"]
    problem = read(spider_of("google_play"), f")]}}'\n\n{json.dumps([row])}")[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.BLOCKED


@pytest.mark.parametrize(
    "body", [enveloped(None), ")]}'\n\n" + json.dumps([["er", None, None, None, None, 400]])]
)
def test_a_null_payload_is_a_failure(body: str) -> None:
    problem = read(spider_of("google_play"), body)[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.FAILED


def test_chunks_and_bare_payloads_and_pages_are_read_alike() -> None:
    row = json.dumps(json.loads(BODY[4:])[:1])
    bare = json.dumps(payload())
    page = (
        "<!doctype html><html><script>AF_initDataCallback({key: 'ds:5', isError:  false , "
        "hash: '1', data:function(){return [\"com.acme.air\",[[1]]]\n}});</script><script>"
        f"AF_initDataCallback({{key: 'ds:14', hash: '2', data:{bare}, sideChannel: {{}}}});"
        "</script></html>"
    )
    expected = read(spider_of("google_play"), BODY)[0]
    for body in (f')]}}\'\n\n{len(row)}\n{row}\n25\n[["e",4]]\n', bare, page):
        assert read(spider_of("google_play"), body)[0] == expected


def test_neither_way_is_taken_unless_the_user_says_which() -> None:
    for extra in ({}, {"accept_unofficial": True, "owner_api": True}):
        with pytest.raises(ValidationError, match="choose how to read Google Play"):
            GooglePlaySpider.Options.model_validate({"app_id": "com.acme.air", **extra})
    unofficial = GooglePlaySpider.Options(app_id="com.acme.air", accept_unofficial=True)
    assert GooglePlaySpider.needed_secrets(unofficial) == {}


@pytest.fixture
def service_account(monkeypatch: pytest.MonkeyPatch) -> str:
    pem = rsa.generate_private_key(65537, 2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    account = {"client_email": "earful@acme.example", "private_key": pem.decode()}
    monkeypatch.setenv("GOOGLE_PLAY_SERVICE_ACCOUNT", json.dumps(account))
    return pem.decode()


def test_the_owner_signs_for_a_token_and_shows_it(service_account: str) -> None:
    spider = spider_of("google_play", OWNER)
    assert isinstance(spider, GooglePlaySpider)
    (request,) = first_requests(spider)
    assert request.url == "https://oauth2.googleapis.com/token"
    assert service_account not in request.body.decode()

    answer = TextResponse(request.url, body=b'{"access_token": "made-up"}', request=request)
    (page,) = spider.authorised(answer)
    assert page.headers["Authorization"] == b"Bearer made-up"  # type: ignore[union-attr]
    assert "made-up" not in page.url  # type: ignore[union-attr,operator]


def test_a_refused_key_is_unauthorised(service_account: str) -> None:
    spider = spider_of("google_play", OWNER)
    assert isinstance(spider, GooglePlaySpider)
    (request,) = first_requests(spider)
    body = b'{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}'
    with pytest.raises(PageError, match=r"400 to the key \(invalid_grant\)") as caught:
        list(spider.authorised(TextResponse(request.url, status=400, body=body, request=request)))
    assert caught.value.outcome is CrawlOutcome.UNAUTHORISED


@pytest.mark.parametrize("value", [None, "{}", '{"client_email": "x", "private_key": "y"}', "/no"])
def test_a_key_that_is_none_is_named(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if value is None:
        monkeypatch.delenv("GOOGLE_PLAY_SERVICE_ACCOUNT", raising=False)
    else:
        monkeypatch.setenv("GOOGLE_PLAY_SERVICE_ACCOUNT", value)
    with pytest.raises(PageError) as caught:
        first_requests(spider_of("google_play", OWNER))
    assert caught.value.outcome is CrawlOutcome.UNAUTHORISED


def test_the_owners_api_gives_the_same_mention(service_account: str) -> None:
    mentions, refusals, requests, problem = read(spider_of("google_play", OWNER), OWNER_BODY)
    public = read(spider_of("google_play"), BODY)[0][0]
    assert mentions[0].text == public.text
    assert mentions[0].id == public.id
    assert (mentions[0].rating, mentions[0].language, mentions[0].reach) == (2.0, "en", 7)
    assert mentions[0].owner_reply == public.owner_reply
    assert mentions[0].owner_replied_at == public.owner_replied_at
    assert (mentions[1].title, mentions[1].text) == ("Fast", "Check-in in ten seconds. Acme Air!")
    assert (len(mentions), refusals, problem) == (2, [], None)
    assert "token=made-up-next" in requests[0].url
    assert read(spider_of("google_play", OWNER), "{}") == ([], [], [], None)


@pytest.mark.parametrize("field", ["reviewId", "comments"])
@pytest.mark.parametrize("value", [..., None, "x", []])
def test_a_bad_field_of_the_owners_api(field: str, value: Any, service_account: str) -> None:
    data = json.loads(OWNER_BODY)
    if value is ...:
        del data["reviews"][0][field]
    else:
        data["reviews"][0][field] = value
    mentions, refusals, _, problem = read(spider_of("google_play", OWNER), json.dumps(data))
    assert problem is None
    assert len(mentions) + len(refusals) == 2
    assert (len(refusals) == 0) is (field == "reviewId" and value == "x")
