"""After a time in which no daemon ran: what is late is counted, told and made up for once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.messages import plain
from config.settings import Settings, parse_settings
from crawler.catalog import options_models
from earful.late_work import LateWork, is_made_up_for, late_work
from earful.server_clocks import with_clock
from earful.telling_ops import tell_of_absence
from storage.models import CrawlOutcome, CrawlReport, CrawlTarget, Mention
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack
from tests.earful.fault_run import world
from tests.earful.running import running

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def settings() -> Settings:
    sources = [
        {"source": "steam", "app_id": 1, "every": "1h"},
        {"source": "steam", "app_id": 2, "every": "4d"},
        {"source": "steam", "app_id": 3, "every": "1h"},
    ]
    raw = {"brands": [{"name": "Acme", "query": "acme", "sources": sources}]}
    return parse_settings(raw, options_models(), where="x")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as opened:
        yield opened


@pytest.fixture
def late(store: Store) -> Store:
    run = store.daemon_runs.start(7, "0.1", NOW - 3 * DAY)
    store.daemon_runs.beat(run, NOW - 2 * DAY, {"forgetting": NOW - DAY, "digests": NOW + HOUR})
    for app in ("1", "2"):
        target = CrawlTarget(brand="Acme", source="steam", target=app)
        number = store.crawls.start(target, NOW - 2 * DAY)
        store.crawls.finish(number, CrawlReport(outcome=CrawlOutcome.OK), NOW - 2 * DAY)
    said = Mention(
        brand="Acme", source="steam", native_id="1", text="Acme!", created_at=NOW, fetched_at=NOW
    )
    store.mentions.save([said])
    return store


def test_what_is_late(late: Store) -> None:
    found = late_work(late, settings(), NOW)
    # The second source is due later; the third was never read: it is new, and not late.
    assert found == LateWork(sources=1, mentions=1, alerts=0, routines=("forgetting",))


def test_ops_are_told_what_is_late(late: Store) -> None:
    expected = late_work(late, settings(), NOW)
    assert tell_of_absence(late, settings(), NOW) == expected
    (alert,) = late.outbox.unsent()
    assert "1 source to read, 1 mention to score" in plain(alert.payload)


def test_a_restart_is_no_absence(late: Store) -> None:
    assert tell_of_absence(late, settings(), NOW - 2 * DAY + MINUTE) is None
    assert late.outbox.unsent() == []


def test_it_is_made_up_for_when_all_was_tried_and_scored(late: Store) -> None:
    assert not is_made_up_for(late, settings(), NOW)
    late.database.connection.execute("DELETE FROM mentions")
    assert not is_made_up_for(late, settings(), NOW)
    for app in ("1", "2", "3"):
        late.crawls.start(CrawlTarget(brand="Acme", source="steam", target=app), NOW)
    assert is_made_up_for(late, settings(), NOW)


@pytest.mark.parametrize(
    ("said", "ahead_s"),
    [
        ("Wed, 20 May 2026 12:00:00 GMT", 0),
        ("Mon, 20 Apr 2026 12:00:00 GMT", 30 * 86400),
        ("Wed, 20 May 2026 13:00:00 GMT", -3600),
        ("yesterday", None),
        (None, None),
    ],
)
def test_a_servers_clock_beside_ours(said: str | None, ahead_s: int | None) -> None:
    report = CrawlReport(outcome=CrawlOutcome.OK, stats={"earful/server_time": said})
    assert with_clock(report, NOW).stats.get("earful/clock_ahead_s") == ahead_s


@pytest.mark.slow("starts the daemon twice, the second time nine days later")
def test_what_was_missed_at_night_is_done_at_the_next_start(tmp_path: Path) -> None:
    with world() as made:
        with running(made.config, made.slack, "--no-serve") as run:
            run.wait_for(lambda: planned(made.store))
        with running(made.config, made.slack, "--no-serve", days=9) as run:
            run.wait_for(lambda: '"late, and made up for now"' in run.log.read_text())
            run.wait_for(lambda: done(made.store, "forgetting"))
            run.wait_for(lambda: '"caught up"' in run.log.read_text())
        assert isinstance(made.slack, FakeSlack)
        assert len([one for one in made.ops() if "did not run" in one]) == 1


def planned(path: Path) -> bool:
    with Store.open(path, readonly=True) as store:
        return any(
            one.name == "forgetting" and one.next_at for one in store.daemon_runs.routines()
        )


def done(path: Path, name: str) -> bool:
    with Store.open(path, readonly=True) as store:
        return any(one.name == name and one.last_at for one in store.daemon_runs.routines())
