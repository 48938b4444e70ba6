"""Topics as brand managers see them: dashboard and saved queries say what the store does."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from alerts.outbox.transport import ConsoleTransport
from earful.daemon_stages import DaemonStages
from earful.failing import Failing
from earful.monitoring.instruments import Instruments
from earful.pages.server_process import server_process
from earful.topic_upkeep.period_figures import write_figures
from storage.tables.topic_figures import NO_TOPIC, ListedTopic
from tests.browser import browser as browser
from tests.earful.test_stages import WordClassifier
from tests.earful.test_topics import BAGS, CREW, Brand
from tests.waiting import PATIENCE_S

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


@dataclass(frozen=True)
class Served:
    url: str
    listed: list[ListedTopic]
    brand: Brand

    def get(self, path: str, **params: str) -> list[dict[str, Any]]:
        answer = httpx.get(self.url + path, params=params | {"_shape": "objects"}, timeout=30)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["rows"]
        return found

    def chart(self, slug: str, **filters: str) -> list[dict[str, Any]]:
        """Give a chart's rows as the page itself asks for them."""
        page = httpx.get(f"{self.url}-/dashboards/topics", params=filters, timeout=30)
        found = re.search(r'<script id="earful-charts"[^>]*>(.*?)</script>', page.text, re.S)
        assert found
        config = json.loads(found[1])
        return self.get(
            f"earful.json?{config['query']}", sql=config["charts"][slug]["query"], **filters
        )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("topics") / "earful.db"
    now = datetime.now(UTC)
    brand = Brand(path, topics=[{"name": HOSTILE, "words": ["trolley"]}])
    brand.now = now
    brand.tell(days=60)
    for _ in range(60):
        brand.say(BAGS, "angry", ago=1)
    brand.find(now)
    write_figures(brand.store, brand.settings, now)
    with server_process(path, "127.0.0.1", 0) as server:
        yield Served(server.url, brand.store.topic_figures.listed("Delta", 28), brand)


def test_the_bars_are_the_stores_figures(served: Served) -> None:
    rows = served.chart("shares", period="28 days")
    assert {row["topic"]: row["share"] for row in rows} == {
        one.name: one.period.share for one in served.listed if one.period
    }
    rows = served.chart("feelings", period="28 days", brand="Delta")
    for one in served.listed:
        assert one.period is not None
        numbers = {row["experience"]: row["number"] for row in rows if row["topic"] == one.name}
        assert numbers == {
            name: getattr(one.period, name) for name in ("angry", "mediocre", "delighted")
        }
    assert served.chart("shares", period="28 days", brand="Nobody") == []


@pytest.mark.parametrize(("period", "days"), [("7 days", 7), ("28 days", 28), ("90 days", 90)])
def test_the_bars_of_what_moved_a_rate_sum_to_its_change(
    served: Served, period: str, days: int
) -> None:
    figures = served.brand.periods(days)
    for slug, kind in (("moved_wows", "delighted"), ("moved_complaints", "angry")):
        rows = served.chart(slug, period=period)
        if days == 90:
            assert rows == [], "there is nothing before"
            continue
        now, before = (
            served.brand.store.topic_figures.total(
                "Delta", figures[NO_TOPIC].since - back, figures[NO_TOPIC].until - back
            )
            for back in (timedelta(0), timedelta(days=days))
        )
        change = getattr(now, kind) / now.told - getattr(before, kind) / before.told
        assert sum(row["points"] for row in rows) == pytest.approx(100 * change, abs=0.05)


def test_what_rises_is_listed_with_its_limits(served: Served) -> None:
    rising = {one.name for one in served.brand.store.topic_figures.listed("Delta", 7)
              if one.period and one.period.rising}  # fmt: skip
    assert rising
    assert {row["topic"] for row in served.chart("rising", period="7 days")} == rising
    rows = served.get("earful/topics_rising.json")
    assert {row["topic"] for row in rows if row["days"] == 7} == (rising)


def test_saved_queries_lead_from_a_topic_to_its_mentions(served: Served) -> None:
    bags = served.brand.topic(BAGS)
    name = next(one.name for one in served.listed if one.id == bags)
    by_name = served.get("earful/mentions_about.json", topic=name, experience="angry")
    by_id = served.get("earful/mentions_about.json", topic=str(bags), experience="angry")
    assert by_name == by_id
    assert len(by_id) == len(
        [one for one in served.brand.about(bags, 9999) if "angry" in one.text]
    )
    assert {row["topic"] for row in served.get("earful/topic_shares.json", days="7")} == {
        one.name for one in served.listed
    }


def test_a_browser_shows_topics_as_text(served: Served, browser: Chrome) -> None:
    browser.get(f"{served.url}-/dashboards/topics?period=28+days")
    WebDriverWait(browser, PATIENCE_S).until(
        lambda it: not it.find_elements(By.CSS_SELECTOR, '.chart[aria-busy="true"]')
    )
    shown = browser.find_element(By.TAG_NAME, "body").text
    assert HOSTILE in shown
    assert browser.title != "owned"
    assert browser.find_elements(By.CSS_SELECTOR, "#chart-shares svg, #chart-shares canvas")
    assert not [one for one in browser.get_log("browser") if one["level"] == "SEVERE"]


def test_the_daemon_s_stages_sort_what_they_scored(tmp_path: Path) -> None:
    brand = Brand(tmp_path / "earful.db", topics=[{"name": "Luggage", "words": ["suitcase"]}])
    mention = brand.say(["my", "suitcase"], "angry")
    brand.say(CREW, "delighted")
    stages = DaemonStages(
        brand.settings,
        ConsoleTransport(io.StringIO()),
        lambda: datetime.now(UTC),
        Failing(tmp_path / "earful.db", lambda: datetime.now(UTC)),
        threading.Event(),
        load_classifier=WordClassifier,  # type: ignore[arg-type]
        pace=None,
        instruments=Instruments(),
        idle=timedelta(minutes=1),
        alerts_wait=lambda: None,
    )
    assert stages.score_and_judge() is None
    assert brand.store.topic_sorting.count_waiting() == 0
    (topic,) = brand.store.topics.of("Delta")
    assert brand.topic_of(mention) == topic.id
    assert brand.store.failures.all() == []
