"""The GDELT spider: slices of time, notices in plain text, JSON that is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from scrapy.settings import Settings

from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import NOW, answer, first_requests, read, response_of, spider_of

BODY = response_of("gdelt")


def changed(**change: Any) -> str:
    data = json.loads(BODY)
    for name, value in change.items():
        if value is ...:
            del data["articles"][0][name]
        else:
            data["articles"][0][name] = value
    return json.dumps(data)


def test_an_article_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("gdelt"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="gdelt",
        native_id="https://news.example/2026/10/acme-3",
        title="Acme Air grounds its fleet & says sorry",
        text="Acme Air grounds its fleet & says sorry",
        fetched_at=NOW,
        created_at=datetime(2026, 10, 23, 10, 15, tzinfo=UTC),
        url="https://news.example/2026/10/acme-3",
        author="news.example",
        author_native_id="news.example",
        language="en",
    )
    assert len(mentions) == 3
    assert (mentions[1].language, mentions[1].text) == ("de", 'Acme Air stellt "Nachtflüge" ein')
    assert mentions[2].native_id == "https://news.example/2026/10/acme-1", "no tracking"
    assert (refusals, requests, problem) == ([], [], None)


def test_it_asks_for_all_terms_at_once_and_since() -> None:
    since = datetime(2026, 10, 30, tzinfo=UTC)
    options = {"languages": ["english", "german"], "without_domains": ["acme.example"]}
    spider = spider_of("gdelt", options, since)
    (request,) = first_requests(spider)
    asked = dict(parse_qsl(urlsplit(request.url).query))
    wanted = '"acme air" (sourcelang:english OR sourcelang:german) -domain:acme.example'
    assert asked["query"] == wanted
    assert (asked["startdatetime"], asked["enddatetime"]) == ("20261030000000", "20261101000000")
    assert spider.asked_since
    given = Settings()
    spider.slow_down(given)
    assert given.getfloat("DOWNLOAD_DELAY") >= 5


def test_a_whole_text_match_is_kept_on_wish_only() -> None:
    assert spider_of("gdelt").wants_match
    assert not spider_of("gdelt", {"title_only": False}).wants_match


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"url": ...}, False),
        ({"url": None}, False),
        ({"url": "javascript:alert(1)"}, False),
        ({"url": 7}, False),
        ({"title": ...}, False),
        ({"title": ""}, False),
        ({"title": {}}, False),
        ({"seendate": ...}, False),
        ({"seendate": "soon"}, False),
        ({"domain": None}, True),
        ({"language": ...}, True),
        ({"language": "Klingon"}, True),
        ({"language": []}, False),
        ({"socialimage": 3}, True),
    ],
)
def test_one_bad_field_costs_one_article_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("gdelt"), changed(**change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (2 + kept, 1 - kept)


def test_escapes_that_json_does_not_know_and_control_characters_are_mended() -> None:
    body = BODY.replace(
        b"grounds its fleet", rb"grounds it\'s \d fl\u00e9et \\ on" + b"\ta\x01day"
    )
    mentions, refusals, _, problem = read(spider_of("gdelt"), body)
    assert (len(mentions), refusals, problem) == (3, [], None)
    assert mentions[0].title == "Acme Air grounds it's d fléet \\ on aday & says sorry"


@pytest.mark.parametrize("body", [b"{}", b'{"articles": []}', b"[]"])
def test_nothing_found_is_no_problem(body: bytes) -> None:
    assert read(spider_of("gdelt"), body) == ([], [], [], None)


def test_a_bare_list_is_read_too() -> None:
    body = json.dumps(json.loads(BODY)["articles"])
    assert len(read(spider_of("gdelt"), body)[0]) == 3


def test_a_notice_to_slow_down_is_waited_for_and_then_told() -> None:
    spider = spider_of("gdelt")
    notice = b"Please limit requests to one every 5 seconds or contact someone@example.org"
    (request,) = first_requests(spider)
    for _ in range(2):
        mentions, _, (request,), problem = answer(request, notice)
        assert (mentions, problem) == ([], None)
    assert spider.body_waits["api.gdeltproject.org"] > 0
    mentions, _, requests, problem = answer(request, notice)
    assert (mentions, requests) == ([], [])
    assert problem is not None
    assert problem.outcome is CrawlOutcome.BLOCKED
    assert "limit requests" in problem.reason
    assert "@" not in problem.reason
    assert len(answer(first_requests(spider)[0], BODY)[0]) == 3


def test_a_query_that_is_refused_is_named() -> None:
    problem = read(spider_of("gdelt"), b"The specified phrase is too short.\n")[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.FAILED
    assert "The specified phrase is too short" in problem.reason


def served(query: dict[str, str], seen: list[datetime]) -> str:
    """Answer as GDELT does: the newest 250 within the bounds, both of them inclusive."""
    start, end = (
        datetime.strptime(query[name], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        for name in ("startdatetime", "enddatetime")
    )
    fitting = sorted({(when, n) for n, when in enumerate(seen) if start <= when <= end})[::-1]
    articles = [
        {
            "url": f"https://a.example/{n}",
            "title": "Acme Air",
            "seendate": f"{when:%Y%m%dT%H%M%SZ}",
        }
        for when, n in fitting[:250]
    ]
    return json.dumps({"articles": articles})


def crawl(seen: list[datetime], pages: int = 50) -> tuple[set[str], int]:
    waiting, found, asked = first_requests(spider_of("gdelt", {"pages": pages})), set(), 0
    while waiting:
        request = waiting.pop()
        asked += 1
        query = dict(parse_qsl(urlsplit(request.url).query))
        mentions, _, requests, _ = answer(request, served(query, seen))
        found |= {mention.native_id for mention in mentions}
        waiting += requests
    return found, asked


def test_it_reads_past_the_250_that_an_answer_holds() -> None:
    seen = [NOW - timedelta(minutes=7 * n) for n in range(900)]
    found, asked = crawl(seen)
    assert len(found) == 900
    assert asked <= 6


def test_more_in_one_moment_than_an_answer_holds_ends_the_paging() -> None:
    assert crawl([NOW - timedelta(hours=1)] * 400)[1] <= 3


def test_paging_is_bounded() -> None:
    assert crawl([NOW - timedelta(minutes=5 * n) for n in range(2000)], pages=3)[1] == 3
