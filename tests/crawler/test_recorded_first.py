"""The spiders over responses that others recorded from the live services.

What is pinned are counts, ids, lengths and hashes: the texts are their authors' and stay where
they are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from crawler.runner import CrawlJob
from storage.models import CrawlOutcome, Mention
from storage.store import Store
from tests.crawler.fleet import run_fleet
from tests.crawler.reading import read, spider_of
from tests.crawler.site import Reply, running_site

pytestmark = pytest.mark.recorded


def digest(text: str | None) -> str:
    return sha256((text or "").encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Recording:
    """A recorded body, who reads it, and what must come out."""

    file: str
    source: str
    options: dict[str, Any]
    mentions: int
    # What every mention of it fills, and the percentage of what only some do.
    full: list[str]
    partly: dict[str, int]
    # Single mentions by their place; ids as digests, texts as lengths and digests.
    spots: list[dict[str, Any]]

    def body(self, recorded: Path) -> bytes:
        raw = (recorded / self.file).read_bytes()
        if self.source != "steam":
            return raw
        # A file of the client library that recorded it: made the page that it was again.
        data = json.loads(raw)
        page = {"success": 1, "query_summary": data["query_summary"], "cursor": "*"}
        return json.dumps({**page, "reviews": list(data["reviews"].values())}).encode()


BLOCKED = "reddit/blocked_network_policy_old_reddit_403.html"
PINNED = Path(__file__).with_name("recordings.json")
RECORDINGS = [Recording(**given) for given in json.loads(PINNED.read_text())]
OPTIONAL = [item.name for item in fields(Mention) if item.default is None]


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.file)
def test_a_recorded_response_is_read_whole(recording: Recording, recorded: Path) -> None:
    spider = spider_of(recording.source, recording.options)
    mentions, refusals, _, problem = read(spider, recording.body(recorded))

    assert (len(mentions), refusals, problem) == (recording.mentions, [], None)
    assert len({mention.id for mention in mentions}) == len(mentions)
    share = {
        name: round(100 * sum(getattr(m, name) is not None for m in mentions) / len(mentions))
        for name in OPTIONAL
    }
    assert {name for name, filled in share.items() if filled == 100} == set(recording.full)
    assert {n: filled for n, filled in share.items() if 0 < filled < 100} == recording.partly
    for spot in recording.spots:
        mention = mentions[spot["place"]]
        assert digest(mention.native_id) == spot["native_id"]
        expected = {name: spot[name] for name in spot.keys() - {"place", "native_id"}}
        assert {name: pinned(name, getattr(mention, name)) for name in expected} == expected


def pinned(name: str, value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if name == "language" or not isinstance(value, str | None):
        return value
    return [len(value or ""), digest(value)]


def test_nothing_of_the_markup_is_left(recorded: Path) -> None:
    for recording in RECORDINGS:
        spider = spider_of(recording.source, recording.options)
        for mention in read(spider, recording.body(recorded))[0]:
            for remnant in ("<p>", "</a>", "&quot;", "&#x27;", "[comments]", "[/b]", "\x00"):
                assert remnant not in mention.text, (recording.file, mention.id, remnant)
            assert mention.text == mention.text.strip()
            assert mention.url is None or mention.url.startswith("http")


def test_the_recorded_block_page_is_named(recorded: Path) -> None:
    mentions, _, _, problem = read(spider_of("reddit"), (recorded / BLOCKED).read_bytes())
    assert mentions == []
    assert problem is not None
    assert problem.outcome is CrawlOutcome.BLOCKED


def test_served_from_loopback_twice_the_second_run_adds_nothing(recorded: Path, db: Path) -> None:
    queries = {"hackernews": "show", "reddit": "bike OR bell"}
    with running_site() as site:
        jobs = []
        for number, recording in enumerate(RECORDINGS):
            site.on(f"/{number}/", Reply(recording.body(recorded)))
            job = CrawlJob(
                brand="Recorded",
                query=queries.get(recording.source, "unused"),
                source=recording.source,
                options=recording.options,
                db=db,
                base_url=f"{site.url}/{number}",
            )
            jobs.append(job)
        site.on("/blocked/", Reply((recorded / BLOCKED).read_bytes(), 403))
        options = {"obey_robots": False}
        blocked = f"{site.url}/blocked"
        jobs.append(CrawlJob("Recorded", "bell", "reddit", options, db=db, base_url=blocked))
        first, second = run_fleet(jobs), run_fleet(jobs)

    assert first[-1].outcome is second[-1].outcome is CrawlOutcome.BLOCKED
    for recording, one, two in zip(RECORDINGS, first, second, strict=False):
        assert one.outcome is two.outcome is CrawlOutcome.OK, recording.file
        assert one.seen == two.seen == recording.mentions
        assert one.new + one.irrelevant == recording.mentions
        assert (two.new, two.edited) == (0, 0)
    with Store.open(db) as store:
        assert store.mentions.count() == sum(report.new for report in first)
