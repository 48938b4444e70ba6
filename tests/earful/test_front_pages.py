"""The pages behind the home page: lists, files, a mention, a case; safe, and for everybody."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from importlib import resources
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from earful.pages.server_process import server_process
from storage.models import Experience
from storage.store import Store
from tests.browser import browser as browser
from tests.browser import follow
from tests.earful.front_site import Site, errors_of, now, texts
from tests.earful.voices_of_two_zones import FERRY, HOSTILE, RAIL, build
from tests.storage.fixtures import Told, make_mention, store_voices

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("front") / "store.db"
    spoken = build(path, now())
    with Store.open(path) as store:
        # A review that its writer has changed, with its verdict then and now.
        for text, felt, ago in (
            ("They lost my bag and shrugged.", Experience.ANGRY, 3),
            ("They found my bag and drove it home to me!", Experience.DELIGHTED, 1),
        ):
            at = now() - timedelta(days=ago)
            mention = make_mention("edited", text, at, brand=FERRY, author="Mona", fetched_at=at)
            store_voices(store, [Told(mention=mention, experience=felt)], at)
    with server_process(path, "127.0.0.1", 0) as served:
        yield Site(served.url, path, spoken)


def seq_of(site: Site, native_id: str, source: str = "appstore") -> int:
    with Store.open(site.path, readonly=True) as store:
        row = store.database.connection.execute(
            "SELECT seq FROM mentions WHERE id = ?", (f"{source}:{native_id}",)
        ).fetchone()
    return int(row["seq"])


def pages(site: Site) -> dict[str, str]:
    """Name every kind of page, with a mention that shows all there is to it."""
    hostile = seq_of(site, "hostile")
    with Store.open(site.path, readonly=True) as store:
        case = store.database.connection.execute(
            "SELECT k.id FROM cases k WHERE k.mention_id = 'appstore:hostile'"
        ).fetchone()["id"]
        author = store.database.connection.execute(
            "SELECT author_id FROM mentions WHERE id = 'appstore:hostile'"
        ).fetchone()["author_id"]
    return {
        "home": f"?brand={FERRY}",
        "all brands": "",
        "nothing": f"?brand={FERRY}&since=2001-01-01&until=2001-01-02",
        "mentions": f"mentions?brand={FERRY}",
        "narrowed": f"mentions?brand={FERRY}&experience=angry&words=boat&sure=1&period=soon",
        "mention": f"mention/{hostile}",
        "edited": f"mention/{seq_of(site, 'edited')}",
        "thread": f"mention/{seq_of(site, 'kari-2', 'feeds')}",
        "author": f"author?id={quote(author, safe='')}",
        "cases": f"cases?brand={FERRY}",
        "answered": f"cases?which=answered&period=90 days&brand={RAIL}",
        "case": f"case/{case}",
        "advocates": f"people/advocates?brand={FERRY}",
        "flips": f"people/flips?brand={FERRY}&period=90 days",
        "questions": "questions",
        "store": "store",
    }


# What people wrote never runs.


def test_hostile_words_are_only_words(site: Site, browser: Chrome) -> None:
    for name, page in pages(site).items():
        browser.get(site.url + page)
        browser.execute_script(
            "document.querySelectorAll('details').forEach((d) => d.open = true)"
        )
        assert "owned" not in browser.title.replace(HOSTILE, ""), name
        assert not browser.find_elements(By.CSS_SELECTOR, "main script, main img, [onload]"), name
        links = [
            one.get_dom_attribute("href") or ""
            for one in browser.find_elements(By.CSS_SELECTOR, "a")
        ]
        assert [link for link in links if link.lower().strip().startswith("javascript")] == []
    browser.get(site.url + pages(site)["mention"])
    assert HOSTILE in browser.find_element(By.CSS_SELECTOR, ".full").text
    assert errors_of(browser) == []


def test_the_pages_allow_no_script_but_their_own(site: Site) -> None:
    for page in pages(site).values():
        policy = site.get(page).headers.get_list("content-security-policy")
        assert any("default-src 'none'; script-src 'self';" in one for one in policy), page
        assert "unsafe" not in policy[0], page


# For everybody.


AXE = resources.files("axe_core_python").joinpath("axe.min.js")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_no_serious_fault(site: Site, browser: Chrome, width: int, scheme: str) -> None:
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    axe = AXE.read_text(encoding="utf-8")
    found = {}
    for name, page in pages(site).items():
        browser.get(site.url + page)
        browser.execute_script(
            "document.querySelectorAll('details').forEach((d) => d.open = true)"
        )
        browser.execute_cdp_cmd("Runtime.evaluate", {"expression": axe})
        result: Any = browser.execute_async_script(
            "const done = arguments[0];"
            "axe.run().then((r) => done([r.violations, r.passes.length]))"
        )
        violations, passed = result
        assert passed > 10, name
        faults = [
            (one["id"], one["nodes"][0]["html"][:200], one["nodes"][0]["failureSummary"][:300])
            for one in violations
            if one["impact"] in ("serious", "critical")
        ]
        if faults:
            found[name] = faults
        # Nothing is cut off at the side.
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width, name
    assert found == {}, json.dumps(found, indent=1)


def test_the_keyboard_reaches_the_content_and_the_numbers(site: Site, browser: Chrome) -> None:
    browser.get(f"{site.url}?brand={FERRY}")
    body = browser.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.TAB)
    assert browser.switch_to.active_element.text == "Skip to the content"
    levels = [
        int(one.tag_name[1])
        for one in browser.find_elements(By.CSS_SELECTOR, "h1, h2, h3, h4, h5, h6")
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert browser.find_element(By.TAG_NAME, "html").get_dom_attribute("lang") == "en"


# Lists and files.


def test_the_file_has_every_row_and_no_formula(site: Site) -> None:
    items = site.judged(FERRY, 90)
    answer = site.get("mentions.csv", brand=FERRY, period="90 days")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))

    # The edited review is no part of what `build` wrote.
    assert {row["id"] for row in rows} == {one.mention.id for one in items} | {"appstore:edited"}
    assert len(rows) == len(items) + 1
    [formula] = [row for row in rows if row["id"] == "appstore:formula"]
    assert formula["text"].startswith("'=HYPERLINK")
    assert "attachment" in answer.headers["content-disposition"]


def test_words_are_searched_within_the_other_filters(site: Site, browser: Chrome) -> None:
    browser.get(f"{site.url}mentions?brand={FERRY}&period=90 days&words=daughter&source=feeds")
    wanted = {
        one.mention.text
        for one in site.judged(FERRY, 90, source="feeds")
        if "daughter" in one.mention.text
    }
    assert set(texts(browser, ".quote .said")) == wanted
    for odd in ("don't", "C++", '"', "a AND", "*"):
        assert site.get("mentions", words=odd).status_code == 200, odd


def test_what_is_not_there_is_said(site: Site) -> None:
    for page in ("mention/999999", "case/999999", "author?id=nobody", "people/ghosts"):
        answer = site.get(page)
        assert answer.status_code == 404, page
        assert "There " in answer.text, page


# One mention.


def test_a_mentions_page_tells_all_of_it(site: Site, browser: Chrome) -> None:
    browser.get(f"{site.url}mention/{seq_of(site, 'edited')}")
    assert "drove it home" in browser.find_element(By.CSS_SELECTOR, ".full").text
    assert "lost my bag" in browser.find_element(By.ID, "versions").text
    assert "delighted" in browser.find_element(By.CSS_SELECTOR, "#verdict .headline").text
    with Store.open(site.path, readonly=True) as store:
        row = store.database.connection.execute(
            "SELECT * FROM voice WHERE id = 'appstore:edited'"
        ).fetchone()
    shares = texts(browser, "#verdict .bars td.number")
    names = ("angry", "mediocre", "delighted", "none", "advocate", "hater", "neither")
    assert shares == [f"{100 * row[f'p_{name}']:.0f}%" for name in names]


def test_a_mentions_page_has_its_thread_its_case_and_its_author(
    site: Site, browser: Chrome
) -> None:
    browser.get(f"{site.url}mention/{seq_of(site, 'kari-2', 'feeds')}")
    assert "the best crew at sea" in browser.find_element(By.ID, "thread").text
    assert "open" in browser.find_element(By.CSS_SELECTOR, "#case .headline").text
    assert "opened" in browser.find_element(By.CSS_SELECTOR, "#case .history").text
    assert "the best crew at sea" in browser.find_element(By.ID, "by-author").text
    browser.get(f"{site.url}mention/{seq_of(site, 'kari-1', 'feeds')}")
    assert "Left on the quay" in browser.find_element(By.ID, "thread").text
    follow(browser, browser.find_element(By.CSS_SELECTOR, "#by-author .all a"))
    assert browser.find_element(By.TAG_NAME, "h1").text == "Kari"
    assert "Left on the quay" in browser.find_element(By.TAG_NAME, "main").text


def test_an_id_leads_to_the_mentions_page(site: Site) -> None:
    answer = site.get("mention", id="feeds:kari-1")
    assert answer.status_code == 302
    assert answer.headers["location"].endswith(f"mention/{seq_of(site, 'kari-1', 'feeds')}")
