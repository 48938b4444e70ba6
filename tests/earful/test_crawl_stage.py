"""A source that fails: told once, left alone, tried with one page, healed and told once."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.settings import Settings, parse_settings
from crawler import stat_keys
from crawler.catalog import options_models
from crawler.runner import CrawlJob
from earful import health
from earful.app import target_of
from earful.stages import crawl_stage
from earful.stages.crawl_stage import crawl_target, resting
from storage.models import CrawlOutcome, CrawlReport, CrawlTarget, SourceStanding, SourceState
from storage.store import Store
from tests.crawler.reading import response_of
from tests.crawler.site import Reply, Site, running_site

HOUR = timedelta(hours=1)


@pytest.fixture
def start() -> datetime:
    """Give the clock a true time: a crawl's own process has no other."""
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "earful.db"
    Store.open(path, migrate=True).close()
    return path


def settings_of(site: Site, db: Path, **more: object) -> Settings:
    source = {"source": "steam", "app_id": 440, "base_url": site.url, "every": "1h", **more}
    raw = {
        "store": {"path": str(db)},
        "brands": [{"name": "Acme Air", "query": "acme", "sources": [source]}],
    }
    return parse_settings(raw, options_models(), where="x")


def told(db: Path) -> list[str]:
    with Store.open(db) as store:
        return [alert.payload["text"] for alert in store.outbox.unsent()]


def test_a_store_that_takes_nothing_is_no_fault_of_the_source(db: Path, start: datetime) -> None:
    """A disk that is full for an hour must not let sources rest for hours more."""
    with running_site() as site, Store.open(db) as store:
        site.on("/", Reply(response_of("steam")))
        store.database.connection.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON mentions "
            "BEGIN SELECT raise(ABORT, 'the disk is full'); END"
        )
        settings = settings_of(site, db)
        (brand,) = settings.brands
        (source,) = brand.sources
        report = crawl_target(settings, brand, source, lambda: start)
        assert report.outcome is CrawlOutcome.FAILED
        assert "the store did not take the mentions" in (report.reason or "")
        assert store.crawls.standing(target_of(brand, source)) is None
        assert told(db) == []


@pytest.mark.slow("six crawls, each in a process of its own as in the product")
def test_from_the_first_failure_to_healing(db: Path, start: datetime) -> None:
    now = start

    def clock() -> datetime:
        return now

    with running_site() as site:
        site.on("/", Reply(b"{}", 403))
        settings = settings_of(site, db)
        (brand,) = settings.brands
        (source,) = brand.sources

        def crawl() -> CrawlOutcome:
            return crawl_target(settings, brand, source, clock).outcome

        for _ in range(3):
            assert resting(settings, brand, source, now) is None
            assert crawl() is CrawlOutcome.BLOCKED
            now += HOUR
        assert len(told(db)) == 1, "three failures are one trouble"
        assert "in trouble" in told(db)[0]

        standing = resting(settings, brand, source, now)
        assert standing is not None
        assert standing.failures == 3
        assert standing.opens_at == start + 4 * HOUR, "two hours after the third"
        with Store.open(db) as store:
            status = health.status(store, settings, now)
        (problem,) = [one for one in status.problems if "steam 440 is blocked: " in one]
        assert problem.startswith("Acme Air, ")
        assert "(Earful leaves it alone until " in problem
        assert status.sources[0]["state"] == "blocked"
        assert status.sources[0]["failures"] == 3

        now = start + 4 * HOUR
        assert resting(settings, brand, source, now) is None
        asked = len(site.requests)
        assert crawl() is CrawlOutcome.BLOCKED
        assert len(site.requests) == asked + 1, "one page is asked for, to see whether it opened"
        longer = resting(settings, brand, source, now)
        assert longer is not None
        assert longer.opens_at == now + 4 * HOUR

        site.on("/", Reply(response_of("steam")))
        now += 4 * HOUR
        assert crawl() is CrawlOutcome.OK
        assert resting(settings, brand, source, now) is None
        assert ["in trouble" in text for text in told(db)] == [True, False]
        assert "healed" in told(db)[1]
        with Store.open(db) as store:
            standing = store.crawls.standing(target_of(brand, source))
            assert store.mentions.count() == 3
        assert standing is not None
        assert (standing.state, standing.failures) == (SourceState.OK, 0)


def test_a_spent_limit_rests_until_it_opens(db: Path, start: datetime) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "5400"}
    with running_site() as site:
        site.on("/", Reply(b"{}", 429, headers))
        settings = settings_of(site, db)
        (brand,) = settings.brands
        (source,) = brand.sources
        report = crawl_target(settings, brand, source, lambda: start)
    assert report.outcome is CrawlOutcome.QUOTA
    standing = resting(settings, brand, source, start)
    assert standing is not None
    assert standing.state is SourceState.QUOTA
    assert standing.opens_at is not None
    second = timedelta(seconds=1)
    assert -second < standing.opens_at - start - 1.5 * HOUR < datetime.now(UTC) - start + second
    assert resting(settings, brand, source, start + 2 * HOUR) is None


def test_a_stop_says_nothing_of_the_source(db: Path, start: datetime) -> None:
    stop = threading.Event()
    stop.set()
    with running_site() as site:
        settings = settings_of(site, db)
        (brand,) = settings.brands
        crawl_target(settings, brand, brand.sources[0], lambda: start, stop=stop)
        with Store.open(db) as store:
            assert store.crawls.standing(target_of(brand, brand.sources[0])) is None
    assert told(db) == []


@pytest.mark.parametrize(
    ("source", "state", "base_url", "rests"),
    [
        ("reddit", SourceState.BLOCKED, None, True),
        ("reddit", SourceState.QUOTA, None, True),
        ("reddit", SourceState.FAILED, None, False),
        ("reddit", SourceState.BLOCKED, "https://reddit.acme.example", False),
        ("hackernews", SourceState.BLOCKED, None, False),
    ],
)
def test_a_host_that_refuses_one_target_is_spared_the_others(
    source: str, state: SourceState, base_url: str | None, rests: bool, db: Path, start: datetime
) -> None:
    """Reddit counts by address: what it refuses one brand, it refuses the next."""
    given = {"source": source, **({"base_url": base_url} if base_url else {})}
    brands = [{"name": name, "query": "acme", "sources": [given]} for name in ("One", "Two")]
    raw = {"store": {"path": str(db)}, "brands": brands}
    settings = parse_settings(raw, options_models(), where="x")
    one, two = settings.brands
    standing = SourceStanding(state=state, since=start, failures=1, opens_at=start + HOUR)
    with Store.open(db) as store:
        run = store.crawls.start(target_of(one, one.sources[0]), start)
        store.crawls.finish(run, CrawlReport(outcome=CrawlOutcome.BLOCKED), start, standing)
    assert resting(settings, one, one.sources[0], start) == standing
    assert resting(settings, two, two.sources[0], start) == (standing if rests else None)
    assert resting(settings, two, two.sources[0], start + HOUR) is None


def test_after_a_probe_the_run_waits_as_long_as_between_requests(
    db: Path, start: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GDELT wants six seconds: without the pause the run's first request would be refused."""
    done: list[object] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            done.append(timeout)
            return False

    def run(job: CrawlJob, **_: object) -> CrawlReport:
        done.append(job.responses)
        return CrawlReport(outcome=CrawlOutcome.OK, stats={stat_keys.DELAY: 6.0})

    monkeypatch.setattr(crawl_stage, "run_crawl", run)
    raw = {
        "store": {"path": str(db)},
        "brands": [{"name": "A", "query": "acme", "sources": [{"source": "gdelt"}]}],
    }
    settings = parse_settings(raw, options_models(), where="x")
    (brand,) = settings.brands
    target = CrawlTarget(brand="A", source="gdelt", target="")
    with Store.open(db) as store:
        standing = SourceStanding(state=SourceState.BLOCKED, since=start, failures=3)
        blocked = CrawlReport(outcome=CrawlOutcome.BLOCKED)
        store.crawls.finish(store.crawls.start(target, start), blocked, start, standing)
    crawl_target(settings, brand, brand.sources[0], lambda: start, stop=Stop())
    assert done == [1, 6.0, None]


@pytest.mark.slow("four crawls, each in a process of its own as in the product")
def test_a_shape_that_changed_is_broken_by_its_own_history(db: Path, start: datetime) -> None:
    with running_site() as site:
        settings = settings_of(site, db)
        (brand,) = settings.brands
        (source,) = brand.sources

        def crawl(hours: int, with_language: bool) -> CrawlReport:
            site.on("/", Reply(_page(start, with_language)))
            return crawl_target(settings, brand, source, lambda: start + hours * HOUR)

        for hours in range(3):
            crawl(hours, True)
        report = crawl(3, False)
    assert report.outcome is CrawlOutcome.OK, "what came is kept, and read on from"
    with Store.open(db) as store:
        standing = store.crawls.standing(target_of(brand, brand.sources[0]))
    assert standing is not None
    assert standing.state is SourceState.BROKEN
    assert "have language, 100% had it before" in (standing.reason or "")
    assert len(told(db)) == 1


def _page(start: datetime, with_language: bool) -> bytes:
    reviews = [
        {
            "recommendationid": str(key),
            "author": {"steamid": str(key)},
            "review": f"Number {key}",
            "timestamp_created": int(start.timestamp()) - key,
            "voted_up": True,
            **({"language": "english"} if with_language else {}),
        }
        for key in range(10)
    ]
    return json.dumps({"success": 1, "reviews": reviews, "cursor": "*"}).encode()
