"""The whole job on the demo's world: real spiders, the shipped model, a fake Slack over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.outbox.send_queue import Pace
from alerts.slack.client import BotTransport
from config.errors import EarfulError
from config.settings import Settings, parse_settings
from crawler.catalog import options_models
from earful.app import utc_now
from earful.daemon import Daemon
from earful.demo.demo_config import demo_config
from earful.demo.demo_site import DemoSite
from earful.demo.story import build_story
from earful.stages import deliver_stage, judge_stage, score_stage
from earful.stages.crawl_stage import crawl_target
from sentiment.scoring.classifier import Classifier
from storage.models import AlertState, CrawlOutcome
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack
from tests.earful.demo_file import demo_toml
from tests.waiting import PATIENCE_S, wait_for

pytestmark = pytest.mark.slow("reads five sources twice, scores their history, starts daemons")

CHANNELS = ["voice-complaints", "voice-wows", "voice-digest", "voice-ops"]


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load()


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack(channels=CHANNELS) as slack:
        yield slack


@pytest.fixture
def site() -> Iterator[DemoSite]:
    with DemoSite(build_story(utc_now()), utc_now) as site:
        yield site


def settings_for(site: DemoSite, slack: FakeSlack, tmp_path: Path, every: str) -> Settings:
    raw = demo_config(site.url, tmp_path / "earful.db", every=every)
    raw["slack"] = {"api_url": slack.api_url}
    return parse_settings(raw, options_models(), where="test")


def transport(slack: FakeSlack) -> BotTransport:
    return BotTransport(slack.token, api_url=slack.api_url)


def test_gather_score_judge_deliver_and_again(
    site: DemoSite, slack: FakeSlack, tmp_path: Path, classifier: Classifier
) -> None:
    settings = settings_for(site, slack, tmp_path, "1h")
    # The world stands still, so that the second round must find nothing.
    now = utc_now()
    brand, _ = settings.brands  # the other one is a competitor
    with Store.open(settings.store.path, migrate=True) as store:
        for source in brand.sources:
            report = crawl_target(settings, brand, source, utc_now)
            assert report.outcome is CrawlOutcome.OK, report.reason
            assert report.new == report.seen - report.irrelevant > 0
        score_stage.score(store, classifier, utc_now)
        judged = judge_stage.judge_waiting(store, settings, utc_now)
        # A copy is linked to its original and counted once.
        assert judged.mentions == store.mentions.count() - store.copies.count() > 300
        # A first run is quiet: what is old makes one summary a source.
        assert judged.quiet > 0.9 * judged.mentions
        result = deliver_stage.deliver_waiting(store, transport(slack), utc_now, pace=Pace(0))
        assert result is not None
        assert result.problems == ()
        posted = len(slack.messages())
        assert posted == result.sent == store.outbox.counts()[AlertState.SENT]
        assert len(slack.messages("voice-digest")) == len(brand.sources)
        open_cases = len(store.cases.unanswered())
        assert len(slack.messages("voice-complaints")) == open_cases

        before = store.mentions.count()
        for source in brand.sources:
            report = crawl_target(settings, brand, source, lambda: now)
            assert report.outcome.good, report.reason
        written_meanwhile = store.mentions.count() - before
        assert written_meanwhile <= 20  # the site's clock went on for some seconds
        waiting = store.verdicts.count_waiting()
        assert waiting <= written_meanwhile + 5  # and a few were edited


def test_the_daemon_sends_each_alert_once_and_stops_in_order(
    site: DemoSite, slack: FakeSlack, tmp_path: Path, classifier: Classifier
) -> None:
    settings = settings_for(site, slack, tmp_path, "4s")
    daemon = Daemon(
        settings,
        transport(slack),
        utc_now,
        load_classifier=lambda: classifier,
        pace=Pace(0),
        idle=timedelta(seconds=1),
    )
    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        rival = Daemon(settings, transport(slack), utc_now, load_classifier=lambda: classifier)
        wait_for(settings.store.path.exists)
        with pytest.raises(EarfulError, match=r"another daemon .*is working on this store"):
            rival.run()
        wait_for(lambda: len(slack.messages()) >= 8)
        wait_for(lambda: _twice_round(settings.store.path, len(settings.brands[0].sources)))
    finally:
        daemon.stop()
        thread.join(PATIENCE_S)
    assert not thread.is_alive()
    counted = Counter(slack.alert_ids())
    assert set(counted.values()) == {1}
    with Store.open(settings.store.path) as store:
        counts = store.outbox.counts()
        # An incident that grows changes its message, and posts none.
        (posted,) = store.database.connection.execute(
            "SELECT count(*) FROM alerts WHERE state = 'sent' AND operation <> 'update'"
        ).fetchone()
        assert posted == len(counted)
        assert counts[AlertState.SENDING] == counts[AlertState.PARKED] == 0
        last = store.daemon_runs.last()
        assert last is not None
        assert last.stopped_at is not None
        open_runs = store.database.connection.execute(
            "SELECT count(*) FROM crawl_runs WHERE finished_at IS NULL"
        ).fetchone()[0]
        assert open_runs == 0


def test_sigkill_and_a_new_start_lose_nothing_and_repeat_nothing(
    site: DemoSite, slack: FakeSlack, tmp_path: Path
) -> None:
    config = tmp_path / "earful.toml"
    text = demo_toml(site.url, tmp_path / "earful.db", every="30s")
    config.write_text(text + f'\n[slack]\napi_url = "{slack.api_url}"\n')
    environment = {**os.environ, "SLACK_BOT_TOKEN": slack.token}
    command = [
        sys.executable, "-c", "from earful.cli import main; main()",
        "--config", str(config), "run", "--no-serve", "--log", "json",
    ]  # fmt: skip
    errors = tmp_path / "daemon.log"

    def start() -> subprocess.Popen[bytes]:
        with errors.open("ab") as log:
            return subprocess.Popen(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=log
            )

    first = start()
    try:
        _wait_for(lambda: len(slack.messages()) >= 2, first, errors)
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    second = start()
    try:
        sent_before = len(slack.messages())
        _wait_for(lambda: len(slack.messages()) >= sent_before + 3, second, errors)
        second.send_signal(signal.SIGTERM)
        assert second.wait(PATIENCE_S) == 0
    finally:
        second.kill()
    counted = Counter(slack.alert_ids())
    assert set(counted.values()) == {1}
    lines = [json.loads(line) for line in errors.read_text().splitlines()]
    assert {"started", "stopped"} <= {line["message"] for line in lines}
    assert slack.token not in errors.read_text()
    with Store.open(tmp_path / "earful.db") as store:
        # All that Slack has is marked, but for what the last SIGTERM may have left to look for.
        counts = store.outbox.counts()
        assert counts[AlertState.SENT] + counts[AlertState.SENDING] >= len(counted)
        assert counts[AlertState.PARKED] == 0


def _twice_round(path: Path, sources: int) -> bool:
    """Whether each source has been read twice."""
    with Store.open(path) as store:
        rounds = store.database.connection.execute(
            "SELECT count(*) FROM crawl_runs WHERE finished_at IS NOT NULL GROUP BY source"
        ).fetchall()
    return len(rounds) == sources and min(count for (count,) in rounds) >= 2


def _wait_for(
    condition: Callable[[], object], process: subprocess.Popen[bytes], log: Path
) -> None:
    """Wait for something that a daemon does, as long as it lives."""

    def said() -> str:
        return log.read_text()[-2000:] if log.exists() else "it wrote no log"

    def so() -> object:
        assert process.poll() is None, said()
        return condition()

    wait_for(so, said)
