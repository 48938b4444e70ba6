"""The report says what the store says, needs nothing else, and runs nothing it quotes."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from selenium.webdriver import Chrome

from config.errors import InputError
from earful.pages.report_page import render_report
from earful.pages.server_process import server_process
from storage.models import CaseState, Experience
from storage.store import Store
from tests.browser import browser as browser
from tests.earful.front_site import Site, now
from tests.earful.voices_of_two_zones import FERRY, ZONES, build
from tests.storage.fixtures import (
    BRAND,
    FORMULA,
    HOSTILE,
    OTHER_BRAND,
    Told,
    build_store,
    make_mention,
    store_voices,
)

NOW = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
UNTIL = datetime(2026, 5, 20, tzinfo=UTC)
SINCE = UNTIL - timedelta(days=14)


class Text(HTMLParser):
    """Collects tags, and what a reader reads."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def read(html: str) -> Text:
    text = Text()
    text.feed(html)
    return text


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Told], Path]:
    path = tmp_path_factory.mktemp("report") / "earful.db"
    return build_store(path, NOW, days=42), path


def report(path: Path, brand: str | None = BRAND, since: datetime = SINCE) -> str:
    with Store.open(path, readonly=True) as store:
        return render_report(store, brand, since, UNTIL, NOW)


def within(told: list[Told], first: datetime, last: datetime) -> list[Told]:
    return [
        item
        for item in told
        if item.mention.brand == BRAND
        and item.current is not None
        and item.mention.created_at
        and first <= item.mention.created_at < last
    ]


def tiles(html: str) -> dict[str, list[str]]:
    """Give what stands in each figure of the first panel, by its name."""
    found = re.findall(r'<div class="tile"[^>]*>(.*?)</div>', html, re.S)
    told = {}
    for part in found:
        lines = re.findall(r"<(?:h3|p)[^>]*>(.*?)</(?:h3|p)>", part, re.S)
        name, *rest = (read(line.replace("<span", " <span")).text.strip() for line in lines)
        told[name] = rest
    return told


def test_the_headline_numbers_are_the_stores(built: tuple[list[Told], Path]) -> None:
    told, path = built
    late, before = within(told, SINCE, UNTIL), within(told, SINCE - (UNTIL - SINCE), SINCE)
    html = report(path)
    found = tiles(html)

    def number(items: list[Told], experience: Experience) -> int:
        return sum(item.current is experience for item in items)

    def spoken(items: list[Told]) -> int:
        return len(items) - number(items, Experience.NONE)

    growth = 100 * (len(late) - len(before)) / len(before)
    assert found["Mentions"] == [
        str(len(late)),
        f"{spoken(late)} tell an experience",
        f"{growth:+.0f}% on the days before".replace("-", "−"),
    ]
    for name, experience in (
        ("Wow rate", Experience.DELIGHTED),
        ("Complaint rate", Experience.ANGRY),
        ("Merely okay", Experience.MEDIOCRE),
    ):
        share = 100 * number(late, experience) / spoken(late)
        moved = share - 100 * number(before, experience) / spoken(before)
        assert found[name][0] == f"{share:.1f}%"
        assert found[name][1].startswith(f"{number(late, experience)} of {spoken(late)} 95%: ")
        assert found[name][2].startswith(f"{moved:+.1f} points".replace("-", "−"))
    cases = [
        item
        for item in told
        if item.mention.brand == BRAND
        and item.case not in (None, CaseState.DISMISSED)
        and item.mention.created_at
        and SINCE <= item.mention.created_at < UNTIL
    ]
    answered = sum(item.responded_at is not None for item in cases)
    assert (
        f"Of {len(cases)} cases opened in this period {answered} were answered "
        f"({answered / len(cases):.0%})"
    ) in read(html).text


PANELS = ("rates", "answers", "voices", "goals", "people", "sources", "parts", "others")


def panels_of(html: str) -> dict[str, str]:
    """Give the words of each panel, without ways to other pages and hours that pass."""
    without = re.sub(r'<(p|span) class="(?:go|all)">.*?</\1>', "", html, flags=re.S)
    found = {}
    for name in PANELS:
        part = re.search(rf'<section class="panel" id="{name}".*?</section>', without, re.S)
        assert part, name
        words = re.sub(r"(overdue|due in) \d+ \w+", "", read(part[0]).text)
        found[name] = words.replace(" ", "")
    return found


def test_it_has_the_same_contents_as_the_home_page(tmp_path: Path) -> None:
    path, made = tmp_path / "store.db", now()
    build(path, made)
    today = made.astimezone(ZoneInfo(ZONES[FERRY])).date()
    since, until = (
        datetime.combine(day, datetime.min.time(), ZoneInfo(ZONES[FERRY]))
        for day in (today - timedelta(days=29), today + timedelta(days=1))
    )
    with Store.open(path, readonly=True) as store:
        html = render_report(store, FERRY, since, until, now(), ZoneInfo(ZONES[FERRY]))
    with server_process(path, "127.0.0.1", 0) as served:
        site = Site(served.url, path)
        first = today - timedelta(days=29)
        home = site.get("", brand=FERRY, since=f"{first}", until=f"{today}").text

    assert panels_of(html) == panels_of(home)
    assert "What needs an answer?" in read(html).text


def test_its_numbers_lead_to_the_served_pages_where_those_are_known(
    built: tuple[list[Told], Path],
) -> None:
    with Store.open(built[1], readonly=True) as store:
        html = render_report(store, BRAND, SINCE, UNTIL, NOW, public_url="https://earful.example/")
    links = {attributes.get("href") or "" for tag, attributes in read(html).tags if tag == "a"}
    ours = {link for link in links if link.startswith("https://earful.example/")}

    assert any("/mentions?" in link and "experience=angry" in link for link in ours)
    assert any("/case/" in link for link in ours)
    assert "earful-page:" not in html


def test_it_tells_wows_complaints_flips_and_mediocrity(built: tuple[list[Told], Path]) -> None:
    html = report(built[1])
    text = read(html).text

    assert f"{BRAND}: voice of the customer" in text
    assert "6 May 2026 to 19 May 2026 (14 days, UTC)" in text
    assert html.count('<article class="quote') >= 3 * 5
    assert "Lost advocate Stranded for nine hours" in text
    assert "Won back They called me, paid and apologised." in text
    assert "fixture-1" in text
    assert re.search(r"\d+% of them sure, 1 corrected by people", text)
    # The incident of two days shows as days that chance does not explain.
    assert ": find out what happened." in text


def test_it_needs_nothing_else(built: tuple[list[Told], Path]) -> None:
    html = report(built[1])
    tags = read(html).tags

    assert not {"script", "link", "img", "iframe", "object", "embed"} & {tag for tag, _ in tags}
    assert not re.search(r"url\(|@import", html)
    for tag, attributes in tags:
        assert not [name for name in attributes if name.startswith("on") or name == "src"]
        if tag == "a":
            assert (attributes["href"] or "").startswith(("https://reviews.example/", "#"))
    assert ("meta", "default-src 'none'; style-src 'unsafe-inline'") in [
        (tag, attributes.get("content")) for tag, attributes in tags
    ]


def test_what_it_quotes_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "hostile.db"
    long = HOSTILE + " and that was more than forty characters of it."
    with Store.open(path, migrate=True) as store:
        told = Told(
            mention=make_mention(
                "1", long, NOW - timedelta(days=1), author="<b>Eve", title=FORMULA,
                url="javascript:alert(1)", brand="<i>Brand",
            ),
            experience=Experience.ANGRY,
        )  # fmt: skip
        store_voices(store, [told], NOW)
    html = report(path, "<i>Brand")
    tags = read(html).tags

    assert long in read(html).text
    assert not {"img", "script", "b"} & {tag for tag, _ in tags}
    assert "javascript:" not in html


@pytest.mark.parametrize("days", [1, 2, 60, 500])
def test_any_period_can_be_drawn(built: tuple[list[Told], Path], days: int) -> None:
    html = report(built[1], since=UNTIL - timedelta(days=days))
    inside = within(built[0], UNTIL - timedelta(days=days), UNTIL)

    assert tiles(html)["Mentions"][0] == str(len(inside))
    drawn = re.search(r"<strong>Mentions</strong>, a (\w+), by experience", html)
    # The store has six weeks: before its first mention there is nothing to draw.
    assert drawn
    assert drawn[1] == "day"
    assert "nan" not in html


def test_all_brands_are_set_side_by_side(built: tuple[list[Told], Path]) -> None:
    numbers = {
        brand: tiles(report(built[1], brand))["Mentions"][0] for brand in (BRAND, OTHER_BRAND)
    }
    text = read(report(built[1], None)).text

    assert "All brands: voice of the customer" in text
    for brand, number in numbers.items():
        assert f"{brand} {number} " in text


def test_a_clear_change_is_called_better_or_worse(tmp_path: Path) -> None:
    path = tmp_path / "change.db"

    def many(first: int, ago: int, experience: Experience) -> list[Told]:
        at = UNTIL - timedelta(days=ago)
        return [
            Told(mention=make_mention(str(first + n), f"words {n}", at), experience=experience)
            for n in range(60)
        ]

    with Store.open(path, migrate=True) as store:
        store_voices(store, many(0, 20, Experience.DELIGHTED), NOW)
        store_voices(store, many(100, 3, Experience.ANGRY), NOW)
    found = tiles(report(path))

    assert found["Wow rate"][2] == "−100.0 points on the days before: worse"
    assert found["Complaint rate"][2] == "+100.0 points on the days before: worse"


def test_an_empty_store_and_an_empty_period_explain_themselves(
    tmp_path: Path, built: tuple[list[Told], Path]
) -> None:
    build_store(tmp_path / "empty.db", NOW, days=0)

    assert "No mentions yet: run earful crawl , or" in read(report(tmp_path / "empty.db")).text
    with Store.open(built[1], readonly=True) as store:
        old = render_report(store, BRAND, SINCE - timedelta(800), UNTIL - timedelta(800), NOW)
    assert "No mention with a verdict is in this choice" in read(old).text


def test_a_wrong_brand_or_period_is_a_clear_line(built: tuple[list[Told], Path]) -> None:
    with pytest.raises(InputError, match="Acme: no mention of this brand; known: Acme Air, Birch"):
        report(built[1], "Acme")
    with pytest.raises(InputError, match="ends before it begins"):
        report(built[1], since=UNTIL)


@pytest.mark.browser
def test_a_browser_shows_it_on_a_screen_and_a_phone(
    built: tuple[list[Told], Path], browser: Chrome, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    page.write_text(report(built[1]), encoding="utf-8")
    for width in (1280, 400):
        screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        browser.get(page.as_uri())
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        overlapping = browser.execute_script(_OVERLAPS)
        assert overlapping == []
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


# Labels of one chart that touch one another.
_OVERLAPS = """
    const found = [];
    for (const chart of document.querySelectorAll(".chart svg, svg.road")) {
        const boxes = [...chart.querySelectorAll("text")].map(
            (label) => [label.textContent, label.getBoundingClientRect()]);
        boxes.forEach(([one, a], place) => boxes.slice(place + 1).forEach(([other, b]) => {
            if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
                found.push([one, other]);
        }));
    }
    return found;
"""
