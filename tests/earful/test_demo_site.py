"""The demo's world: a believable story, told by a site that answers as the real sources do."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import re
import tomllib
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from config.query import parse_query
from config.settings import parse_settings
from crawler.catalog import options_models
from earful.demo import demo_pages, live, texts, world
from earful.demo.demo_config import demo_config
from earful.demo.demo_site import DemoSite
from earful.demo.items import Item
from earful.demo.story import Story, build_story
from earful.stages.crawl_stage import crawl_target
from storage.models import CrawlOutcome, Experience, Mention, Stance
from storage.store import Store
from tests.earful.demo_file import demo_toml

NOW = datetime(2026, 5, 12, 10, 30, tzinfo=UTC)
SHARED = Path(__file__).parents[3] / "shared"
ATOM = "{http://www.w3.org/2005/Atom}"
APP_PAGE = f"/gb/rss/customerreviews/page={{}}/id={world.APP_ID}/sortby=mostrecent/json"
HN_SEARCH = "/api/v1/search_by_date?query=%22kittiwake%22&tags=(story,comment)"
STEAM = f"/appreviews/{world.GAME_ID}?json=1&num_per_page={{}}&filter={{}}&cursor={{}}"


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Got:
    def __init__(self, status: int, body: bytes, headers: Message) -> None:
        self.status = status
        self.body = body.decode()
        self.headers = headers

    def json(self) -> Any:
        return json.loads(self.body)

    def xml(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.body)


class Visitor:
    """Asks the site, at whatever time the test sets."""

    def __init__(self, site: DemoSite, story: Story, clock: Clock) -> None:
        self.site, self.story, self.clock = site, story, clock

    def get(self, path: str, **headers: str) -> Got:
        request = urllib.request.Request(self.site.url + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return Got(answer.status, answer.read(), answer.headers)
        except urllib.error.HTTPError as error:
            return Got(error.code, error.read(), error.headers)

    def visible(self, source: str, place: str | None = None) -> list[Item]:
        return [s.item for s in self.story.sightings(self.clock(), source, place)]


@pytest.fixture(scope="module")
def story() -> Story:
    return build_story(NOW)


@pytest.fixture
def visitor(story: Story) -> Iterator[Visitor]:
    clock = Clock(NOW)
    with DemoSite(story, clock) as site:
        yield Visitor(site, story, clock)


def shared(*parts: str) -> Path:
    path = SHARED.joinpath(*parts)
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path} is missing, and CI must have it")
        pytest.skip(f"no {path}")
    return path


def all_bases() -> list[texts.Base]:
    said = [saying.base for person in texts.cast() for saying in person.says]
    return [*texts.bases(), *said, *(cue.base for cue in texts.cues())]


def as_mention(item: Item, version: int = -1) -> Mention:
    said = item.versions[version]
    return Mention(
        brand=world.BRAND,
        source=item.source,
        native_id=item.native_id,
        title=said.title,
        text=said.text,
        fetched_at=NOW,
    )


def demo_sources() -> set[str]:
    """Name the sources that the demo's config reads."""
    brand, _ = demo_config("http://x.example", Path("x.db"))["brands"]
    return {one["source"] for one in brand["sources"]}


def is_relevant(item: Item) -> bool:
    """Tell whether it is about the brand, not the gull of that name nor the competitor."""
    return item.scene not in ("lookalike", "rival")


class TestTexts:
    def test_there_are_many_and_none_is_told_twice(self):
        told = Counter(base.text or base.title for base in all_bases())
        assert len(told) >= 300
        assert [text for text, times in told.items() if times > 1] == []

    def test_every_experience_and_stance_is_told_in_every_source_where_people_review(self):
        for source in ("appstore", "reddit", "feeds", "steam", "hackernews"):
            mine = [base for base in all_bases() if base.source == source]
            assert {base.experience for base in mine} == set(Experience), source
            assert {base.stance for base in mine} == set(Stance), source

    def test_blanks_are_filled(self, story):
        for item in story.items_until(NOW + timedelta(hours=2)):
            for version in item.versions:
                assert not re.search(r"[{}]", version.text + version.title)

    def test_query_takes_the_railway_and_refuses_the_gull(self, story):
        query = parse_query(story.query)
        for item in story.items_until(NOW + timedelta(hours=2)):
            if item.source in ("reddit", "feeds", "hackernews"):
                titles = {number: title for title, number in story.threads.items()}
                mention = as_mention(item)
                if item.thread:
                    assert query.matches(mention) or not is_relevant(item), mention.text
                assert query.matches(mention) == is_relevant(item), titles.get(item.thread or "")

    @pytest.mark.recorded
    def test_no_text_is_anybody_elses(self):
        mine = {base.text.strip() for base in all_bases()} - {""}
        for path in (*shared("labels").glob("*.jsonl"), *shared("samples").glob("*.jsonl")):
            with path.open(encoding="utf-8") as lines:
                assert mine.isdisjoint(_texts_of(lines)), path
        with gzip.open(shared("pool", "english.jsonl.gz"), "rt", encoding="utf-8") as lines:
            assert mine.isdisjoint(_texts_of(lines))
        for path in shared("recorded").rglob("*"):
            if path.is_file():
                content = path.read_text("utf-8", errors="replace")
                assert [text for text in mine if len(text) > 25 and text in content] == [], path


def _texts_of(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield str(json.loads(line).get("text") or "").strip()


class TestHistory:
    def test_is_the_same_for_the_same_moment_and_seed(self, story):
        until = NOW + timedelta(hours=1)
        assert build_story(NOW).items_until(until) == story.items_until(until)
        assert build_story(NOW, seed=8).history != story.history

    @pytest.mark.parametrize("day", range(7))
    def test_has_six_weeks_before_the_start_whatever_the_weekday(self, day):
        now = NOW + timedelta(days=day, hours=3 * day)
        story = build_story(now)
        assert 300 <= len(story.history) <= 600
        assert {item.source for item in story.history} == demo_sources()
        assert all(version.at < now for item in story.history for version in item.versions[:1])
        oldest = min(item.created_at for item in story.history)
        assert timedelta(days=39) < now - oldest <= timedelta(days=43)
        assert story.incident_at.weekday() == 4
        assert timedelta(days=10) < now - story.incident_at < timedelta(days=18)

    def test_ids_are_unique(self, story):
        items = story.items_until(NOW + timedelta(hours=12))
        assert len(items) > 700
        assert len({(item.source, item.native_id) for item in items}) == len(items)

    def test_incident_is_a_burst_of_complaints_that_passes(self, story):
        angry = Counter(
            (item.created_at - story.incident_at) // timedelta(days=1)
            for item in story.history
            if is_relevant(item) and item.versions[0].experience is Experience.ANGRY
        )
        usual = sum(angry[day] for day in range(-21, -1)) / 20
        assert angry[0] >= 4 * usual
        assert angry[8] + angry[9] <= 4 * usual

    def test_authors_come_back_change_their_minds_and_edit(self, story):
        by_author: dict[tuple[str, str], list[Item]] = {}
        for item in [*story.history, *story.opening]:
            by_author.setdefault((item.source, item.author.native_id), []).append(item)
        back = [items for items in by_author.values() if len(items) >= 2]
        assert len(back) >= 10
        assert max(map(len, back)) >= 5
        stances = [[item.versions[-1].stance for item in items] for items in back]
        moods = [[item.versions[-1].experience for item in items] for items in back]
        assert any(s[0] is Stance.HATER and s[-1] is Stance.ADVOCATE for s in stances)
        assert any(
            s[0] is Stance.ADVOCATE and m[-1] is Experience.ANGRY
            for s, m in zip(stances, moods, strict=True)
        )
        edited = [item for item in story.history if len(item.versions) > 1]
        assert {(i.versions[0].rating, i.versions[-1].rating) for i in edited} >= {(1, 5), (5, 1)}

    def test_staff_are_praised_by_name(self, story):
        praised = {
            name
            for item in [*story.history, *story.opening]
            for name in story.staff
            if item.versions[-1].experience is Experience.DELIGHTED
            and name in item.versions[-1].text
        }
        assert praised == set(story.staff)

    def test_app_reviewers_have_one_review_each(self, story):
        reviews = [i for i in story.items_until(NOW + timedelta(days=1)) if i.source == "appstore"]
        assert len({item.author.native_id for item in reviews}) == len(reviews)


class TestLive:
    def test_first_two_minutes_are_busy_and_the_rest_is_slower(self, story):
        said = sorted(
            [
                i.created_at
                for i in story.items_until(NOW + timedelta(hours=3))
                if i.created_at > NOW
            ]
            + [v.at for i in story.history for v in i.versions if v.at > NOW]
        )
        seconds = [(at - NOW).total_seconds() for at in said]
        assert seconds[0] == live.FIRST_S
        busy = [at for at in seconds if at <= live.BUSY_UNTIL_S]
        gaps = [b - a for a, b in itertools.pairwise(busy)]
        assert 12 <= len(busy) <= 20
        assert all(6 <= gap <= 10 for gap in gaps)
        assert all(b - a >= 18 for a, b in itertools.pairwise(seconds[len(busy) + 1 :]))
        assert len(seconds) > 150

    def test_first_minutes_hold_every_kind_of_news(self, story):
        first = [i for i in story.opening if i.created_at <= NOW + timedelta(seconds=130)]
        assert {item.versions[0].experience for item in first} == set(Experience)
        by_name = {item.author.name: item.versions[0] for item in first}
        assert by_name["platform9andahalf"].stance is Stance.ADVOCATE
        assert by_name["sleeper_sal"].experience is Experience.ANGRY
        assert any(
            name in item.versions[0].text and item.versions[0].rating == 5
            for item in first
            for name in story.staff
        )
        beth = next(i for i in story.history if i.author.name == "BethanyR88")
        assert [v.rating for v in beth.versions] == [1, 5]
        assert beth.versions[0].at < NOW < beth.versions[1].at < NOW + timedelta(minutes=2)

    def test_asking_late_or_often_tells_the_same(self):
        often, late = build_story(NOW), build_story(NOW)
        for minute in range(0, 120, 7):
            often.items_until(NOW + timedelta(minutes=minute))
        until = NOW + timedelta(hours=2)
        assert often.items_until(until) == late.items_until(until)


class TestVisibility:
    def test_nothing_of_the_future_is_served(self, visitor):
        coming = [(i.versions[0].text, i.native_id) for i in visitor.story.opening]
        pages_now = "".join(
            visitor.get(path).body
            for path in (
                *(APP_PAGE.format(page) for page in range(1, 11)),
                f"{HN_SEARCH}&hitsPerPage=1000",
                "/r/nightrails/new.rss?limit=100",
                "/forum/feed/",
                STEAM.format(100, "recent", "*"),
                "/",
            )
        )
        assert [id_ for text, id_ in coming if text in pages_now or f'"{id_}"' in pages_now] == []

    def test_an_item_appears_when_its_moment_has_come(self, visitor):
        first = visitor.story.opening[0]
        assert first.source == "appstore"
        path = APP_PAGE.replace("/gb/", f"/{first.place}/").format(1)
        visitor.clock.now = first.created_at - timedelta(seconds=1)
        assert first.native_id not in visitor.get(path).body
        visitor.clock.now = first.created_at
        assert visitor.get(path).json()["feed"]["entry"][0]["id"]["label"] == first.native_id

    def test_an_edit_shows_its_old_self_until_then(self, visitor):
        beth = next(i for i in visitor.story.history if i.author.name == "BethanyR88")

        def entry(at: datetime) -> Any:
            visitor.clock.now = at
            for page in range(1, 4):
                path = APP_PAGE.replace("/gb/", f"/{beth.place}/").format(page)
                for found in visitor.get(path).json()["feed"]["entry"]:
                    if found["id"]["label"] == beth.native_id:
                        return found
            return None

        before, after = entry(NOW), entry(beth.versions[1].at)
        assert (before["im:rating"]["label"], after["im:rating"]["label"]) == ("1", "5")
        assert before["title"]["label"] == "Ruined anniversary"
        assert datetime.fromisoformat(after["updated"]["label"]) == beth.versions[1].at.replace(
            microsecond=0
        )

    def test_labels_are_never_served(self, visitor):
        for path in (
            APP_PAGE.format(1),
            HN_SEARCH,
            "/forum/feed/",
            STEAM.format(20, "recent", "*"),
        ):
            body = visitor.get(path).body
            assert '"experience"' not in body
            assert '"stance"' not in body


class TestAppStore:
    def test_pages_hold_fifty_newest_first_and_end_without_entries(self, visitor):
        expected = visitor.visible("appstore", "gb")
        ids: list[str] = []
        times: list[datetime] = []
        for page in itertools.count(1):
            feed = visitor.get(APP_PAGE.format(page)).json()["feed"]
            if "entry" not in feed:
                break
            entries = feed["entry"] if isinstance(feed["entry"], list) else [feed["entry"]]
            assert len(entries) == 50 or len(ids) + len(entries) == len(expected)
            ids += [entry["id"]["label"] for entry in entries]
            times += [datetime.fromisoformat(entry["updated"]["label"]) for entry in entries]
        assert sorted(ids) == sorted(item.native_id for item in expected)
        assert times == sorted(times, reverse=True)

    def test_five_hundred_is_all(self, visitor):
        visitor.clock.now = NOW + timedelta(days=2)
        assert len(visitor.visible("appstore", "gb")) > 550
        assert len(visitor.get(APP_PAGE.format(10)).json()["feed"]["entry"]) == 50
        assert "entry" not in visitor.get(APP_PAGE.format(11)).json()["feed"]

    def test_other_apps_and_countries_have_none(self, visitor):
        assert (
            "entry" not in visitor.get(APP_PAGE.format(1).replace("/gb/", "/fr/")).json()["feed"]
        )
        assert visitor.get(APP_PAGE.format(1).replace(str(world.APP_ID), "1")).status == 404

    @pytest.mark.recorded
    def test_shape_is_the_recorded_one(self, visitor):
        path = shared("recorded", "app_store", "rss_nebula_us_2026-09.json")
        real = json.loads(path.read_text("utf-8"))
        served = visitor.get(APP_PAGE.format(1)).json()
        assert _shape(served["feed"]["entry"][0]) == _shape(real["feed"]["entry"][0])
        assert _shape({**served["feed"], "entry": 0}) == _shape({**real["feed"], "entry": 0})


class TestHackerNews:
    def test_search_gives_what_holds_the_phrase_newest_first(self, visitor):
        hits = visitor.get(f"{HN_SEARCH}&hitsPerPage=100").json()["hits"]
        assert len(hits) == len(visitor.visible("hackernews"))
        assert [h["created_at_i"] for h in hits] == sorted(
            (h["created_at_i"] for h in hits), reverse=True
        )
        assert visitor.get("/api/v1/search_by_date?query=albatross").json()["hits"] == []

    def test_tags_and_bounds_are_honoured(self, visitor):
        stories = visitor.get(HN_SEARCH.replace("(story,comment)", "story")).json()["hits"]
        assert stories
        assert all("title" in hit for hit in stories)
        low, high = (int((NOW - timedelta(days=days)).timestamp()) for days in (20, 10))
        bounds = quote(f"created_at_i>={low},created_at_i<{high}")
        hits = visitor.get(f"{HN_SEARCH}&numericFilters={bounds}").json()["hits"]
        assert hits
        assert all(low <= hit["created_at_i"] < high for hit in hits)
        assert visitor.get(f"{HN_SEARCH}&numericFilters=points>5").status == 400

    def test_pages(self, visitor):
        first = visitor.get(f"{HN_SEARCH}&hitsPerPage=10&page=0").json()
        second = visitor.get(f"{HN_SEARCH}&hitsPerPage=10&page=1").json()
        assert len(first["hits"]) == len(second["hits"]) == 10
        assert first["nbPages"] == -(-first["nbHits"] // 10)
        assert {h["objectID"] for h in first["hits"]}.isdisjoint(
            h["objectID"] for h in second["hits"]
        )

    @pytest.mark.recorded
    def test_shape_is_the_recorded_one(self, visitor):
        path = shared("recorded", "hackernews", "search_2026_show_hn.json")
        real = json.loads(path.read_text("utf-8"))
        served = visitor.get(HN_SEARCH.replace("(story,comment)", "story")).json()
        assert set(served) == set(real)
        shapes = [set(hit) for hit in real["hits"]]
        assert all(set(hit) in shapes for hit in served["hits"])


class TestReddit:
    def test_search_honours_query_window_and_place(self, visitor):
        found = _ids(visitor.get("/search.rss?q=%22kittiwake%22&sort=new&t=month&limit=100"))
        named = [i for i in visitor.visible("reddit") if i.scene != "rival"]
        assert found == [i.native_id for i in reversed(named)]
        week = _ids(visitor.get("/search.rss?q=%22kittiwake%22&t=week&limit=100"))
        assert 0 < len(week) < len(found)
        assert week == found[: len(week)]
        gulls = _ids(
            visitor.get("/r/northsea/search.rss?q=%22kittiwake%22&restrict_sr=1&limit=100")
        )
        assert set(gulls) == {i.native_id for i in visitor.visible("reddit", "northsea")}
        assert _ids(visitor.get("/search.rss?q=%22kittiwakerail%22")) == []

    def test_listing_pages_by_after(self, visitor):
        ids: list[str] = []
        after = ""
        while page := _ids(visitor.get(f"/r/nightrails/new.rss?limit=25&after={after}")):
            ids += page
            after = page[-1]
        assert ids == [i.native_id for i in reversed(visitor.visible("reddit", "nightrails"))]

    @pytest.mark.recorded
    def test_shape_is_the_recorded_one(self, visitor):
        real = ElementTree.parse(shared("recorded", "reddit", "search_rss_2026.xml")).getroot()
        served = visitor.get("/search.rss?q=kittiwake").xml()
        assert _children(served) == _children(real)
        # A picture is the one thing that a post may lack.
        usual = _children(real.find(f"{ATOM}entry")) - {"{http://search.yahoo.com/mrss/}thumbnail"}
        assert all(_children(entry) == usual for entry in served.iter(f"{ATOM}entry"))


class TestForum:
    def test_says_304_until_something_is_new(self, visitor):
        first = visitor.get("/forum/feed/")
        tag, modified = first.headers["ETag"], first.headers["Last-Modified"]
        assert visitor.get("/forum/feed/", **{"If-None-Match": tag}).status == 304
        assert visitor.get("/forum/feed/", **{"If-Modified-Since": modified}).status == 304
        again = {"If-None-Match": '"another"', "If-Modified-Since": modified}
        assert visitor.get("/forum/feed/", **again).status == 200
        visitor.clock.now = next(
            i.created_at for i in visitor.story.opening if i.source == "feeds"
        )
        assert visitor.get("/forum/feed/", **{"If-None-Match": tag}).status == 200
        assert visitor.get("/forum/feed/", **{"If-Modified-Since": modified}).status == 200

    @pytest.mark.recorded
    def test_shape_is_the_recorded_one(self, visitor):
        path = shared("recorded", "rss_atom", "wordpress_blog_feed_2026.xml")
        real, served = ElementTree.parse(path).getroot()[0], visitor.get("/forum/feed/").xml()[0]
        assert _children(served) <= _children(real)
        assert _children(served.find("item")) == _children(real.find("item"))


class TestSteam:
    def test_cursor_leads_through_all_and_repeats_at_the_end(self, visitor):
        cursor, ids = "*", []
        while True:
            page = visitor.get(STEAM.format(10, "recent", quote(cursor))).json()
            ids += [review["recommendationid"] for review in page["reviews"]]
            if page["cursor"] == cursor:
                break
            cursor = page["cursor"]
        assert page["reviews"] == []
        assert ids == [i.native_id for i in reversed(visitor.visible("steam"))]

    def test_updated_puts_edits_first(self, visitor):
        reviews = visitor.get(STEAM.format(100, "updated", "*")).json()["reviews"]
        times = [review["timestamp_updated"] for review in reviews]
        assert times == sorted(times, reverse=True)
        assert any(r["timestamp_updated"] > r["timestamp_created"] for r in reviews)

    @pytest.mark.recorded
    def test_shape_is_the_recorded_one(self, visitor):
        path = shared("recorded", "steam", "review_506540_2019.json")
        real = json.loads(path.read_text("utf-8"))
        served = visitor.get(STEAM.format(20, "recent", "*")).json()
        shapes = [_shape(review) for review in real["reviews"].values()]
        assert all(_shape(review) in shapes for review in served["reviews"])
        assert set(served["query_summary"]) == set(real["query_summary"])


def _shape(value: Any) -> Any:
    """Give the keys and kinds of a JSON value, without what it says."""
    if isinstance(value, dict):
        return {key: _shape(inner) for key, inner in value.items()}
    return type(value).__name__


def _children(element: ElementTree.Element | None) -> set[str]:
    assert element is not None
    return {child.tag for child in element}


def _ids(got: Got) -> list[str]:
    return [str(entry.findtext(f"{ATOM}id")) for entry in got.xml().iter(f"{ATOM}entry")]


class TestPages:
    def test_every_item_has_a_page_that_tells_it(self, visitor):
        for source in sorted(demo_sources()):
            for sighting in visitor.story.sightings(NOW, source)[-3:]:
                got = visitor.get(demo_pages.item_path(sighting).partition("#")[0])
                assert got.status == 200
                assert sighting.item.author.name.replace("&", "&amp;") in got.body

    def test_links_in_feeds_open(self, visitor):
        reddit = visitor.get("/search.rss?q=kittiwake").xml().find(f"{ATOM}entry/{ATOM}link")
        forum = visitor.get("/forum/feed/").xml().findtext("channel/item/link")
        assert reddit is not None
        for link in (reddit.get("href"), forum):
            assert link
            assert link.startswith(visitor.site.url)
            assert visitor.get(link.removeprefix(visitor.site.url)).status == 200

    def test_index_lists_what_is_served_and_it_opens(self, visitor):
        index = visitor.get("/").body
        links = re.findall(r'<a href="([^"#]+)', index)
        assert len(links) >= 10
        for link in links:
            assert visitor.get(link.replace("&amp;", "&").partition("#")[0]).status == 200, link

    def test_robots_are_welcome_and_the_unknown_is_404(self, visitor):
        assert "Disallow:\n" in visitor.get("/robots.txt").body
        got = visitor.get("/<script>alert(1)</script>".replace("<", "%3C"))
        assert got.status == 404
        assert "<script>" not in got.body


class TestConfig:
    def test_is_valid_and_moves_every_source(self, tmp_path):
        raw = demo_config("http://127.0.0.1:9", tmp_path / "demo.db")
        settings = parse_settings(raw, options_models(), where="demo")
        brand, rival = settings.brands
        assert rival.competitor
        assert {source.base_url for source in rival.sources} == {"http://127.0.0.1:9"}
        named = {source.source for source in brand.sources}
        assert named == {"appstore", "feeds", "hackernews", "reddit", "steam"}
        assert {source.base_url for source in brand.sources} == {"http://127.0.0.1:9"}
        assert tuple(one.name for one in brand.staff) == world.STAFF
        assert brand.checkpoints
        assert all(source.every <= timedelta(seconds=30) for source in brand.sources)

    def test_toml_says_the_same(self, tmp_path):
        given = ("http://127.0.0.1:9", tmp_path / 'a "quoted" folder' / "demo.db")
        assert tomllib.loads(demo_toml(*given, every="5s")) == demo_config(*given, every="5s")


@pytest.mark.slow("ten crawls, each in a process of its own as in the product")
def test_the_real_spiders_bring_everything_home(tmp_path):
    """Every relevant item is stored, no gull is, and the second run adds nothing."""
    started = datetime.now(UTC)
    story, clock, db = build_story(started), Clock(started), tmp_path / "demo.db"
    with DemoSite(story, clock) as site:
        raw = demo_config(site.url, db)
        settings = parse_settings(raw, options_models(), where="demo")
        Store.open(db, migrate=True).close()
        brand, _ = settings.brands
        reports = [crawl_target(settings, brand, source, clock) for source in brand.sources]
        assert {report.outcome for report in reports} == {CrawlOutcome.OK}
        relevant = [item for item in story.history if is_relevant(item)]
        assert sum(report.new for report in reports) == len(relevant)
        # A feed is read whole; whoever searches for the brand meets no word of the competitor.
        others = Counter((item.scene, item.source) for item in story.history)
        met = sum(n for (scene, _), n in others.items() if scene == "lookalike")
        met += others["rival", "feeds"]
        assert sum(report.irrelevant for report in reports) == met > 0
        clock.now = story.opening[0].created_at
        again = [crawl_target(settings, brand, source, clock) for source in brand.sources]
        assert all(report.outcome.good for report in again)
        assert sum(report.new for report in again) == 1
        assert sum(report.edited for report in again) == 0
