"""The Lemmy spider: both versions of the API, one address for a post wherever it is read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from scrapy.http import Request, TextResponse

from crawler.entry_problems import Gone
from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import NOW, answer, first_requests, read, response_of, spider_of

BODY = response_of("lemmy")
LANGUAGES = [{"id": 0, "code": "und", "name": "Undetermined"}, {"id": 37, "code": "en"}]


def site(version: str) -> str:
    return json.dumps({"site_view": {}, "version": version, "all_languages": LANGUAGES})


def changed(kind: str, **change: Any) -> str:
    data = json.loads(BODY)
    entry = data[f"{kind}s"][0][kind]
    for name, value in change.items():
        if value is ...:
            del entry[name]
        else:
            entry[name] = value
    return json.dumps(data)


def searched(version: str, since: datetime | None = None) -> Request:
    spider = spider_of("lemmy", since=since)
    (request,) = first_requests(spider)
    assert request.url == "https://lemmy.example/api/v3/site"
    (search,) = answer(request, site(version))[2]
    return search


def test_a_post_and_a_comment_become_whole_mentions() -> None:
    mentions, refusals, _, problem = answer(searched("0.19.5"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="lemmy",
        native_id="https://lemmy.example/post/1",
        title="Acme Air cancelled my flight",
        text="Dear customer\n\nTwo hours before Acme Air wrote this\u00a0:\n\n- sorry",
        fetched_at=NOW,
        created_at=datetime(2026, 10, 20, 11, tzinfo=UTC),
        edited_at=datetime(2026, 10, 20, 11, 30, tzinfo=UTC),
        url="https://lemmy.example/post/1",
        author="mina@lemmy.example",
        author_native_id="https://lemmy.example/u/mina",
        language="en",
        reach=31,
    )
    assert [m.native_id.rsplit("/", 1)[1] for m in mentions] == ["1", "12", "11"], "no bot"
    assert mentions[1].parent_id == "lemmy:https://lemmy.example/comment/11"
    assert mentions[2].parent_id == "lemmy:https://lemmy.example/post/1"
    assert (refusals, problem) == ([], None)


def test_a_server_that_answers_all_alike_is_not_asked_forever() -> None:
    search = searched("0.19.5")
    problem = answer(search, site("0.19.5"))[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.BROKEN


def test_what_was_deleted_is_told() -> None:
    request = searched("0.19.5")
    response = TextResponse(request.url, body=BODY, request=request, encoding="utf-8")
    assert request.callback is not None
    gone = [item for item in request.callback(response) if isinstance(item, Gone)]
    assert gone == [Gone("https://lemmy.example/comment/10")]


def test_version_three_is_paged_by_number() -> None:
    search = searched("0.19.5")
    asked = dict(parse_qsl(urlsplit(search.url).query))
    assert urlsplit(search.url).path == "/api/v3/search"
    assert (asked["q"], asked["sort"], asked["type_"], asked["page"]) == (
        "acme air",
        "New",
        "All",
        "1",
    )
    (second,) = answer(search, BODY)[2]
    assert "page=2" in second.url
    assert answer(second, BODY)[2] == [], "a page that repeats is the end"
    assert answer(second, json.dumps({"posts": [], "comments": []}))[2] == []


@pytest.mark.parametrize("name", ["items", "search", "results"])
def test_version_four_mixes_its_results_and_gives_a_cursor(name: str) -> None:
    search = searched("1.0.0", NOW - timedelta(days=2))
    asked = dict(parse_qsl(urlsplit(search.url).query))
    assert urlsplit(search.url).path == "/api/v4/search"
    assert (asked["search_term"], asked["time_range_seconds"]) == ('"acme air"', "172800")
    creator = {"name": "mina", "ap_id": "https://other.example/u/mina", "bot_account": False}
    community = {"name": "travel", "ap_id": "https://lemmy.example/c/travel", "subscribers": 900}
    post = {
        "id": 1,
        "name": "Acme Air",
        "ap_id": "https://lemmy.example/post/1",
        "published_at": "2026-10-31T10:00:00.5Z",
        "updated_at": "2026-10-31T11:00:00Z",
        "language_id": 37,
        "score": 4,
    }
    comment = {
        "id": 8,
        "content": "Acme Air!",
        "ap_id": "https://lemmy.example/comment/8",
        "published_at": "2026-10-31T12:00:00Z",
        "path": "0.8",
        "score": -2,
    }
    page = {
        name: [
            {"type_": "post", "post": post, "creator": creator, "community": community},
            {"type_": "comment", "comment": comment, "post": post, "creator": creator},
            {"type_": "community", "community": community},
            {"type_": "person", "person": creator},
        ],
        "next_page": "P1",
    }
    mentions, refusals, (second,), problem = answer(search, json.dumps(page))
    assert (refusals, problem) == ([], None)
    assert [(m.native_id, m.language, m.reach, m.author, m.parent_id) for m in mentions] == [
        ("https://lemmy.example/post/1", "en", 900, "mina@other.example", None),
        (
            "https://lemmy.example/comment/8",
            None,
            None,
            "mina@other.example",
            "lemmy:https://lemmy.example/post/1",
        ),
    ]
    assert mentions[0].edited_at == datetime(2026, 10, 31, 11, tzinfo=UTC)
    assert "page_cursor=P1" in second.url
    assert answer(second, json.dumps(page))[2] == []


def test_an_instance_that_speaks_no_version_three_is_asked_in_four() -> None:
    (request,) = first_requests(spider_of("lemmy"))
    (search,) = answer(request, b"", 404)[2]
    assert "/api/v4/search" in search.url
    problem = answer(search, b"", 404)[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.FAILED


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (400, b'{"error":"rate_limit_error"}', CrawlOutcome.BLOCKED),
        (400, b'{"error":"couldnt_find_community"}', CrawlOutcome.FAILED),
        (404, b"<html><title>Nothing</title></html>", CrawlOutcome.FAILED),
    ],
)
def test_an_error_is_told_in_its_own_words(
    status: int, body: bytes, outcome: CrawlOutcome
) -> None:
    mentions, _, requests, problem = answer(searched("0.19.5"), body, status)
    assert (mentions, requests) == ([], [])
    assert problem is not None
    assert problem.outcome is outcome
    assert "rate_limit" not in str(body) or "rate_limit_error" in problem.reason


@pytest.mark.parametrize(
    ("kind", "change", "kept"),
    [
        ("post", {"ap_id": ...}, False),
        ("post", {"ap_id": {}}, False),
        ("post", {"name": None, "body": None}, False),
        ("post", {"name": None}, True),
        ("post", {"body": 7}, True),
        ("post", {"body": []}, False),
        ("post", {"published": ...}, False),
        ("post", {"published": "2026-10-20T10:00:00.123456"}, True),
        ("post", {"updated": "soon"}, True),
        ("post", {"language_id": "x"}, True),
        ("comment", {"content": ""}, False),
        ("comment", {"path": None}, True),
        ("comment", {"path": []}, False),
    ],
)
def test_one_bad_field_costs_one_entry_at_most(
    kind: str, change: dict[str, Any], kept: bool
) -> None:
    mentions, refusals, _, problem = read(spider_of("lemmy"), changed(kind, **change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (2 + kept, 1 - kept)


def test_bots_are_read_on_wish() -> None:
    options = {"instance": "lemmy.example", "bots": True}
    assert len(read(spider_of("lemmy", options), BODY)[0]) == 4
