"""What pages said wrongly once, or where they led nowhere: each is asked of the served store."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from earful.pages import csv_files
from earful.pages.datasette_app import SETTINGS, datasette
from earful.pages.server_process import server_process
from storage.models import CaseState, Experience, Stance
from storage.store import Store
from tests.browser import browser as browser
from tests.browser import follow
from tests.earful.conftest import Earful
from tests.earful.test_pages import Site, now
from tests.storage.fixtures import (
    BRAND,
    FORMULA,
    OTHER_BRAND,
    Told,
    build_store,
    make_mention,
    store_voices,
)

ANGRY, MEDIOCRE, DELIGHTED, NONE = Experience
DAYS = 730
_ROWS = SETTINGS["max_returned_rows"] + 1_000
_MANY = (
    f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {_ROWS}) "
    "SELECT i, '=1+1' AS formula, -1 AS number FROM n"
)


def spoken(key: str, experience: Experience, at: datetime, **more: object) -> Told:
    words = str(more.pop("text", f"words {key}"))
    values = {"author": f"person {key}"} | more
    return Told(mention=make_mention(key, words, at, **values), experience=experience)


def two_years(built: datetime) -> Iterator[Told]:
    """Tell of one mention a day for two years, and of what search and cases need."""
    for ago in range(DAYS):
        yield spoken(f"day-{ago}", list(Experience)[ago % 3], built - timedelta(days=ago))
    hour = timedelta(hours=1)
    yield spoken("dont", MEDIOCRE, built - hour, text="They don't answer.", brand=OTHER_BRAND)
    yield spoken("cpp", MEDIOCRE, built - hour, text="Their app is in C++ now.")
    yield spoken("formula", DELIGHTED, built - hour, text=FORMULA)
    yield spoken(
        "answered", ANGRY, built - hour, owner_reply="We are sorry.", owner_replied_at=built
    )
    complaint = spoken("case", ANGRY, built - hour, text="Nobody answers the phone.")
    yield Told(
        mention=complaint.mention,
        experience=ANGRY,
        stance=Stance.NEITHER,
        case=CaseState.CLAIMED,
        due_at=built + hour,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("true") / "earful.db"
    built = now()
    told = [*two_years(built)]
    with Store.open(path, migrate=True) as store:
        store_voices(store, told, built)
    with server_process(path, "127.0.0.1", 0) as served:
        yield Site(served.url, path, told, built)


def open_page(browser: Chrome, url: str) -> None:
    browser.get(url)
    WebDriverWait(browser, 30).until(
        lambda page: page.execute_script("return document.body.dataset.drawn") == "yes"
    )


# Numbers.


def test_a_long_period_is_counted_by_week_or_month(site: Site) -> None:
    rows = site.charts(brand=BRAND, period="all time")["experience"]
    days = [item.mention.created_at.date() for item in site.told if item.mention.created_at]
    mondays = {day - timedelta(days=day.weekday()) for day in days}

    assert {row["unit"] for row in rows} == {"week"}
    assert {row["day"] for row in rows} == {monday.isoformat() for monday in mondays}
    ends = {(monday + timedelta(days=7)).isoformat() for monday in mondays}
    assert {row["day_after"] for row in rows} == ends
    of_brand = [item for item in site.told if item.mention.brand == BRAND]
    assert sum(row["mentions"] for row in rows) == len(of_brand)


@pytest.mark.browser
def test_bars_of_two_years_can_be_seen(site: Site, browser: Chrome) -> None:
    open_page(browser, f"{site.url}-/dashboards/voice?period=all+time")
    bars = browser.execute_script(
        "return [...document.querySelectorAll("
        "'#chart-experience [aria-roledescription=bar]')].map(b => b.getBBox().width)"
    )

    assert len(bars) >= 4 * DAYS / 7
    assert min(bars) >= 2
    assert "mentions a week" in browser.find_element(By.ID, "chart-experience").text


@pytest.mark.parametrize(
    "address", [{"brand": BRAND}, {"brand": BRAND, "period": "", "until": "soon"},
                {"brand": BRAND, "period": "5 days"}],
)  # fmt: skip
def test_the_period_shown_is_the_one_counted(site: Site, address: dict[str, str]) -> None:
    page = site.get("/-/dashboards/voice", **address).text

    assert re.findall(r'<option value="([^"]*)" selected>', page) == [BRAND, "30 days"]
    assert site.charts(**address) == site.charts(brand=BRAND, period="30 days")


def test_an_unknown_brand_is_shown_as_chosen(site: Site) -> None:
    page = site.get("/-/dashboards/voice", brand="Nobody's", period="7 days").text

    assert '<option value="Nobody&#39;s" selected>' in page


def test_report_and_dashboard_mean_the_same_days(tmp_path: Path, earful: Earful) -> None:
    path, at = tmp_path / "earful.db", datetime.now(UTC)
    first = datetime.combine(at.date() - timedelta(days=29), time(), UTC)
    told = [
        # The first of the 30 days, and the moment before it.
        spoken("in", ANGRY, first),
        spoken("out", DELIGHTED, first - timedelta(seconds=1)),
        spoken("today", DELIGHTED, at.replace(hour=0, minute=0, second=0)),
        *(spoken(f"last-{n}", MEDIOCRE, first - timedelta(hours=n)) for n in range(1, 24)),
    ]
    with Store.open(path, migrate=True) as store:
        store_voices(store, told, at)
    page = tmp_path / "report.html"
    assert earful("--db", str(path), "report", "--brand", BRAND, "-o", str(page)).code == 0
    with server_process(path, "127.0.0.1", 0) as served:
        [shown] = Site(served.url, path, told).charts(brand=BRAND, period="30 days")["mentions"]

    assert shown["value"] == "2"
    html = page.read_text(encoding="utf-8")
    assert re.search(r">Mentions<[^0-9]*>2<", html)
    assert "(30 days, UTC)" in html


def test_public_replies_are_counted_beside_cases(site: Site) -> None:
    rows = site.charts(brand=BRAND, period="30 days")["answers"]

    angry = [
        item for item in site.told
        if item.experience is ANGRY and item.mention.brand == BRAND and item.mention.created_at
        and item.mention.created_at.date() > now().date() - timedelta(days=30)
    ]  # fmt: skip
    assert [(row["complaints"], row["public replies"], row["cases"]) for row in rows] == [
        (len(angry), 1, 1)
    ]


# Files.


def test_a_csv_file_has_every_row_and_no_formula(site: Site) -> None:
    answer = site.get("/earful.csv", sql=_MANY)
    head, *rows = csv.reader(io.StringIO(answer.text))

    assert head == ["i", "formula", "number"]
    assert len(rows) == _ROWS
    assert set(map(tuple, (row[1:] for row in rows))) == {("'=1+1", "-1")}
    # The link of a table's page asks for one page; its file has all.
    for name in ("voice", "mentions"):
        page = site.get(f"/earful/{name}.csv", _size="50").text
        mentions = [*csv.DictReader(io.StringIO(page))]
        assert len(mentions) == len(site.told)
        assert f"'{FORMULA}" in {row["text"] for row in mentions}
    saved = site.get("/earful/daily_series.csv", brand=BRAND)
    assert len([*csv.reader(io.StringIO(saved.text))]) == DAYS + 1


def test_a_file_that_would_be_too_long_says_so(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_files, "MOST_ROWS", _ROWS - 1)
    made = datasette(site.path)
    token = csv_files.whole_file.set(True)
    try:
        answer = asyncio.run(made.client.get("/earful.csv", params={"sql": _MANY}))
    finally:
        csv_files.whole_file.reset(token)

    assert answer.status_code == 400
    assert "too many for a CSV file" in answer.text


# Dead ends.


@pytest.mark.parametrize(
    ("words", "found"),
    [("don't", ["dont"]), ("C++", ["cpp"]), ('"', []), ("text: (", []),
     ("answer*", ["dont", "case", "answered"])],
)  # fmt: skip
def test_any_words_can_be_looked_for(site: Site, words: str, found: list[str]) -> None:
    rows = site.rows("/earful/mentions_naming.json", words=words)

    assert {row["url"].rpartition("/")[2] for row in rows} == set(found)


def test_what_took_too_long_says_what_to_do_and_shows_no_sql(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "endless.db"
    build_store(path, now(), days=0)
    monkeypatch.setitem(SETTINGS, "sql_time_limit_ms", 50)
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    )
    answer = asyncio.run(datasette(path).client.get("/earful", params={"sql": endless}))

    assert answer.status_code == 400
    assert "Choose a shorter period or one brand" in answer.text
    assert "RECURSIVE" not in answer.text


@pytest.mark.browser
def test_a_case_number_leads_to_its_history(site: Site, browser: Chrome) -> None:
    open_page(browser, f"{site.url}-/dashboards/voice?brand={BRAND}")
    follow(
        browser,
        browser.find_element(By.CSS_SELECTOR, "#card-waiting_cases td[data-column=case] a"),
    )
    page = browser.find_element(By.TAG_NAME, "main").text

    assert "Nobody answers the phone." in page
    assert "claimed, omar" in page
    browser.get(f"{site.url}earful/unanswered_cases")
    follow(browser, browser.find_element(By.CSS_SELECTOR, "td.col-case_id a"))
    assert "Nobody answers the phone." in browser.find_element(By.TAG_NAME, "main").text


@pytest.mark.browser
def test_saved_queries_are_asked_by_choosing(site: Site, browser: Chrome) -> None:
    browser.get(f"{site.url}earful/daily_series")
    brands = Select(browser.find_element(By.ID, "brand"))

    assert [option.text for option in brands.options] == ["all brands", BRAND, OTHER_BRAND]
    assert browser.find_element(By.ID, "since").get_attribute("type") == "date"
    brands.select_by_visible_text(OTHER_BRAND)
    follow(browser, browser.find_element(By.CSS_SELECTOR, "form.filters input[type=submit]"))
    cells = browser.find_elements(By.CSS_SELECTOR, "td.col-brand")
    assert [cell.text for cell in cells] == [OTHER_BRAND]


@pytest.mark.browser
def test_what_was_searched_comes_before_what_the_columns_mean(site: Site, browser: Chrome) -> None:
    browser.get(f"{site.url}earful/voice?_search=phone")
    meanings = browser.find_element(By.CSS_SELECTOR, "dl.column-descriptions")

    assert not meanings.is_displayed()
    assert browser.find_element(By.CSS_SELECTOR, "table.rows-and-columns").location["y"] < 900
    browser.find_element(By.CSS_SELECTOR, "details.columns summary").click()
    assert meanings.is_displayed()


# Looks.


@pytest.mark.parametrize(
    "page", ["/", "/-/dashboards", "/-/dashboards/voice?period=7+days", "/earful/voice",
             "/no/page", "/earful/angry_lately", "/earful?sql=select+1", "/earful/mentions/1"],
)  # fmt: skip
def test_every_page_names_its_language(site: Site, page: str) -> None:
    assert re.search(r"<html lang=\"en\">", site.get(page).text)


def brightness(browser: Chrome, selector: str, what: str) -> float:
    """Give how bright a colour of a page's element is, from 0 to 255."""
    element = browser.find_element(By.CSS_SELECTOR, selector)
    numbers = re.findall(r"[\d.]+", element.value_of_css_property(what))
    return sum(map(float, numbers[:3])) / 3


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_follow_the_readers_colours(site: Site, browser: Chrome, scheme: str) -> None:
    wanted = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", wanted)
    open_page(browser, f"{site.url}-/dashboards/voice?brand={BRAND}")
    texts = ("h1", ".card h2 a", ".card td", "form.filters select", ".metric .note")
    seen = [brightness(browser, selector, "color") for selector in texts]
    seen.append(brightness(browser, "#chart-experience .role-axis-label text", "fill"))
    grounds = [brightness(browser, at, "background-color") for at in ("body", ".card", "select")]
    for page in ("earful/voice", "earful/angry_lately"):
        browser.get(site.url + page)
        seen.append(brightness(browser, "table.rows-and-columns td", "color"))
        grounds.append(brightness(browser, "body", "background-color"))

    if scheme == "dark":
        assert min(seen) > 140
        assert max(grounds) < 60
    else:
        assert max(seen) < 120
        assert min(grounds) > 200


@pytest.mark.browser
def test_a_phone_shows_waiting_cases_on_its_second_screen(site: Site, browser: Chrome) -> None:
    screen = {"width": 400, "height": 900, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    open_page(browser, f"{site.url}-/dashboards/voice?brand={BRAND}")

    assert browser.find_element(By.ID, "card-waiting_cases").location["y"] < 1800
