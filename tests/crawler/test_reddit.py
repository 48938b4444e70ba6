"""The Reddit spider: posts and comments out of RSS, and what Reddit allows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import NOW, first_requests, read, response_of, spider_of

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
        f"{base}/r/airlines/comments.rss",
        f"{base}/r/airlines/search.rss",
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
