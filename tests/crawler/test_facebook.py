"""The Facebook spider: comments with the page's replies, and what the Graph API's errors mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from crawler.entry_problems import PageError
from crawler.runner import CrawlJob
from storage.models import CrawlOutcome, Mention
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

BODY = response_of("facebook")


def changed(of_reply: bool = False, **change: Any) -> str:
    data = json.loads(BODY)
    comment = data["data"][0]["comments"]["data"][0]
    target = comment["comments"]["data"][1] if of_reply else comment
    for name, value in change.items():
        if value is ...:
            del target[name]
        else:
            target[name] = value
    return json.dumps(data)


def paged(first: int = 31) -> dict[str, Any]:
    """Give the comments under the first post, numbered from another, with a next page."""
    edge: dict[str, Any] = json.loads(BODY)["data"][0]["comments"]
    edge["data"] = [{**edge["data"][0], "id": f"2000001_{first}", "comments": {"data": []}}]
    edge["paging"]["next"] = "https://graph.facebook.com/next?access_token=x"
    return edge


def test_a_comment_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("facebook"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="facebook",
        native_id="2000001_31",
        text="You lost my bag & nobody answers",
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 10, 26, 40, tzinfo=UTC),
        url="https://www.facebook.com/acmeair/posts/2000001?comment_id=31",
        author="Mia Doe",
        author_native_id="5000001",
        reach=7,
        parent_id="facebook:1000001_2000001",
        owner_reply="Sorry, Mia! We are looking for it.",
        owner_replied_at=datetime(2026, 9, 20, 13, 13, 20, tzinfo=UTC),
    )
    assert mentions[1].parent_id == "facebook:2000001_31", "a reply of somebody else"
    assert len(mentions) == 2, "neither the page's own words nor a sticker"
    assert (refusals, requests, problem) == ([], [], None)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"id": None}, False),
        ({"message": ...}, False),
        ({"message": []}, False),
        ({"from": ...}, True),
        ({"from": "x"}, False),
        ({"created_time": ...}, False),
        ({"like_count": "many"}, True),
        ({"permalink_url": ...}, True),
    ],
)
@pytest.mark.parametrize("of_reply", [False, True])
def test_one_bad_field_costs_one_comment_at_most(
    of_reply: bool, change: dict[str, Any], kept: bool
) -> None:
    mentions, refusals, _, problem = read(spider_of("facebook"), changed(of_reply, **change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (1 + kept, 1 - kept)


@pytest.mark.parametrize("replies", [None, {}, {"data": "x"}, {"data": [1, {"from": 3}]}])
def test_replies_of_another_shape_cost_no_comment(replies: Any) -> None:
    mentions, _, _, problem = read(spider_of("facebook"), changed(comments=replies))
    assert problem is None
    assert (mentions[0].native_id, mentions[0].owner_reply) == ("2000001_31", None)


def test_comments_that_are_no_list_are_refused_by_their_post() -> None:
    body = json.dumps({"data": [{"id": "1_2", "comments": []}, "x"]})
    refusals = read(spider_of("facebook"), body)[1]
    assert [one.reason for one in refusals] == [
        "its comments are not a list",
        "it is not an object",
    ]


def test_posts_are_asked_for_with_their_comments_and_no_url_shows_the_token() -> None:
    options = {**EXAMPLES["facebook"], "posts": 7}
    (request,) = first_requests(spider_of("facebook", options))
    parts = urlsplit(request.url)
    assert (parts.hostname, parts.path) == ("graph.facebook.com", "/v26.0/1000001/feed")
    asked = parse_qs(parts.query)
    assert asked["limit"] == ["7"]
    fields = "id,message,created_time,from{id,name},like_count,permalink_url"
    assert asked["fields"] == [
        f"id,permalink_url,comments.limit(100).order(reverse_chronological)"
        f"{{{fields},comments.limit(100){{{fields}}}}}"
    ]
    assert request.headers["Authorization"] == b"Bearer made-up FACEBOOK_PAGE_TOKEN"


def test_older_comments_of_a_post_are_paged_until_the_bound_or_since() -> None:
    post = {"id": "1000001_2000001", "comments": paged()}
    options = {**EXAMPLES["facebook"], "pages": 3}
    spider = spider_of("facebook", options)
    (second,) = read(spider, json.dumps({"data": [post]}))[2]
    assert urlsplit(second.url).path == "/v26.0/1000001_2000001/comments"
    asked = parse_qs(urlsplit(second.url).query)
    assert (asked["after"], asked["order"]) == (["am1hZGV1cA"], ["reverse_chronological"])
    assert second.headers["Authorization"] == b"Bearer made-up FACEBOOK_PAGE_TOKEN"

    mentions, _, (third,), _ = answer(second, json.dumps(paged(21)))
    assert mentions[0].parent_id == "facebook:1000001_2000001"
    assert answer(third, json.dumps(paged(11)))[2] == [], "the bound"
    assert answer(third, json.dumps(paged(21)))[2] == [], "it repeats"
    assert read(spider_of("facebook", options, NOW), json.dumps({"data": [post]}))[2] == []


def test_the_pages_own_comments_alone_do_not_end_the_paging() -> None:
    edge = paged()
    edge["data"][0]["from"] = {"id": "1000001", "name": "Acme Air"}
    body = json.dumps({"data": [{"id": "1000001_2000001", "comments": edge}]})
    mentions, refusals, requests, _ = read(spider_of("facebook"), body)
    assert (mentions, refusals, len(requests)) == ([], [], 1)


@pytest.mark.parametrize(
    ("status", "code", "outcome", "said"),
    [
        (400, 190, CrawlOutcome.UNAUTHORISED, "renew FACEBOOK_PAGE_TOKEN"),
        (401, 102, CrawlOutcome.UNAUTHORISED, "refused the token"),
        (403, 200, CrawlOutcome.UNAUTHORISED, "wants a permission"),
        (400, 10, CrawlOutcome.UNAUTHORISED, "wants a permission"),
        (400, 32, CrawlOutcome.QUOTA, "the hour's requests are spent"),
        (403, 80001, CrawlOutcome.QUOTA, "the hour's requests are spent"),
        (400, 368, CrawlOutcome.BLOCKED, "blocks the app"),
        (400, 100, CrawlOutcome.FAILED, "answered 400 (No good)"),
        (404, 803, CrawlOutcome.FAILED, "there is no such page"),
    ],
)
def test_what_the_api_refuses_is_told(
    status: int, code: int, outcome: CrawlOutcome, said: str
) -> None:
    spider = spider_of("facebook")
    (request,) = first_requests(spider)
    body = {"error": {"message": "No good.", "type": "OAuthException", "code": code}}
    problem = answer(request, json.dumps(body), status)[3]
    assert problem is not None
    assert problem.outcome is outcome
    assert said in problem.reason
    if outcome is CrawlOutcome.QUOTA:
        assert problem.opens_at is not None
        assert problem.opens_at > datetime.now(UTC) + timedelta(minutes=55)


def test_an_edited_comment_and_a_new_reply_are_seen(db: Path, site: Site) -> None:
    site.on("/page/", Reply(BODY), Reply(BODY.replace(b"lost my bag", b"found my bag")))
    job = CrawlJob(
        "A", "acme", "facebook", EXAMPLES["facebook"], db=db, base_url=f"{site.url}/page"
    )
    first, second = (run_fleet([job])[0] for _ in range(2))
    assert (first.outcome, first.new) == (CrawlOutcome.OK, 2)
    assert (second.new, second.edited, second.known) == (0, 1, 1)
    assert "access_token" not in site.asked("/page/")[0].query


def test_without_a_token_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FACEBOOK_PAGE_TOKEN")
    with pytest.raises(PageError, match="FACEBOOK_PAGE_TOKEN"):
        first_requests(spider_of("facebook"))
