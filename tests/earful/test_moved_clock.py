"""The clock of a running daemon is set: it goes on, says so, and waits for no time gone by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.models import AlertKind, CrawlTarget, NewAlert, iso
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack
from tests.crawler.reading import response_of
from tests.crawler.site import Reply, Site, running_site
from tests.earful.running import Run, running, status
from tests.storage.fixtures import make_mention

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TARGET = CrawlTarget(brand="Acme", source="steam", target="440")
CONFIG = """
[store]
path = "{store}"
retention_days = 1
[slack]
api_url = "{api_url}"
[[brands]]
name = "Acme"
query = "zebra"
[[brands.sources]]
source = "steam"
app_id = 440
every = "2s"
base_url = "{site}"
"""


@dataclass
class World:
    folder: Path
    slack: FakeSlack
    site: Site

    @property
    def store(self) -> Path:
        return self.folder / "earful.db"

    @property
    def config(self) -> Path:
        return self.folder / "earful.toml"

    @property
    def clock(self) -> Path:
        return self.folder / "clock"

    def set_clock(self, ahead: timedelta) -> None:
        fresh = self.folder / "clock.new"
        fresh.write_text(str(ahead.total_seconds()))
        fresh.replace(self.clock)

    def write_config(self, **more: str) -> None:
        text = CONFIG.format(store=self.store, api_url=self.slack.api_url, site=self.site.url)
        for old, new in more.items():
            text = text.replace(old, new)
        self.config.write_text(text)

    def heartbeat(self) -> datetime:
        with Store.open(self.store, readonly=True) as store:
            last = store.daemon_runs.last()
        return last.heartbeat_at if last else datetime.min.replace(tzinfo=UTC)

    def last_crawl(self) -> datetime | None:
        with Store.open(self.store, readonly=True) as store:
            return store.crawls.last_start(TARGET)

    def crawls(self) -> int:
        return len(self.site.asked("/appreviews"))

    def ops(self) -> list[str]:
        """Give what ops are told of the clock."""
        return [one for one in self.slack.texts("voice-ops") if "was set" in one]


@contextmanager
def world(folder: Path) -> Iterator[World]:
    with FakeSlack() as slack, running_site() as site:
        site.on("/robots.txt", Reply(b"", 404))
        site.on("/", Reply(response_of("steam"), headers={"Content-Type": "application/json"}))
        made = World(folder, slack, site)
        made.write_config()
        made.set_clock(timedelta(0))
        Store.open(made.store, migrate=True).close()
        yield made


def beats_at(made: World, run: Run, ahead: timedelta) -> None:
    """Wait for two heartbeats by a clock that is so far ahead."""
    for _ in range(2):
        before = made.heartbeat()

        def beat(before: datetime = before) -> bool:
            now = datetime.now(UTC) + ahead
            return made.heartbeat() != before and abs(made.heartbeat() - now) < 10 * HOUR / 60

        run.wait_for(beat)


def crawls_again(made: World, run: Run) -> None:
    before = made.crawls()
    run.wait_for(lambda: made.crawls() > before)


@pytest.mark.slow("starts the daemon, whose clock is set back and right again")
@pytest.mark.parametrize("moved", [-HOUR, 30 * DAY], ids=["an hour back", "a month ahead"])
def test_all_goes_on_while_the_clock_is_wrong_and_when_it_is_right_again(
    tmp_path: Path, moved: timedelta
) -> None:
    with (
        world(tmp_path) as made,
        running(made.config, made.slack, "--no-serve", clock=made.clock) as run,
    ):
        beats_at(made, run, timedelta(0))
        crawls_again(made, run)
        for ahead in (moved, timedelta(0)):
            made.set_clock(ahead)
            beats_at(made, run, ahead)
            crawls_again(made, run)
        run.wait_for(lambda: len(made.ops()) >= 2)
    words = ("set back by 1 h", "set ahead by 1 h") if moved < timedelta(0) else (
        "set ahead by 30 days", "set back by 30 days"
    )  # fmt: skip
    for said, wanted in zip(made.ops(), words, strict=True):
        assert wanted.replace("1 h", "60 minutes") in said
    log = run.log.read_text()
    assert [log.count(one) for one in words] == [1, 1]


@pytest.mark.slow("starts the daemon twice")
def test_a_start_with_a_wrong_clock_costs_no_reading_afterwards(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        made.write_config(**{'every = "2s"': 'every = "12h"'})
        made.set_clock(30 * DAY)
        with running(made.config, made.slack, "--no-serve", clock=made.clock) as run:
            run.wait_for(made.last_crawl)
            run.wait_for(lambda: '"crawled"' in run.log.read_text())
        # The clock is right again, and the store's times are in the future.
        code, found = status(made.config)
        assert code == 1
        assert any("in the future" in problem for problem in found["problems"]), found["problems"]
        before = made.crawls()
        made.set_clock(timedelta(0))
        with running(made.config, made.slack, "--no-serve", clock=made.clock) as run:
            run.wait_for(lambda: made.crawls() > before)
            run.wait_for(lambda: run.status()[0] == 0)


@pytest.mark.slow("starts the daemon, whose clock is set back")
def test_a_retry_waits_no_longer_when_the_clock_is_set_back(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        now = datetime.now(UTC)
        with Store.open(made.store, migrate=True) as store:
            store.outbox.add(
                [
                    NewAlert(
                        dedupe_key="wow:1", kind=AlertKind.WOW, brand="Acme",
                        channel="#voice-wows", payload={"text": "wow"}, created_at=now,
                    )
                ]
            )  # fmt: skip
            store.database.connection.execute(
                "UPDATE alerts SET next_attempt_at = ?, error = 'x', trouble = 'channel'",
                (iso(now + HOUR),),  # and so at `now`, once the clock was set back by an hour
            )
        with running(made.config, made.slack, "--no-serve", clock=made.clock) as run:
            beats_at(made, run, timedelta(0))
            made.set_clock(-HOUR)

            def tried_at() -> datetime | None:
                with Store.open(made.store, readonly=True) as store:
                    unsent = store.outbox.unsent()
                return next(one for one in unsent if one.dedupe_key == "wow:1").next_attempt_at

            # As far away as it was: an hour, and not two.
            run.wait_for(lambda: tried_at() == now.replace(microsecond=0))


@pytest.mark.slow("starts the daemon twice")
def test_a_start_with_the_clock_years_ahead_erases_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        made.write_config(**{'every = "2s"': 'every = "12h"', "retention_days = 1": ""})
        # No server answers, so that nobody says what time it is.
        made.site.on("/", Reply(b"", 503))
        with Store.open(made.store, migrate=True) as store:
            store.mentions.save(
                [make_mention("kept", "My zebra is fine.", datetime.now(UTC) - 100 * DAY)]
            )
        with running(made.config, made.slack, "--no-serve", clock=made.clock) as run:
            beats_at(made, run, timedelta(0))
        made.set_clock(3650 * DAY)
        with running(made.config, made.slack, "--no-serve", clock=made.clock) as run:
            run.wait_for(lambda: forgot_at(made) > datetime.now(UTC) + 3000 * DAY)
            assert "no source's server has told the time yet" in run.log.read_text()
        with Store.open(made.store, readonly=True) as store:
            assert store.mentions.get("appstore:kept") is not None


def forgot_at(made: World) -> datetime:
    with Store.open(made.store, readonly=True) as store:
        (found,) = [one for one in store.daemon_runs.routines() if one.name == "forgetting"]
    return found.last_at or datetime.min.replace(tzinfo=UTC)
