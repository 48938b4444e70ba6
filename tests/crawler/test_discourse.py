"""The Discourse spider: newest posts, topics, searches, staff who answer, limits in the body."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from scrapy.http import Request, TextResponse

from crawler.entry_problems import Gone
from crawler.request_details import asked
from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import NOW, answer, first_requests, read, response_of, spider_of

BODY = response_of("discourse")
FORUM = {"forum": "https://forum.acme.example"}
POSTS: list[dict[str, Any]] = json.loads(BODY)["latest_posts"]


def changed(**change: Any) -> str:
    data = json.loads(BODY)
    for name, value in change.items():
        if value is ...:
            del data["latest_posts"][2][name]
        else:
            data["latest_posts"][2][name] = value
    return json.dumps(data)


def listed(*posts: dict[str, Any]) -> str:
    return json.dumps({"latest_posts": posts})


def test_a_post_becomes_a_whole_mention() -> None:
    mentions, refusals, _, problem = read(spider_of("discourse"), BODY)

    assert mentions[1] == Mention(
        brand="Acme Air",
        source="discourse",
        native_id="forum.acme.example/502",
        title="Seat maps are gone",
        text="The maps are gone\n\nAcme Air took them & my seat :angry: with them.",
        fetched_at=NOW,
        created_at=datetime(2026, 10, 20, 12, tzinfo=UTC),
        edited_at=datetime(2026, 10, 20, 12, 30, tzinfo=UTC),
        url="https://forum.acme.example/t/seat-maps-are-gone/77/2",
        author="mina",
        author_native_id="forum.acme.example/31",
        reach=9,
        parent_id="discourse:forum.acme.example/501",
    )
    assert [m.author for m in mentions] == ["rita", "mina", "otto"], "not what the forum did"
    assert (refusals, problem) == ([], None)


def test_what_a_later_post_answers_is_its_topic_where_nothing_shows_more() -> None:
    """The topic's title is then its thread's, and no words of its writer."""
    fourth = {**POSTS[2], "id": 504, "post_number": 4}
    alone = read(spider_of("discourse"), listed({**fourth, "reply_to_post_number": 3}))[0]
    assert [(m.parent_id, m.title, m.own_title) for m in alone] == [
        ("discourse:forum.acme.example/topic/77", "Seat maps are gone", None)
    ]
    first = read(spider_of("discourse"), listed({**fourth, "post_number": 1}))[0]
    assert [(m.parent_id, m.own_title) for m in first] == [(None, "Seat maps are gone")]


def test_staff_answers_for_the_brand_on_its_own_forum() -> None:
    spider = spider_of("discourse", {**FORUM, "own": True})
    assert not spider.wants_match
    mentions = read(spider, BODY)[0]
    assert [(m.author, m.owner_reply) for m in mentions] == [
        ("mina", "Sorry! Acme Air has brought it back."),
        ("otto", None),
    ]
    assert mentions[0].owner_replied_at == datetime(2026, 10, 20, 13, tzinfo=UTC)
    named = spider_of("discourse", {**FORUM, "staff": ["Rita"]})
    assert named.wants_match
    assert [m.author for m in read(named, BODY)[0]] == ["mina", "otto"]


def test_an_older_post_that_staff_answered_is_read_again() -> None:
    spider = spider_of("discourse", {**FORUM, "own": True})
    (request,) = first_requests(spider)
    mentions, _, (asked, _), _ = answer(request, listed(POSTS[1]))
    assert mentions == []
    assert asked.url == "https://forum.acme.example/posts/by_number/77/2.json"
    (mention,), _, requests, problem = answer(asked, json.dumps(POSTS[2]))
    assert (mention.author, mention.owner_reply) == (
        "mina",
        "Sorry! Acme Air has brought it back.",
    )
    assert (requests, problem) == ([], None)
    assert answer(asked, b"{}", 404) == ([], [], [], None), "it may be gone meanwhile"


def test_newer_posts_lead_to_older_ones_until_since_the_bound_or_a_repeat() -> None:
    (request,) = first_requests(spider_of("discourse"))
    assert request.url == "https://forum.acme.example/posts.json"
    (second,) = answer(request, BODY)[2]
    assert second.url == "https://forum.acme.example/posts.json?before=501"
    assert answer(second, BODY)[2] == []
    (request,) = first_requests(spider_of("discourse", {**FORUM, "pages": 1}))
    assert answer(request, BODY)[2] == []
    (request,) = first_requests(spider_of("discourse", since=datetime(2026, 10, 25, tzinfo=UTC)))
    assert answer(request, BODY)[2] == []
    only_staff = listed({**POSTS[0], "id": 400})
    (third,) = answer(second, only_staff)[2]
    assert (third.url.rpartition("=")[2], third.meta["page"]) == ("400", 3)


def old_forum(ids: Sequence[int], request: Request) -> str:
    """Answer as Discourse did until 2024: the posts among the 50 ids up to `before`."""
    last = int(asked(TextResponse(request.url), "before", str(max(ids))))
    window = [number for number in sorted(ids, reverse=True) if last - 50 < number <= last]
    at = datetime(2026, 9, 1, tzinfo=UTC)
    return listed(
        *({**POSTS[2], "id": n, "created_at": (at + timedelta(minutes=n)).isoformat()}
          for n in window)
    )  # fmt: skip


@pytest.mark.parametrize(
    "ids",
    [
        [*range(2, 322)],
        [*range(3, 1283, 4)],
        [*range(5, 160), *range(700, 865)],
        [*range(900, 1000), *range(1049, 1269)],
    ],
    ids=["dense", "sparse", "a hole of 540", "a hole as long as a window"],
)
def test_windows_of_ids_are_read_to_the_first_post(ids: list[int]) -> None:
    waiting = first_requests(spider_of("discourse", {**FORUM, "pages": 8}))
    found: set[str] = set()
    requests = 0
    while waiting:
        request = waiting.pop()
        requests += 1
        mentions, refusals, waiting, problem = answer(request, old_forum(ids, request))
        assert (refusals, problem) == ([], None)
        found |= {mention.native_id for mention in mentions}
    assert len(found) == len(ids) == 320
    assert requests <= max(ids) / 50 + 8 + 20


def test_a_topic_tells_the_rest_of_its_posts() -> None:
    spider = spider_of("discourse", {**FORUM, "topics": [77]})
    _, request = first_requests(spider)
    assert request.url == "https://forum.acme.example/t/77.json"
    bare = {k: v for k, v in POSTS[3].items() if not k.startswith("topic_")} | {"topic_id": 77}
    topic = {
        "id": 77,
        "title": "Seat maps",
        "slug": "seat-maps",
        "views": 900,
        "post_stream": {"posts": [bare], "stream": [501, *range(600, 630)]},
    }
    (first,), _, requests, problem = answer(request, json.dumps(topic))
    assert (first.title, first.url) == (
        "Seat maps",
        "https://forum.acme.example/t/seat-maps/77/1",
    )
    assert problem is None
    assert [asked.url.count("post_ids%5B%5D") for asked in requests] == [20, 10]
    assert requests[0].url.endswith("post_ids%5B%5D=629")
    page = {"post_stream": {"posts": [{**bare, "id": 629, "post_number": 9}]}, "id": 77}
    assert answer(requests[0], json.dumps(page))[2] == []
    assert answer(requests[0], json.dumps(topic))[2] == [], "whatever else it tells of the topic"


def test_a_search_asks_for_what_it_excerpts() -> None:
    spider = spider_of("discourse", {**FORUM, "read": "search"}, datetime(2026, 10, 1, tzinfo=UTC))
    (request,) = first_requests(spider)
    assert request.url == (
        "https://forum.acme.example/search.json"
        "?q=%22acme+air%22+order%3Alatest+after%3A2026-10-01&page=1"
    )
    hit = {"id": 502, "username": "mina", "blurb": "Acme Air...", "topic_id": 77, "post_number": 2}
    found = {
        "posts": [hit],
        "topics": [{"id": 77, "title": "Seat maps", "slug": "seat-maps"}],
        "grouped_search_result": {"more_full_page_results": True, "post_ids": [502]},
    }
    mentions, refusals, (whole, second), problem = answer(request, json.dumps(found))
    assert (mentions, refusals, problem) == ([], [], None)
    assert whole.url == "https://forum.acme.example/t/77/posts.json?post_ids%5B%5D=502"
    assert "page=2" in second.url
    page = {"post_stream": {"posts": [POSTS[2]]}, "id": 77}
    assert [m.native_id for m in answer(whole, json.dumps(page))[0]] == ["forum.acme.example/502"]
    nothing: dict[str, Any] = {
        "grouped_search_result": {"more_full_page_results": None, "post_ids": []}
    }
    assert answer(second, json.dumps(nothing)) == ([], [], [], None)


def test_a_key_is_sent_as_a_header(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Api-Key" not in first_requests(spider_of("discourse"))[0].headers
    monkeypatch.setenv("DISCOURSE_API_KEY", "s3cret")
    (request,) = first_requests(spider_of("discourse"))
    assert request.headers["Api-Key"] == b"s3cret"
    assert "s3cret" not in request.url


def test_a_wait_in_the_body_is_kept_and_then_told() -> None:
    spider = spider_of("discourse")
    limited = json.dumps(
        {
            "errors": ["You’ve performed this action too many times"],
            "error_type": "rate_limit",
            "extras": {"wait_seconds": 12},
        }
    )
    (request,) = first_requests(spider)
    for _ in range(2):
        mentions, _, (request,), problem = answer(request, limited, 429)
        assert (mentions, problem) == ([], None)
    assert spider.body_waits["forum.acme.example"] > 0
    problem = answer(request, limited, 429)[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.BLOCKED
    assert "too many times" in problem.reason


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (403, {"errors": ["You are not permitted"], "error_type": "invalid_access"}, "blocked"),
        (404, {"errors": ["It could not be found"], "error_type": "not_found"}, "failed"),
        (200, {"errors": ["Search is disabled"]}, "failed"),
        (404, {}, "failed"),
    ],
)
def test_an_error_is_told(status: int, body: dict[str, Any], outcome: str) -> None:
    (request,) = first_requests(spider_of("discourse"))
    problem = answer(request, json.dumps(body), status)[3]
    assert problem is not None
    assert problem.outcome.value == outcome
    assert body.get("errors", [""])[0] in problem.reason


def test_what_was_deleted_is_told() -> None:
    (request,) = first_requests(spider_of("discourse"))
    body = changed(user_deleted=True, cooked="<p>(post deleted by author)</p>")
    response = TextResponse(request.url, body=body.encode(), request=request, encoding="utf-8")
    assert request.callback is not None
    gone = [item for item in request.callback(response) if isinstance(item, Gone)]
    assert gone == [Gone("forum.acme.example/502")]


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"id": ...}, False),
        ({"id": []}, False),
        ({"cooked": ...}, True),
        ({"cooked": ["x"]}, False),
        ({"created_at": ...}, False),
        ({"created_at": "soon"}, False),
        ({"updated_at": "soon"}, True),
        ({"username": None}, True),
        ({"username": ["x"]}, False),
        ({"user_id": None}, True),
        ({"topic_id": None}, True),
        ({"topic_title": ...}, True),
        ({"post_number": {}}, True),
        ({"reads": "many"}, True),
        ({"reply_to_post_number": []}, True),
    ],
)
def test_one_bad_field_costs_one_post_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("discourse"), changed(**change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (2 + kept, 1 - kept)
