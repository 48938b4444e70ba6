"""The home page of the store: each panel's numbers are the store's, and lead to the mentions."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, timedelta
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from earful.pages.server_process import server_process
from storage.models import CaseState, Experience
from storage.store import Store
from tests.browser import browser as browser
from tests.browser import follow
from tests.earful.front_site import Site, errors_of, now, number, requested, texts
from tests.earful.voices_of_two_zones import FERRY, RAIL, RIVAL, TOPICS, Spoken, build
from tests.storage.fixtures import Told, make_mention, store_voices

pytestmark = pytest.mark.browser
EXPERIENCES = (Experience.ANGRY, Experience.MEDIOCRE, Experience.DELIGHTED)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("front") / "store.db"
    spoken = build(path, now())
    with server_process(path, "127.0.0.1", 0) as served:
        yield Site(served.url, path, spoken)


# Numbers, counted again in plain Python.


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Give the 95% interval of a share, by the quadratic that defines it."""
    z = 1.959963984540054
    a, b, c = whole + z * z, -(2 * part + z * z), part * part / whole
    root = math.sqrt(b * b - 4 * a * c)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def tile(items: Sequence[Spoken], key: str) -> dict[str, object]:
    told = [one for one in items if one.told.current in EXPERIENCES]
    felt = {"wow_rate": "delighted", "complaint_rate": "angry", "mediocre_rate": "mediocre"}
    if key in felt:
        part, whole = sum(one.told.current == felt[key] for one in told), len(told)
    else:
        part, whole = sum(one.told.stance == key.partition("_")[0] for one in items), len(items)
    low, high = wilson(part, whole)
    return {
        "value": f"{part / whole:.1%}",
        "part": part,
        "whole": whole,
        "interval": f"{low:.1%} to {high:.1%}",
    }


@pytest.mark.parametrize(
    ("address", "brand", "days", "ended", "fields"),
    [
        (f"?brand={FERRY}", FERRY, 30, 0, {}),
        (f"?brand={RAIL}&period=7 days", RAIL, 7, 0, {}),
        (f"?brand={RAIL}&period=all time", RAIL, None, 0, {}),
        (f"?brand={FERRY}&source=feeds&period=90 days", FERRY, 90, 0, {"source": "feeds"}),
        (
            f"?brand={FERRY}&source=appstore&language=de&period=90 days", FERRY, 90, 0,
            {"source": "appstore", "language": "de"},
        ),
        (f"?brand={FERRY}&country=NO&period=90 days", FERRY, 90, 0, {"country": "NO"}),
    ],
)  # fmt: skip
def test_the_rates_are_the_stores(
    site: Site,
    browser: Chrome,
    address: str,
    brand: str,
    days: int | None,
    ended: int,
    fields: dict[str, str],
) -> None:
    browser.get(site.url + address)
    items = site.judged(brand, days, ended=ended, **fields)

    assert texts(browser, "#tile-mentions .value") == [str(len(items))]
    for key in ("wow_rate", "complaint_rate", "mediocre_rate", "advocate_rate", "hater_rate"):
        wanted = tile(items, key)
        [value] = texts(browser, f"#tile-{key} .value")
        [of] = texts(browser, f"#tile-{key} .of")
        assert value == wanted["value"], key
        assert of.split("\n") == [
            f"{wanted['part']} of {wanted['whole']}", f"95%: {wanted['interval']}"
        ], key  # fmt: skip


def test_days_are_those_of_the_brands_zone(site: Site, browser: Chrome) -> None:
    for brand, zone in ((FERRY, "Europe/Oslo"), (RAIL, "Pacific/Auckland")):
        ago = 12
        day = site.today(brand) - timedelta(days=ago)
        browser.get(f"{site.url}?brand={brand}&since={day}&until={day}")
        items = site.judged(brand, 1, ended=ago)
        elsewhere = [
            one
            for one in site.judged(brand, None)
            if one.mention.created_at and one.mention.created_at.astimezone(UTC).date() == day
        ]

        assert texts(browser, "#tile-mentions .value") == [str(len(items))]
        assert {one.mention.id for one in items} != {one.mention.id for one in elsewhere}
        assert zone in browser.find_element(By.CSS_SELECTOR, ".foot").text


@pytest.mark.parametrize("key", ["mentions", "wow_rate", "complaint_rate", "hater_rate"])
def test_a_number_leads_to_the_mentions_behind_it(site: Site, browser: Chrome, key: str) -> None:
    browser.get(f"{site.url}?brand={FERRY}&period=90 days&source=feeds")
    shown = number(texts(browser, f"#tile-{key} .{'value' if key == 'mentions' else 'of'}")[0])
    follow(browser, browser.find_element(By.CSS_SELECTOR, f"#tile-{key} .value a"))
    items = [
        one
        for one in site.judged(FERRY, 90, source="feeds")
        if key == "mentions"
        or (key == "hater_rate" and one.told.stance == "hater")
        or one.told.current == {"wow_rate": "delighted", "complaint_rate": "angry"}.get(key)
    ]

    assert number(texts(browser, ".count b")[0]) == shown == len(items)
    assert "source=feeds" in browser.current_url
    # The text tells which mention it is: each has a number of its own.
    listed = texts(browser, ".quote .said")
    while older := browser.find_elements(By.CSS_SELECTOR, ".next a"):
        follow(browser, older[0])
        listed += texts(browser, ".quote .said")
    assert sorted(listed) == sorted(said(one) for one in items)


def said(one: Spoken) -> str:
    return f"{one.mention.title or ''} {' '.join(one.mention.text.split())}".strip()


def chart_table(browser: Chrome, metric: str) -> list[list[str]]:
    """Unfold the table under a chart and read it."""
    browser.find_element(By.CSS_SELECTOR, f"#chart-{metric} summary").click()
    return [
        [cell.text for cell in row.find_elements(By.CSS_SELECTOR, "th, td")]
        for row in browser.find_elements(By.CSS_SELECTOR, f"#chart-{metric} tbody tr")
    ]


@pytest.mark.parametrize("metric", ["wow_rate", "complaint_rate"])
def test_a_brands_chart_is_the_one_that_was_measured(
    site: Site, browser: Chrome, metric: str
) -> None:
    browser.get(f"{site.url}?brand={FERRY}&period=90 days")
    rows = chart_table(browser, metric)
    first = site.today(FERRY) - timedelta(days=89)
    with Store.open(site.path, readonly=True) as store:
        points = store.database.connection.execute(
            "SELECT k, n, coalesce(act, signal, '') AS signal FROM control_points "
            "WHERE brand = ? AND metric = ? AND until > ? ORDER BY day",
            (FERRY, metric, first.isoformat()),
        ).fetchall()

    assert [(int(row[1]), int(row[2]), row[5]) for row in rows] == [tuple(p) for p in points]
    marked = sum(bool(row[5]) for row in rows)
    assert len(browser.find_elements(By.CSS_SELECTOR, f"#chart-{metric} .signal")) == marked
    if metric == "complaint_rate":
        assert marked  # the storm
        link = browser.find_element(By.CSS_SELECTOR, f"#chart-{metric} tbody a")
        shown = number(link.text)
        browser.get(str(link.get_property("href")))
        assert number(texts(browser, ".count b")[0]) == shown


def test_a_narrower_choice_has_a_chart_of_its_own(site: Site, browser: Chrome) -> None:
    browser.get(f"{site.url}?brand={FERRY}&source=feeds")
    rows = chart_table(browser, "complaint_rate")
    items = site.judged(FERRY, source="feeds")
    told = [one for one in items if one.told.current in EXPERIENCES]
    by_day = Counter(one.day for one in told)
    angry = Counter(one.day for one in told if one.told.current is Experience.ANGRY)

    assert [(int(row[1]), int(row[2])) for row in rows] == [
        (angry[day], by_day[day]) for day in sorted(by_day)
    ]


def test_the_open_cases_are_the_stores_the_overdue_first(site: Site, browser: Chrome) -> None:
    browser.get(f"{site.url}?brand={FERRY}&period=7 days")
    waiting = [
        one
        for one in site.spoken
        if one.mention.brand == FERRY and one.told.case in (CaseState.OPEN, CaseState.CLAIMED)
    ]
    overdue = [one for one in waiting if one.told.due_at and one.told.due_at < now()]
    counts = {
        line.split(" ", 1)[1]: number(line)
        for line in (" ".join(t.split()) for t in texts(browser, "#answers .counts a"))
    }

    assert counts["waiting"] == len(waiting)
    assert counts["overdue"] == len(overdue)
    assert counts["nobody has taken"] == sum(o.told.case is CaseState.OPEN for o in waiting)
    assert sum(number(text) for text in texts(browser, ".ages td.number")) == len(waiting)
    first = sorted(waiting, key=lambda one: str(one.told.due_at))[: len(
        browser.find_elements(By.CSS_SELECTOR, "#answers .cases li")
    )]  # fmt: skip
    assert [text.startswith(said(one)[:60]) for text, one in zip(
        texts(browser, "#answers .cases .said"), first, strict=True
    )] == [True] * len(first)  # fmt: skip
    follow(browser, browser.find_element(By.CSS_SELECTOR, "#answers .counts a.bad"))
    assert number(texts(browser, ".count b")[0]) == len(overdue)
    follow(browser, browser.find_element(By.CSS_SELECTOR, ".cases .due a"))
    assert browser.find_element(By.TAG_NAME, "h1").text.startswith("Case ")
    assert "opened" in browser.find_element(By.CSS_SELECTOR, ".history").text


def test_the_people_are_the_stores(site: Site, browser: Chrome) -> None:
    browser.get(f"{site.url}?brand={FERRY}&period=90 days")
    items = site.judged(FERRY, None)
    advocates = {one.mention.author for one in items if one.told.stance == "advocate"} - {"Kari"}
    haters = {one.mention.author for one in items if one.told.stance == "hater"}

    assert set(texts(browser, "#people-advocates li > a")) <= advocates
    assert set(texts(browser, "#people-haters li > a")) <= haters
    assert texts(browser, "#people-flips li > a") == ["Kari"]
    named = [
        one
        for one in site.judged(FERRY, 90)
        if "Ingrid" in one.mention.text and one.told.current is Experience.DELIGHTED
    ]
    assert texts(browser, "#people-kudos li") == [f"Ingrid <b>Å</b>\n{len(named)} wows"]
    browser.get(f"{site.url}people/advocates?brand={FERRY}")
    assert set(texts(browser, ".people-list li > a")) == advocates


@pytest.mark.parametrize(
    ("side", "felt", "mark"),
    [("delighted", Experience.DELIGHTED, "daughter"), ("angry", Experience.ANGRY, "minutes")],
)
def test_topics_tell_what_is_loved_and_hated(
    site: Site, browser: Chrome, side: str, felt: Experience, mark: str
) -> None:
    browser.get(f"{site.url}?brand={FERRY}&source=feeds")
    about = [one for one in site.judged(FERRY, source="feeds") if mark in one.mention.text]
    told = [one for one in about if one.told.current in EXPERIENCES]
    part = sum(one.told.current is felt for one in told)

    assert texts(browser, f"#voices-{side} .topic-head a") == [TOPICS[mark]]
    assert texts(browser, f"#voices-{side} .topic-head b") == [f"{part / len(told):.1%}"]
    assert texts(browser, f"#voices-{side} .topics .by") == [
        f"{part} of {len(told)} that tell an experience"
    ]
    follow(browser, browser.find_element(By.CSS_SELECTOR, f"#voices-{side} .topics .by a"))
    assert number(texts(browser, ".count b")[0]) == part
    shown = browser.find_element(By.CSS_SELECTOR, "select[name=topic]")
    assert TOPICS[mark] in shown.text


def test_what_advocates_need_and_who_has_gone_quiet(site: Site, browser: Chrome) -> None:
    browser.get(f"{site.url}?brand={FERRY}")
    needs = browser.find_element(By.ID, "people-needs")
    assert not any(texts(needs, "li"))  # folded: what needs an answer comes first
    needs.find_element(By.TAG_NAME, "summary").click()
    with Store.open(site.path, readonly=True) as store:
        wanted = store.database.connection.execute(
            "SELECT author, sentence FROM advocates_today WHERE brand = ? ORDER BY place", (FERRY,)
        ).fetchall()
        quiet = store.database.connection.execute(
            "SELECT author, silent_days FROM quiet_advocates WHERE brand = ?", (FERRY,)
        ).fetchall()

    assert [row["author"] for row in wanted] == ["Kari", "Astrid"]
    assert texts(needs, "li > a") == [row["author"] for row in wanted]
    assert texts(needs, ".said") == [row["sentence"] for row in wanted]
    assert [row["author"] for row in quiet] == ["Olav"]
    [line] = texts(browser, "#people-quiet li")
    assert line.startswith(f"Olav\nsilent for {quiet[0]['silent_days']:.0f} days")
    follow(browser, needs.find_element(By.CSS_SELECTOR, ".said a"))
    assert "Left on the quay" in browser.find_element(By.CSS_SELECTOR, ".full").text
    for which, names in (("needs", ["Kari", "Astrid"]), ("quiet", ["Olav"])):
        browser.get(f"{site.url}people/{which}?brand={FERRY}")
        assert texts(browser, ".people-list li > a") == names


def test_a_version_that_made_things_worse_is_told(site: Site, browser: Chrome) -> None:
    browser.get(f"{site.url}?brand={FERRY}")
    with Store.open(site.path, readonly=True) as store:
        [row] = store.database.connection.execute(
            "SELECT * FROM version_changes WHERE brand = ? AND direction IS NOT NULL "
            "AND metric = 'complaint_rate'",
            (FERRY,),
        ).fetchall()
    begins = "Version 2.0 made the complaint rate worse"
    [shown] = [
        one
        for one in browser.find_elements(By.CSS_SELECTOR, "#parts .findings li")
        if one.text.startswith(begins)
    ]
    finding = shown.text

    assert f"{row['part'] / row['told']:.1%} of {row['told']} since" in finding
    assert (
        f"{row['part_before'] / row['told_before']:.1%} of {row['told_before']} before" in finding
    )
    follow(browser, shown.find_element(By.CSS_SELECTOR, "a"))
    angry = [
        one
        for one in site.judged(FERRY, None, product_version="2.0")
        if one.told.current is Experience.ANGRY
    ]
    assert number(texts(browser, ".count b")[0]) == len(angry)


@pytest.mark.parametrize(
    ("cut", "field"),
    [("version", "product_version"), ("country", "country"), ("language", "language")],
)
def test_the_parts_of_a_brand_are_the_stores(
    site: Site, browser: Chrome, cut: str, field: str
) -> None:
    browser.get(f"{site.url}?brand={FERRY}&period=90 days")
    table = browser.find_element(By.ID, f"cut-{cut}")
    table.find_element(By.TAG_NAME, "summary").click()
    items = site.judged(FERRY, 90)
    wanted = {}
    for value in {getattr(one.mention, field) for one in items} - {None}:
        part = [one for one in items if getattr(one.mention, field) == value]
        told = [one for one in part if one.told.current in EXPERIENCES]
        wanted[value] = [str(len(part))] + [
            f"{sum(one.told.current is felt for one in told) / len(told):.1%}"
            for felt in (Experience.ANGRY, Experience.DELIGHTED)
        ]
    shown = {}
    for row in table.find_elements(By.CSS_SELECTOR, "tbody tr"):
        name, *cells = texts(row, "th, td")
        shown[name] = [cell.split()[0] for cell in cells]
    assert shown == wanted
    value = texts(table, "tbody th")[0]
    follow(browser, table.find_elements(By.CSS_SELECTOR, "tbody td a")[1])
    angry = [
        one
        for one in site.judged(FERRY, 90)
        if getattr(one.mention, field) == value and one.told.current is Experience.ANGRY
    ]
    assert number(texts(browser, ".count b")[0]) == len(angry)


def test_what_moved_the_rates_sums_to_the_change(site: Site, browser: Chrome) -> None:
    browser.get(f"{site.url}?brand={FERRY}")
    browser.find_element(By.CSS_SELECTOR, "#movers summary").click()
    with Store.open(site.path, readonly=True) as store:
        impacts = {
            row["topic"]: row["complaint_impact"]
            for row in store.database.connection.execute(
                "SELECT topic, complaint_impact FROM topic_impact WHERE brand = ? AND days = 28",
                (FERRY,),
            )
        }
    rows = browser.find_elements(By.CSS_SELECTOR, "#movers .scroll:first-child tbody tr")
    shown = {texts(row, "th")[0]: texts(row, "td")[0] for row in rows}
    [caption, _] = texts(browser, "#movers caption")

    def points(gap: float) -> str:
        return f"{100 * gap:+.1f} points".replace("-", "−")

    wanted = {name.replace("(about none)", "about no topic"): gap for name, gap in impacts.items()}
    assert shown == {name: points(gap) for name, gap in wanted.items()}
    assert caption == f"Complaint rate: {points(sum(wanted.values()))} in all, the sum of these"


def test_the_sources_are_the_stores(site: Site, browser: Chrome) -> None:
    browser.get(f"{site.url}?brand={RAIL}&period=90 days")
    items = site.judged(RAIL, 90)
    wanted = {}
    for source, count in Counter(one.mention.source for one in items).items():
        told = [o for o in items if o.mention.source == source and o.told.current in EXPERIENCES]
        wanted[source] = (count, *(
            f"{sum(o.told.current is felt for o in told) / len(told):.1%}"
            for felt in (Experience.DELIGHTED, Experience.ANGRY)
        ))  # fmt: skip
    rows = browser.find_elements(By.CSS_SELECTOR, "#sources tbody tr")
    shown = {}
    for row in rows:
        cells = texts(row, "th, td")
        shown[cells[0]] = (number(cells[1]), cells[3], cells[4])
    assert shown == wanted


def test_the_brands_stand_side_by_side(site: Site, browser: Chrome) -> None:
    browser.get(f"{site.url}?brand={FERRY}&language=en")
    # All by the days of the brand that is shown: in Auckland it may be tomorrow.
    whole = len(site.judged(None, 30, days_of=FERRY, language="en"))
    for row in browser.find_elements(By.CSS_SELECTOR, "#others tbody tr"):
        cells = texts(row, "th, td")
        brand = cells[0].removesuffix(" competitor")
        items = site.judged(brand, 30, days_of=FERRY, language="en")
        told = [one for one in items if one.told.current in EXPERIENCES]
        low, high = wilson(len(items), whole)
        assert number(cells[1]) == len(items), brand
        assert cells[2].split() == f"{len(items) / whole:.1%} {low:.0%} to {high:.0%}".split()
        for cell, felt in ((cells[3], Experience.DELIGHTED), (cells[4], Experience.ANGRY)):
            part = sum(one.told.current is felt for one in told)
            assert cell.split()[0] == f"{part / len(told):.1%}", brand
        assert ("competitor" in cells[0]) == (brand == RIVAL)
    # What is behind the number is of the same days, wherever the other brand is.
    rows = browser.find_elements(By.CSS_SELECTOR, "#others tbody tr")
    [rail] = [row for row in rows if texts(row, "th")[0] == RAIL]
    shown = number(texts(rail, "td")[0])
    follow(browser, rail.find_element(By.CSS_SELECTOR, "td a"))
    assert number(texts(browser, ".count b")[0]) == shown


def test_the_road_says_where_a_brand_stands(site: Site, browser: Chrome) -> None:
    browser.get(f"{site.url}?brand={FERRY}")
    [head] = texts(browser, ".goal-head")
    with Store.open(site.path, readonly=True) as store:
        goal = store.database.connection.execute(
            "SELECT * FROM checkpoint_road WHERE brand = ? AND state = 'walking'", (FERRY,)
        ).fetchone()

    assert f"{goal['value']:.1%}" in head
    assert f"95%: {goal['low']:.1%} to {goal['high']:.1%}" in head
    assert "goal: at least 95.0%" in head
    assert "20.0% reached" in browser.find_element(By.CSS_SELECTOR, ".goal .by").text


def test_several_brands_are_not_pooled(site: Site, browser: Chrome) -> None:
    browser.get(site.url)

    assert not browser.find_elements(By.ID, "rates")
    names = [text.removesuffix(" competitor") for text in texts(browser, "#others tbody th")]
    assert names == [FERRY, RAIL, RIVAL]
    follow(browser, browser.find_element(By.CSS_SELECTOR, "#others tbody th a"))
    assert browser.find_element(By.TAG_NAME, "h1").text == FERRY


def test_the_form_keeps_its_choice_in_the_address(site: Site, browser: Chrome) -> None:
    browser.get(f"{site.url}?brand={FERRY}&country=NO")
    form = browser.find_element(By.CSS_SELECTOR, "form.filters")
    form.find_element(By.CSS_SELECTOR, "select[name=period] option[value='7 days']").click()
    form.find_element(By.CSS_SELECTOR, "select[name=source] option[value=feeds]").click()
    follow(browser, form.find_element(By.TAG_NAME, "button"))
    WebDriverWait(browser, 30).until(lambda page: "period=7+days" in page.current_url)

    query = browser.current_url.partition("?")[2]
    assert sorted(query.split("&")) == [
        "brand=Fjord+Ferry", "country=NO", "period=7+days", "source=feeds"
    ]  # fmt: skip
    follow(browser, browser.find_element(By.CSS_SELECTOR, ".chips a"))
    assert "country" not in browser.current_url
    assert "source=feeds" in browser.current_url


def test_what_cannot_be_read_is_left_out_with_a_word(site: Site, browser: Chrome) -> None:
    browser.get(f"{site.url}?brand={FERRY}&period=soon&since=yesterday")

    notes = texts(browser, ".note.warn")
    assert notes == [
        "period=soon was left out: use 7 days, 30 days, 90 days, 12 months, all time.",
        "since=yesterday was left out: a day is written 2026-01-31.",
    ]
    assert "(30 days)" in browser.find_element(By.CSS_SELECTOR, ".span").text


# A store with little in it says why, and what to do.


def test_an_empty_store_says_what_to_do(tmp_path: Path, browser: Chrome) -> None:
    path = tmp_path / "empty.db"
    Store.open(path, migrate=True).close()
    with server_process(path, "127.0.0.1", 0) as served:
        browser.get(served.url)
        assert "earful import FILE" in browser.find_element(By.CSS_SELECTOR, ".panel.empty").text
        for page in ("mentions", "cases", "people/kudos", "people/flips", "questions", "store"):
            browser.get(served.url + page)
            assert browser.find_element(By.TAG_NAME, "h1").text
        assert errors_of(browser) == []


def test_undated_mentions_count_on_the_day_they_came(tmp_path: Path, browser: Chrome) -> None:
    path, built = tmp_path / "undated.db", now()
    told = [
        Told(
            mention=make_mention(
                str(n), f"Letter number {n} came by post.", None, fetched_at=built
            ),
            experience=Experience.DELIGHTED,
        )
        for n in range(3)
    ]
    with Store.open(path, migrate=True) as store:
        store_voices(store, told, built)
    with server_process(path, "127.0.0.1", 0) as served:
        browser.get(served.url)
        assert texts(browser, "#tile-wow_rate .value") == ["100.0%"]
        follow(browser, browser.find_element(By.CSS_SELECTOR, "#tile-mentions .value a"))
        assert all("undated" in text for text in texts(browser, ".quote .by"))


def test_a_period_without_mentions_leads_to_those_there_are(site: Site, browser: Chrome) -> None:
    long_ago = date(2001, 1, 1)
    browser.get(f"{site.url}?brand={FERRY}&since={long_ago}&until={long_ago}")
    assert "the latest is of" in browser.find_element(By.CSS_SELECTOR, "#rates .empty").text
    follow(browser, browser.find_element(By.LINK_TEXT, "Show all time"))
    assert texts(browser, "#tile-mentions .value") == [str(len(site.judged(FERRY, None)))]


def test_what_waits_for_a_verdict_is_in_no_number(site: Site, browser: Chrome) -> None:
    browser.get(f"{site.url}?brand={FERRY}")
    [note] = texts(browser, "p.note")
    assert note.startswith("1 mention of this choice waits for a verdict")
    follow(browser, browser.find_element(By.CSS_SELECTOR, "p.note a"))
    assert texts(browser, ".quote .said") == ["Just in: a new boat for the line."]


def test_no_request_leaves_the_machine(site: Site, browser: Chrome) -> None:
    for page in ("", f"?brand={FERRY}", "mentions", "cases", "people/haters", "questions"):
        browser.get(site.url + page)
    assert errors_of(browser) == []
    strangers = [
        url
        for url in requested(browser)
        if not re.match(rf"{re.escape(site.url)}|data:|chrome:", url)
    ]
    assert strangers == []
