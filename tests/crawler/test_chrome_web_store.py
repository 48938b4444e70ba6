"""The Chrome Web Store spider: one answer with all reviews, chunked, or within the page."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError
from scrapy.http import TextResponse

from crawler.entry_problems import Bounded
from crawler.spiders.chrome_web_store import ChromeWebStoreSpider
from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import EXAMPLES, NOW, first_requests, read, response_of, spider_of

BODY = response_of("chrome_web_store").decode()
EXTENSION = EXAMPLES["chrome_web_store"]["extension_id"]


def payload() -> Any:
    return json.loads(json.loads(BODY.split("\n")[3])[0][2])


def enveloped(given: Any) -> str:
    return ")]}'\n\n" + json.dumps([["wrb.fr", "x1DgCd", json.dumps(given), None]])


def test_a_review_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("chrome_web_store"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="chrome_web_store",
        native_id="7000000000-bbbb-4000-8000-000000000001",
        text="Acme Air's toolbar eats my tabs & my patience.\n\nNobody answers.",
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 10, 26, 40, tzinfo=UTC),
        edited_at=datetime(2026, 9, 20, 11, 26, 40, tzinfo=UTC),
        url=f"https://chromewebstore.google.com/detail/{EXTENSION}/reviews",
        author="Mia Doe",
        rating=2.0,
        rating_max=5.0,
        language="en",
        reach=7,
        owner_reply="Sorry, Mia! Fixed in 3.4.30.",
        owner_replied_at=datetime(2026, 9, 20, 13, 13, 20, tzinfo=UTC),
    )
    assert (mentions[1].language, mentions[1].edited_at) == ("da", None)
    assert (len(mentions), refusals, requests, problem) == (2, [], [], None)


@pytest.mark.parametrize(
    ("place", "value", "kept"),
    [
        (0, None, False),
        (1, None, True),
        (1, [{}], False),
        (2, None, True),
        (2, 9, False),
        (3, None, True),
        (3, [], False),
        (4, None, True),
        (5, "x", True),
        (6, {}, True),
        (8, None, True),
        (8, ["id", ["Acme Air"], "Sorry!"], True),
        (13, 4, True),
        (14, None, True),
    ],
)
def test_one_bad_field_costs_one_review_at_most(place: int, value: Any, kept: bool) -> None:
    given = payload()
    given[1][0][place] = value
    mentions, refusals, _, problem = read(spider_of("chrome_web_store"), enveloped(given))
    assert problem is None
    assert (len(mentions), len(refusals)) == (1 + kept, 1 - kept)


def test_a_review_without_any_time_is_refused() -> None:
    given = payload()
    given[1][0][4] = given[1][0][5] = None
    mentions, refusals, _, _ = read(spider_of("chrome_web_store"), enveloped(given))
    assert (len(mentions), refusals[0].reason) == (1, "time is missing")


def test_the_size_wanted_is_asked_for_at_once() -> None:
    options = {**EXAMPLES["chrome_web_store"], "reviews": 500}
    (request,) = first_requests(spider_of("chrome_web_store", options))
    assert request.method == "POST"
    assert "rpcids=x1DgCd" in request.url
    ((call,),) = json.loads(parse_qs(request.body.decode())["f.req"][0])
    assert json.loads(call[1]) == [EXTENSION, [500], 2, None, None, None, 0]


def test_a_full_answer_says_that_there_may_be_more() -> None:
    spider = spider_of("chrome_web_store", {**EXAMPLES["chrome_web_store"], "reviews": 10})
    (request,) = first_requests(spider)
    given = payload()
    given[1] = [[f"id{number}", *given[1][0][1:]] for number in range(10)]
    for body, bounded in ((enveloped(given), True), (BODY, False)):
        answer = TextResponse(request.url, body=body.encode(), request=request)
        assert any(isinstance(item, Bounded) for item in spider.parse(answer)) is bounded


def test_the_data_alone_and_the_page_around_it_are_read_alike() -> None:
    bare = json.dumps(payload())
    page = (
        "<!doctype html><html><body><script>AF_initDataCallback({key: 'ds:0', hash: '1', "
        f'data:[["{EXTENSION}",null,"Toolbar"]], sideChannel: {{}}}});</script><script>'
        f"AF_initDataCallback({{key: 'ds:1', hash: '2', data:{bare}, sideChannel: {{}}}});"
        "</script></body></html>"
    )
    expected = read(spider_of("chrome_web_store"), BODY)[0]
    for body in (bare, page):
        assert read(spider_of("chrome_web_store"), body)[0] == expected


@pytest.mark.parametrize("empty", [[], [None, None, 0], [None, []]])
def test_nothing_is_no_error(empty: Any) -> None:
    assert read(spider_of("chrome_web_store"), enveloped(empty)) == ([], [], [], None)


def test_a_null_payload_is_a_failure() -> None:
    body = ")]}'\n\n" + json.dumps([["wrb.fr", "x1DgCd", None, None, None, [3], "generic"]])
    problem = read(spider_of("chrome_web_store"), body)[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.FAILED


def test_nothing_is_read_unless_the_user_accepts() -> None:
    with pytest.raises(ValidationError, match="has no public API"):
        ChromeWebStoreSpider.Options.model_validate({"extension_id": EXTENSION})
