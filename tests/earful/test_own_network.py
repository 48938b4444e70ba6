"""When no host answers the fault is our own: told as one thing, and all is read afterwards."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.settings import Settings, parse_settings
from crawler.catalog import options_models
from earful.failing import Failing
from earful.own_network import OwnNetwork, Place, places
from storage.models import CrawlOutcome, CrawlReport
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack
from tests.crawler.reading import response_of
from tests.crawler.site import Reply, running_site
from tests.earful.running import running

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
CONFIG = """
[store]
path = "{store}"
retention_days = 1
[slack]
api_url = "{api_url}"
[[brands]]
name = "Acme"
query = "acme"
[[brands.sources]]
source = "steam"
app_id = 440
every = "12h"
base_url = "http://127.0.0.1:{first}"
[[brands.sources]]
source = "steam"
app_id = 570
every = "12h"
base_url = "http://127.0.0.1:{second}"
"""


def settings(**slack: str) -> Settings:
    sources = [
        {"source": "steam", "app_id": 1},
        {"source": "feeds", "url": "https://blog.example/feed.xml"},
        {"source": "lobsters", "base_url": "http://other.example:8080", "enabled": False},
    ]
    raw = {"slack": slack, "brands": [{"name": "Acme", "query": "acme", "sources": sources}]}
    return parse_settings(raw, options_models(), where="x")


def silent(*hosts: str) -> CrawlReport:
    return CrawlReport(
        outcome=CrawlOutcome.FAILED, reason="no answer", stats={"earful/unreached": list(hosts)}
    )


@pytest.fixture
def failing(tmp_path: Path) -> Failing:
    Store.open(tmp_path / "earful.db", migrate=True).close()
    return Failing(tmp_path / "earful.db", lambda: NOW)


def test_the_hosts_of_a_config(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "")
    assert places(settings()) == [
        ("store.steampowered.com", 443), ("blog.example", 443), ("slack.com", 443),
    ]  # fmt: skip
    assert places(settings(api_url="http://127.0.0.1:9/api/"))[-1] == ("blog.example", 443)
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    assert places(settings()) == [("proxy.example", 3128)]


@pytest.mark.parametrize(
    ("answers", "is_ours"),
    [((), True), (("slack.com",), False), (("blog.example",), False)],
)
def test_it_is_ours_where_nobody_else_answers(
    failing: Failing, answers: tuple[str, ...], is_ours: bool
) -> None:
    network = OwnNetwork(settings(), failing, lambda place: place[0] in answers)
    assert network.is_at_fault(silent("store.steampowered.com")) is is_ours
    assert network.is_down is is_ours


def test_an_answer_of_whatever_kind_is_no_fault_of_ours(failing: Failing) -> None:
    def never(place: Place) -> bool:
        raise AssertionError("nobody is to be asked")

    network = OwnNetwork(settings(), failing, never)
    assert not network.is_at_fault(CrawlReport(outcome=CrawlOutcome.BLOCKED))


def test_where_there_is_no_other_host_nobody_can_tell(failing: Failing) -> None:
    alone = settings(api_url="http://127.0.0.1:9/api/")
    network = OwnNetwork(alone, failing, lambda place: False)
    assert not network.is_at_fault(silent("store.steampowered.com", "blog.example"))


def test_it_is_back_when_one_answers(failing: Failing) -> None:
    up: set[str] = set()
    network = OwnNetwork(settings(), failing, lambda place: place[0] in up)
    assert network.is_at_fault(silent("store.steampowered.com"))
    assert not network.look()
    up.add("store.steampowered.com")
    assert network.look()
    assert not network.is_down
    assert not network.look()


@pytest.mark.slow("starts the daemon without a network, which comes back")
def test_an_outage_is_told_once_and_all_is_read_soon_after(tmp_path: Path) -> None:
    store, config = tmp_path / "earful.db", tmp_path / "earful.toml"
    first, second = closed_port(), closed_port()
    with FakeSlack() as slack:
        config.write_text(
            CONFIG.format(store=store, api_url=slack.api_url, first=first, second=second)
        )
        with running(config, slack, "--no-serve") as run:
            run.wait_for(lambda: slack.texts("voice-ops"))
            (said,) = slack.texts("voice-ops")
            assert "reaching the internet has failed since" in said
            assert "check this machine's network" in said
            with Store.open(store, readonly=True) as read:
                assert [row["state"] for row in read.insight.source_health()] in ([], ["ok"] * 2)
            _, found = run.status()
            assert [one for one in found["problems"] if "steam" in one] == []
            with running_site(first) as site:
                site.on("/robots.txt", Reply(b"", 404))
                reply = Reply(response_of("steam"), headers={"Content-Type": "application/json"})
                site.on("/", reply)
                # Long before the twelve hours are over.
                run.wait_for(lambda: site.asked("/appreviews/440"))
                run.wait_for(lambda: len(slack.texts("voice-ops")) > 1)
            assert "reaching the internet" in slack.texts("voice-ops")[1]
            assert "over" in slack.texts("voice-ops")[1]


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
