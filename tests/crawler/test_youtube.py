"""The YouTube spider: videos, comments and replies, a key in a header, a quota that ends."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from scrapy.http import Request

from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import NOW, answer, first_requests, read, response_of, spider_of

BODY = response_of("youtube")
BRAND = "UCaaaaaaaaaaaaaaaaaaaaaa"
VIDEO = {
    "kind": "youtube#video",
    "id": "vid00000001",
    "snippet": {
        "publishedAt": "2026-10-19T10:00:00Z",
        "channelId": "UCrrrrrrrrrrrrrrrrrrrrrr",
        "title": "Acme Air, I am <3 done",
        "description": "All about\nAcme Air & me",
        "channelTitle": "Rob flies",
        "defaultAudioLanguage": "en-US",
    },
    "statistics": {"viewCount": "120000", "commentCount": "2"},
}


def changed(**change: Any) -> str:
    data = json.loads(BODY)
    snippet = data["items"][0]["snippet"]["topLevelComment"]["snippet"]
    for name, value in change.items():
        if value is ...:
            del snippet[name]
        else:
            snippet[name] = value
    return json.dumps(data)


def videos(*items: Any) -> str:
    return json.dumps({"kind": "youtube#videoListResponse", "items": items})


def threads_of(options: dict[str, Any], since: datetime | None = None) -> Request:
    given = {"search": False, "replies": False, **options}
    (request,) = first_requests(spider_of("youtube", given, since))
    return request


def test_a_comment_becomes_a_whole_mention() -> None:
    mentions, refusals, _, problem = read(spider_of("youtube"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="youtube",
        native_id="Ugthread2",
        text="Acme Air left me in Oslo <3 hours of sleep",
        fetched_at=NOW,
        created_at=datetime(2026, 10, 20, 10, tzinfo=UTC),
        edited_at=datetime(2026, 10, 20, 11, tzinfo=UTC),
        url="https://www.youtube.com/watch?v=vid00000001&lc=Ugthread2",
        author="@mina",
        author_native_id="UCmmmmmmmmmmmmmmmmmmmmmm",
        reach=5,
        parent_id="youtube:vid00000001",
    )
    assert [(m.native_id, m.parent_id) for m in mentions[1:3]] == [
        ("Ugthread2.reply1", "youtube:Ugthread2"),
        ("Ugthread2.reply2", "youtube:Ugthread2"),
    ]
    assert mentions[3].author_native_id is None
    assert (len(mentions), refusals, problem) == (4, [], None)


def test_a_brand_s_channel_answers_for_it() -> None:
    request = threads_of({"channels": [BRAND], "about_brand": True})
    assert f"allThreadsRelatedToChannelId={BRAND}" in request.url
    mentions = answer(request, BODY)[0]
    assert [m.native_id for m in mentions] == ["Ugthread2", "Ugthread2.reply2", "Ugthread1"]
    assert mentions[0].owner_reply == "We are sorry, please write to us"
    assert mentions[0].owner_replied_at == datetime(2026, 10, 20, 12, tzinfo=UTC)
    assert not spider_of("youtube", {"about_brand": True}).wants_match


def test_the_key_is_a_header_and_searches_are_dear() -> None:
    spider = spider_of("youtube", {}, datetime(2026, 10, 15, tzinfo=UTC))
    (search,) = first_requests(spider)
    assert search.url == (
        "https://www.googleapis.com/youtube/v3/search?part=snippet&q=%22acme+air%22&type=video"
        "&order=date&maxResults=50&publishedAfter=2026-10-01T00%3A00%3A00Z"
    )
    assert search.headers["X-Goog-Api-Key"] == b"made-up YOUTUBE_API_KEY"
    assert "made-up" not in search.url
    assert (spider.quota_limit(), spider.quota_cost(search)) == (10_000, 100)
    assert spider.quota_cost(threads_of({"channels": [BRAND]})) == 1
    assert spider.quota_zone == "America/Los_Angeles"


def test_what_a_search_finds_is_completed_and_its_comments_are_read() -> None:
    (search,) = first_requests(spider_of("youtube", {}))
    hit = {"id": {"kind": "youtube#video", "videoId": "vid00000001"}, "snippet": VIDEO["snippet"]}
    channel = {"id": {"kind": "youtube#channel", "channelId": BRAND}, "snippet": {}}
    found = {"kind": "youtube#searchListResponse", "items": [hit, channel]}
    mentions, refusals, (details,), problem = answer(search, json.dumps(found))
    assert (mentions, refusals, problem) == ([], [], None)
    assert "/youtube/v3/videos?part=snippet%2Cstatistics&id=vid00000001" in details.url
    (mention,), _, (threads,), _ = answer(details, videos(VIDEO))
    assert mention == Mention(
        brand="Acme Air",
        source="youtube",
        native_id="vid00000001",
        title="Acme Air, I am <3 done",
        text="All about\nAcme Air & me",
        fetched_at=NOW,
        created_at=datetime(2026, 10, 19, 10, tzinfo=UTC),
        url="https://www.youtube.com/watch?v=vid00000001",
        author="Rob flies",
        author_native_id="UCrrrrrrrrrrrrrrrrrrrrrr",
        language="en-US",
        reach=120_000,
    )
    assert "/commentThreads?part=snippet%2Creplies&videoId=vid00000001&order=time" in threads.url
    silent = {**VIDEO, "statistics": {"viewCount": "3"}}
    assert answer(details, videos(silent))[2] == [], "closed comments are not asked for"
    assert len(read(spider_of("youtube"), json.dumps(found))[0]) == 1, "as it is, if on its own"


def test_the_token_leads_on_until_the_page_repeats_the_bound_or_since() -> None:
    request = threads_of({"channels": [BRAND], "pages": 2})
    (second,) = answer(request, BODY)[2]
    assert "pageToken=next1" in second.url
    assert answer(second, BODY)[2] == []
    other = BODY.replace(b"Ugthread", b"Ugother").replace(b"next1", b"next2")
    assert answer(second, other)[2] == [], "the bound"
    late = threads_of({"channels": [BRAND]}, datetime(2026, 10, 25, tzinfo=UTC))
    assert answer(late, BODY)[2] == []
    assert answer(request, BODY.replace(b"nextPageToken", b"x"))[2] == []


def test_replies_that_a_thread_does_not_show_are_asked_for() -> None:
    request = threads_of({"channels": [BRAND], "replies": True})
    body = BODY.replace(b'"totalReplyCount": 2', b'"totalReplyCount": 9')
    replies = answer(request, body)[2][0]
    assert "/youtube/v3/comments?part=snippet&parentId=Ugthread2" in replies.url
    page = {
        "kind": "youtube#commentListResponse",
        "items": json.loads(BODY)["items"][0]["replies"]["comments"],
    }
    (mention,), refusals, _, problem = answer(replies, json.dumps(page))
    assert (mention.native_id, mention.parent_id) == ("Ugthread2.reply2", "youtube:Ugthread2")
    assert (refusals, problem) == ([], None)
    (second,) = answer(replies, body)[2]
    assert "pageToken=next1" in second.url, "its next page, and no thread's replies once more"
    assert answer(second, body)[2] == []


def error(reason: str, message: str = "") -> str:
    listed = [{"domain": "youtube.commentThread", "reason": reason, "message": message}]
    return json.dumps({"error": {"code": 403, "message": message, "errors": listed}})


@pytest.mark.parametrize("reason", ["commentsDisabled", "videoNotFound"])
def test_a_video_without_comments_is_passed_over(reason: str) -> None:
    request = threads_of({"channels": [BRAND]})
    assert answer(request, error(reason), 403) == ([], [], [], None)


def test_a_spent_quota_ends_the_run_and_tells_when_it_opens() -> None:
    spider = spider_of("youtube")
    (request,) = first_requests(spider)
    message = 'You have exceeded your <a href="/youtube/v3/getting-started#quota">quota</a>.'
    problem = answer(request, error("quotaExceeded", message), 403)[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.QUOTA
    assert problem.opens_at is not None
    assert problem.opens_at.tzinfo is UTC
    assert "<" not in problem.reason
    assert spider.body_waits["www.googleapis.com"] > 0


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (
            400,
            error("badRequest", "API key not valid. Please pass a valid API key."),
            CrawlOutcome.UNAUTHORISED,
        ),
        (403, error("accessNotConfigured", "has not been used"), CrawlOutcome.UNAUTHORISED),
        (404, error("channelNotFound", "cannot be found"), CrawlOutcome.FAILED),
        (403, "<html><title>Sorry</title></html>", CrawlOutcome.BLOCKED),
        (200, error("backendError", "try again"), CrawlOutcome.FAILED),
    ],
)
def test_an_error_is_told(status: int, body: str, outcome: CrawlOutcome) -> None:
    mentions, _, requests, problem = answer(threads_of({"channels": [BRAND]}), body, status)
    assert (mentions, requests) == ([], [])
    assert problem is not None
    assert problem.outcome is outcome


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"textOriginal": ...}, True),
        ({"textOriginal": ..., "textDisplay": ...}, False),
        ({"textOriginal": ["x"]}, False),
        ({"publishedAt": ...}, False),
        ({"publishedAt": "soon"}, False),
        ({"updatedAt": "soon"}, True),
        ({"authorDisplayName": None}, True),
        ({"authorDisplayName": {}}, False),
        ({"authorChannelId": ...}, True),
        ({"authorChannelId": {"value": None}}, True),
        ({"authorChannelId": {"value": ["x"]}}, False),
        ({"videoId": None}, True),
        ({"likeCount": "many"}, True),
    ],
)
def test_one_bad_field_costs_one_comment_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("youtube"), changed(**change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (3 + kept, 1 - kept)


def test_text_with_marks_is_read_by_what_was_asked_for() -> None:
    body = changed(textOriginal=None, textDisplay="1 &lt; 2<br>Acme Air")
    assert read(spider_of("youtube"), body)[0][0].text == "1 < 2\nAcme Air"
    plain = changed(textOriginal=None, textDisplay="a<b at Acme Air")
    assert answer(threads_of({"channels": [BRAND]}), plain)[0][0].text == "a<b at Acme Air"
