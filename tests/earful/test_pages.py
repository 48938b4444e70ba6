"""Datasette on the store: right numbers, nothing from the internet, nothing written."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from alerts.decide.stats import percentile
from config.errors import InputError, StoreError
from config.settings import Settings
from earful.pages.accounts import Accounts, Token
from earful.pages.datasette_app import SETTINGS, datasette, metadata
from earful.pages.server_process import server_process
from earful.pages.web_server import serve
from earful.policies import Policies
from earful.stages.answer_stage import measure_answers
from earful.stages.measure_stage import measure_all
from storage.models import CaseState, Experience, Stance
from storage.store import Store
from tests.browser import browser as browser
from tests.storage.fixtures import (
    BRAND,
    HOSTILE,
    OTHER_BRAND,
    Told,
    build_store,
    make_mention,
    store_voices,
)
from tests.waiting import PATIENCE_S, wait_for


def now() -> datetime:
    """Give the true time: the queries that are served have no other."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Site:
    """A served store and what is in it, as of a time."""

    url: str
    path: Path
    told: list[Told]
    built: datetime = field(default_factory=now)

    def get(self, path: str, **params: str) -> httpx.Response:
        address = httpx.URL(self.url + path.lstrip("/")).copy_merge_params(params)
        return httpx.get(address, timeout=30)

    def rows(self, path: str, **params: str) -> list[dict[str, Any]]:
        answer = self.get(path, _shape="objects", **params)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["rows"]
        return found

    def charts(self, **filters: str) -> dict[str, list[dict[str, Any]]]:
        """Give each chart's rows as the page itself asks for them."""
        page = self.get("/-/dashboards/voice", **filters)
        found = re.search(r'<script id="earful-charts"[^>]*>(.*?)</script>', page.text, re.S)
        assert found
        config = json.loads(found[1])
        return {
            slug: self.rows(
                f"/earful.json?{config['query']}&"
                + str(httpx.QueryParams({"sql": chart["query"], "_shape": "objects"}))
            )
            for slug, chart in config["charts"].items()
        }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("served") / "a store #1?.db"
    built = now()
    told = build_store(path, built)
    with Store.open(path) as store:
        measure_answers(store, Policies(Settings()), built)
        measure_all(store, Settings(), built)
    with server_process(path, "127.0.0.1", 0) as served:
        yield Site(served.url, path, told, built)


# Numbers: each chart, counted again in plain Python.


@dataclass(frozen=True)
class Choice:
    """What the filters of the dashboard choose."""

    brand: str = ""
    source: str = ""
    days: int | None = 30
    # So many days ago the period ended; None: it has not.
    ended: int | None = None

    @property
    def first(self) -> date:
        return date.min if self.days is None else self.last - timedelta(days=self.days - 1)

    @property
    def last(self) -> date:
        return now().date() - timedelta(days=self.ended or 0)

    @property
    def filters(self) -> dict[str, str]:
        period = "all time" if self.days is None else f"{self.days} days"
        until = self.last.isoformat() if self.ended else ""
        return {"brand": self.brand, "source": self.source, "period": period, "until": until}

    def fits(self, item: Told, *, any_time: bool = False) -> bool:
        mention = item.mention
        if self.brand not in ("", mention.brand) or self.source not in ("", mention.source):
            return False
        if any_time:
            return True
        return self.first <= counted_at(item).date() <= self.last


CHOICES = (
    Choice(),
    Choice(days=7),
    Choice(brand=BRAND, source="appstore", days=90),
    Choice(brand=OTHER_BRAND, days=None),
    Choice(brand=BRAND, ended=8, days=7),
)
Rows = list[dict[str, Any]]


def counted(told: Sequence[Told], choice: Choice) -> list[Told]:
    return [item for item in told if item.current is not None and choice.fits(item)]


def counted_at(item: Told) -> datetime:
    """Give when a mention was written; without a date, when the store got it."""
    return item.mention.created_at or item.mention.fetched_at


def day_of(item: Told) -> str:
    return counted_at(item).date().isoformat()


def by_experience(items: Sequence[Told]) -> Counter[str]:
    return Counter(str(item.current) for item in items)


def told_an_experience(items: Sequence[Told]) -> list[Told]:
    return [item for item in items if item.current is not Experience.NONE]


def share(items: Sequence[Told], experience: str) -> str:
    told = told_an_experience(items)
    return f"{100 * by_experience(told)[experience] / len(told):.1f}%" if told else "–"


def metric(value: str, note: str) -> Rows:
    return [{"value": value, "note": note}]


def cases(told: Sequence[Told], choice: Choice, *, any_time: bool = False) -> list[Told]:
    return [
        item
        for item in told
        if item.case not in (None, CaseState.DISMISSED) and choice.fits(item, any_time=any_time)
    ]


def waiting(told: Sequence[Told], choice: Choice) -> list[Told]:
    open_states = (CaseState.OPEN, CaseState.CLAIMED)
    return [item for item in cases(told, choice, any_time=True) if item.case in open_states]


def stacked(groups: dict[str, list[Told]], column: str) -> Rows:
    names = (("angry", "angry"), ("mediocre", "mediocre"), ("delighted", "delighted"))
    return [
        {column: key, "experience": shown, "mentions": by_experience(items)[name], "place": place}
        for key, items in groups.items()
        for place, (name, shown) in enumerate((*names, ("none", "no experience")), 1)
    ]


def grouped(items: Sequence[Told], key: Callable[[Told], str]) -> dict[str, list[Told]]:
    keys = sorted({key(item) for item in items})
    return {name: [item for item in items if key(item) == name] for name in keys}


def by_brand(items: Sequence[Told]) -> dict[str, list[Told]]:
    return grouped(items, lambda item: item.mention.brand)


def over_time(items: Sequence[Told]) -> Rows:
    """Count again the main chart of a period of up to 100 days."""
    rows = stacked(grouped(items, day_of), "day")
    for row in rows:
        after = date.fromisoformat(row["day"]) + timedelta(days=1)
        row |= {"day_after": after.isoformat(), "unit": "day"}
    return rows


def week_of(item: Told) -> str:
    day = date.fromisoformat(day_of(item))
    return (day - timedelta(days=day.weekday())).isoformat()


def weekly(items: Sequence[Told]) -> Rows:
    rows = []
    for brand, told in by_brand(told_an_experience(items)).items():
        for week, members in grouped(told, week_of).items():
            number = by_experience(members)
            for rate, name in (("complaint rate", "angry"), ("wow rate", "delighted")):
                value = round(number[name] / len(members), 4)
                row = {"week": week, "rate": rate, "share": value, "told": len(members)}
                rows.append({"brand": brand} | row)
    return rows


def answers(told: Sequence[Told], choice: Choice) -> Rows:
    angry = [i for i in counted(told, choice) if i.current is Experience.ANGRY]
    opened = cases(told, choice)
    places = sorted({(i.mention.brand, i.mention.source) for i in (*angry, *opened)})
    return [answers_at(place, angry, opened) for place in places]


def answers_at(
    place: tuple[str, str], complaints: Sequence[Told], opened: Sequence[Told]
) -> dict[str, Any]:
    def here(items: Sequence[Told]) -> list[Told]:
        return [i for i in items if (i.mention.brand, i.mention.source) == place]

    items = here(opened)
    answered = [item for item in items if item.responded_at]
    return {
        "brand": place[0],
        "source": place[1],
        "complaints": len(here(complaints)),
        "public replies": sum(i.mention.owner_reply is not None for i in here(complaints)),
        "cases": len(items),
        "answered": len(answered),
        "coverage %": round(100 * len(answered) / len(items), 1) if items else None,
        "in time": sum(bool(i.due_at and i.responded_at <= i.due_at) for i in answered),  # type: ignore[operator]
        "waiting": sum(item.case in (CaseState.OPEN, CaseState.CLAIMED) for item in items),
    }


def answer_speed(told: Sequence[Told], choice: Choice) -> Rows:
    """Count again what omar answered, who answers all: always is business time."""
    of = by_brand(cases(told, choice, any_time=True))
    return [row for members in of.values() for row in answer_speed_of(members, choice)]


def answer_speed_of(told: Sequence[Told], choice: Choice) -> Rows:
    answered = [
        (item.responded_at - item.mention.created_at, item)
        for item in told
        if item.responded_at and item.mention.created_at
        and choice.first <= item.responded_at.date() <= choice.last
    ]  # fmt: skip
    if not answered:
        return []
    hours = [length / timedelta(hours=1) for length, _ in answered]
    median, p90 = percentile(hours, 0.5), percentile(hours, 0.9)
    assert median is not None
    assert p90 is not None
    return [
        {
            "brand": answered[0][1].mention.brand,
            "person": "omar",
            # Nothing was alerted, so no channel is a team: the brand is.
            "team": answered[0][1].mention.brand,
            "answered": len(answered),
            "in time": sum(
                item.responded_at is not None
                and item.due_at is not None
                and item.responded_at <= item.due_at
                for _, item in answered
            ),
            # Half a tenth is rounded up by SQLite, and to the even tenth by Python.
            "median hours": pytest.approx(median, abs=0.051),
            "p90 hours": pytest.approx(p90, abs=0.051),
        }
    ]


def expected(told: Sequence[Told], choice: Choice) -> dict[str, Rows]:
    items = counted(told, choice)
    number = by_experience(items)
    stances = Counter(str(item.stance) for item in items)
    opened = cases(told, choice)
    answered = [item for item in opened if item.responded_at]
    coverage = f"{100 * len(answered) / len(opened):.1f}%" if opened else "–"
    still = waiting(told, choice)
    overdue = sum(item.due_at is not None and item.due_at < now() for item in still)
    okay = share(items, "mediocre")
    return {
        "mentions": metric(
            f"{len(items):,}", f"{len(told_an_experience(items)):,} tell an experience"
        ),
        "wow_rate": metric(share(items, "delighted"), f"{number['delighted']:,} delighted"),
        "complaint_rate": metric(share(items, "angry"), f"{number['angry']:,} complaints"),
        "mediocre_rate": metric(okay, f"{number['mediocre']:,} mediocre"),
        "coverage": metric(coverage, f"{len(answered):,} of {len(opened):,} cases"),
        "waiting": metric(f"{len(still):,}", f"{overdue:,} overdue"),
        "experience": over_time(items),
        "stance": [{"stance": name, "mentions": stances[name]} for name in Stance if items],
        "weekly": weekly(items),
        "sources": stacked(grouped(items, lambda item: item.mention.source), "source"),
        "answers": answers(told, choice),
        "answer_speed": answer_speed(told, choice),
    }


@pytest.mark.parametrize("choice", CHOICES)
def test_the_dashboards_numbers_are_the_stores(site: Site, choice: Choice) -> None:
    found = site.charts(**choice.filters)
    wanted = expected(site.told, choice)

    assert {slug: found[slug] for slug in wanted} == wanted


@pytest.mark.parametrize("choice", CHOICES)
def test_the_chart_of_consistency_is_the_one_that_was_measured(site: Site, choice: Choice) -> None:
    found = site.charts(**choice.filters)["consistency"]
    with Store.open(site.path, readonly=True) as store:
        points = store.database.connection.execute(
            "SELECT * FROM control_points WHERE metric = 'complaint_rate' ORDER BY brand, day"
        ).fetchall()

    assert [
        (row["brand"], row["day"], row["angry"], row["told"], row["chance"]) for row in found
    ] == [
        (
            row["brand"], row["day"], row["k"], row["n"],
            "outside" if row["act"] or row["signal"] else "within",
        )
        for row in points
        if not choice.source
        and choice.brand in ("", row["brand"])
        and row["until"] > choice.first.isoformat()
        and row["day"] <= choice.last.isoformat()
    ]  # fmt: skip


@pytest.mark.parametrize("choice", CHOICES)
def test_the_dashboards_lists_are_the_stores(site: Site, choice: Choice) -> None:
    found = site.charts(**choice.filters)
    items = counted(site.told, choice)
    newest = sorted(items, key=lambda item: item.mention.id)
    newest.sort(key=counted_at, reverse=True)

    def links(experience: Experience) -> list[str | None]:
        chosen = [i for i in newest if i.current is experience and (i.sure or i.corrected_to)]
        return [item.mention.url for item in chosen][:8]

    assert [row["link"] for row in found["wows"]] == links(Experience.DELIGHTED)
    assert [row["link"] for row in found["complaints"]] == links(Experience.ANGRY)
    urgent = sorted(waiting(site.told, choice), key=lambda item: str(item.due_at))
    assert [row["link"] for row in found["waiting_cases"]] == [i.mention.url for i in urgent][:10]
    flips = {("Ana", "lost advocate"), ("Bob", "won back")}
    wanted = {(i.mention.author, "won back") for i in items if i.mention.native_id == "bob-2"} | {
        (i.mention.author, "lost advocate") for i in items if i.mention.native_id == "ana-2"
    }
    assert {(row["author"], row["flip"]) for row in found["mind_changes"]} == wanted & flips
    came = [
        item
        for item in site.told
        if choice.fits(item, any_time=True)
        and choice.first <= item.mention.fetched_at.date() <= choice.last
    ]
    ledger = {(row["brand"], row["source"]): row for row in found["seen"]}
    for brand, members in by_brand(came).items():
        for source, fitting in grouped(members, lambda item: item.mention.source).items():
            alerted = sum(item.case is not None for item in fitting)
            row = ledger.pop((brand, source))
            n = len(fitting)
            assert (row["seen"], row["new"], row["alerted"]) == (n, n, alerted)
    assert ledger == {}


def test_every_chart_is_checked(site: Site) -> None:
    lists = {"notice", "wows", "complaints", "waiting_cases", "mind_changes", "health", "seen"}
    charts = metadata()["plugins"]["datasette-dashboards"]["voice"]["charts"]

    assert set(charts) == lists | {"consistency"} | set(expected(site.told, Choice()))


def test_the_dashboard_says_what_is_to_be_known(site: Site) -> None:
    found = site.charts(**Choice().filters)

    assert [row["text"] for row in found["notice"]] == [
        "Mentions that wait for a verdict: 1. The daemon scores them, or run `earful process`.",
        f"{BRAND} at feeds was not read well: 403 from reviews.example: the site refuses "
        f"crawlers. Last good reading: {site.built - timedelta(hours=5):%Y-%m-%d %H:%M} UTC.",
    ]
    health = {row["source"]: row["state"] for row in found["health"]}
    assert health["appstore"] == "ok"
    assert health["feeds"].startswith("blocked: 403")
    later = site.charts(**Choice(ended=400).filters)
    today = site.built.date()
    assert f"the latest of all is of {today}" in str(later["notice"]).replace(
        (today - timedelta(days=1)).isoformat(), today.isoformat()
    )


def test_an_empty_store_explains_itself(tmp_path: Path) -> None:
    build_store(tmp_path / "empty.db", now(), days=0)
    with server_process(tmp_path / "empty.db", "127.0.0.1", 0) as served:
        site = Site(served.url, tmp_path / "empty.db", [])
        found = site.charts(**Choice().filters)

        assert found["notice"] == [
            {"text": "No mentions yet: run `earful crawl`, or `earful import FILE`."}
        ]
        assert found["wow_rate"] == metric("–", "0 delighted")
        assert found["coverage"] == metric("–", "0 of 0 cases")
        assert [found[slug] for slug in ("experience", "weekly", "consistency", "stance")] == [
            []
        ] * 4
        for name in metadata()["databases"]["earful"]["queries"]:
            site.rows(f"/earful/{name}.json")


# Saved queries.


def test_every_saved_query_runs_and_says_what_it_is(site: Site) -> None:
    for name, query in metadata()["databases"]["earful"]["queries"].items():
        assert query["title"], name
        assert query["description"].endswith("."), name
        params = set(query.get("params", ()))
        assert set(re.findall(r"(?<!:):([a-z]+)\b", query["sql"])) == params, name
        site.rows(f"/earful/{name}.json")
        # One that sets brands side by side has no filter of that kind.
        if {"brand", "words", "name", "case", "topic"} & params:
            narrowed = site.rows(f"/earful/{name}.json", brand="No such brand")
            assert narrowed == [], name


def test_saved_queries_give_what_their_titles_say(site: Site) -> None:
    week, quarter = now().date() - timedelta(days=7), now().date() - timedelta(days=90)

    def since(first: date, **labels: object) -> set[str | None]:
        return {
            item.mention.url
            for item in site.told
            if counted_at(item).date() >= first
            and all(getattr(item, name) == value for name, value in labels.items())
        }  # fmt: skip

    def urls(query: str, **params: str) -> set[str]:
        return {row["url"] for row in site.rows(f"/earful/{query}.json", **params)}

    angry = Experience.ANGRY
    assert urls("angry_lately") == since(week, current=angry)
    assert urls("angry_lately", since="2000-01-01") == since(date.min, current=angry)
    assert urls("merely_okay") == since(quarter, current=Experience.MEDIOCRE)
    # Each of the fixture's advocates spoke once in favour, and Ana was lost since.
    lost = {"https://reviews.example/ana-1"}
    assert urls("advocates_to_thank") == since(quarter, stance=Stance.ADVOCATE) - lost
    haters = since(quarter, stance=Stance.HATER) - {"https://reviews.example/bob-1"}
    assert urls("haters_to_win_back") == haters
    assert urls("flips_since") == {f"https://reviews.example/{who}-2" for who in ("ana", "bob")}
    assert urls("mentions_naming", words="suitcase") == {
        i.mention.url for i in site.told if "suitcase" in i.mention.text
    }
    assert urls("wows_naming", name="Rita") == {
        i.mention.url
        for i in site.told
        if "Rita" in i.mention.text and i.current is Experience.DELIGHTED
    }
    assert urls("unsure") == since(week, sure=False)
    assert urls("unanswered_cases") == {
        i.mention.url for i in site.told if i.case in (CaseState.OPEN, CaseState.CLAIMED)
    }


def test_the_twenty_questions_are_those_of_the_documents(site: Site) -> None:
    twenty = metadata()["plugins"]["earful-pages"]["twenty"]
    page = Path(__file__).parents[2] / "docs" / "twenty-questions.md"
    documented = re.findall(r"\| `/earful/(\w+)` \|", page.read_text(encoding="utf-8"))

    assert len(set(twenty)) == 20
    assert documented == twenty
    assert set(twenty) <= set(metadata()["databases"]["earful"]["queries"])
    listed = re.findall(r'<dt><a href="/earful/(\w+)">', site.get("/questions").text)
    assert listed[:20] == twenty
    assert set(listed) == set(metadata()["databases"]["earful"]["queries"])


def test_the_rates_that_queries_give_are_the_stores(site: Site) -> None:
    def rate(items: Sequence[Told], felt: str) -> float | None:
        told = told_an_experience(items)
        return round(by_experience(told)[felt] / len(told), 3) if told else None

    for row in site.rows("/earful/how_are_we_doing.json", days="7"):
        items = counted(site.told, Choice(brand=row["brand"], days=7))
        before = counted(site.told, Choice(brand=row["brand"], days=7, ended=7))
        assert (row["mentions"] or 0, row["mentions_before"] or 0) == (len(items), len(before))
        assert row["wow_rate"] == pytest.approx(rate(items, "delighted"), abs=0.001)
        assert row["complaint_rate_before"] == pytest.approx(rate(before, "angry"), abs=0.001)
    beside = {row["brand"]: row for row in site.rows("/earful/brands_side_by_side.json")}
    month = {brand: counted(site.told, Choice(brand=brand)) for brand in (BRAND, OTHER_BRAND)}
    assert {brand: row["mentions"] for brand, row in beside.items()} == {
        brand: len(items) for brand, items in month.items()
    }
    assert sum(row["share_of_voice"] for row in beside.values()) == pytest.approx(1, abs=0.002)
    quarter = counted(site.told, Choice(brand=BRAND, days=91))
    by_source = grouped(quarter, lambda item: item.mention.source)
    found = site.rows("/earful/where_it_differs.json", brand=BRAND, cut="source")
    assert {row["value"]: row["mentions"] for row in found} == {
        source: len(items) for source, items in by_source.items()
    }


@pytest.mark.browser
def test_a_question_is_asked_by_its_form_and_answered_with_a_chart(
    site: Site, browser: Chrome
) -> None:
    browser.get(site.url + "earful/where_it_differs")
    form = browser.find_element(By.CSS_SELECTOR, "form.filters")
    form.find_element(By.CSS_SELECTOR, "select[name=cut] option[value=language]").click()
    form.find_element(By.CSS_SELECTOR, "input[type=submit]").click()
    WebDriverWait(browser, 30).until(lambda page: "cut=language" in page.current_url)
    bars = browser.find_elements(By.CSS_SELECTOR, ".query-chart tbody th")
    assert [bar.text for bar in bars] == [f"en, {BRAND}", f"en, {OTHER_BRAND}"]
    assert browser.find_element(By.CSS_SELECTOR, "select[name=cut]").get_property("value") == (
        "language"
    )
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_the_coverage_query_gives_median_first_response(site: Site) -> None:
    found = site.rows("/earful/coverage_by_source.json")
    assert {row["brand"] for row in found} == {BRAND, OTHER_BRAND}
    for row in found:
        choice = Choice(brand=row["brand"], source=row["source"], days=None)
        items = cases(site.told, choice)
        hours = [
            (item.responded_at - item.mention.created_at).total_seconds() / 3600
            for item in items
            if item.responded_at and item.mention.created_at
        ]
        assert (row["cases"], row["answered"]) == (len(items), len(hours))
        assert row["median_hours_to_answer"] == pytest.approx(median(hours), abs=0.01)


def test_the_star_query_gives_shares(site: Site) -> None:
    rated = [i for i in site.told if i.mention.rating is not None]
    for row in site.rows("/earful/experience_by_stars.json"):
        of_brand = [item for item in rated if item.mention.brand == row["brand"]]
        stars = [item for item in of_brand if item.mention.rating == row["stars"]]
        number = by_experience(stars)
        assert row["mentions"] == len(stars)
        for name in Experience:
            assert row[name] == pytest.approx(number[name] / len(stars), abs=0.001)


def test_the_daily_series_comes_as_csv(site: Site) -> None:
    answer = site.get("/earful/daily_series.csv", brand=BRAND)
    lines = answer.text.strip().splitlines()

    assert answer.headers["content-type"].startswith("text/plain")
    assert lines[0].startswith("day,brand,source,mentions,angry")
    assert sum(int(line.split(",")[3]) for line in lines[1:]) == len(
        counted(site.told, Choice(brand=BRAND, days=None))
    )


def test_a_changed_review_shows_before_and_now(tmp_path: Path) -> None:
    path = tmp_path / "changed.db"
    first = make_mention("1", "Never again, they lost my bag.", now(), rating=1, rating_max=5)
    later = make_mention("1", "They found it and called me!", now(), rating=5, rating_max=5)
    with Store.open(path, migrate=True) as store:
        for mention, experience in ((first, Experience.ANGRY), (later, Experience.DELIGHTED)):
            store_voices(store, [Told(mention=mention, experience=experience)], now())
    with server_process(path, "127.0.0.1", 0) as served:
        [row] = Site(served.url, path, []).rows("/earful/changed_reviews.json")

    assert (row["stars_before"], row["stars_now"], row["experience"]) == (1, 5, "delighted")


# Words for tables; search.


def test_every_table_and_view_is_described_and_no_column_is_made_up(site: Site) -> None:
    described = metadata()["databases"]["earful"]["tables"]
    connection = sqlite3.connect(site.path)
    names = {
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
            "AND name NOT LIKE 'mentions_fts%' AND name NOT LIKE 'sqlite_%'"
        )
    }
    assert names == set(described)
    for name, words in described.items():
        if words.get("hidden"):
            continue
        assert words["title"], name
        assert words["description"], name
        columns = {row[1] for row in connection.execute(f"PRAGMA table_info({name})")}
        assert set(words["columns"]) <= columns, name
        if words.get("sort_desc"):
            assert words["sort_desc"] in columns, name
        assert set(words.get("facets", [])) <= columns, name
    shown = site.get("/earful.json").json()
    visible = {table["name"] for table in shown["tables"] if not table["hidden"]}
    assert visible == {
        "mentions", "mention_versions", "verdicts", "authors", "cases", "case_events", "alerts",
        "crawl_runs", "source_states", "quotas", "webhook_receipts", "daemon_runs", "corrections",
        "relevance_labels", "translations", "relevance_models",
        "control_points", "shifts", "metric_periods", "measured_error",
        "checkpoints", "tombstones", "brands", "mention_facts", "mention_cuts", "cut_days",
        "author_standing", "author_flips",
        "alert_mentions", "slack_channels", "channel_roles",
        "answer_times", "case_takes", "case_mentions", "incidents", "ladder_steps", "mutes",
        "named_staff", "staff", "competitors", "version_changes",
        "failures", "problems", "routines", "replies", "case_destinations",
        "topics", "topic_events", "topic_fits", "topic_periods", "topic_queue", "topic_triggers",
        "mention_topics",
        "stages", "ledger_lines", "written_files", "privacy", "source_days", "source_drift",
        "scoring_tries",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["mentions", "voice"])
def test_full_text_search_finds_word_forms(site: Site, name: str) -> None:
    found = site.rows(f"/earful/{name}.json", _search="suitcases", _size="max")

    assert {row["id"] for row in found} == {
        item.mention.id for item in site.told if "suitcase" in item.mention.text
    }
    assert "_search" in site.get(f"/earful/{name}").text


# Nothing from elsewhere, nothing run, nothing written.


class Assets(HTMLParser):
    """Collects what a page would load by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            loads = name in ("src", "srcset", "poster") or (tag == "link" and name == "href")
            if loads and value:
                self.found.append(value)


PAGES = (
    "/", "/-/dashboards", "/-/dashboards/voice?period=30+days", "/earful", "/earful/voice",
    "/-/dashboards/voice/wows?period=30+days", "/-/dashboards/voice/experience/embed",
    "/earful/mentions", "/earful/mentions/1", "/earful/flips", "/earful/angry_lately",
    "/earful?sql=select+1", "/no/such/page",
)  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_no_page_refers_to_an_asset_elsewhere(site: Site, page: str) -> None:
    answer = site.get(page)
    assets = Assets()
    assets.feed(answer.text)

    assert answer.status_code == (404 if page == "/no/such/page" else 200)
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    for asset in assets.found:
        own = httpx.URL(site.url).join(asset)
        assert own.host == "127.0.0.1", asset
        loaded = httpx.get(own, timeout=30)
        assert loaded.status_code == 200, asset
        if own.path.endswith(".css"):
            assert not re.search(r"url\(\s*['\"]?(https?:)?//|@import", loaded.text), asset


def test_markup_in_a_mention_stays_text(site: Site) -> None:
    for page in ("/earful/voice?_search=owned", "/earful/mentions?_search=owned"):
        assert HOSTILE not in site.get(page).text
        assert "&lt;img src=x" in site.get(page).text


def test_the_store_cannot_be_written(site: Site) -> None:
    before = site.path.read_bytes()
    for sql in ("DELETE FROM mentions", "PRAGMA user_version = 9", "VACUUM", "ATTACH 'x' AS y"):
        assert site.get("/earful.json", sql=sql).status_code == 400, sql
    sneaky = "WITH x AS (SELECT 1) DELETE FROM mentions"
    assert site.get("/earful.json", sql=sneaky).status_code == 400
    assert httpx.post(site.url + "earful/mentions/-/insert", json={}).status_code in (
        403,
        404,
        405,
    )
    assert site.get("/earful.db").status_code in (403, 404)
    assert site.path.read_bytes() == before

    made = datasette(site.path)
    with pytest.raises(StoreError, match="read-only"):
        made.get_database("earful").connect(write=True)


def test_it_reads_what_the_daemon_writes_and_holds_nothing_back(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    build_store(path, now(), days=3)
    with (
        Store.open(path, migrate=True) as store,
        server_process(path, "127.0.0.1", 0) as served,
    ):
        site = Site(served.url, path, [])
        count = {"sql": "SELECT count(*) AS n FROM voice"}
        before = site.rows("/earful.json", **count)[0]["n"]
        fresh = Told(
            mention=make_mention("live", "It came live.", now()), experience=Experience.NONE
        )
        store_voices(store, [fresh], now())

        assert site.rows("/earful.json", **count)[0]["n"] == before + 1
        busy, *_ = store.database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert busy == 0


def test_an_endless_query_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(SETTINGS, "sql_time_limit_ms", 200)
    path = tmp_path / "endless.db"
    build_store(path, now(), days=1)
    made = datasette(path)
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    )
    answer = asyncio.run(made.client.get("/earful.json", params={"sql": endless}))

    assert answer.status_code == 400
    assert "took too long" in answer.text
    assert capfd.readouterr().out == ""
    with Store.open(path, migrate=True) as store:
        checkpoint = store.database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert checkpoint.fetchone()[0] == 0
    assert SETTINGS["sql_time_limit_ms"] == 200


def test_another_name_for_this_machine_is_refused(site: Site) -> None:
    answer = httpx.get(site.url, headers={"Host": "evil.example"}, timeout=30)

    assert answer.status_code == 421
    assert "Earful" in answer.text
    port = httpx.URL(site.url).port
    assert httpx.get(site.url, headers={"Host": f"localhost:{port}"}).status_code == 200


# Starting and stopping.


def test_a_missing_store_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no store there"):
        serve(tmp_path / "none.db", "127.0.0.1", 0)
    with (
        pytest.raises(InputError, match="no store there"),
        server_process(tmp_path / "none.db", "127.0.0.1", 0),
    ):
        pass


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database, but long enough to look at " * 50)
    with pytest.raises(StoreError, match=r"text\.db"):
        serve(tmp_path / "text.db", "127.0.0.1", 0)


def test_a_taken_port_and_a_wrong_host_are_clear_lines(site: Site) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        wanted = rf"127\.0\.0\.1:{port}: cannot be served at: address already in use"
        with pytest.raises(InputError, match=wanted):
            serve(site.path, "127.0.0.1", port)
        with (
            pytest.raises(InputError, match=wanted),
            server_process(site.path, "127.0.0.1", port),
        ):
            pass
    somebody = Accounts(tokens=(Token("robot", "read", "00"),))
    with pytest.raises(InputError, match=r"cannot be served at|not an address"):
        serve(site.path, "203.0.113.1", 0, accounts=somebody)
    with pytest.raises(InputError, match="not an address"):
        serve(site.path, "no host", 0, accounts=somebody)


def test_it_serves_in_this_process_until_told_to_stop(site: Site) -> None:
    ready: list[str] = []
    stop, is_ready = threading.Event(), threading.Event()

    def say(url: str) -> None:
        ready.append(url)
        is_ready.set()

    thread = threading.Thread(
        target=serve,
        args=(site.path, "127.0.0.1", 0),
        kwargs={"ready": say, "stop": stop},
    )
    thread.start()
    assert is_ready.wait(PATIENCE_S)
    assert httpx.get(ready[0], timeout=30).status_code == 200
    stop.set()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_the_process_ends_with_the_block_and_its_port_is_free(site: Site) -> None:
    with server_process(site.path, "127.0.0.1", 0) as served:
        assert served.alive()
        port = httpx.URL(served.url).port
        assert port
    assert served.process.returncode == 0
    with server_process(site.path, "127.0.0.1", port) as again:
        assert httpx.URL(again.url).port == port


def test_the_process_does_not_outlive_a_killed_parent(site: Site) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from earful.pages.server_process import server_process\n"
        "with server_process(Path(sys.argv[1]), '127.0.0.1', 0) as served:\n"
        "    print(served.url, served.process.pid, flush=True)\n"
        "    time.sleep(900)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(site.path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    url, _ = parent.stdout.readline().split()
    assert httpx.get(url, timeout=30).status_code == 200
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()

    def gone() -> bool:
        try:
            httpx.get(url, timeout=30)
        except httpx.HTTPError:
            return True
        return False

    wait_for(gone, lambda: "the server still answers")


# What a person sees.


@pytest.mark.browser
def test_a_browser_sees_the_stores_numbers(site: Site, browser: Chrome) -> None:
    wait = WebDriverWait(browser, 30)
    browser.get(site.url + "-/dashboards/voice")
    wait.until(lambda page: page.execute_script("return document.body.dataset.drawn") == "yes")
    wanted = expected(site.told, Choice())

    for slug in ("mentions", "wow_rate", "complaint_rate", "coverage", "waiting"):
        card = browser.find_element(By.ID, f"card-{slug}")
        [row] = wanted[slug]
        assert card.find_element(By.CLASS_NAME, "value").text == row["value"]
        assert card.find_element(By.CLASS_NAME, "note").text == row["note"]
    # Marks of Vega carry what they show as their label.
    drawn = marks(browser, "experience")
    assert len(drawn) == len(wanted["experience"])
    for row in wanted["sources"]:
        label = f"experience: {row['experience']}"
        fitting = [m for m in marks(browser, "sources") if label in m and row["source"] in m]
        assert fitting, (row, marks(browser, "sources"))
        assert f"mentions: {row['mentions']}" in fitting[0].replace(",", "")
    shown = browser.find_element(By.ID, "chart-stance").text
    for row in wanted["stance"]:
        assert str(row["mentions"]) in shown.split()
    points = site.charts(**Choice().filters)["consistency"]
    outside = [row for row in points if row["chance"] == "outside"]
    assert outside
    assert len(outside) == sum("outside" in mark for mark in marks(browser, "consistency"))

    complaints = browser.find_element(By.ID, "card-complaints")
    assert HOSTILE in complaints.text
    assert not complaints.find_elements(By.CSS_SELECTOR, "td img, td script")
    assert browser.title == "Voice of the customer"

    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    requested = [
        json.loads(entry["message"])["message"]["params"]["request"]["url"]
        for entry in browser.get_log("performance")
        if 'Network.requestWillBeSent"' in entry["message"]
    ]
    ours = (site.url, "data:", "chrome:")
    assert [url for url in requested if not url.startswith(ours)] == []


@pytest.mark.browser
def test_a_phone_shows_every_card_without_scrolling_sideways(site: Site, browser: Chrome) -> None:
    screen = {"width": 400, "height": 900, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    for page in ("", "-/dashboards/voice"):
        browser.get(site.url + page)
        if page:
            WebDriverWait(browser, 30).until(
                lambda page: page.execute_script("return document.body.dataset.drawn") == "yes"
            )
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 400


def marks(browser: Chrome, slug: str) -> list[str]:
    """Give the labels of a chart's marks (not of its axes and legends)."""
    found = browser.find_elements(By.CSS_SELECTOR, f"#chart-{slug} svg [aria-roledescription]")
    kinds = {"bar", "point"}
    return [
        mark.get_attribute("aria-label") or ""
        for mark in found
        if mark.get_attribute("aria-roledescription") in kinds
    ]
