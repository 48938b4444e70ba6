"""`earful sources` and `earful check --explain`: told from the spider's class and a probe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from crawler.catalog import sources
from earful.cli import cli
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
