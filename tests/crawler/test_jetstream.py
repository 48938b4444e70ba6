"""Bluesky's stream over real WebSocket: what is kept, where a crawl goes on, what ends it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import Request

from crawler import jetstream
from crawler.catalog import sources
from crawler.entry_problems import PageError, Refusal
from crawler.jetstream import read_stream, words_of
from crawler.runner import CrawlJob
from storage.models import CrawlOutcome, CrawlReport, Mention
from storage.store import Store
from tests.crawler.fleet import run_fleet
from tests.crawler.reading import NOW, RESPONSES, answer, first_requests, spider_of
from tests.crawler.stream_server import StreamServer, microseconds, running_stream
from tests.crawler.test_fuzz import check_mention, places, quick, replaced, values

STREAM: dict[str, Any] = {"mode": "stream"}
MINA, JO = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "did:plc:bbbbbbbbbbbbbbbbbbbbbbbb"
UNSEEN = "did:plc:cccccccccccccccccccccccc"
PROFILES: list[dict[str, Any]] = [
    {"did": MINA, "handle": "mina.example", "followersCount": 321, "labels": []},
    {"did": JO, "handle": "jo.example", "followersCount": 7},
    {"did": UNSEEN, "handle": "x.example", "labels": [{"val": "!no-unauthenticated"}]},
]


def frames(shift: timedelta = timedelta()) -> list[dict[str, Any]]:
    """Give the frames in the repository, moved in time."""
    lines = (RESPONSES / "bluesky_stream.jsonl").read_text("utf-8").splitlines()
    given = [json.loads(line) for line in lines]
    for frame in given:
        for name in ("time", "witnessedAt"):
            moment = datetime.fromisoformat(frame["payload"][name]) + shift
            frame["payload"][name] = moment.isoformat()
    return given


def recent() -> list[dict[str, Any]]:
    """Give the frames as of some minutes ago."""
    first = datetime.fromisoformat(frames()[0]["payload"]["time"])
    return frames(datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=9) - first)


def body_of(given: list[dict[str, Any]]) -> str:
    return json.dumps({"posts": len(given), "events": [frame["payload"] for frame in given]})


def asked_profiles(
    options: dict[str, Any] | None = None, body: str | None = None
) -> tuple[list[Refusal], list[Request]]:
    spider = spider_of("bluesky", {**STREAM, **(options or {})})
    (request,) = first_requests(spider)
    mentions, refusals, requests, problem = answer(request, body or body_of(frames()))
    assert (mentions, problem) == ([], None)
    return refusals, requests


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[StreamServer]:
    for name in sources()["bluesky"].secrets:
        monkeypatch.delenv(name)
    with running_stream(recent(), PROFILES) as running:
        # At the present no more comes: what is still to come would end the wait otherwise.
        running.frames.append(_at_present())
        yield running


def _at_present() -> dict[str, Any]:
    frame = frames()[1]
    moment = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    frame["payload"] |= {"time": moment, "witnessedAt": moment, "rkey": "3klast"}
    return frame


def crawl(
    db: Path, stream: StreamServer, since: datetime | None = None, **more: Any
) -> CrawlReport:
    options = {**STREAM, "seconds": 20, **more.pop("options", {})}
    job = CrawlJob(
        "Acme Air", '"acme air"', "bluesky", options, since, db=db, base_url=stream.url, **more
    )
    return run_fleet([job])[0]


def test_an_event_becomes_a_whole_mention() -> None:
    refusals, (profiles,) = asked_profiles()
    assert profiles.url.startswith("https://public.api.bsky.app/xrpc/app.bsky.actor.getProfiles?")
    mentions = answer(profiles, json.dumps({"profiles": PROFILES}))[0]
    assert mentions[0] == Mention(
        brand="Acme Air",
        source="bluesky",
        native_id=f"at://{MINA}/app.bsky.feed.post/3kstream1",
        text="Acme Air lost my bag\nfor the second time & nobody answers",
        fetched_at=NOW,
        created_at=datetime(2026, 10, 20, 9, 59, 58, tzinfo=UTC),
        url=f"https://bsky.app/profile/{MINA}/post/3kstream1",
        author="mina.example",
        author_native_id=MINA,
        language="en-GB",
        parent_id=f"bluesky:at://{JO}/app.bsky.feed.post/3kparent",
    )
    named = {mention.native_id.rpartition("/")[2] for mention in mentions}
    assert named == {"3kstream1", "3kother", "3kacmeonly", "3kstream2"}, "one was deleted since"
    assert UNSEEN not in {mention.author_native_id for mention in mentions}
    assert refusals == []


def test_it_is_asked_by_websocket_without_a_key() -> None:
    (request,) = first_requests(spider_of("bluesky", STREAM))
    assert request.url == (
        "wss://jetstream.us-east.bsky.network/xrpc/network.bsky.jetstream.subscribeEvents"
        "?kinds=commit&collections=app.bsky.feed.post"
    )
    assert request.meta["stream"].words == ("acme",)
    assert request.meta["stream"].first == NOW - timedelta(hours=1)
    assert words_of(["AT&T Mobile", "@acmeair", "ﬁne"]) == ("mobile", "acmeair", "fine")


def test_followers_and_language_are_options() -> None:
    _, (profiles,) = asked_profiles({"language": "de", "followers": True})
    mentions = answer(profiles, json.dumps({"profiles": PROFILES}))[0]
    assert [(mention.language, mention.reach) for mention in mentions] == [("de", 7)]


def test_whom_no_profile_names_is_refused_by_name() -> None:
    _, (profiles,) = asked_profiles()
    mentions, refusals, _, _ = answer(profiles, '{"profiles": []}')
    assert mentions == []
    assert {one.reason for one in refusals} == {"its author's account is no longer public"}


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"did": None}, False),
        ({"rkey": ""}, False),
        ({"record": None}, False),
        ({"record": []}, False),
        ({"time": "soon"}, True),
        ({"collection": None}, True),
    ],
)
def test_one_bad_field_costs_one_post_at_most(change: dict[str, Any], kept: bool) -> None:
    given = frames()[:1]
    given[0]["payload"] |= change
    refusals, requests = asked_profiles(body=body_of(given))
    assert (len(requests), len(refusals)) == (int(kept), int(not kept))


@quick
@given(data=st.data())
def test_any_value_may_stand_anywhere_in_an_event(data: st.DataObject) -> None:
    document = json.loads(body_of(frames()))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.sampled_from(places(document)))
        document = replaced(document, place, data.draw(values))
    (request,) = first_requests(spider_of("bluesky", STREAM))
    for profiles in answer(request, json.dumps(document))[2]:
        for mention in answer(profiles, json.dumps({"profiles": PROFILES}))[0]:
            check_mention(mention)


def test_a_crawl_keeps_the_brands_posts_and_the_next_goes_on_from_there(
    db: Path, stream: StreamServer
) -> None:
    first = crawl(db, stream)
    assert first.outcome is CrawlOutcome.OK, first.reason
    assert (first.new, first.irrelevant) == (2, 1), "the acme of achievement is another word"
    with Store.open(db) as store:
        assert store.mentions.get(f"bluesky:at://{MINA}/app.bsky.feed.post/3kstream1")
        assert store.mentions.get(f"bluesky:at://{JO}/app.bsky.feed.post/3kstream2")
        assert store.mentions.count() == 2
    (began,) = stream.cursors()
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).timestamp() * 1_000_000
    assert abs(began - hour_ago) < 60_000_000

    second = crawl(db, stream, since=datetime.now(UTC) - timedelta(days=9))
    went_on = stream.cursors()[1]
    assert microseconds(stream.frames[-2]) < went_on, "not from `since`"
    assert went_on < datetime.now(UTC).timestamp() * 1_000_000, "whatever moment a frame claims"
    assert second.outcome is CrawlOutcome.QUIET, second.reason


def test_a_crawl_that_fails_is_read_again(db: Path, stream: StreamServer) -> None:
    stream.profiles = []  # all authors are unknown: no entry is good
    assert crawl(db, stream).outcome is CrawlOutcome.BROKEN
    stream.profiles = PROFILES
    since = datetime.now(UTC) - timedelta(minutes=30)
    assert crawl(db, stream, since).new == 2
    assert abs(stream.cursors()[1] - since.timestamp() * 1_000_000) < 1_000_000


def test_a_probe_moves_no_cursor(db: Path, stream: StreamServer) -> None:
    assert crawl(db, stream, responses=1).outcome is CrawlOutcome.QUIET
    since = datetime.now(UTC) - timedelta(minutes=30)
    assert crawl(db, stream, since).new == 2


def test_what_its_author_deletes_is_marked(db: Path, stream: StreamServer) -> None:
    assert crawl(db, stream).new == 2
    deletion = recent()[5]
    moment = datetime.now(UTC).isoformat()
    deletion["payload"] |= {"rkey": "3kstream2", "time": moment, "witnessedAt": moment}
    stream.frames = [deletion, _at_present()]
    options = {"seconds": 21}  # another reading: it begins at `since`
    since = datetime.now(UTC) - timedelta(minutes=1)
    report = crawl(db, stream, since, options=options)
    assert report.stats["earful/gone"] == 1
    with Store.open(db) as store:
        rows = store.database.connection.execute(
            "SELECT native_id FROM mentions WHERE deleted_at IS NOT NULL"
        ).fetchall()
    assert [row["native_id"] for row in rows] == [f"at://{JO}/app.bsky.feed.post/3kstream2"]


def test_what_the_stream_no_longer_keeps_is_told(db: Path, stream: StreamServer) -> None:
    kind = "network.bsky.jetstream.subscribeEvents#info"
    stream.notices = [{"$type": kind, "name": "OutdatedCursor", "message": "resumed from 100"}]
    report = crawl(db, stream)
    assert (report.new, report.refused) == (2, 1)
    assert "lost" in report.stats["earful/refused_examples"][0]["reason"]


@pytest.mark.parametrize(
    ("refusal", "outcome", "said"),
    [
        ((400, '{"error": "InvalidRequest"}'), CrawlOutcome.FAILED, "answered 400"),
        ((403, "no"), CrawlOutcome.BLOCKED, "answered 403"),
        ((200, "no stream here"), CrawlOutcome.BROKEN, "answered with JSON"),
    ],
)
def test_a_server_that_refuses_the_stream_is_named(
    refusal: tuple[int, str], outcome: CrawlOutcome, said: str, db: Path, stream: StreamServer
) -> None:
    stream.refusal = refusal
    report = crawl(db, stream)
    assert report.outcome is outcome, report.reason
    assert said in (report.reason or "")


def url_of(stream: StreamServer) -> str:
    return f"{stream.url.replace('http', 'ws')}{jetstream.STREAM}"


def test_a_connection_that_breaks_leaves_what_came(stream: StreamServer) -> None:
    stream.cut_after = 3
    heard = read_stream(url_of(stream), 0, ["acme"], 20)
    assert heard.posts == 3
    assert heard.reached == microseconds(stream.frames[2]), "and no further"
    assert len(heard.events) == 2


def test_silence_and_an_error_end_the_reading(
    stream: StreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jetstream, "_SILENCE_S", 0.2)
    stream.frames.pop()  # nothing stands at the present
    assert read_stream(url_of(stream), 0, ["acme"], 20).posts == 7
    complaint = {"$type": "error", "error": "ConsumerTooSlow"}
    stream.frames.append({**complaint, "payload": recent()[6]["payload"]})
    assert read_stream(url_of(stream), 0, ["acme"], 20).posts == 7, "what came before is kept"
    stream.frames.clear()
    with pytest.raises(PageError, match="silent"):
        read_stream(url_of(stream), 0, ["acme"], 20)
    stream.frames = [
        {"$type": "error", "error": "ConsumerTooSlow", "payload": recent()[0]["payload"]}
    ]
    with pytest.raises(PageError, match="ConsumerTooSlow"):
        read_stream(url_of(stream), 0, ["acme"], 20)


def test_a_bounded_time_is_read(stream: StreamServer) -> None:
    stream.frames, stream.pause = stream.frames[:-1] * 100, 0.05
    heard = read_stream(url_of(stream), 0, ["acme"], 0.6)
    assert 0 < heard.posts < 30
