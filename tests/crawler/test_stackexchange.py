"""The Stack Exchange spider: one search, the answers below it, a quota and its own errors."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import NOW, answer, first_requests, read, response_of, spider_of

BODY = response_of("stackexchange")


def changed(number: int = 0, **change: Any) -> str:
    data = json.loads(BODY)
    for name, value in change.items():
        if value is ...:
            del data["items"][number][name]
        else:
            data["items"][number][name] = value
    return json.dumps(data)


def wrapped(**more: Any) -> str:
    return json.dumps(json.loads(BODY) | more)


def test_a_question_becomes_a_whole_mention() -> None:
    mentions, refusals, _, problem = read(spider_of("stackexchange"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="stackexchange",
        native_id="stackoverflow/79000001",
        title='Acme Air API answers 500 for "seat" maps',
        text="The Acme Air API fails:\n\nif (a < b) { call(); }\n\nIs it & me?",
        fetched_at=NOW,
        created_at=datetime(2026, 10, 19, 8, 53, 20, tzinfo=UTC),
        edited_at=datetime(2026, 10, 19, 9, 53, 20, tzinfo=UTC),
        url="https://stackoverflow.com/questions/79000001/acme-air-api-answers-500",
        author="Ana O'Neil",
        author_native_id="stackoverflow/81",
        language="en",
        reach=321,
    )
    assert len(mentions) == 3
    assert [(m.native_id, m.parent_id, m.url) for m in mentions[1:]] == [
        (
            "stackoverflow/79000002",
            "stackexchange:stackoverflow/79000001",
            "https://stackoverflow.com/a/79000002",
        ),
        (
            "stackoverflow/comment/138000001",
            "stackexchange:stackoverflow/79000002",
            "https://stackoverflow.com/posts/comments/138000001",
        ),
    ]
    assert (mentions[2].author, mentions[2].author_native_id) == ("user77", None)
    assert (refusals, problem) == ([], None)


def test_it_searches_what_moved_since_and_asks_for_the_answers() -> None:
    since = datetime(2026, 10, 1, tzinfo=UTC)
    spider = spider_of("stackexchange", {"site": "superuser", "comments": True}, since)
    (request,) = first_requests(spider)
    assert request.url == (
        "https://api.stackexchange.com/2.3/search/advanced?q=%22acme+air%22&site=superuser"
        "&sort=activity&order=desc&pagesize=100&page=1&filter=withbody&min=1790812800"
    )
    answers, comments = answer(request, BODY)[2]
    assert "/2.3/questions/79000001/answers?" in answers.url
    assert "min=1790812800" in answers.url
    assert "/2.3/questions/79000001/comments?" in comments.url
    assert "sort=creation" in comments.url
    mentions, _, requests, _ = answer(answers, BODY)
    assert (len(mentions), requests) == (3, []), "what stands below is not asked for again"


def test_tags_are_read_instead_and_may_be_the_brand_s() -> None:
    spider = spider_of("stackexchange", {"tags": ["acme-air"], "about_brand": True})
    (request,) = first_requests(spider)
    assert "/2.3/questions?tagged=acme-air&" in request.url
    assert not spider.wants_match


def test_has_more_leads_on_until_the_bound() -> None:
    (request,) = first_requests(spider_of("stackexchange", {"pages": 2, "answers": False}))
    assert answer(request, BODY)[2] == []
    (second,) = answer(request, wrapped(has_more=True))[2]
    assert "page=2" in second.url
    assert answer(second, wrapped(has_more=True))[2] == [], "a page that repeats is the end"
    other = wrapped(has_more=True).replace("79000001", "79000009")
    assert answer(second, other)[2] == [], "the bound"


def test_an_old_question_with_a_new_answer_does_not_end_the_paging() -> None:
    since = datetime(2026, 10, 30, tzinfo=UTC)
    (request,) = first_requests(spider_of("stackexchange", {"answers": False}, since))
    assert len(answer(request, wrapped(has_more=True))[2]) == 1


def test_backoff_is_waited_for() -> None:
    spider = spider_of("stackexchange")
    (request,) = first_requests(spider)
    answer(request, wrapped(backoff=10))
    assert spider.body_waits["api.stackexchange.com"] > 0


def test_a_key_raises_the_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    spider = spider_of("stackexchange")
    assert (spider.quota_limit(), "key=" in first_requests(spider)[0].url) == (300, False)
    monkeypatch.setenv("STACKEXCHANGE_KEY", "k3y")
    assert (spider.quota_limit(), "key=k3y" in first_requests(spider)[0].url) == (10_000, True)


@pytest.mark.parametrize(
    ("status", "error", "outcome", "said"),
    [
        (
            400,
            {
                "error_id": 502,
                "error_name": "throttle_violation",
                "error_message": "too many requests from this IP, more requests available in "
                "38272 seconds",
            },
            CrawlOutcome.QUOTA,
            "available in 38272 seconds",
        ),
        (
            400,
            {"error_id": 502, "error_name": "throttle_violation", "error_message": "simultaneous"},
            CrawlOutcome.BLOCKED,
            "simultaneous",
        ),
        (
            400,
            {"error_id": 400, "error_name": "bad_parameter", "error_message": "`key` is invalid"},
            CrawlOutcome.UNAUTHORISED,
            "`key` is invalid",
        ),
        (
            400,
            {"error_id": 400, "error_name": "bad_parameter", "error_message": "site is required"},
            CrawlOutcome.FAILED,
            "site is required",
        ),
        (
            403,
            {"error_id": 403, "error_name": "access_denied", "error_message": "denied"},
            CrawlOutcome.UNAUTHORISED,
            "denied",
        ),
        (200, {"error_id": 500, "error_name": "internal_error"}, CrawlOutcome.FAILED, "internal"),
        (403, {}, CrawlOutcome.BLOCKED, "answered 403"),
    ],
)
def test_an_error_object_is_read(
    status: int, error: dict[str, Any], outcome: CrawlOutcome, said: str
) -> None:
    (request,) = first_requests(spider_of("stackexchange"))
    mentions, _, requests, problem = answer(request, json.dumps(error), status)
    assert (mentions, requests) == ([], [])
    assert problem is not None
    assert problem.outcome is outcome
    assert said in problem.reason
    assert (problem.opens_at is not None) == (outcome is CrawlOutcome.QUOTA)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"question_id": ...}, False),
        ({"question_id": []}, False),
        ({"title": None}, True),
        ({"title": None, "body": None}, False),
        ({"body": ...}, True),
        ({"body": ["x"]}, False),
        ({"creation_date": ...}, False),
        ({"creation_date": "soon"}, False),
        ({"last_edit_date": "soon"}, True),
        ({"owner": ...}, True),
        ({"owner": "x"}, False),
        ({"link": 7}, True),
        ({"view_count": "many"}, True),
    ],
)
def test_one_bad_field_costs_one_item_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("stackexchange"), changed(**change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (2 + kept, 1 - kept)


def test_what_a_filter_nests_and_a_search_excerpts_is_read_too() -> None:
    question, given, comment = json.loads(BODY)["items"]
    nested = {**question, "answers": [{**given, "comments": [comment]}]}
    excerpt = {
        "item_type": "answer",
        "answer_id": 5,
        "question_id": 4,
        "excerpt": 'use <span class="highlight">Acme</span> Air&#39;s API',
        "title": "Which API?",
        "creation_date": 1792400000,
    }
    body = json.dumps({"items": [nested, excerpt], "has_more": False})
    mentions, refusals, _, problem = read(spider_of("stackexchange"), body)
    assert (len(mentions), refusals, problem) == (4, [], None)
    assert (mentions[3].text, mentions[3].title) == ("use Acme Air's API", None)


@pytest.mark.parametrize(
    ("site", "language", "url"),
    [
        ("es.stackoverflow", "es", "https://es.stackoverflow.com/a/79000002"),
        ("gaming", "en", "https://gaming.stackexchange.com/a/79000002"),
        ("mathoverflow.net", "en", "https://mathoverflow.net/a/79000002"),
        ("superuser.com", "en", "https://superuser.com/a/79000002"),
    ],
)
def test_a_site_has_a_language_and_a_host(site: str, language: str, url: str) -> None:
    mention = read(spider_of("stackexchange", {"site": site}), BODY)[0][1]
    assert (mention.language, mention.url) == (language, url)
