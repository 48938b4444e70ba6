"""The daemon's calendar prunes the history of crawls, in a process of its own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.models import CrawlOutcome, CrawlReport, CrawlTarget
from storage.store import Store
from storage.tables.crawls import KEPT_RUNS
from tests.alerts.fake_slack import FakeSlack
from tests.earful.running import running


@pytest.mark.slow("starts the daemon as a process")
def test_the_daemon_prunes_a_long_history_of_crawls(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    target = CrawlTarget(brand="Acme", source="shop", target="main")
    now = datetime.now(UTC)
    with Store.open(path, migrate=True) as store, store.write() as unit:
        for number in range(KEPT_RUNS + 100, 0, -1):
            at = now - number * timedelta(minutes=30)
            run = unit.crawls.start(target, at)
            unit.crawls.finish(run, CrawlReport(outcome=CrawlOutcome.OK), at)

    def runs() -> int:
        with closing(sqlite3.connect(path)) as connection:
            return int(connection.execute("SELECT count(*) FROM crawl_runs").fetchone()[0])

    def routines() -> set[str]:
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT name FROM routines WHERE last_at IS NOT NULL")
            return {row[0] for row in rows}

    assert runs() == KEPT_RUNS + 100
    config = tmp_path / "earful.toml"
    with FakeSlack() as slack:
        config.write_text(
            f'[store]\npath = "{path}"\n[slack]\napi_url = "{slack.api_url}"\n'
            '[[brands]]\nname = "Acme"\nquery = "acme"\n'
        )
        with running(config, slack, "--no-serve") as run_of_daemon:
            run_of_daemon.wait_for(lambda: runs() == KEPT_RUNS)
            # `earful status` reads when it ran from there.
            run_of_daemon.wait_for(lambda: "crawl history" in routines())
