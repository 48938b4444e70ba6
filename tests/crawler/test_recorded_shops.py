"""More spiders over responses that others recorded: shops, app stores, pages, owners' APIs.

What is pinned are counts, ids, lengths and hashes: see test_recorded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crawler.runner import CrawlJob
from storage.models import CrawlOutcome
from storage.store import Store
from tests.crawler.fleet import run_fleet
from tests.crawler.reading import read, spider_of
from tests.crawler.site import Reply, running_site
from tests.crawler.test_recorded_first import OPTIONAL, digest, pinned

pytestmark = pytest.mark.recorded

PINNED = Path(__file__).with_name("recordings_shops.json")
TOKEN = b'{"access_token": "made-up", "token_type": "bearer"}'
# What stands in a text only when the markup around it was not understood.
REMNANTS = ("<p>", "<br", "</", "&quot;", "&#39;", "&amp;", "\\u003", "[comments]", "\x00")


@dataclass(frozen=True)
class Recorded:
    """A recorded body, who reads it, and what must come out; `follows` are further pages."""

    file: str
    source: str
    options: dict[str, Any]
    mentions: int
    full: list[str]
    partly: dict[str, int]
    spots: list[dict[str, Any]]
    follows: int = 0


RECORDINGS = [Recorded(**given) for given in json.loads(PINNED.read_text())]


@pytest.fixture(autouse=True)
def app_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDDIT_CLIENT_ID", "made-up")
    monkeypatch.setenv("REDDIT_CLIENT_SECRET", "made-up")


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.file)
def test_a_recorded_response_is_read_whole(recording: Recorded, recorded: Path) -> None:
    spider = spider_of(recording.source, recording.options)
    mentions, refusals, requests, problem = read(spider, (recorded / recording.file).read_bytes())

    assert (len(mentions), refusals, problem) == (recording.mentions, [], None)
    assert len({mention.id for mention in mentions}) == len(mentions)
    assert len(requests) == recording.follows
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


def test_nothing_of_the_markup_is_left(recorded: Path) -> None:
    for recording in RECORDINGS:
        spider = spider_of(recording.source, recording.options)
        # Who writes of programs writes of markup.
        marks = () if "praw" in recording.file else REMNANTS
        for mention in read(spider, (recorded / recording.file).read_bytes())[0]:
            for text in (mention.text, mention.title or "", mention.owner_reply or ""):
                assert not [mark for mark in marks if mark in text], mention.id
                assert text == text.strip()
            assert mention.url is not None


def test_no_address_of_a_reviewer_is_kept(recorded: Path) -> None:
    raw = (recorded / "woocommerce/wc_fetch_product_reviews_response.json").read_text()
    addresses = {review["reviewer_email"] for review in json.loads(raw)["data"]}
    kept = repr(read(spider_of("woocommerce"), raw)[0])
    assert addresses
    assert not [address for address in addresses if address in kept]


def test_the_envelope_and_its_array_give_the_same(recorded: Path) -> None:
    name = recorded / "google_play/batchexecute_UsvDTd_robinhood_2026-09"
    one, other = (
        read(spider_of("google_play"), name.with_suffix(suffix).read_bytes())
        for suffix in (".txt", ".json")
    )
    assert one[0] == other[0]
    assert one[2][0].body == other[2][0].body


def test_the_data_and_the_page_around_it_give_the_same(recorded: Path) -> None:
    bare, page = (
        (recorded / f"chrome_web_store/reviews_{name}_2026-07").with_suffix(suffix).read_bytes()
        for name, suffix in (
            ("ds1_broken-link-check", ".json"),
            ("page_broken-link-check", ".html"),
        )
    )
    assert read(spider_of("chrome_web_store"), bare) == read(spider_of("chrome_web_store"), page)


def test_a_page_of_a_product_without_reviews_is_empty(recorded: Path) -> None:
    body = (recorded / "schema_org/product_microdata_vetuk.html").read_bytes()
    assert read(spider_of("web_reviews"), body)[:2] == ([], [])
    assert read(spider_of("web_reviews"), body)[3] is None


def test_served_from_loopback_twice_the_second_run_adds_nothing(recorded: Path, db: Path) -> None:
    with running_site() as site:
        jobs = []
        for number, recording in enumerate(RECORDINGS):
            site.on(f"/{number}/", Reply((recorded / recording.file).read_bytes()))
            site.on(f"/{number}/api/v1/access_token", Reply(TOKEN))
            job = CrawlJob(
                brand="Recorded",
                query="tweepy OR nyc OR reddit OR people",
                source=recording.source,
                options=recording.options,
                db=db,
                base_url=f"{site.url}/{number}",
            )
            jobs.append(job)
        first, second = run_fleet(jobs), run_fleet(jobs)

    for recording, one, two in zip(RECORDINGS, first, second, strict=True):
        assert one.outcome is two.outcome is CrawlOutcome.OK, (recording.file, one.reason)
        assert one.seen == two.seen == recording.mentions
        assert one.new + one.known + one.irrelevant == recording.mentions
        assert (two.new, two.edited) == (0, 0)
    with Store.open(db) as store:
        assert store.mentions.count() == sum(report.new for report in first)
