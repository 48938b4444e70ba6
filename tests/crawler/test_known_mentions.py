"""A crawl ends after a run of known mentions, and never because of what a cut run stored."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from crawler.base import MentionSpider
from crawler.entry_problems import Gone
from crawler.runner import CrawlJob
from storage.models import AlertKind, AlertState, Mention, NewAlert
from storage.store import Store
from tests.crawler.fleet import run_fleet
from tests.crawler.site import Asked, Reply, Site

NOW = datetime(2026, 9, 1, tzinfo=UTC)
PER_PAGE = 100
PAGES = 5


class Reviews:
    """A game's reviews at Steam, newest first; `edited` ones read differently."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.edited: set[int] = set()

    def answer(self, asked: Asked) -> Reply:
        cursor = asked.query["cursor"]
        page = 0 if cursor == "*" else int(cursor[1:])
        keys = range(
            self.number - page * PER_PAGE, max(0, self.number - (page + 1) * PER_PAGE), -1
        )
        reviews = [self.review(key) for key in keys]
        following = f"c{page + 1}" if (page + 1) * PER_PAGE < self.number else "*"
        body = {"success": 1, "reviews": reviews, "cursor": following}
        return Reply(json.dumps(body).encode())

    def review(self, key: int) -> dict[str, Any]:
        written = int((NOW - timedelta(minutes=2000 - key)).timestamp())
        return {
            "recommendationid": str(key),
            "author": {"steamid": str(key)},
            "review": f"Number {key}" + (", edited" if key in self.edited else ""),
            "timestamp_created": written,
            "voted_up": True,
        }


def job_of(site: Site, db: Path, **more: Any) -> CrawlJob:
    options = {"app_id": 440, "pages": 20}
    return replace(CrawlJob("A", "acme", "steam", options, db=db, base_url=site.url), **more)


def asked_for(site: Site, job: CrawlJob, answer: Any) -> list[str]:
    site.on("/appreviews/", answer)
    before = len(site.requests)
    run_fleet([job])
    return [
        request.query["cursor"]
        for request in site.requests[before:]
        if request.query["filter"] == "recent"
    ]


def test_a_run_of_known_ones_ends_the_paging(site: Site, db: Path) -> None:
    reviews = Reviews(500)
    since = NOW - timedelta(days=30)
    assert len(asked_for(site, job_of(site, db), reviews.answer)) == PAGES

    again = job_of(site, db, since=since, known_before=datetime.now(UTC))
    reviews.number = 530
    assert asked_for(site, again, reviews.answer) == ["*", "c1"], "30 are new, 100 in a row known"
    without = replace(again, known_before=None)
    assert len(asked_for(site, without, reviews.answer)) == 6
    with Store.open(db) as store:
        assert store.mentions.count() == 530


def test_what_a_cut_run_stored_ends_nothing(site: Site, db: Path) -> None:
    reviews = Reviews(500)
    asked_for(site, job_of(site, db), reviews.answer)
    good_until = datetime.now(UTC)
    reviews.number = 900
    # A second later: the store's times are whole seconds.
    later = (good_until + timedelta(seconds=2)).replace(microsecond=0)
    with Store.open(db) as store:
        store.mentions.save([mention(900 - n, later) for n in range(300)])
    again = job_of(site, db, since=NOW - timedelta(days=30), known_before=good_until)
    asked_for(site, again, reviews.answer)
    with Store.open(db) as store:
        assert store.mentions.count() == 900, "the hundred that the cut run did not reach too"


def test_edits_are_no_known_ones(site: Site, db: Path) -> None:
    reviews = Reviews(500)
    asked_for(site, job_of(site, db), reviews.answer)
    reviews.edited = set(range(5, 500, 50))
    again = job_of(site, db, since=NOW - timedelta(days=30), known_before=datetime.now(UTC))
    assert len(asked_for(site, again, reviews.answer)) == PAGES, "no hundred in a row is unchanged"


def mention(key: int, fetched_at: datetime) -> Mention:
    return Mention(
        brand="A",
        source="steam",
        native_id=str(key),
        text=f"Number {key}",
        rating=1.0,
        rating_max=1.0,
        created_at=NOW - timedelta(minutes=2000 - key),
        fetched_at=fetched_at,
        author_native_id=str(key),
    )


def test_what_is_not_about_the_brand_is_no_sign() -> None:
    class Searched(MentionSpider):
        name = "searched"
        label = limits = terms = "x"
        default_base_url = "https://x.example"
        enough_known = 3

    spider = Searched(query="acme")
    told = [
        Mention(brand="A", source="searched", native_id=str(n), text=text, fetched_at=NOW)
        for n, text in enumerate(["acme", "other", "acme", "other", "acme"])
    ]
    hashes = {one.native_id: one.text_hash for one in told if one.text == "acme"}
    spider.known = lambda native_ids: hashes
    assert spider._known_in_a_row(told, 0) == 3
    del hashes["2"]
    assert spider._known_in_a_row(told, 0) == 1, "an unknown one about the brand begins anew"
    assert spider._known_in_a_row(told[4:], 2) == 3, "pages add up"
    assert spider.gone("9") == Gone("9")


def test_a_deleted_mention_is_marked_and_not_told_any_more(db: Path) -> None:
    with Store.open(db) as store:
        store.mentions.save([mention(1, NOW), mention(2, NOW)])
        store.outbox.add([alert("steam:1", "a"), alert("steam:2", "b")])
        saved = store.mentions.save([mention(3, NOW)], ["steam:1", "steam:99"], NOW)
        assert (saved.new, saved.deleted) == (1, 1)
        assert store.mentions.save([], ["steam:1"], NOW).deleted == 0
        assert store.outbox.counts()[AlertState.DROPPED] == 1
        assert store.outbox.counts()[AlertState.PENDING] == 1
        row = store.database.connection.execute(
            "SELECT text, deleted_at FROM mentions WHERE id = 'steam:1'"
        ).fetchone()
        assert row["text"] == "Number 1"
        assert row["deleted_at"]
        store.mentions.save([mention(1, NOW)])
        (back,) = store.database.connection.execute(
            "SELECT deleted_at FROM mentions WHERE id = 'steam:1'"
        ).fetchone()
        assert back is None, "it is there again"


def alert(mention_id: str, key: str) -> NewAlert:
    return NewAlert(
        dedupe_key=key,
        kind=AlertKind.WOW,
        brand="A",
        channel="#c",
        payload={"text": "t"},
        created_at=NOW,
        mention_id=mention_id,
    )
