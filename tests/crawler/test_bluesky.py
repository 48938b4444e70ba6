"""The Bluesky spider: a session, a search, a token that expires, people who stay unseen."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from scrapy.http import Request

from crawler.entry_problems import PageError
from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import NOW, answer, first_requests, read, response_of, spider_of

BODY = response_of("bluesky")
SESSION = json.dumps({"did": "did:plc:me", "accessJwt": "acc3ss", "refreshJwt": "r3fresh"})
EXPIRED = json.dumps({"error": "ExpiredToken", "message": "Token has expired"})


def changed(of_record: bool = False, **change: Any) -> str:
    data = json.loads(BODY)
    target = data["posts"][0]["record"] if of_record else data["posts"][0]
    for name, value in change.items():
        if value is ...:
            del target[name]
        else:
            target[name] = value
    return json.dumps(data)


def searched(options: dict[str, Any] | None = None, since: datetime | None = None) -> Request:
    (session,) = first_requests(spider_of("bluesky", options or {}, since))
    (search,) = answer(session, SESSION)[2]
    return search


PICTURE = {
    "$type": "app.bsky.embed.images",
    "images": [{"alt": "Acme Air lost bag\n"}, {"alt": ""}],
}


@pytest.mark.parametrize(
    ("embed", "text"),
    [
        (PICTURE, "Acme Air lost bag"),
        (
            {"$type": "app.bsky.embed.video", "alt": "The belt stops"},
            "The belt stops",
        ),
        ({"$type": "app.bsky.embed.recordWithMedia", "media": PICTURE}, "Acme Air lost bag"),
    ],
)
def test_a_picture_speaks_through_its_description(embed: dict[str, Any], text: str) -> None:
    body = changed(of_record=True, text="", embed=embed)
    assert read(spider_of("bluesky"), body)[0][0].text == text
    words = changed(of_record=True, text="Look", embed=embed)
    assert read(spider_of("bluesky"), words)[0][0].text == "Look"
    silent = changed(of_record=True, text="", embed={"images": "x"})
    assert len(read(spider_of("bluesky"), silent)[1]) == 1


def test_a_post_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("bluesky"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="bluesky",
        native_id="at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3kpost3",
        text="Acme Air lost my bag\nfor the second time & nobody answers",
        fetched_at=NOW,
        created_at=datetime(2026, 10, 20, 10, tzinfo=UTC),
        url="https://bsky.app/profile/did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/post/3kpost3",
        author="mina.example",
        author_native_id="did:plc:aaaaaaaaaaaaaaaaaaaaaaaa",
        language="en-GB",
        reach=12,
        parent_id="bluesky:at://did:plc:bbbbbbbbbbbbbbbbbbbbbbbb/app.bsky.feed.post/3kparent",
    )
    assert len(mentions) == 2, "nobody who asks to be seen by signed-in people only"
    assert mentions[1].created_at == datetime(2026, 10, 20, 10, 0, 1, tzinfo=UTC), (
        "a clock that runs ahead is not believed"
    )
    assert (refusals, requests, problem) == ([], [], None)


def test_a_session_is_opened_first_and_no_url_shows_it() -> None:
    spider = spider_of("bluesky", {"language": "en"}, datetime(2026, 10, 1, tzinfo=UTC))
    (session,) = first_requests(spider)
    assert session.url == "https://bsky.social/xrpc/com.atproto.server.createSession"
    assert session.method == "POST"
    assert json.loads(session.body) == {
        "identifier": "made-up BLUESKY_HANDLE",
        "password": "made-up BLUESKY_APP_PASSWORD",
    }
    (search,) = answer(session, SESSION)[2]
    assert search.url == (
        "https://bsky.social/xrpc/app.bsky.feed.searchPosts?q=%22acme+air%22&sort=latest"
        "&limit=100&since=2026-10-01T00%3A00%3A00Z&lang=en"
    )
    assert search.headers["Authorization"] == b"Bearer acc3ss"
    assert len(answer(search, BODY)[0]) == 2


def test_without_its_secrets_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BLUESKY_APP_PASSWORD")
    with pytest.raises(PageError, match="BLUESKY_APP_PASSWORD"):
        first_requests(spider_of("bluesky"))


@pytest.mark.parametrize(
    ("status", "body", "outcome", "said"),
    [
        (
            401,
            '{"error":"AuthenticationRequired","message":"Invalid identifier or password"}',
            CrawlOutcome.UNAUTHORISED,
            "Invalid identifier or password",
        ),
        (403, "<html><title>403 Forbidden</title></html>", CrawlOutcome.BLOCKED, "answered 403"),
        (200, "{}", CrawlOutcome.BROKEN, "accessJwt"),
    ],
)
def test_a_session_that_is_refused_says_why(
    status: int, body: str, outcome: CrawlOutcome, said: str
) -> None:
    (session,) = first_requests(spider_of("bluesky"))
    problem = answer(session, body, status)[3]
    assert problem is not None
    assert problem.outcome is outcome
    assert said in problem.reason
    assert "made-up" not in problem.reason


def test_an_expired_token_is_renewed_once() -> None:
    search = searched()
    (refresh,) = answer(search, EXPIRED, 400)[2]
    assert refresh.url.endswith("/xrpc/com.atproto.server.refreshSession")
    assert refresh.headers["Authorization"] == b"Bearer r3fresh"
    fresh = json.dumps({"accessJwt": "acc3ss2", "refreshJwt": "r3fresh2"})
    (again,) = answer(refresh, fresh)[2]
    assert again.url == search.url
    assert again.headers["Authorization"] == b"Bearer acc3ss2"
    assert len(answer(again, BODY)[0]) == 2
    problem = answer(again, EXPIRED, 400)[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.UNAUTHORISED


def test_a_block_page_and_an_error_of_the_search_are_told() -> None:
    problem = answer(searched(), "<html><title>403 Forbidden</title></html>", 403)[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.BLOCKED
    error = json.dumps({"error": "BadQueryString", "message": "bad q"})
    problem = answer(searched(), error, 400)[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.FAILED
    assert "bad q" in problem.reason


def test_the_cursor_leads_on_until_it_or_the_page_repeats() -> None:
    search = searched({"pages": 3}, datetime(2026, 10, 30, tzinfo=UTC))
    (second,) = answer(search, BODY)[2]
    assert "cursor=3" in second.url
    assert answer(second, BODY)[2] == []
    other = BODY.replace(b"3kpost", b"3knext").replace(b'"cursor": "3"', b'"cursor": "6"')
    (third,) = answer(second, other)[2]
    last = other.replace(b"3knext", b"3klast").replace(b'"cursor": "6"', b'"cursor": "9"')
    assert answer(third, last)[2] == [], "the bound"
    end = changed(cursor=None)
    assert answer(search, end.replace('"cursor": "3"', '"x": 1'))[2] == []


def test_followers_are_the_reach_on_wish() -> None:
    search = searched({"followers": True})
    mentions, _, requests, _ = answer(search, BODY)
    assert mentions == []
    profiles = requests[0]
    assert profiles.url == (
        "https://bsky.social/xrpc/app.bsky.actor.getProfiles"
        "?actors=did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
    )
    found = {"profiles": [{"did": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "followersCount": 321}]}
    assert [m.reach for m in answer(profiles, json.dumps(found))[0]] == [321, 321]
    assert [m.reach for m in answer(profiles, '{"profiles": []}')[0]] == [None, None]


def test_a_thread_is_read_from_its_top_to_its_leaves() -> None:
    top, _, leaf = json.loads(BODY)["posts"]
    leaves = [{"post": leaf, "replies": []}, {"$type": "app.bsky.feed.defs#blockedPost"}]
    body = json.dumps({"thread": {"post": top, "replies": leaves}})
    mentions, refusals, _, problem = read(spider_of("bluesky"), body)
    assert (len(mentions), refusals, problem) == (2, [], None)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"uri": ...}, False),
        ({"uri": "at://did:plc:x/app.bsky.feed.like/1"}, False),
        ({"author": None}, True),
        ({"author": "x"}, False),
        ({"record": ...}, False),
        ({"record": []}, False),
        ({"record": {"createdAt": "2026-10-20T10:00:00Z"}}, False),
        ({"indexedAt": ...}, True),
        ({"indexedAt": "soon"}, True),
        ({"likeCount": "many"}, True),
        ({"labels": "x"}, True),
    ],
)
def test_one_bad_field_costs_one_post_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("bluesky"), changed(**change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (1 + kept, 1 - kept)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"text": ...}, False),
        ({"text": {}}, False),
        ({"createdAt": ...}, True),
        ({"langs": "en"}, True),
        ({"langs": []}, True),
        ({"reply": 3}, True),
        ({"reply": {"parent": {"uri": "x"}}}, True),
    ],
)
def test_one_bad_field_of_a_record_costs_one_post_at_most(
    change: dict[str, Any], kept: bool
) -> None:
    mentions, refusals, _, problem = read(spider_of("bluesky"), changed(True, **change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (1 + kept, 1 - kept)
