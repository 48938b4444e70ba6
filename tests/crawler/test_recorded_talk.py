"""The spiders of talk over responses that others recorded from the live services.

What is pinned are counts, ids, lengths and hashes: the texts are their authors' and stay where
they are. Where a recording holds no text, or no time, its entries are refused by that name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest

from config.query import parse_query
from crawler.runner import CrawlJob
from storage.models import CrawlOutcome, Mention
from storage.store import Store
from tests.crawler.fleet import run_fleet
from tests.crawler.reading import answer, first_requests, read, spider_of
from tests.crawler.site import Answer, Asked, Reply, running_site
from tests.crawler.test_recorded_first import digest, pinned

pytestmark = pytest.mark.recorded


@dataclass(frozen=True)
class Recording:
    """A recorded body, who reads it, and what must come out."""

    file: str
    source: str
    options: dict[str, Any]
    mentions: int
    refused: int
    reasons: list[str]
    problem: str | None
    # What every mention of it fills, and the percentage of what only some do.
    full: list[str]
    partly: dict[str, int]
    # Single mentions by their place; ids as digests, texts as lengths and digests.
    spots: list[dict[str, Any]]


PINNED = Path(__file__).with_name("recordings_talk.json")
RECORDINGS = [Recording(**given) for given in json.loads(PINNED.read_text())]
OPTIONAL = [item.name for item in fields(Mention) if item.default is None]
SESSION = b'{"accessJwt": "made-up", "refreshJwt": "made-up"}'


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.file)
def test_a_recorded_response_is_read_whole(recording: Recording, recorded: Path) -> None:
    spider = spider_of(recording.source, recording.options)
    mentions, refusals, _, problem = read(spider, (recorded / recording.file).read_bytes())

    assert (len(mentions), len(refusals)) == (recording.mentions, recording.refused)
    assert sorted({refusal.reason for refusal in refusals}) == recording.reasons
    assert (problem.outcome.value if problem else None) == recording.problem
    share = {
        name: round(100 * sum(getattr(m, name) is not None for m in mentions) / len(mentions))
        for name in OPTIONAL
        if mentions
    }
    assert {name for name, filled in share.items() if filled == 100} == set(recording.full)
    assert {n: filled for n, filled in share.items() if 0 < filled < 100} == recording.partly
    for spot in recording.spots:
        mention = mentions[spot["place"]]
        assert digest(mention.native_id) == spot["native_id"]
        expected = {name: spot[name] for name in spot.keys() - {"place", "native_id"}}
        assert {name: pinned(name, getattr(mention, name)) for name in expected} == expected


def test_nothing_of_the_markup_is_left(recorded: Path) -> None:
    for recording in RECORDINGS:
        spider = spider_of(recording.source, recording.options)
        for mention in read(spider, (recorded / recording.file).read_bytes())[0]:
            for remnant in ("<p>", "</a>", "<br", "&quot;", "&amp;", "&#39;", "\x00", "# Ich"):
                assert remnant not in mention.text, (recording.file, mention.id, remnant)
            assert mention.text == mention.text.strip()
            assert mention.url is None or mention.url.startswith("http")
            assert mention.parent_id is None or mention.parent_id.startswith(f"{mention.source}:")


def test_a_recorded_link_header_leads_to_the_second_page(recorded: Path) -> None:
    folder = recorded / "mastodon"
    headers = json.loads((folder / "tag_ichbinhanna_page1.headers.json").read_text())
    body = (folder / "tag_ichbinhanna_page1.json").read_bytes()
    (request,) = first_requests(spider_of("mastodon", {"hashtags": ["ichbinhanna"]}))
    (second,) = answer(request, body, headers={"Link": headers["link"]})[2]
    assert second.url == (
        "https://mastodon.social/api/v1/timelines/tag/ichbinhanna?limit=40"
        "&max_id=114630169307317488"
    )


def test_a_recorded_answer_of_staff_becomes_the_reply(recorded: Path) -> None:
    body = (recorded / "discourse/discourse_posts.json").read_bytes()
    posts = json.loads(body)["post_stream"]["posts"]
    options = {"forum": "https://forum.acme.example", "staff": [posts[2]["username"]]}
    mentions, refusals, _, problem = read(spider_of("discourse", options), body)
    assert (len(mentions), refusals, problem) == (3, [], None)
    assert [mention.owner_reply is not None for mention in mentions] == [True, False, False]
    assert mentions[0].owner_replied_at is not None
    assert mentions[0].owner_replied_at.isoformat() == "2016-05-24T16:49:32+00:00"


def test_a_recorded_backoff_is_waited_for(recorded: Path) -> None:
    spider = spider_of("stackexchange")
    read(
        spider, (recorded / "stackexchange/stackexchange_question_backoff_page.json").read_bytes()
    )
    assert spider.body_waits["api.stackexchange.com"] > 0


def test_recorded_cursors_lead_through_the_discussions(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "made-up")
    spider = spider_of("github", {"repositories": ["PyGithub/PyGithub"], "discussions": True})
    request = first_requests(spider)[1]
    refused = 0
    for number in (1, 2, 3):
        body = json.loads(
            (recorded / f"github/graphql_discussions_pygithub_2024_page{number}.json").read_text()
        )
        # The client that recorded them asked for neither ids nor times: made whole here.
        for node in body["data"]["repository"]["discussions"]["nodes"]:
            node |= {"databaseId": node["number"], "createdAt": "2024-01-01T00:00:00Z"}
        mentions, refusals, requests, problem = answer(request, json.dumps(body))
        assert (len(mentions), problem) == (5 if number == 3 else 30, None)
        refused += len(refusals)
        assert len(requests) == (number < 3)
        request = requests[0] if requests else request
    assert refused == 0


def test_served_from_loopback_twice_the_second_run_adds_nothing(recorded: Path, db: Path) -> None:
    readable = [recording for recording in RECORDINGS if recording.mentions]
    with running_site() as site:
        jobs = []
        for number, recording in enumerate(readable):
            site.on(f"/{number}/", served((recorded / recording.file).read_bytes()))
            jobs.append(
                CrawlJob(
                    # Of a brand each: files hold the same posts, and one brand owns a mention.
                    brand=f"Recorded {number}",
                    query="unmatched",
                    source=recording.source,
                    options=recording.options,
                    db=db,
                    base_url=f"{site.url}/{number}",
                )
            )
        first, second = run_fleet(jobs), run_fleet(jobs)
    for recording, one, two in zip(readable, first, second, strict=True):
        assert one.outcome is two.outcome is CrawlOutcome.OK, (recording.file, one)
        assert one.seen == two.seen == len(known(recording, recorded)), recording.file
        assert one.new + one.known + one.irrelevant == one.seen
        assert (two.new, two.edited) == (0, 0)
    with Store.open(db) as store:
        assert store.mentions.count() == sum(report.new for report in first)


def served(body: bytes) -> Answer:
    def answered(asked: Asked) -> Reply:
        return Reply(SESSION if asked.path.endswith("createSession") else body)

    return answered


def known(recording: Recording, recorded: Path) -> set[str]:
    spider = spider_of(recording.source, recording.options)
    body = (recorded / recording.file).read_bytes()
    return {mention.native_id for mention in read(spider, body)[0]}


def test_a_recorded_post_is_found_by_its_words(recorded: Path) -> None:
    body = (recorded / "bluesky/searchPosts_redistricting.json").read_bytes()
    query = parse_query("redistricting")
    mentions = read(spider_of("bluesky"), body)[0]
    assert sum(query.matches(mention) for mention in mentions) == len(mentions) == 21
