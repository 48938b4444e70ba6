"""What people wrote runs nowhere: on Datasette's own pages, on dashboards, in a report's file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.support.ui import WebDriverWait

from earful.pages.report_page import render_report
from earful.pages.server_process import server_process
from storage.store import Store
from tests.browser import browser as browser
from tests.earful.front_site import Site, now
from tests.earful.voices_of_two_zones import FERRY, HOSTILE, build

# Pages that Datasette makes of rows, where its policy allows scripts in the page itself.
PAGES = (
    "earful/voice?_search=owned",
    "earful/mentions?_search=owned&_facet=title",
    "earful?sql=select+title,+text,+title+as+%22%3Cimg+src=x+onerror=document.title=1%3E%22+from+mentions"
    "+where+title+like+'%25owned%25'",
    "-/dashboards/voice?period=30+days",
    "-/dashboards/voice?period=%3Cimg+src=x+onerror=%22document.title='owned'%22%3E",
    "earful/voice?_search=%3Cscript%3Edocument.title='owned'%3C/script%3E",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("hostile") / "store.db"
    spoken = build(path, now())
    with server_process(path, "127.0.0.1", 0) as served:
        yield Site(served.url, path, spoken)


def untouched(browser: Chrome) -> bool:
    """Tell whether nothing ran: each part of the hostile text would name the page `owned`."""
    WebDriverWait(browser, 60).until(
        lambda one: one.execute_script("return document.readyState") == "complete"
    )
    shown: str = browser.title.replace(HOSTILE, "")
    # A search stands in the title of its page as it was typed, as a text.
    return shown not in ("owned", "1")


@pytest.mark.browser
def test_nothing_runs_on_datasettes_pages_or_in_a_report(
    site: Site, browser: Chrome, tmp_path: Path
) -> None:
    for page in PAGES:
        browser.get(site.url + page)
        assert untouched(browser), page
        assert "HTTP ERROR" not in browser.page_source
    with Store.open(site.path, readonly=True) as store:
        html = render_report(store, FERRY, now() - timedelta(days=60), now(), now())
    file = tmp_path / "report.html"
    file.write_text(html, encoding="utf-8")
    browser.get(file.as_uri())
    assert untouched(browser)
    assert browser.title
    # That the test can fail: the same words, not escaped, run in this browser.
    file.write_text(f"<title>as it was</title>{HOSTILE}", encoding="utf-8")
    browser.get(file.as_uri())
    WebDriverWait(browser, 60).until(lambda one: one.title == "owned")
    assert not untouched(browser)


def test_no_page_lets_another_site_frame_it(site: Site) -> None:
    for page in ("", "store", "questions", *PAGES):
        policies = site.get(page).headers.get_list("content-security-policy")
        assert any(
            "frame-ancestors 'none'" in one or "frame-ancestors 'self'" in one for one in policies
        ), page
