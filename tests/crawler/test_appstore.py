"""The App Store spider: both forms of Apple's feed, and its many ways of saying nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import NOW, RESPONSES, first_requests, read, response_of, spider_of

BODY = response_of("appstore")


def changed(**change: Any) -> bytes:
    """Give our response with fields of its first review replaced; None removes one."""
    data = json.loads(BODY)
    review = data["feed"]["entry"][1]
    for name, value in change.items():
        key = name.replace("im_", "im:")
        if value is ...:
            del review[key]
        else:
            review[key] = value
    return json.dumps(data).encode()


def test_a_review_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("appstore"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="appstore",
        native_id="70000000001",
        title="Rebooked in a minute & smiling",
        text="My flight was cancelled.\n\nThe app put me on the next one before I reached the "
        "desk — thank you, Rita!",
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 16, 13, 5, tzinfo=UTC),
        url="https://apps.apple.com/us/app/id1000001?see-all=reviews",
        author="window seat fan",
        author_native_id="900000001",
        rating=5.0,
        rating_max=5.0,
        language="en",
        reach=4,
        country="US",
        product_version="4.2.0",
    )
    assert len(mentions) == 3, "the app's own entry is no review"
    assert mentions[2].text == "ok", "a title without text is the text"
    assert (refusals, problem) == ([], None)
    assert [request.meta["page"] for request in requests] == [2]


def test_the_xml_form_reads_as_the_json_form() -> None:
    spider = spider_of("appstore")
    by_json = read(spider, BODY)[0]
    by_xml = read(spider, (RESPONSES / "appstore.xml").read_bytes())[0]

    assert by_xml == by_json[:2]


def test_a_single_review_comes_bare() -> None:
    data = json.loads(BODY)
    data["feed"]["entry"] = data["feed"]["entry"][1]
    mentions, _, _, _ = read(spider_of("appstore"), json.dumps(data))
    assert [mention.native_id for mention in mentions] == ["70000000001"]


@pytest.mark.parametrize(
    ("change", "kept", "reason"),
    [
        ({"im_rating": ...}, True, None),
        ({"im_rating": {"label": None}}, True, None),
        ({"im_rating": {"label": "six"}}, False, "rating 'six' is no rating"),
        ({"im_rating": {"label": "6"}}, False, "rating 6 is not between 0 and 5"),
        ({"im_rating": 5}, False, "stands where an object"),
        ({"author": ...}, True, None),
        ({"author": ["x"]}, False, "stands where an object"),
        ({"id": ...}, False, "id is missing"),
        ({"id": {"label": {"a": 1}}}, False, "id is an object"),
        ({"updated": {"label": "1970-01-01T00:00:00Z"}}, True, None),
        ({"updated": {"label": "2099-01-01T00:00:00Z"}}, True, None),
        ({"updated": {"label": "soon"}}, True, None),
        ({"content": {"label": None}, "title": {"label": ""}}, True, None),
        ({"im_voteCount": {"label": "many"}}, True, None),
    ],
)
def test_one_bad_field_costs_one_review_at_most(
    change: dict[str, Any], kept: bool, reason: str | None
) -> None:
    mentions, refusals, _, problem = read(spider_of("appstore"), changed(**change))

    assert problem is None
    assert len(mentions) == 2 + kept
    assert [bool(reason and reason in refusal.reason) for refusal in refusals] == [True] * (
        1 - kept
    )


def test_an_empty_or_blocked_page_is_asked_for_in_the_other_forms() -> None:
    spider = spider_of("appstore")
    (first,) = first_requests(spider)
    for body in (b'{"feed": {}}', b"<!DOCTYPE html><html></html>", b"", b'{"feed": {"entry": ['):
        mentions, _, (xml,), problem = read(spider, body, first)
        assert (mentions, problem) == ([], None)
        assert xml.url.endswith("/us/rss/customerreviews/page=1/id=1000001/sortby=mostrecent/xml")
        _, _, (other,), _ = read(spider, body, xml)
        assert other.url.endswith("/id=1000001/sortBy=mostRecent/page=1/json")
    # No form is left: what is wrong is said.
    assert read(spider, b'{"feed": {}}', other)[3] is None
    assert read(spider, b"", other)[3].outcome is CrawlOutcome.BROKEN  # type: ignore[union-attr]
    blocked = read(spider, b"<html><title>Sorry</title></html>", other)[3]
    assert blocked is not None
    assert blocked.outcome is CrawlOutcome.BLOCKED


def test_reviews_without_a_date_are_looked_for_in_the_xml_form() -> None:
    data = json.loads(BODY)
    for entry in data["feed"]["entry"][1:]:
        del entry["updated"]
    data["feed"]["entry"].pop(0)
    mentions, refusals, (xml,), _ = read(spider_of("appstore"), json.dumps(data))
    assert (mentions, refusals) == ([], [])
    assert xml.url.endswith("/xml")


def test_paging_stops_at_a_page_that_lies_before_since() -> None:
    since = datetime(2026, 9, 20, tzinfo=UTC)
    assert len(read(spider_of("appstore", since=since), BODY)[2]) == 1
    assert read(spider_of("appstore", since=NOW), BODY)[2] == []


def test_each_country_is_read_once_and_speaks_its_language() -> None:
    options = {"app_id": 1, "countries": ["de", "CH", "de"]}
    spider = spider_of("appstore", options)
    german, swiss = first_requests(spider)
    assert "/de/rss/" in german.url
    assert read(spider, BODY, german)[0][0].language == "de"
    assert read(spider, BODY, swiss)[0][0].language is None
