"""The Steam spider: thumbs, BBCode, languages, the developer's reply, the cursor."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import NOW, first_requests, read, response_of, spider_of

BODY = response_of("steam")


def changed(**change: Any) -> str:
    data = json.loads(BODY)
    for name, value in change.items():
        if value is ...:
            del data["reviews"][0][name]
        else:
            data["reviews"][0][name] = value
    return json.dumps(data)


def test_a_review_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("steam"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="steam",
        native_id="80000001",
        text="Acme Air Tycoon\n\nPros\n\n- Fair and funny\n- Runs on a potato\n\n"
        "See the site [not spoilers]",
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 7, 40, tzinfo=UTC),
        edited_at=datetime(2026, 9, 20, 9, 46, 40, tzinfo=UTC),
        url="https://steamcommunity.com/profiles/76500000000000001/recommended/440/",
        author_native_id="76500000000000001",
        rating=1.0,
        rating_max=1.0,
        language="pt-BR",
        reach=7,
        owner_reply="Obrigado! Patch on Friday.",
        owner_replied_at=datetime(2026, 9, 20, 10, tzinfo=UTC),
    )
    assert [mention.rating for mention in mentions] == [1.0, 0.0, 0.0]
    assert mentions[1].language == "zh-CN"
    assert mentions[2].owner_reply == "Sorry to hear it."
    assert mentions[2].owner_replied_at is None, "Steam says 0 where it does not know"
    assert (refusals, problem) == ([], None)
    assert "cursor=AoJwgMiH%2B5QDfd3CtgU%3D" in requests[0].url


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"author": ...}, True),
        ({"author": "x"}, False),
        ({"recommendationid": None}, False),
        ({"voted_up": ...}, True),
        ({"voted_up": "yes"}, False),
        ({"timestamp_created": ...}, False),
        ({"timestamp_created": 0}, False),
        ({"timestamp_created": "2099-01-01"}, False),
        ({"timestamp_updated": "x"}, True),
        ({"review": ""}, True),
        ({"review": {}}, False),
        ({"language": None}, True),
        ({"votes_up": 4294967295}, True),
        ({"developer_response": None}, True),
    ],
)
def test_one_bad_field_costs_one_review_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("steam"), changed(**change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (2 + kept, 1 - kept)


def test_a_repeated_cursor_and_an_empty_page_end_the_paging() -> None:
    spider = spider_of("steam")
    (first,) = first_requests(spider)
    (second,) = read(spider, BODY, first)[2]
    assert read(spider, BODY, second)[2] == [], "the same cursor again"
    empty = json.dumps({"success": 1, "reviews": [], "cursor": "other"})
    assert read(spider, empty, first)[2] == []


def test_edits_are_looked_for_once_there_was_a_first_run() -> None:
    assert len(first_requests(spider_of("steam"))) == 1
    recent, updated = first_requests(spider_of("steam", since=NOW))
    assert "filter=recent" in recent.url
    assert "filter=updated" in updated.url


def test_an_old_review_edited_since_keeps_the_paging_of_edits_going() -> None:
    since = datetime(2026, 9, 20, 9, tzinfo=UTC)
    spider = spider_of("steam", since=since)
    data = json.loads(BODY)
    data["reviews"] = data["reviews"][:1]  # created before, edited after
    assert len(read(spider, json.dumps(data))[2]) == 1


def test_failure_in_a_good_status_is_a_failure() -> None:
    problem = read(spider_of("steam"), '{"success": 2}')[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.FAILED
