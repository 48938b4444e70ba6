"""The Reddit spider: posts and comments by feeds and by the API, and what Reddit allows."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from scrapy.http import Request, TextResponse

from crawler.entry_problems import Gone
from crawler.spiders.reddit import RedditSpider
from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import NOW, RESPONSES, first_requests, read, response_of, spider_of

BODY = response_of("reddit").decode()


def test_a_post_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("reddit"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="reddit",
        native_id="t3_1aaaaa",
        title="Lost bag",
        text="Acme Air lost my bag and nobody answers.\n\nDay four & counting.",
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 19, 32, 56, tzinfo=UTC),
        url="https://www.reddit.com/r/airlines/comments/1aaaaa/lost_bag/",
        author="middle_seat",
        author_native_id="middle_seat",
    )
    assert len(mentions) == 2, "a removed comment is no mention"
    assert (refusals, requests, problem) == ([], [], None)


def test_a_comment_knows_its_post() -> None:
    comment = read(spider_of("reddit"), BODY)[0][1]
    assert comment.parent_id == "reddit:t3_1aaaaa"
    assert (comment.title, comment.text) == ("Lost bag", "Same here with Acme Air.")


@pytest.mark.parametrize(
    ("was", "becomes", "kept"),
    [
        ("<name>/u/middle_seat</name>", "", True),
        ("<id>t3_1aaaaa</id>", "<id></id>", False),
        ("<published>2026-09-20T19:32:56+00:00</published>", "", True),
        ("2026-09-20T19:32:56+00:00", "1970-01-01T00:00:00+00:00", False),
        ("2026-09-20T19:32:56+00:00", "2099-01-01T00:00:00+00:00", False),
        ("2026-09-20T19:32:56+00:00", "yesterday", False),
        ("<title>Lost bag</title>", "", True),
    ],
)
def test_one_bad_field_costs_one_post_at_most(was: str, becomes: str, kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("reddit"), BODY.replace(was, becomes))
    assert problem is None
    assert (len(mentions), len(refusals)) == (1 + kept, 1 - kept)


def test_robots_are_obeyed_unless_the_user_says_otherwise() -> None:
    (obeying,) = first_requests(spider_of("reddit", {}))
    (deciding,) = first_requests(spider_of("reddit", {"obey_robots": False}))
    assert "dont_obey_robotstxt" not in obeying.meta
    assert deciding.meta["dont_obey_robotstxt"] is True


def test_it_asks_where_it_is_told_to() -> None:
    options = {"subreddits": ["airlines"], "threads": ["1aaaaa"], "comments": True}
    paths = [request.url.split("?")[0] for request in first_requests(spider_of("reddit", options))]
    base = "https://www.reddit.com"
    assert paths == [
        f"{base}/comments/1aaaaa.rss",
        f"{base}/r/airlines/comments/.rss",
        f"{base}/r/airlines/new/.rss",
    ]


@pytest.mark.parametrize(
    ("age", "window"),
    [(None, "month"), (1, "day"), (2, "week"), (8, "month"), (32, "year"), (400, "all")],
)
def test_the_search_window_reaches_back_to_since(age: int | None, window: str) -> None:
    since = None if age is None else NOW - timedelta(days=age)
    (request,) = first_requests(spider_of("reddit", since=since))
    assert f"t={window}&" in request.url


def test_full_pages_are_followed_until_since_or_the_bound() -> None:
    entry = BODY[BODY.index("<entry>") : BODY.index("</entry>") + 8]
    many = "".join(entry.replace("1aaaaa", f"1{n:05d}") for n in range(50))
    page = BODY[: BODY.index("<entry>")] + many + "</feed>"
    spider = spider_of("reddit", {"pages": 2})
    (first,) = first_requests(spider)
    (second,) = read(spider, page, first)[2]
    assert "after=t3_100049" in second.url
    assert read(spider, page, second)[2] == []
    assert read(spider_of("reddit", since=NOW), page)[2] == []


def test_the_block_page_is_named() -> None:
    problem = read(spider_of("reddit"), "<!doctype html>\n<html><title>Blocked</title></html>")[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.BLOCKED
    assert "'Blocked'" in problem.reason


OAUTH = {"mode": "oauth", "subreddits": ["airlines"], "threads": ["1aaaaa"], "comments": True}
LISTING = (RESPONSES / "reddit_oauth.json").read_text()


@pytest.fixture
def app_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDDIT_CLIENT_ID", "made-up-id")
    monkeypatch.setenv("REDDIT_CLIENT_SECRET", "made-up-secret")


def granted() -> tuple[RedditSpider, list[Request]]:
    spider = spider_of("reddit", OAUTH)
    assert isinstance(spider, RedditSpider)
    (request,) = first_requests(spider)
    answer = TextResponse(request.url, body=b'{"access_token": "made-up"}', request=request)
    return spider, [each for each in spider.authorised(answer) if isinstance(each, Request)]


def changed(**change: Any) -> str:
    data = json.loads(LISTING)
    for name, value in change.items():
        if value is ...:
            del data["data"]["children"][0]["data"][name]
        else:
            data["data"]["children"][0]["data"][name] = value
    return json.dumps(data)


def test_the_api_gives_the_mentions_of_the_feeds(app_keys: None) -> None:
    mentions, refusals, _, problem = read(spider_of("reddit", OAUTH), LISTING)
    feed = read(spider_of("reddit"), BODY)[0]
    assert [replace(mention, reach=None) for mention in mentions] == feed
    assert [mention.text_hash for mention in mentions] == [item.text_hash for item in feed]
    assert [mention.reach for mention in mentions] == [7, None], "a score below 0 reaches nobody"
    assert (refusals, problem) == ([], None)
    escaped = LISTING.replace("<", "&lt;").replace(">", "&gt;")
    assert read(spider_of("reddit", OAUTH), escaped)[0] == mentions


def test_what_was_removed_is_told(app_keys: None) -> None:
    spider = spider_of("reddit", OAUTH)
    (request,) = first_requests(spider)
    answer = TextResponse(request.url, body=LISTING.encode(), request=request)
    assert [item for item in spider.parse(answer) if isinstance(item, Gone)] == [Gone("t1_kccccc")]


def test_the_key_is_traded_for_a_token_that_the_pages_show(app_keys: None) -> None:
    (request,) = first_requests(spider_of("reddit", OAUTH))
    assert request.url == "https://www.reddit.com/api/v1/access_token"
    assert request.headers["Authorization"] == b"Basic bWFkZS11cC1pZDptYWRlLXVwLXNlY3JldA=="
    assert request.body == b"grant_type=client_credentials"
    _, pages = granted()
    base = "https://oauth.reddit.com"
    assert [page.url.split("?")[0] for page in pages] == [
        f"{base}/comments/1aaaaa",
        f"{base}/r/airlines/comments",
        f"{base}/r/airlines/search",
    ]
    for page in pages:
        assert page.headers["Authorization"] == b"Bearer made-up"
        assert "raw_json=1" in page.url
        assert page.meta["dont_obey_robotstxt"] is True


def test_listings_of_the_api_are_paged_by_their_own_word(app_keys: None) -> None:
    spider, (thread, comments, _) = granted()
    assert read(spider, LISTING, thread)[2] == []
    (second,) = read(spider, LISTING, comments)[2]
    assert "after=t3_1aaaaa" in second.url
    assert second.url.startswith("https://oauth.reddit.com/r/airlines/comments?")
    assert read(spider, LISTING, second)[2] == [], "the same page again"


def test_a_thread_is_read_with_all_that_lies_below(app_keys: None) -> None:
    post, comment, *_ = json.loads(LISTING)["data"]["children"]
    below = json.loads(json.dumps(comment))
    below["data"].update(id="kddddd", parent_id="t1_kbbbbb")
    more = {"kind": "more", "data": {"id": "_", "children": []}}
    comment["data"]["replies"] = {"kind": "Listing", "data": {"children": [below, more]}}
    thread = [{"data": {"children": [post]}}, {"data": {"children": [comment]}}]
    mentions = read(spider_of("reddit", OAUTH), json.dumps(thread))[0]
    assert [mention.native_id for mention in mentions] == ["t3_1aaaaa", "t1_kbbbbb", "t1_kddddd"]
    assert mentions[2].parent_id == "reddit:t1_kbbbbb"


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"id": None}, False),
        ({"created_utc": ...}, False),
        ({"created_utc": "yesterday"}, False),
        ({"author": None}, True),
        ({"author": "[deleted]"}, True),
        ({"title": None}, True),
        ({"title": []}, False),
        ({"selftext_html": None}, True),
        ({"selftext_html": None, "selftext": None, "title": None}, False),
        ({"permalink": None}, True),
        ({"edited": 1789936376.0}, True),
        ({"edited": True}, True),
        ({"score": "x"}, True),
    ],
)
def test_a_bad_field_of_the_api(change: dict[str, Any], kept: bool, app_keys: None) -> None:
    mentions, refusals, _, problem = read(spider_of("reddit", OAUTH), changed(**change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (1 + kept, 1 - kept)


@pytest.mark.parametrize("body", ["{}", "[]", '{"kind": "Listing", "data": {}}', '{"error": 403}'])
def test_what_is_no_listing_is_broken_or_empty(body: str, app_keys: None) -> None:
    mentions, _, _, problem = read(spider_of("reddit", OAUTH), body)
    assert mentions == []
    assert problem is not None
    assert problem.outcome is CrawlOutcome.BROKEN


def test_keys_are_needed_for_the_api_only() -> None:
    assert RedditSpider.needed_secrets(RedditSpider.Options()) == {}
    needed = RedditSpider.needed_secrets(RedditSpider.Options(mode="oauth"))
    assert set(needed) == {"REDDIT_CLIENT_ID", "REDDIT_CLIENT_SECRET"}
