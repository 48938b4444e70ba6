"""What every source with keys keeps: refused by name without them, and none is ever shown."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.redaction import HIDDEN
from config.settings import parse_settings
from crawler.base import MentionSpider
from crawler.catalog import hindrances, options_models, sources
from crawler.runner import CrawlJob, run_crawl
from earful.needs import unmet_needs
from storage.models import CrawlOutcome, CrawlReport, CrawlTarget
from storage.store import Store
from tests.crawler.fleet import run_fleet
from tests.crawler.reading import EXAMPLES, spider_of
from tests.crawler.site import Asked, Reply, running_site

KEYED = [
    name
    for name, spider in sources().items()
    if name in EXAMPLES and (spider.secrets or spider.optional_secrets)
]
NEEDY = [name for name in KEYED if sources()[name].secrets]


def names_of(source: str) -> list[str]:
    spider = sources()[source]
    return [*spider.secrets, *spider.optional_secrets]


@pytest.mark.parametrize("source", NEEDY)
def test_a_missing_secret_is_refused_by_name_with_its_path(source: str) -> None:
    given = {"source": source, **EXAMPLES[source]}
    raw = {"brands": [{"name": "A", "query": "acme", "sources": [given]}]}
    settings = parse_settings(raw, options_models(), where="x")
    spider = sources()[source]
    options = settings.brands[0].sources[0].options
    wanted = spider.needed_secrets(options)  # type: ignore[arg-type]
    found = list(unmet_needs(settings, {}))
    assert len(found) == len(wanted)
    for name, told in wanted.items():
        assert f"brands[0].sources[0]: needs {name} in the environment: {told}" in found
    everything = dict.fromkeys(names_of(source), "x")
    assert list(unmet_needs(settings, everything)) == []


def test_without_its_secrets_a_crawl_asks_nothing_and_names_them(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in {name for source in NEEDY for name in names_of(source)}:
        monkeypatch.delenv(name, raising=False)
    with running_site() as site:
        jobs = [
            CrawlJob("A", "acme", source, EXAMPLES[source], db=db, base_url=f"{site.url}/{source}")
            for source in NEEDY
        ]
        reports = run_fleet(jobs)
        assert site.requests == []
    for source, report in zip(NEEDY, reports, strict=True):
        assert report.outcome is CrawlOutcome.UNAUTHORISED, (source, report.reason)
        assert any(name in (report.reason or "") for name in sources()[source].secrets)


@pytest.mark.parametrize("source", KEYED)
def test_secrets_are_named_as_variables_are_and_explained(source: str) -> None:
    spider = sources()[source]
    for name, told in {**spider.secrets, **spider.optional_secrets}.items():
        assert name.isupper()
        assert len(told) > 20, "a sentence that says what it is and where to get it"


def test_only_declared_secrets_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Keyed(MentionSpider):
        name = "keyed"
        optional_secrets = {"KEYED_TOKEN": "made up"}  # noqa: RUF012

    spider = Keyed(query="acme")
    assert spider.secret("KEYED_TOKEN") is None
    assert spider.quota_account == "keyed"
    monkeypatch.setenv("KEYED_TOKEN", " abc ")
    assert spider.secret("KEYED_TOKEN") == "abc"
    assert "abc" not in spider.quota_account
    assert spider.quota_account != "keyed"
    with pytest.raises(LookupError, match="declares no secret SLACK_BOT_TOKEN"):
        spider.secret("SLACK_BOT_TOKEN")
    assert list(hindrances("steam", spider_of("steam").options, None, {})) == []


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[str, str]]]:
    """Let servers shout each secret back; give what was written down, and the secrets' marker."""
    folder = tmp_path_factory.mktemp("secrets")
    marker = "Zebra9Crossing"
    names = {name for source in KEYED for name in names_of(source)}
    given = {name: f"{marker}+{number}/x=" for number, name in enumerate(sorted(names))} | {
        name: value.replace("-----\n", f"-----\n{marker}", 1)
        for name, value in os.environ.items()
        if name in names and value.startswith("-----")
    }

    def shout(asked: Asked) -> Reply:
        said = json.dumps({"error": f"bad key {asked.query} {asked.headers} {asked.body!r}"})
        return Reply(said.encode(), 403)

    def crawl(source: str) -> str:
        db, log = folder / f"{source}.db", folder / f"{source}.log"
        Store.open(db, migrate=True).close()
        job = CrawlJob(
            "A", '"acme air"', source, EXAMPLES[source], db=db, base_url=f"{site.url}/{source}"
        )
        report = run_crawl(job, time_limit=timedelta(minutes=10), log_path=log)
        return write_down(report, source, db) + log.read_text()

    with pytest.MonkeyPatch.context() as patch, running_site() as site:
        for name, value in given.items():
            patch.setenv(name, value)
        site.on("/", shout)
        with ThreadPoolExecutor(2) as pool:
            written = pool.map(crawl, KEYED)
            yield {source: (text, marker) for source, text in zip(KEYED, written, strict=True)}


def write_down(report: CrawlReport, source: str, db: Path) -> str:
    assert not report.outcome.good
    with Store.open(db) as store:
        target = CrawlTarget(brand="A", source=source, target="")
        store.crawls.finish(store.crawls.start(target, spider_of(source).now), report,
                            spider_of(source).now)  # fmt: skip
        rows = store.database.connection.execute("SELECT * FROM crawl_runs").fetchall()
    return json.dumps([dict(row) for row in rows]) + json.dumps(asdict(report), default=str)


@pytest.mark.slow("a crawl for each source with keys, in a process of its own as in the product")
@pytest.mark.parametrize("source", KEYED)
def test_no_secret_is_written_down(source: str, crawled: dict[str, tuple[str, str]]) -> None:
    text, marker = crawled[source]
    assert marker not in text


def test_a_feeds_own_token_is_masked_everywhere(tmp_path: Path) -> None:
    secret = "Zebra9Crossing"
    with running_site() as site:
        site.on("/", Reply(b"no", 403))
        raw = {
            "brands": [
                {
                    "name": "A",
                    "query": "acme",
                    "sources": [
                        {"source": "feeds", "url": f"{site.url}/f.xml?feed_token={secret}&page=1"}
                    ],
                }
            ]
        }
        source = parse_settings(raw, options_models(), where="x").brands[0].sources[0]
        masked = f"{site.url}/f.xml?feed_token={HIDDEN}&page=1"
        assert source.target.startswith(f"{masked} (")
        db, log = tmp_path / "e.db", tmp_path / "log"
        Store.open(db, migrate=True).close()
        options = source.options.model_dump(mode="json")
        report = run_crawl(
            CrawlJob("A", "acme", "feeds", options, db=db),
            time_limit=timedelta(minutes=10),
            log_path=log,
        )
        assert site.asked("/f.xml")[0].query["feed_token"] == secret
    written = write_down(report, "feeds", db) + log.read_text()
    assert "answered 403" in written
    assert secret not in written


# How private feeds carry their keys: Reddit's, Pinboard's, a made-up path, a user's password.
PRIVATE = (
    "/.rss?feed=zebra9crossing0123456789&user=zebra_jo",
    "/rss/secret:zebra/u:acme/",
    "/feeds/zebra9crossing0123456789/rss.xml",
    "/go?to=https%3A%2F%2Fy.example%2F%3Ftoken%3Dzebra",
)


def test_private_feeds_are_read_and_their_keys_are_written_nowhere(db: Path) -> None:
    """Whether the feed is good or refused: in runs, reports, ids of mentions, validators."""
    entry = "<item><guid>7</guid><title>acme {n}</title><pubDate>{at}</pubDate></item>"
    when = "Sat, 31 Oct 2026 10:00:00 GMT"
    feed = f"<rss version='2.0'><channel>{entry.format(n=1, at=when)}</channel></rss>"
    with running_site() as site:
        site.on("/good/", Reply(feed.encode(), headers={"ETag": '"v1"'}))
        site.on("/bad/", Reply(b"no", 403))
        urls = [f"{site.url}/{how}{path}" for how in ("good", "bad") for path in PRIVATE]
        sources_given = [{"source": "feeds", "url": url} for url in urls]
        raw = {"brands": [{"name": "A", "query": "acme", "sources": sources_given}]}
        (brand,) = parse_settings(raw, options_models(), where="x").brands
        jobs = [CrawlJob("A", "acme", "feeds", {"url": url}, db=db) for url in urls]
        reports = run_fleet(jobs)
        assert {report.outcome.value for report in reports} == {"ok", "blocked"}
        assert all("zebra" in str(vars(asked)) for asked in site.asked("/good/"))
    with Store.open(db) as store:
        for source, report in zip(brand.sources, reports, strict=True):
            target = CrawlTarget(brand="A", source="feeds", target=source.target)
            now = spider_of("steam").now
            store.crawls.finish(store.crawls.start(target, now), report, now)
        rows = [
            dict(row)
            for table in ("crawl_runs", "http_validators", "mentions")
            for row in store.database.connection.execute(f"SELECT * FROM {table}")
        ]
        assert store.mentions.count() == len(PRIVATE), "each feed's entries stay its own"
    written = json.dumps(rows) + json.dumps([asdict(report) for report in reports], default=str)
    assert "answered 403" in written
    assert re.findall(r".{0,60}zebra", written) == []
    assert len({source.target for source in brand.sources}) == len(urls)
    with pytest.raises(ConfigError) as refused:
        parse_settings(
            {"brands": [{"name": "A", "query": "a", "sources": [
                {"source": "feeds", "url": "ftp://x.example/?token=zebra"}]}]},
            options_models(), where="x",
        )  # fmt: skip
    assert "zebra" not in str(refused.value)
