"""Who is let in to the dashboards, what they may do there, and what no query may take."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from click.testing import CliRunner
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from config.errors import ConfigError, InputError
from config.settings import ServeSettings
from config.settings.serve_section import AccountSettings, TokenSettings
from earful.cli import cli
from earful.pages.access import SCOPE_KEY, THIS_MACHINE, Role, Visitor, role_of
from earful.pages.accounts import Accounts
from earful.pages.gate import SESSION, Gate
from earful.pages.guard import Hosts, is_local
from earful.pages.passwords import hash_password, is_password
from earful.pages.server_process import server_process
from earful.pages.throttle import FREE, Throttle
from storage.store import Store
from storage.tables.audit import Act
from tests.browser import browser as browser
from tests.earful.conftest import Earful
from tests.storage.fixtures import build_store
from tests.waiting import PATIENCE_S

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
TOKEN, OTHER_TOKEN = "t" * 40, "u" * 40
HASHED = hash_password(PASSWORD)
SERVE = ServeSettings(
    accounts=(
        AccountSettings(name="anna", role="admin", password_hash=HASHED),
        AccountSettings(name="ben", role="read", password_hash=HASHED),
        AccountSettings(name="cleo", role="work", password_hash=HASHED),
    ),
    tokens=(TokenSettings(name="grafana"), TokenSettings(name="robot", role="admin")),
)
ENVIRON = {"EARFUL_TOKEN_GRAFANA": TOKEN, "EARFUL_TOKEN_ROBOT": OTHER_TOKEN}
ACCOUNTS = Accounts.of(SERVE, ENVIRON)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("guarded") / "earful.db"
    build_store(path, NOW, days=2)
    return path


@pytest.fixture(scope="module")
def url(path: Path) -> Iterator[str]:
    with server_process(path, "127.0.0.1", 0, accounts=ACCOUNTS) as served:
        yield served.url


@pytest.fixture(scope="module")
def open_url(path: Path) -> Iterator[str]:
    with server_process(path, "127.0.0.1", 0) as served:
        yield served.url


def client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=30, headers={"accept": "text/html"})


def csrf(page: str) -> str:
    found = re.search(r'name="csrftoken" value="([^"]+)"', page)
    assert found
    return found[1]


def sign_in(web: httpx.Client, name: str, password: str = PASSWORD) -> httpx.Response:
    token = csrf(web.get("/-/sign-in").text)
    return web.post(
        "/-/sign-in?next=/earful",
        data={"csrftoken": token, "name": name, "password": password},
    )


# Who is let in.


def test_beyond_loopback_nobody_serves_without_a_password(path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "earful", "--db", str(path), "serve", "--host", "0.0.0.0"],
        capture_output=True,
        text=True,
        cwd=path.parent,
    )

    assert told.returncode == 2
    assert told.stderr.count("\n") == 1
    assert "0.0.0.0: others can reach this address" in told.stderr
    assert "earful serve --hash-password" in told.stderr
    with (
        pytest.raises(InputError, match="nobody needs a password"),
        server_process(path, "0.0.0.0", 0),
    ):
        pass


def test_beyond_loopback_with_accounts_it_serves(path: Path) -> None:
    with server_process(path, "0.0.0.0", 0, accounts=ACCOUNTS) as served:
        answer = httpx.get(served.url + "earful.json", timeout=30)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_without_accounts_this_machine_reads_and_changes_nothing(open_url: str) -> None:
    assert httpx.get(open_url + "earful/voice", timeout=30).status_code == 200
    assert httpx.get(open_url + "-/audit", timeout=30).status_code == 403
    assert THIS_MACHINE.role is Role.READ < Role.WORK < Role.ADMIN


def test_a_page_leads_to_the_sign_in_page_and_back(url: str) -> None:
    with client(url) as web:
        asked = web.get("/earful/voice?_search=bag")
        assert asked.status_code == 303
        assert asked.headers["location"] == "/-/sign-in?next=/earful/voice%3F_search%3Dbag"
        for page in ("/earful.json", "/earful/voice.csv", "/-/dashboards/voice.json"):
            assert web.get(page).status_code == 401
        assert web.get("/-/sign-in").status_code == 200
        assert web.get("/assets/earful.css").status_code == 200

        signed = sign_in(web, "anna")
        assert (signed.status_code, signed.headers["location"]) == (303, "/earful")
        [cookie] = [c for c in signed.headers.get_list("set-cookie") if "earful_session" in c]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Secure" not in cookie
        assert "Sign out" in web.get("/earful/voice").text


def test_signed_out_is_out_wherever_the_cookie_went(url: str) -> None:
    with client(url) as web, client(url) as thief:
        sign_in(web, "ben")
        thief.cookies.set("earful_session", web.cookies["earful_session"])
        page = thief.get("/earful/voice")
        assert page.status_code == 200

        out = web.post("/-/sign-out", data={"csrftoken": csrf(web.get("/earful").text)})
        assert out.status_code == 303
        assert thief.get("/earful.json").status_code == 401


def test_behind_https_cookies_are_for_https_alone(url: str) -> None:
    with client(url) as web:
        web.headers["x-forwarded-proto"] = "https"
        token = web.get("/-/sign-in")
        cookies = token.headers.get_list("set-cookie")
        assert cookies
        assert all("Secure" in one and "HttpOnly" in one for one in cookies)


def test_a_changed_password_ends_what_was_begun_with_the_old_one(path: Path, url: str) -> None:
    with client(url) as web:
        sign_in(web, "ben")
        changed = SERVE.model_copy(
            update={
                "accounts": (
                    AccountSettings(
                        name="ben", password_hash=hash_password("another one, longer")
                    ),
                )
            }
        )
        accounts = Accounts.of(changed, ENVIRON)
        with (
            server_process(path, "127.0.0.1", 0, accounts=accounts) as served,
            client(served.url) as again,
        ):
            again.cookies.set("earful_session", web.cookies["earful_session"])
            assert again.get("/earful.json").status_code == 401


def test_a_token_is_let_in_by_its_role(url: str) -> None:
    def asks(page: str, token: str) -> int:
        headers = {"authorization": f"Bearer {token}"}
        return httpx.get(url + page, headers=headers, timeout=30).status_code

    assert asks("earful/voice.json", TOKEN) == 200
    assert asks("-/audit", TOKEN) == 403
    assert asks("-/audit", OTHER_TOKEN) == 200
    assert asks("earful/voice.json", "v" * 40) == 401
    assert httpx.get(url + "earful.json", auth=("anna", PASSWORD), timeout=30).status_code == 401


def test_what_is_missing_for_an_account_is_one_line() -> None:
    bare = ServeSettings(accounts=(AccountSettings(name="dana.k"),))
    with pytest.raises(
        ConfigError, match=r"serve\.accounts\[0\] \(dana\.k\): needs password_hash"
    ):
        Accounts.of(bare, {})
    assert Accounts.of(bare, {"EARFUL_PASSWORD_HASH_DANA_K": HASHED}).named("dana.k")
    with pytest.raises(ConfigError, match="EARFUL_PASSWORD_HASH_DANA_K: not the hash"):
        Accounts.of(bare, {"EARFUL_PASSWORD_HASH_DANA_K": "hunter2"})
    tokens = ServeSettings(tokens=(TokenSettings(name="grafana"),))
    with pytest.raises(ConfigError, match="needs EARFUL_TOKEN_GRAFANA in the environment"):
        Accounts.of(tokens, {})
    with pytest.raises(ConfigError, match="fewer than 32") as refused:
        Accounts.of(tokens, {"EARFUL_TOKEN_GRAFANA": "sesame"})
    assert "sesame" not in str(refused.value)


def test_a_password_is_hashed_at_the_terminal() -> None:
    told = CliRunner().invoke(cli, ["serve", "--hash-password"], input=f"{PASSWORD}\n{PASSWORD}\n")
    assert told.exit_code == 0, told.output
    assert is_password(PASSWORD, told.stdout.strip().splitlines()[-1])
    assert PASSWORD not in told.output
    short = CliRunner().invoke(cli, ["serve", "--hash-password"], input="short\nshort\n")
    assert isinstance(short.exception, InputError)
    assert "take 12 or more" in str(short.exception)


# Roles.


@pytest.mark.parametrize(
    ("visitor", "role"),
    [
        (None, None),
        (THIS_MACHINE, Role.READ),
        (Visitor("cleo", Role.WORK, signed_in=True), Role.WORK),
    ],
)
def test_a_request_tells_the_role_of_who_asks(visitor: Visitor | None, role: Role | None) -> None:
    assert role_of(SimpleNamespace(scope={SCOPE_KEY: visitor})) is role
    assert role_of(SimpleNamespace(scope={})) is None


def test_only_an_admin_reads_who_did_what(url: str) -> None:
    for name, status in (("ben", 403), ("cleo", 403), ("anna", 200)):
        with client(url) as web:
            sign_in(web, name)
            web.get("/earful/voice.csv?_search=secretword&brand=Acme+Air")
            page = web.get("/-/audit")
            assert page.status_code == status
    assert "earful/voice.csv (_search, brand=Acme Air)" in page.text
    assert "secretword" not in page.text
    assert "ben" in page.text


def test_the_audit_and_the_keys_are_no_rows_of_a_query(open_url: str) -> None:
    for sql in (
        "SELECT * FROM audit",
        "SELECT account FROM sessions",
        "SELECT hex(key) FROM tombstone_key",
        "SELECT (SELECT key FROM pseudonym_key)",
    ):
        answer = httpx.get(open_url + "earful.json", params={"sql": sql}, timeout=30)
        assert answer.status_code == 403, sql
        assert "not shown" in answer.text


# Guessing.


def test_guessing_slows_down_and_is_forgiven() -> None:
    throttle = Throttle(timedelta(minutes=1))
    for _ in range(FREE):
        assert not throttle.wait("anna", NOW)
        throttle.wrong("anna", NOW)
    waits = []
    for _ in range(8):
        waits.append(throttle.wait("anna", NOW).total_seconds())
        throttle.wrong("anna", NOW)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert not throttle.wait("ben", NOW)
    assert not throttle.wait("anna", NOW + timedelta(minutes=1))
    throttle.right("anna")
    assert not throttle.wait("anna", NOW)


def test_many_wrong_passwords_are_heard_no_more(path: Path) -> None:
    moments = [NOW]
    gate = Gate(path, ACCOUNTS, lambda: moments[0])

    async def guess() -> None:
        for number in range(FREE):
            tried = await gate.sign_in("anna", f"guess {number}", "192.0.2.1")
            assert tried.refusal == "The name or the password is wrong."
        kept_out = await gate.sign_in("anna", PASSWORD, "192.0.2.1")
        assert kept_out.cookie is None
        assert kept_out.wait_s == 1
        assert "Try again in 1 second." in kept_out.refusal
        # Another name from that address waits too, so that names cannot be tried one by one.
        assert (await gate.sign_in("ben", PASSWORD, "192.0.2.1")).wait_s == 1
        assert (await gate.sign_in("ben", PASSWORD, "192.0.2.2")).cookie
        moments[0] += timedelta(minutes=1)
        assert (await gate.sign_in("anna", PASSWORD, "192.0.2.1")).cookie

    asyncio.run(guess())
    with Store.open(path) as store:
        entries = [one for one in store.audit.latest(999) if "192.0.2.1" in one.what]
    assert [one.act for one in entries] == [Act.SIGNED_IN, *([Act.FAILED] * FREE)]


def test_a_password_in_the_wrong_field_stands_nowhere(path: Path) -> None:
    gate = Gate(path, ACCOUNTS, lambda: NOW)
    asyncio.run(gate.sign_in("my secret password", "anna", "192.0.2.9"))
    with Store.open(path) as store:
        assert not any("my secret" in str(entry) for entry in store.audit.latest(999))


def test_a_session_ends_by_itself(path: Path) -> None:
    moments = [NOW]
    gate = Gate(path, ACCOUNTS, lambda: moments[0])

    async def stay() -> tuple[Visitor | None, Visitor | None]:
        tried = await gate.sign_in("cleo", PASSWORD, "192.0.2.5")
        moments[0] = NOW + SESSION - timedelta(seconds=1)
        last = await gate.visitor(tried.cookie, None)
        moments[0] = NOW + SESSION
        return last, await gate.visitor(tried.cookie, None)

    last, over = asyncio.run(stay())
    assert last == Visitor("cleo", Role.WORK, signed_in=True)
    assert over is None


# Other sites.


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, 403),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}, 403),
        (
            {
                "sec-fetch-site": "cross-site",
                "sec-fetch-mode": "navigate",
                "sec-fetch-dest": "iframe",
            },
            403,
        ),
        (
            {
                "sec-fetch-site": "cross-site",
                "sec-fetch-mode": "navigate",
                "sec-fetch-dest": "document",
            },
            200,
        ),
        ({"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({}, 200),
    ],
)
def test_another_site_gets_nothing_but_a_link(
    open_url: str, headers: dict[str, str], status: int
) -> None:
    answer = httpx.get(open_url + "earful/voice", headers=headers, timeout=30)
    assert answer.status_code == status
    if status == 403:
        assert answer.text.startswith("Earful: another site asked for this")


def test_another_site_posts_nothing(url: str) -> None:
    with client(url) as web:
        token = csrf(web.get("/-/sign-in").text)
        told = {"csrftoken": token, "name": "anna", "password": PASSWORD}
        for headers in (
            {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate",
             "sec-fetch-dest": "document"},
            {"origin": "https://evil.example"},
        ):  # fmt: skip
            assert web.post("/-/sign-in", data=told, headers=headers).status_code == 403
        same = {"origin": url.rstrip("/")}
        assert web.post("/-/sign-in", data=told, headers=same).status_code == 303


@pytest.mark.parametrize(
    ("bound", "asked", "is_answered"),
    [
        ("127.0.0.1", "localhost:8001", True),
        ("127.0.0.1", "evil.example", False),
        ("127.0.0.1", "192.0.2.7:8001", False),
        ("127.0.0.1", "voice.example.com", True),
        ("0.0.0.0", "192.0.2.7:8001", True),
        ("0.0.0.0", "[2001:db8::7]:8001", True),
        ("0.0.0.0", "Voice.Example.com", True),
        ("0.0.0.0", "rebound.evil.example", False),
        ("voice.internal", "voice.internal:8001", True),
    ],
)
def test_only_our_own_names_are_answered(bound: str, asked: str, is_answered: bool) -> None:
    names = ServeSettings(public_url="https://voice.example.com/").names
    assert Hosts(bound, names).answer(asked) is is_answered


@pytest.mark.parametrize(
    ("path", "local"),
    [
        ("/earful", True),
        ("//evil.example", False),
        ("/\\evil.example", False),
        ("https://e", False),
    ],
)
def test_signing_in_leads_to_no_other_site(path: str, local: bool) -> None:
    assert is_local(path) is local


# What a query may take.

HUGE = (
    "SELECT zeroblob(300000000)",
    "SELECT length(hex(zeroblob(200000000)))",
    "SELECT replace(hex(zeroblob(1000000)), '0', hex(zeroblob(1000000)))",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
    "SELECT hex(zeroblob(500000)) FROM n",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
    "SELECT i, hex(randomblob(1000000)) AS t FROM n ORDER BY t",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) "
    "SELECT group_concat(hex(zeroblob(500000))) FROM n",
)


def test_no_query_takes_the_machines_memory(path: Path) -> None:
    with server_process(path, "127.0.0.1", 0) as served:
        for sql in HUGE:
            for page in ("earful.json", "earful.csv"):
                answer = httpx.get(served.url + page, params={"sql": sql}, timeout=60)
                assert answer.status_code == 400, sql
        status = Path(f"/proc/{served.process.pid}/status").read_text()
        peak = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert peak
        assert int(peak[1]) < 1_000_000
        limits = Path(f"/proc/{served.process.pid}/limits").read_text()
        assert re.search(r"Max address space\s+\d+", limits)
        assert served.alive()


def test_nothing_else_is_opened(open_url: str, tmp_path: Path) -> None:
    for sql in (f"ATTACH '{tmp_path}/x.db' AS x", "SELECT load_extension('x')"):
        answer = httpx.get(open_url + "earful.json", params={"sql": sql}, timeout=30)
        assert answer.status_code == 400, sql
    assert list(tmp_path.iterdir()) == []


# When it ends by itself.


def test_a_killed_server_is_served_again_and_said(path: Path) -> None:
    serving = subprocess.Popen(
        [sys.executable, "-m", "earful", "--db", str(path), "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=path.parent,
    )
    assert serving.stdout
    assert serving.stderr
    try:
        address = serving.stdout.readline().split()[2]
        [child] = _children(serving.pid)
        os.kill(child, signal.SIGKILL)
        told = serving.stderr.readline()
        assert told == (
            f"the dashboards' process (pid {child}) was killed by signal 9: they were started "
            f"again at {address}\n"
        )
        assert httpx.get(address, timeout=30).status_code == 200
        assert child not in _children(serving.pid)
    finally:
        with serving:
            serving.send_signal(signal.SIGINT)
        assert serving.returncode == 0


def _children(pid: int) -> list[int]:
    """Give a process's children, those that are zombies too."""
    return [
        int(one)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for one in (task / "children").read_text().split()
    ]


def test_a_person_signs_in_and_out(url: str, browser: Chrome) -> None:
    browser.get(url + "earful/voice")
    assert browser.find_element(By.TAG_NAME, "h1").text == "Earful"
    browser.find_element(By.ID, "name").send_keys("cleo")
    browser.find_element(By.ID, "password").send_keys("not it\n")
    soon = WebDriverWait(browser, PATIENCE_S)
    refusal = soon.until(lambda page: page.find_element(By.CLASS_NAME, "refusal"))
    assert refusal.text == "The name or the password is wrong."
    assert browser.find_element(By.ID, "name").get_attribute("value") == "cleo"
    browser.find_element(By.ID, "password").send_keys(PASSWORD + "\n")
    soon.until(lambda page: page.current_url == url + "earful/voice")
    [who] = browser.find_elements(By.CLASS_NAME, "actor")
    assert "cleo (work)" in who.text
    who.find_element(By.TAG_NAME, "button").click()
    soon.until(lambda page: "/-/sign-in" in page.current_url)
    browser.get(url + "earful")
    assert "/-/sign-in" in browser.current_url


def test_check_names_what_an_account_lacks(earful: Earful, tmp_path: Path) -> None:
    brand = '[[brands]]\nname = "A"\nquery = "bag"\n'
    account = f'{brand}[[serve.accounts]]\nname = "dana"\n'
    (tmp_path / "earful.toml").write_text(account)
    told = earful("check", "--offline")
    assert told.code == 1
    assert "serve.accounts[0] (dana)" in told.out
    assert "EARFUL_PASSWORD_HASH_DANA" in told.out
    (tmp_path / "earful.toml").write_text(f'{account}password_hash = "{HASHED}"\n')
    assert "1 account, 0 tokens" in " ".join(earful("check", "--offline").out.split())
    (tmp_path / "earful.toml").write_text(f'{brand}[serve]\nhost = "0.0.0.0"\n')
    assert "others can reach this address" in " ".join(earful("check", "--offline").out.split())
