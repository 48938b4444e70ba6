"""What people change from a page, through `earful serve` with accounts and a real browser."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from earful.pages.passwords import hash_password
from earful.pages.server_process import server_process
from storage.store import Store
from tests.browser import browser as browser
from tests.browser import follow
from tests.earful.front_site import errors_of, now
from tests.earful.voices_of_two_zones import FERRY, build

PASSWORD = "correct horse battery"
CONFIG = """
[store]
path = "store.db"

[serve]
port = 0

[[serve.accounts]]
name = "cleo"
role = "work"
password_hash = "{hashed}"

[[serve.accounts]]
name = "ben"
role = "read"
password_hash = "{hashed}"

[[brands]]
name = "Fjord Ferry"
query = "ferry"
timezone = "Europe/Oslo"

  [[brands.sources]]
  source = "hackernews"
"""


@dataclass(frozen=True)
class Served:
    url: str
    path: Path

    def row(self, sql: str, *values: object) -> dict[str, object]:
        with Store.open(self.path, readonly=True) as store:
            found = store.database.connection.execute(sql, values).fetchone()
        return dict(found) if found else {}

    def seq(self, mention_id: str) -> int:
        found = self.row("SELECT seq FROM mentions WHERE id = ?", mention_id)["seq"]
        assert isinstance(found, int)
        return found


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    build(tmp_path / "store.db", now(), days=4)
    config = tmp_path / "earful.toml"
    config.write_text(CONFIG.format(hashed=hash_password(PASSWORD)), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "earful", "--config", str(config), "serve"],
        stdout=subprocess.PIPE, text=True, cwd=tmp_path,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith("dashboards at http"), said
        yield Served(said.split()[2], tmp_path / "store.db")
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout:
            process.stdout.close()


def sign_in(browser: Chrome, url: str, name: str, path: str) -> None:
    browser.get(url + path)
    browser.find_element(By.NAME, "name").send_keys(name)
    browser.find_element(By.NAME, "password").send_keys(PASSWORD)
    browser.find_element(By.CSS_SELECTOR, "input[type=submit], section button").click()
    WebDriverWait(browser, 30).until(lambda page: path in page.current_url.split("?")[0])


@pytest.mark.browser
def test_a_colleague_corrects_a_verdict(served: Served, browser: Chrome) -> None:
    wow = served.row(
        "SELECT id, seq FROM voice WHERE brand = ? AND experience = 'delighted' "
        "AND id NOT LIKE '%formula' ORDER BY seq LIMIT 1",
        FERRY,
    )
    before = served.row("SELECT sum(angry) AS n FROM cut_days WHERE dimension = 'all'")["n"]
    sign_in(browser, served.url, "cleo", f"mention/{wow['seq']}")
    Select(browser.find_element(By.NAME, "experience")).select_by_value("angry")
    Select(browser.find_element(By.NAME, "stance")).select_by_value("hater")
    browser.find_element(By.NAME, "note").send_keys("irony <b>")
    follow(browser, browser.find_element(By.CSS_SELECTOR, "form[action$='/correct'] button"))

    said = browser.find_element(By.CSS_SELECTOR, "p[role=status]").text
    assert said.startswith("Corrected to angry, hater. Case ")
    assert "angry, hater" in browser.find_element(By.CSS_SELECTOR, "#verdict .headline").text
    assert "irony <b>" in browser.find_element(By.ID, "verdict").text
    row = served.row("SELECT * FROM corrections WHERE mention_id = ?", wow["id"])
    assert (row["experience"], row["stance"], row["corrected_by"]) == ("angry", "hater", "cleo")
    after = served.row("SELECT sum(angry) AS n FROM cut_days WHERE dimension = 'all'")["n"]
    assert (before, after) == (before, int(str(before)) + 1)
    # What a person calls angry is a case, and its message waits for Slack.
    case = served.row("SELECT * FROM cases WHERE mention_id = ?", wow["id"])
    assert case["state"] == "open"
    assert served.row("SELECT kind FROM alerts WHERE mention_id = ?", wow["id"])
    entry = served.row("SELECT * FROM audit WHERE act = 'corrected'")
    assert (entry["actor"], entry["role"], entry["about"]) == ("cleo", "work", wow["id"])
    assert errors_of(browser) == []


@pytest.mark.browser
def test_a_colleague_makes_a_case_once(served: Served, browser: Chrome) -> None:
    # One that waits for its verdict yet.
    seq = served.seq("appstore:unscored")
    sign_in(browser, served.url, "cleo", f"mention/{seq}")
    follow(browser, browser.find_element(By.CSS_SELECTOR, "form[action$='/case'] button"))

    case = served.row("SELECT * FROM cases WHERE mention_id = 'appstore:unscored'")
    said = browser.find_element(By.CSS_SELECTOR, "p[role=status]").text
    assert said == f"Case {case['id']} is made."
    assert not browser.find_elements(By.CSS_SELECTOR, "form[action$='/case']")
    entry = served.row("SELECT * FROM audit WHERE act = 'made a case'")
    assert (entry["actor"], entry["about"]) == ("cleo", "appstore:unscored")
    follow(browser, browser.find_element(By.CSS_SELECTOR, "#case .headline a"))
    assert browser.find_element(By.TAG_NAME, "h1").text == f"Case {case['id']}"
    count = "SELECT count(*) AS n FROM cases WHERE mention_id = 'appstore:unscored'"
    assert served.row(count)["n"] == 1


def test_who_may_not_cannot(served: Served, tmp_path: Path) -> None:
    seq = served.seq("appstore:formula")
    with httpx.Client(base_url=served.url, timeout=30, headers={"accept": "text/html"}) as web:
        page = web.get("/-/sign-in").text
        token = page.split('name="csrftoken" value="')[1].split('"')[0]
        form = {"csrftoken": token, "name": "ben", "password": PASSWORD}
        assert web.post("/-/sign-in", data=form).status_code == 303
        assert "Correct the verdict" not in web.get(f"/mention/{seq}").text
        for act in ("correct", "case"):
            answer = web.post(
                f"/mention/{seq}/{act}", data={"csrftoken": token, "experience": "angry"}
            )
            assert answer.status_code == 403
            assert "work on cases" in answer.text
    assert served.row("SELECT count(*) AS n FROM corrections")["n"] == 1  # the fixture's own


def test_without_a_token_or_from_another_site_nothing_is_changed(served: Served) -> None:
    seq = served.seq("appstore:formula")
    with httpx.Client(base_url=served.url, timeout=30, headers={"accept": "text/html"}) as web:
        page = web.get("/-/sign-in").text
        token = page.split('name="csrftoken" value="')[1].split('"')[0]
        form = {"csrftoken": token, "name": "cleo", "password": PASSWORD}
        assert web.post("/-/sign-in", data=form).status_code == 303
        wanted = {"experience": "angry"}
        assert web.post(f"/mention/{seq}/correct", data=wanted).status_code == 403
        strange = web.post(
            f"/mention/{seq}/correct",
            data={**wanted, "csrftoken": token},
            headers={"sec-fetch-site": "cross-site", "origin": "http://evil.example"},
        )
        assert strange.status_code == 403
        assert served.row("SELECT count(*) AS n FROM corrections")["n"] == 1
        nothing = web.post(f"/mention/{seq}/correct", data={"csrftoken": token})
        assert nothing.status_code == 303
        assert "Choose an experience or a stance" in web.get(f"/mention/{seq}").text
        odd = web.post(
            f"/mention/{seq}/correct", data={"csrftoken": token, "experience": "furious"}
        )
        assert odd.status_code == 400


def test_on_loopback_without_accounts_everybody_reads_alone(tmp_path: Path) -> None:
    build(tmp_path / "store.db", now(), days=2)
    with server_process(tmp_path / "store.db", "127.0.0.1", 0) as at:
        assert "Correct the verdict" not in httpx.get(f"{at.url}mention/1", timeout=30).text
        answer = httpx.post(f"{at.url}mention/1/correct", data={"experience": "angry"}, timeout=30)
        assert answer.status_code == 403


@pytest.mark.browser
def test_a_colleague_works_on_a_case(served: Served, browser: Chrome) -> None:
    case = served.row("SELECT id, mention_id FROM cases WHERE state = 'open' ORDER BY id")
    sign_in(browser, served.url, "cleo", f"case/{case['id']}")

    def press(what: str, note: str = "") -> str:
        browser.find_element(By.NAME, "note").send_keys(note)
        follow(browser, browser.find_element(By.CSS_SELECTOR, f"button[value={what}]"))
        return browser.find_element(By.CSS_SELECTOR, "p[role=status]").text

    assert press("claim") == f"Case {case['id']}: claimed."
    assert press("note", "called her <b>") == f"Case {case['id']}: noted."
    assert press("respond") == f"Case {case['id']}: responded."
    assert not browser.find_elements(By.CSS_SELECTOR, "button[value=claim]")
    assert press("close") == f"Case {case['id']}: closed."
    assert press("reopen", "she wrote again") == f"Case {case['id']}: open."

    history = browser.find_element(By.CSS_SELECTOR, ".history").text
    assert "called her <b>" in history
    assert history.count("cleo") == 5
    with Store.open(served.path, readonly=True) as store:
        events = store.database.connection.execute(
            "SELECT event FROM case_events WHERE case_id = ? AND actor = 'cleo' ORDER BY id",
            (case["id"],),
        ).fetchall()
        audit = store.database.connection.execute(
            "SELECT actor, role, what, about FROM audit WHERE act = 'worked on a case' ORDER BY id"
        ).fetchall()
    assert [row["event"] for row in events] == [
        "claimed", "noted", "responded", "closed", "reopened"
    ]  # fmt: skip
    wanted = ["claim", "note", "respond", "close", "reopen"]
    assert [tuple(row) for row in audit] == [
        ("cleo", "work", f"case {case['id']}: {what}", case["mention_id"]) for what in wanted
    ]
    assert errors_of(browser) == []


@contextmanager
def signed_in(served: Served, name: str) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=served.url, timeout=30, headers={"accept": "text/html"}, follow_redirects=True
    ) as web:
        token = form_of(web.get("-/sign-in").text)["csrftoken"]
        form = {"csrftoken": token, "name": name, "password": PASSWORD}
        assert web.post("-/sign-in", data=form).is_success
        yield web


def form_of(page: str) -> dict[str, str]:
    """Give the fields that a page's forms carry unseen."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))


def test_a_click_too_late_undoes_nothing(served: Served) -> None:
    case = served.row("SELECT id FROM cases WHERE state IN ('open', 'claimed') ORDER BY id")
    with signed_in(served, "cleo") as client:
        page = client.get(f"case/{case['id']}").text
        told = form_of(page)
        assert client.post(f"case/{case['id']}/work", data=told | {"what": "respond"}).is_success
        # The same click again changes nothing; neither does what there is no button for.
        again = client.post(f"case/{case['id']}/work", data=told | {"what": "respond"})
        assert "nothing was changed" in again.text
        wrong = client.post(f"case/{case['id']}/work", data=told | {"what": "burn", "click": "2"})
        assert "on a page there is claim" in wrong.text
    with signed_in(served, "ben") as client:
        page = client.get(f"case/{case['id']}").text
        assert 'name="what"' not in page
        refused = client.post(
            f"case/{case['id']}/work", data=told | {"what": "close", "click": "3"}
        )
        assert refused.status_code == 403
    assert served.row("SELECT state FROM cases WHERE id = ?", case["id"])["state"] == "responded"
