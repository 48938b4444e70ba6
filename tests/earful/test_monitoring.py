"""What programs that watch the daemon are told: by the real daemon, over HTTP."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from config.errors import ConfigError
from config.settings import parse_settings
from crawler.catalog import options_models
from tests.alerts.fake_slack import FakeSlack
from tests.crawler.site import Reply, running_site
from tests.earful.running import running
from tests.earful.test_webhook_daemon import free_port
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy/prometheus/earful-alerts.yml"
DASHBOARD = ROOT / "deploy/grafana/earful.json"
FEED = """<rss version="2.0"><channel><title>Talk</title>
<item><guid>https://x.example/1</guid><title>Bag</title><pubDate>{date}</pubDate>
<description>Acme lost my bag, nobody helped, I am furious and want my money back!</description>
</item></channel></rss>"""
# What Prometheus adds itself to what it scrapes.
OF_PROMETHEUS = {"up"}


@dataclass
class Seen:
    """What a daemon answered while it worked."""

    metrics: str
    healthz: httpx.Response
    readyz: httpx.Response
    other: httpx.Response
    held: str
    held_ready: httpx.Response
    log: list[dict[str, object]]

    def value(self, name: str, **labels: str) -> float:
        for family in text_string_to_metric_families(self.metrics):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return sample.value
        raise AssertionError(f"no {name} {labels} in {self.metrics[:3000]}")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("ops")
    with (
        FakeSlack(
            channels=["voice-complaints", "voice-wows", "voice-digest", "voice-ops"]
        ) as slack,
        running_site() as site,
    ):
        feed = FEED.format(date=format_datetime(datetime.now(UTC)))
        site.on("/", Reply(feed.encode(), 200, {"Content-Type": "application/rss+xml"}))
        port = free_port()
        config = folder / "earful.toml"
        config.write_text(
            f'[slack]\napi_url = "{slack.api_url}"\n[ops]\nlisten = "127.0.0.1:{port}"\n'
            '[[brands]]\nname = "Acme"\nquery = "acme"\n'
            f'[[brands.sources]]\nsource = "feeds"\nurl = "{site.url}/feed.xml"\n'
            f'[[brands.sources]]\nsource = "discourse"\nforum = "{site.url}/forum"\n'
        )
        url = f"http://127.0.0.1:{port}"
        with running(config, slack, "--no-serve") as run:
            run.wait_for(lambda: slack.messages("voice-complaints"))
            run.wait_for(
                lambda: (
                    'earful_crawls_total{brand="Acme",outcome="broken"'
                    in httpx.get(f"{url}/metrics", timeout=30).text
                )
            )
            metrics, healthz, readyz, other = (
                httpx.get(f"{url}/{path}", timeout=30)
                for path in ("metrics", "healthz", "readyz", "secrets")
            )
            # A long transaction of another program holds the store's lock.
            holder = sqlite3.connect(folder / "earful.db", isolation_level=None)
            holder.execute("BEGIN IMMEDIATE")
            held = httpx.get(f"{url}/metrics", timeout=30).text
            held_ready = httpx.get(f"{url}/readyz", timeout=30)
            holder.execute("ROLLBACK")
            holder.close()
        log = [json.loads(line) for line in run.log.read_text().splitlines()]
        yield Seen(metrics.text, healthz, readyz, other, held, held_ready, log)


pytestmark = pytest.mark.slow("starts a daemon that loads the model")


def test_it_tells_that_it_is_well(seen: Seen) -> None:
    assert (seen.healthz.status_code, seen.healthz.text) == (200, "ok\n")
    assert (seen.readyz.status_code, seen.readyz.text) == (200, "ok\n")
    assert seen.other.status_code == 404
    assert "/metrics" in seen.other.text


def test_what_happened_is_counted(seen: Seen) -> None:
    assert seen.value("earful_crawls_total", source="feeds", outcome="ok") >= 1
    assert seen.value("earful_crawls_total", source="discourse", outcome="broken") >= 1
    assert seen.value("earful_crawl_entries_total", source="feeds", fate="new") == 1
    assert seen.value("earful_verdicts_total", experience="angry") == 1
    assert seen.value("earful_model_text_duration_seconds_count") == 1
    assert seen.value("earful_deliveries_total", via="slack", fate="sent") >= 1
    assert seen.value("earful_cases", state="open") == 1
    assert seen.value("earful_queue_length", stage="score") == 0
    assert seen.value("earful_mentions", brand="Acme", experience="angry") == 1
    assert seen.value("earful_source_state", source="discourse", state="broken") == 1
    assert seen.value("earful_store_size_bytes") > 100_000
    assert seen.value("earful_stage_failures_total", stage="score") == 0
    assert seen.value("earful_store_readable") == 1


def test_a_scrape_takes_no_lock(seen: Seen) -> None:
    assert "earful_store_readable 1.0" in seen.held
    assert 'earful_mentions{brand="Acme"' in seen.held
    assert seen.held_ready.status_code == 200


def test_names_follow_the_conventions(seen: Seen) -> None:
    for family in text_string_to_metric_families(seen.metrics):
        if not family.name.startswith("earful_"):
            continue
        assert re.fullmatch(r"earful_[a-z]+(_[a-z]+)*", family.name)
        assert family.documentation.endswith("."), family.name
        counts = family.type == "counter"
        assert all(sample.name.endswith(("_total", "_created")) for sample in family.samples) or (
            not counts
        )
        labels = {name for sample in family.samples for name in sample.labels}
        assert labels <= {
            "brand", "source", "target", "outcome", "fate", "stage", "state", "experience",
            "stance", "sure", "via", "kind", "share", "version", "le",
        }, family.name  # fmt: skip


def test_no_text_and_no_author_stands_in_a_label(seen: Seen) -> None:
    assert "bag" not in seen.metrics.lower()
    assert "x.example" not in seen.metrics


def test_the_log_names_things_by_their_ids(seen: Seen) -> None:
    lines = {str(line["message"]): line for line in seen.log}
    crawled = next(
        line for line in seen.log if line["message"] == "crawled" and line["source"] == "feeds"
    )
    assert (crawled["brand"], crawled["new"]) == ("Acme", 1)
    assert isinstance(crawled["run"], int)
    opened = lines["case opened"]
    assert (opened["brand"], opened["source"]) == ("Acme", "feeds")
    assert (opened["mention"], opened["case"]) == (1, 1)
    tried = next(
        line for line in seen.log if line["message"] == "tried" and line["kind"] == "complaint"
    )
    assert (tried["brand"], tried["via"], tried["came"]) == ("Acme", "slack", "sent")
    assert isinstance(tried["alert"], int)
    for line in seen.log:
        assert {"at", "level", "logger", "message"} <= set(line)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", str(line["at"]))
        # What the customer said, and what is theirs, stands in none.
        assert "furious" not in json.dumps(line)
        assert "x.example" not in json.dumps(line)


def names_in(expression: str) -> set[str]:
    """Name the metrics of a PromQL expression: what stands before `{`, `[` or an operator."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    bare = re.sub(r"\{[^}]*\}", "", bare)
    bare = re.sub(r"\b(by|on|without)\s*\([^)]*\)", "", bare)
    return {
        name
        for name in re.findall(r"\b[a-z_][a-z_0-9]*\b(?!\s*\()", bare)
        if name.startswith(("earful_", "process_", "up"))
    }


def expressions() -> list[str]:
    rules = yaml.safe_load(RULES.read_text())
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [rule["expr"] for group in rules["groups"] for rule in group["rules"]] + [
        target["expr"] for panel in panels for target in panel.get("targets", ())
    ]


def test_each_metric_of_rules_and_dashboard_is_one_of_a_real_daemon(seen: Seen) -> None:
    known = set(re.findall(r"^# TYPE (\S+) ", seen.metrics, re.MULTILINE)) | OF_PROMETHEUS
    known |= {f"{name}{end}" for name in known for end in ("_bucket", "_sum", "_count")}
    # A store that was never copied tells of no copy.
    known.add("earful_backup_last_timestamp_seconds")
    wanted = {name for one in expressions() for name in names_in(one)}
    assert len(wanted) > 20
    assert wanted - known == set()


def test_each_metric_is_documented(seen: Seen) -> None:
    page = (ROOT / "docs/monitoring.md").read_text()
    documented = set(re.findall(r"^\| `(earful_\w+)", page, re.MULTILINE))
    known = set(re.findall(r"^# TYPE (earful_\S+) ", seen.metrics, re.MULTILINE))
    known = {name for name in known if not name.endswith("_created")}
    assert documented - {"earful_backup_last_timestamp_seconds"} == known


@pytest.mark.parametrize("command", [["check", "rules", str(RULES)], ["test", "rules",
                         str(RULES.with_name("earful-alerts-test.yml"))]])  # fmt: skip
def test_promtool_finds_the_rules_sound(command: list[str]) -> None:
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed (Debian's package `prometheus` has it)")
    ran = subprocess.run([tool, *command], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_port_that_is_taken_is_refused_at_the_start(tmp_path: Path) -> None:
    import socket

    with FakeSlack() as slack, socket.create_server(("127.0.0.1", 0)) as taken:
        config = tmp_path / "earful.toml"
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        config.write_text(
            f'[slack]\napi_url = "{slack.api_url}"\n[ops]\nlisten = "{place}"\n'
            '[[brands]]\nname = "Acme"\nquery = "acme"\n'
        )
        with pytest.raises(AssertionError), running(config, slack, "--no-serve") as run:
            run.process.wait(PATIENCE_S)
        assert run.process.returncode == 2
        said = run.log.read_text()
        assert "Traceback" not in said
        last = said.splitlines()[-1]
        assert f"{place}: cannot be served at: address already in use" in last
        assert "[ops] listen" in last


@pytest.mark.parametrize("place", ["9469", "127.0.0.1:99999", "http://127.0.0.1:9469", ""])
def test_a_place_that_is_none_is_refused(place: str) -> None:
    with pytest.raises(ConfigError, match=r"ops\.listen: not a place to listen at"):
        parse_settings({"ops": {"listen": place}}, options_models(), where="x")
