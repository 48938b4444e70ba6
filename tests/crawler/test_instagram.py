"""The Instagram spider: comments with the account's replies, from either of two logins."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from crawler.entry_problems import PageError
from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import (
    EXAMPLES,
    NOW,
    answer,
    first_requests,
    read,
    response_of,
    spider_of,
)

BODY = response_of("instagram")


def changed(**change: Any) -> str:
    data = json.loads(BODY)
    comment = data["data"][0]["comments"]["data"][0]
    for name, value in change.items():
        if value is ...:
            del comment[name]
        else:
            comment[name] = value
    return json.dumps(data)


def test_a_comment_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("instagram"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="instagram",
        native_id="17800000000000031",
        text="You lost my bag & nobody answers",
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 10, 26, 40, tzinfo=UTC),
        url="https://www.instagram.com/p/MadeUp1/",
        author="mia.doe",
        author_native_id="600001",
        reach=7,
        parent_id="instagram:17900000000000001",
        owner_reply="@mia.doe sorry! We are looking for it.",
        owner_replied_at=datetime(2026, 9, 20, 13, 13, 20, tzinfo=UTC),
    )
    assert mentions[1].parent_id == "instagram:17800000000000031"
    assert len(mentions) == 2, "not what the account says itself"
    assert (refusals, requests, problem) == ([], [], None)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"id": None}, False),
        ({"text": ...}, False),
        ({"text": {}}, False),
        ({"username": ...}, True),
        ({"from": ...}, True),
        ({"from": []}, False),
        ({"timestamp": ...}, False),
        ({"like_count": None}, True),
    ],
)
def test_one_bad_field_costs_one_comment_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("instagram"), changed(**change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (1 + kept, 1 - kept)


@pytest.mark.parametrize("own", [{"user": {"id": "1"}}, {"from": {"id": "17841400000000001"}}])
def test_what_the_account_wrote_is_no_mention(own: dict[str, Any]) -> None:
    mentions = read(spider_of("instagram"), changed(**own))[0]
    assert [mention.native_id for mention in mentions] == ["17800000000000033"]


@pytest.mark.parametrize("login", ["facebook", "instagram"])
def test_each_login_has_its_host(login: str) -> None:
    (request,) = first_requests(
        spider_of("instagram", {**EXAMPLES["instagram"], "login": login, "posts": 9})
    )
    parts = urlsplit(request.url)
    assert parts.hostname == f"graph.{login}.com"
    assert parts.path == "/v26.0/17841400000000001/media"
    fields = "id,text,timestamp,username,from{id,username},user,like_count"
    assert parse_qs(parts.query)["fields"] == [
        f"id,permalink,comments.limit(50){{{fields},replies.limit(50){{{fields}}}}}"
    ]
    assert request.headers["Authorization"] == b"Bearer made-up INSTAGRAM_TOKEN"


def test_older_comments_are_asked_for_by_cursor() -> None:
    data = json.loads(BODY)
    edge = data["data"][0]["comments"]
    edge["paging"]["next"] = "https://graph.facebook.com/next?access_token=x"
    spider = spider_of("instagram")
    (second,) = read(spider, json.dumps(data))[2]
    assert urlsplit(second.url).path == "/v26.0/17900000000000001/comments"
    assert parse_qs(urlsplit(second.url).query)["after"] == ["QVFmadeup"]
    older = {"data": [{**edge["data"][0], "id": "17800000000000021", "replies": None}]}
    mentions, _, requests, problem = answer(second, json.dumps(older))
    assert [mention.url for mention in mentions] == ["https://www.instagram.com/p/MadeUp1/"]
    assert (requests, problem) == ([], None)
    data["data"][0]["id"] = "../x"
    assert read(spider, json.dumps(data))[2] == [], "an id that is none leads nowhere"


def test_a_token_that_has_expired_is_told_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    (request,) = first_requests(spider_of("instagram"))
    error = {"message": "Session has expired", "type": "OAuthException", "code": 190}
    problem = answer(request, json.dumps({"error": error}), 400)[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.UNAUTHORISED
    assert "renew INSTAGRAM_TOKEN" in problem.reason
    assert "made-up" not in problem.reason
    monkeypatch.delenv("INSTAGRAM_TOKEN")
    with pytest.raises(PageError, match="INSTAGRAM_TOKEN"):
        first_requests(spider_of("instagram"))
