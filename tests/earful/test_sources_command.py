"""`earful sources` and `earful check --explain`: told from the spider's class and a probe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.errors import InputError
from crawler.catalog import sources
from earful.cli import cli
from storage.models import CrawlOutcome, CrawlReport, CrawlTarget, SourceStanding, SourceState
from storage.store import Store
from tests.crawler.reading import EXAMPLES, response_of
from tests.crawler.site import Reply, running_site


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("told") / "earful.toml"
    with running_site() as site:
        site.on("/", Reply(response_of("hackernews")))
        path.write_text(
            "[[brands]]\n"
            'name = "Acme Air"\n'
            "query = '(\"acme air\" OR @acmeair) NOT airsoft'\n"
            "[[brands.sources]]\n"
            'source = "hackernews"\n'
            f'base_url = "{site.url}"\n'
        )
        yield path


def test_check_explains_what_the_query_makes_of_the_newest_entries(config: Path) -> None:
    done = CliRunner().invoke(cli, ["--config", str(config), "check", "--explain"])
    assert "3 mentions on its first page, 1 of them irrelevant" in done.output, done.output
    assert (
        "taken   'Acme Air opens its API': matches acme air; does not match @acmeair, airsoft"
        in done.output
    )
    assert "refused 'Something else': does not match acme air, @acmeair, airsoft" in done.output
    plain = CliRunner().invoke(cli, ["--config", str(config), "check"])
    assert "does not match" not in plain.output
    assert done.exit_code == plain.exit_code == 0


def test_sources_tell_of_themselves_and_how_they_do_here(config: Path) -> None:
    before = CliRunner().invoke(cli, ["--config", str(config), "sources", "--json"])
    assert before.exit_code == 0, before.output
    told = {row["source"]: row for row in json.loads(before.output)}
    for name, spider in sources().items():
        assert told[name]["needs"] == spider.needs
        assert told[name]["secrets"] == dict(spider.secrets)
        assert told[name]["optional_secrets"] == dict(spider.optional_secrets)
        assert told[name]["targets"] == []
    crawled = CliRunner().invoke(cli, ["--config", str(config), "crawl"])
    assert crawled.exit_code == 0, crawled.output
    after = CliRunner().invoke(cli, ["--config", str(config), "sources", "--json"])
    (target,) = next(
        row["targets"] for row in json.loads(after.output) if row["source"] == "hackernews"
    )
    assert (target["brand"], target["state"]) == ("Acme Air", "ok")
    shown = CliRunner().invoke(cli, ["--config", str(config), "sources"]).output
    assert "here    Acme Air is ok since" in shown
    for spider in sources().values():
        for name in (*spider.secrets, *spider.optional_secrets):
            assert name in shown


def shown(*arguments: str) -> str:
    done = CliRunner().invoke(cli, [*arguments])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("name", sorted(sources()))
def test_each_sources_page_says_all_that_its_spider_does(name: str, tmp_path: Path) -> None:
    spider = sources()[name]
    config = str(tmp_path / "earful.toml")
    Path(config).write_text("")
    page = shown("--config", config, "sources", name)
    assert max(map(len, page.splitlines())) < 80
    words = " ".join(page.split())
    for said in (spider.label, spider.needs, spider.limits, spider.terms):
        assert " ".join(said.split()) in words
    for secret, use in (*spider.secrets.items(), *spider.optional_secrets.items()):
        assert f"{secret} (" in words
        assert " ".join(use.split()) in words
    for option, field in spider.Options.model_fields.items():
        assert f"\n  {option} (" in page
        assert " ".join((field.description or "").split()) in words
    for trouble in spider.today:
        assert trouble.since.isoformat() in words
        assert trouble.what in words
        assert trouble.do in words
    assert ("nothing that Earful knows of" in words) is (spider.today == ())
    assert "your config does not read it" in words
    data = json.loads(shown("--config", config, "sources", name, "--json"))
    assert (data["source"], data["targets"], data["last_runs"]) == (name, [], [])
    assert [each["since"] for each in data["today"]] == [
        trouble.since.isoformat() for trouble in spider.today
    ]
    assert all(each["seen"][0].startswith("https://") for each in data["today"])


def test_a_sources_page_tells_of_its_last_runs_here(tmp_path: Path) -> None:
    path = tmp_path / "earful.toml"
    path.write_text(
        "[[brands]]\n"
        'name = "Acme Air"\n'
        "query = 'acme'\n"
        "[[brands.sources]]\n"
        'source = "reddit"\n'
        "[[brands.sources]]\n"
        'source = "feeds"\n'
        'url = "https://forum.example/feeds/0a1b2c3d4e5f60718293/rss?feed=abc&user=jo"\n'
    )
    config = ("--config", str(path))
    before = shown(*config, "sources", "reddit")
    assert "Acme Air was not read yet" in before
    assert "note: Reddit's search feed answers most programs with 403" in " ".join(before.split())

    at = datetime(2026, 11, 28, 9, tzinfo=UTC)
    target = CrawlTarget(brand="Acme Air", source="reddit", target="")
    reasons = ((CrawlOutcome.OK, None), (CrawlOutcome.BLOCKED, "it answered 429"))
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        for hours, (outcome, reason) in enumerate(reasons):
            now = at + timedelta(hours=hours)
            report = CrawlReport(outcome=outcome, reason=reason, seen=7, new=3)
            standing = SourceStanding(
                state=SourceState.BLOCKED,
                reason=reason,
                since=now,
                opens_at=now + timedelta(hours=2),
            )
            store.crawls.finish(store.crawls.start(target, now), report, now, standing)
    page = " ".join(shown(*config, "sources", "reddit").split())
    assert "Acme Air is blocked since 2026-11-28 10:00 UTC: it answered 429" in page
    assert "last good run 2026-11-28 09:00 UTC" in page
    assert "left alone until 2026-11-28 12:00 UTC" in page
    assert "last failure 2026-11-28 10:00 UTC, blocked: it answered 429" in page
    assert page.index("2026-11-28 10:00 UTC blocked, seen 7, new 3") < page.index(
        "2026-11-28 09:00 UTC ok, seen 7, new 3"
    )
    data = json.loads(shown(*config, "sources", "reddit", "--json"))
    (row,) = data["targets"]
    assert row["last_failure"]["outcome"] == "blocked"
    assert [run["outcome"] for run in data["last_runs"]] == ["blocked", "ok"]
    assert row["remarks"]

    feeds = shown(*config, "sources", "feeds") + shown(*config, "sources", "feeds", "--json")
    assert "https://forum.example/feeds/***/rss?feed=***&user=***" in feeds
    assert "0a1b2c3d4e5f60718293" not in feeds


def test_a_source_that_is_none_is_refused_with_the_nearest(tmp_path: Path) -> None:
    for given, hint in (("redit", "did you mean 'reddit'?"), ("zzz", "`earful sources` lists")):
        done = CliRunner().invoke(cli, ["--config", str(tmp_path / "x.toml"), "sources", given])
        assert isinstance(done.exception, InputError)
        assert hint in str(done.exception)


def test_check_notes_what_hardly_works(tmp_path: Path) -> None:
    path = tmp_path / "earful.toml"
    with running_site() as site:
        site.on("/search.rss", Reply(response_of("reddit")))
        path.write_text(
            "[[brands]]\n"
            'name = "Acme Air"\n'
            "query = '\"acme air\"'\n"
            "[[brands.sources]]\n"
            'source = "reddit"\n'
            "obey_robots = false\n"
            f'base_url = "{site.url}"\n'
        )
        done = CliRunner().invoke(cli, ["--config", str(path), "check"])
    assert done.exit_code == 0, done.output
    assert "2 mentions on its first page" in done.output
    assert "      note: Reddit's search feed answers most programs with 403 or 429" in done.output


@pytest.mark.parametrize("command", ["crawl", "run", "check"])
def test_a_missing_secret_is_refused_by_name_with_its_path(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = next(name for name in EXAMPLES if sources()[name].secrets)
    secret, told = next(iter(sources()[source].secrets.items()))
    monkeypatch.delenv(secret, raising=False)
    path = tmp_path / "earful.toml"
    options = [f"{key} = {json.dumps(value)}" for key, value in EXAMPLES[source].items()]
    path.write_text(
        "[[brands]]\n"
        'name = "Acme Air"\n'
        "query = 'acme'\n"
        "[[brands.sources]]\n"
        f'source = "{source}"\n' + "\n".join(options) + "\n"
    )
    done = CliRunner().invoke(cli, ["--config", str(path), command])
    said = done.output if command == "check" else str(done.exception)
    assert f"brands[0].sources[0]: needs {secret} in the environment: {told}" in said
    assert command != "check" or "FAIL  brands[0].sources[0]" in said
