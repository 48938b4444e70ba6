"""The GitHub spider: searches by what moved, comments, discussions, and who answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import NOW, answer, first_requests, read, response_of, spider_of

BODY = response_of("github")
OWN = {"repositories": ["travel/app"], "comments": True}


def changed(**change: Any) -> str:
    data = json.loads(BODY)
    for name, value in change.items():
        if value is ...:
            del data["items"][0][name]
        else:
            data["items"][0][name] = value
    return json.dumps(data)


def comment(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "html_url": f"https://github.com/travel/app/issues/3#issuecomment-{number}",
        "user": {"login": "otto", "id": 502, "type": "User"},
        "created_at": "2026-10-20T11:00:00Z",
        "updated_at": "2026-10-20T11:00:00Z",
        "author_association": "NONE",
        "body": "Same with **Acme Air** here",
        "reactions": {"total_count": 1},
        **more,
    }


def test_an_issue_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("github"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="github",
        native_id="7003",
        title="`Acme Air` check-in <b>fails</b>",
        text="What happens\n\nThe Acme Air check-in hangs.\n\nif (a < b) wait();\nsince Monday",
        fetched_at=NOW,
        created_at=datetime(2026, 10, 20, 10, tzinfo=UTC),
        url="https://github.com/travel/app/issues/3",
        author="mina",
        author_native_id="501",
        reach=3,
    )
    assert len(mentions) == 2, "no bot"
    assert (mentions[1].author, mentions[1].text) == (None, "Acme Air logo is old")
    assert (refusals, requests, problem) == ([], [], None)
    assert len(read(spider_of("github", {"bots": True}), BODY)[0]) == 3


def test_it_searches_what_moved_since() -> None:
    options = {"kinds": ["issue", "pull-request"]}
    spider = spider_of("github", options, datetime(2026, 10, 1, tzinfo=UTC))
    issues, pulls = first_requests(spider)
    asked = dict(parse_qsl(urlsplit(issues.url).query))
    assert asked["q"] == (
        '"acme air" in:title,body,comments is:issue '
        "updated:2026-10-01T00:00:00Z..2026-11-01T01:00:00Z"
    )
    assert (asked["sort"], asked["order"]) == ("updated", "desc")
    assert "is%3Apull-request" in pulls.url
    assert spider.asked_since


def test_the_token_is_a_header(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Authorization" not in first_requests(spider_of("github"))[0].headers
    monkeypatch.setenv("GITHUB_TOKEN", "s3cret")
    (request,) = first_requests(spider_of("github"))
    assert request.headers["Authorization"] == b"Bearer s3cret"
    assert "s3cret" not in request.url


def served(query: dict[str, str], moved: list[datetime]) -> str:
    """Answer as the search does: the 100 that moved last within the bounds."""
    start, _, end = query["q"].rpartition("updated:")[2].partition("..")
    fitting = sorted(
        (when, n)
        for n, when in enumerate(moved)
        if when <= datetime.fromisoformat(end) and (start == "*" or start <= f"{when:%FT%TZ}")
    )[::-1]
    items = [
        {
            "id": n + 1,
            "title": "Acme Air",
            "url": f"https://api.github.com/repos/travel/app/issues/{n + 1}",
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        }
        for when, n in fitting[:100]
    ]
    return json.dumps({"total_count": len(fitting), "incomplete_results": False, "items": items})


def crawl(moved: list[datetime], pages: int = 50) -> tuple[set[str], int]:
    waiting, found, asked = first_requests(spider_of("github", {"pages": pages})), set(), 0
    while waiting:
        request = waiting.pop()
        asked += 1
        query = dict(parse_qsl(urlsplit(request.url).query))
        mentions, _, requests, _ = answer(request, served(query, moved))
        found |= {mention.native_id for mention in mentions}
        waiting += requests
    return found, asked


def test_it_reads_past_the_thousand_results_that_a_search_reaches() -> None:
    found, asked = crawl([NOW - timedelta(minutes=9 * n) for n in range(1_250)])
    assert len(found) == 1_250
    assert asked <= 14


def test_more_of_one_second_than_an_answer_holds_ends_the_paging() -> None:
    assert crawl([NOW - timedelta(hours=1)] * 300)[1] <= 3


def test_paging_is_bounded() -> None:
    assert crawl([NOW - timedelta(minutes=n) for n in range(900)], pages=3)[1] == 3


def test_incomplete_results_are_kept_and_told() -> None:
    body = json.dumps(json.loads(BODY) | {"incomplete_results": True})
    mentions, _, _, problem = read(spider_of("github"), body)
    assert len(mentions) == 2
    assert problem is not None
    assert problem.outcome is CrawlOutcome.FAILED
    assert "incomplete" in problem.reason


def test_an_issue_waits_for_its_comments_and_the_owner_s_reply() -> None:
    spider = spider_of("github", OWN)
    assert not spider.wants_match
    (request,) = first_requests(spider)
    assert "repo%3Atravel%2Fapp+is%3Aissue" in request.url
    mentions, _, (comments,), _ = answer(request, BODY)
    assert [mention.native_id for mention in mentions] == ["7001"]
    assert comments.url == (
        "https://api.github.com/repos/travel/app/issues/3/comments?per_page=100&page=1"
    )
    bot = comment(1, user={"login": "stale[bot]", "type": "Bot"}, author_association="MEMBER")
    page = [
        bot,
        comment(2),
        comment(3, author_association="MEMBER", user={"login": "rita", "id": 9}, body="*Fixed*"),
        comment(4, author_association="OWNER", user={"login": "rita", "id": 9}, body="Bye"),
    ]
    mentions, refusals, requests, problem = answer(comments, json.dumps(page))
    assert (refusals, requests, problem) == ([], [], None)
    issue, said = mentions
    assert (issue.native_id, issue.owner_reply) == ("7003", "Fixed")
    assert issue.owner_replied_at == datetime(2026, 10, 20, 11, tzinfo=UTC)
    assert (said.native_id, said.parent_id, said.text) == (
        "comment/2",
        "github:7003",
        "Same with Acme Air here",
    )


def test_owners_of_other_repositories_do_not_speak_for_the_brand() -> None:
    (request,) = first_requests(spider_of("github", {"comments": True}))
    (comments,) = answer(request, BODY)[2]
    mentions = answer(comments, json.dumps([comment(3, author_association="OWNER")]))[0]
    assert [(m.native_id, m.owner_reply) for m in mentions] == [
        ("7003", None),
        ("comment/3", None),
    ]


def test_an_address_of_comments_elsewhere_is_not_followed() -> None:
    (request,) = first_requests(spider_of("github", {"comments": True}))
    body = changed(comments_url="https://evil.example/?u=https://api.github.com/repos/x")
    mentions, _, requests, _ = answer(request, body)
    assert (len(mentions), requests) == (2, [])


def discussion(**more: Any) -> dict[str, Any]:
    said = {"authorAssociation": "NONE", "createdAt": "2026-10-21T10:00:00Z"}
    return {
        "id": "D_1",
        "databaseId": 88,
        "number": 5,
        "title": "Acme Air seats",
        "body": "Where did **Acme Air** put them?",
        "url": "https://github.com/travel/app/discussions/5",
        "createdAt": "2026-10-20T10:00:00Z",
        "lastEditedAt": "2026-10-20T12:00:00Z",
        "author": {"login": "mina", "databaseId": 501, "__typename": "User"},
        "reactions": {"totalCount": 2},
        "comments": {
            "nodes": [
                {
                    **said,
                    "databaseId": 90,
                    "author": {"login": "otto", "databaseId": 502},
                    "body": "Acme Air dropped them",
                    "url": "https://github.com/travel/app/discussions/5#discussioncomment-90",
                    "replies": {
                        "nodes": [
                            {
                                **said,
                                "databaseId": 91,
                                "authorAssociation": "MEMBER",
                                "author": {"login": "rita", "databaseId": 9},
                                "body": "They are back",
                                "url": "https://github.com/travel/app/discussions/5#91",
                            }
                        ]
                    },
                }
            ]
        },
        **more,
    }


def graph(*nodes: Any, cursor: str | None = None, **more: Any) -> str:
    info = {"endCursor": cursor, "hasNextPage": cursor is not None}
    return json.dumps({"data": {"search": {"nodes": nodes, "pageInfo": info}}, **more})


def test_discussions_are_asked_for_with_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    spider = spider_of("github", {"discussions": True}, datetime(2026, 10, 1, tzinfo=UTC))
    assert "GITHUB_TOKEN" in spider.needed_secrets(spider.options)
    monkeypatch.setenv("GITHUB_TOKEN", "s3cret")
    _, request = first_requests(spider)
    assert (request.method, request.url) == ("POST", "https://api.github.com/graphql")
    variables = json.loads(request.body)["variables"]
    assert variables["query"] == (
        '"acme air" in:title,body,comments updated:>=2026-10-01T00:00:00Z sort:updated-desc'
    )
    mentions, refusals, (second,), problem = answer(
        request, graph(discussion(), None, cursor="c1")
    )
    assert (refusals, problem) == ([], None)
    assert json.loads(second.body)["variables"]["after"] == "c1"
    assert answer(second, graph(discussion(), cursor="c1"))[2] == []
    assert mentions[0] == Mention(
        brand="Acme Air",
        source="github",
        native_id="discussion/88",
        title="Acme Air seats",
        text="Where did Acme Air put them?",
        fetched_at=NOW,
        created_at=datetime(2026, 10, 20, 10, tzinfo=UTC),
        edited_at=datetime(2026, 10, 20, 12, tzinfo=UTC),
        url="https://github.com/travel/app/discussions/5",
        author="mina",
        author_native_id="501",
        reach=2,
    )
    assert [(m.native_id, m.parent_id) for m in mentions[1:]] == [
        ("discussioncomment/90", "github:discussion/88"),
        ("discussioncomment/91", "github:discussioncomment/90"),
    ]


def test_a_member_s_answer_is_the_reply_in_own_repositories() -> None:
    spider = spider_of("github", {"repositories": ["travel/app"]})
    mentions = read(spider, graph(discussion()))[0]
    assert [(m.native_id, m.owner_reply) for m in mentions] == [
        ("discussion/88", "They are back"),
        ("discussioncomment/90", None),
    ]


@pytest.mark.parametrize(
    ("body", "outcome", "kept"),
    [
        (json.dumps({"errors": [{"type": "RATE_LIMITED", "message": "API rate limit"}]}),
         CrawlOutcome.BLOCKED, 0),
        (json.dumps({"data": None, "errors": [{"message": "Something went wrong"}]}),
         CrawlOutcome.FAILED, 0),
        (graph(discussion(), errors=[{"type": "FORBIDDEN", "message": "No"}]),
         CrawlOutcome.UNAUTHORISED, 3),
        (json.dumps({"data": {}}), CrawlOutcome.BROKEN, 0),
    ],
)  # fmt: skip
def test_errors_beside_data_are_told(body: str, outcome: CrawlOutcome, kept: int) -> None:
    mentions, _, _, problem = read(spider_of("github"), body)
    assert len(mentions) == kept
    assert problem is not None
    assert problem.outcome is outcome


@pytest.mark.parametrize(
    ("status", "message", "outcome"),
    [
        (401, "Bad credentials", CrawlOutcome.UNAUTHORISED),
        (403, "You have exceeded a secondary rate limit", CrawlOutcome.BLOCKED),
        (403, "Resource not accessible", CrawlOutcome.BLOCKED),
        (422, "Validation Failed", CrawlOutcome.FAILED),
    ],
)
def test_an_error_is_told_in_its_own_words(
    status: int, message: str, outcome: CrawlOutcome
) -> None:
    (request,) = first_requests(spider_of("github"))
    problem = answer(request, json.dumps({"message": message}), status)[3]
    assert problem is not None
    assert problem.outcome is outcome
    assert message in problem.reason


def test_a_spent_limit_tells_when_it_opens() -> None:
    (request,) = first_requests(spider_of("github"))
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4102444800"}
    body = json.dumps({"message": "API rate limit exceeded for 1.2.3.4"})
    problem = answer(request, body, 403, headers)[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.QUOTA
    assert problem.opens_at is not None


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"id": ...}, False),
        ({"id": []}, False),
        ({"title": None}, True),
        ({"title": None, "body": None}, False),
        ({"title": {}}, False),
        ({"body": None}, True),
        ({"body": ["x"]}, False),
        ({"created_at": ...}, False),
        ({"created_at": "soon"}, False),
        ({"updated_at": "soon"}, True),
        ({"user": "x"}, False),
        ({"user": None}, True),
        ({"html_url": None}, True),
        ({"html_url": None, "url": "x"}, False),
        ({"reactions": 5}, True),
    ],
)
def test_one_bad_field_costs_one_issue_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("github"), changed(**change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (1 + kept, 1 - kept)
