"""What crawls say is kept beside the store, for its owner alone, and of it so much at most."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from crawler.runner import log_path_of
from earful import crawl_log
from storage.models import CrawlTarget

TARGET = CrawlTarget(brand="Acme", source="steam", target="440")


def lines(store: Path) -> list[dict[str, object]]:
    return [json.loads(one) for one in log_path_of(store).read_text().splitlines()]


def test_each_line_names_the_crawl(tmp_path: Path) -> None:
    store = tmp_path / "earful.db"
    crawl_log.keep(store, TARGET, 7, "first\n\nsecond ü\n")
    crawl_log.keep(store, TARGET, 8, "")
    told = [(one["message"], one["brand"], one["target"], one["run"]) for one in lines(store)]
    assert told == [("first", "Acme", "440", 7), ("second ü", "Acme", "440", 7)]
    assert stat.S_IMODE(log_path_of(store).stat().st_mode) == 0o600


def test_of_a_talkative_crawl_the_end_is_kept(tmp_path: Path) -> None:
    store = tmp_path / "earful.db"
    crawl_log.keep(store, TARGET, 7, "\n".join(str(number) for number in range(1000)))
    kept = [one["message"] for one in lines(store)]
    assert kept[0] == "800 lines left out"
    assert kept[1:] == [str(number) for number in range(800, 1000)]


def test_it_never_grows_beyond_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crawl_log, "_LARGEST", 10_000)
    store = tmp_path / "earful.db"
    for run in range(40):
        crawl_log.keep(store, TARGET, run, "x" * 1500)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 5
    assert sum(one.stat().st_size for one in files) < 50_000
    assert {stat.S_IMODE(one.stat().st_mode) for one in files} == {0o600}
    assert lines(store)[-1]["run"] == 39


def test_where_it_cannot_be_written_nothing_is_lost_but_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    crawl_log.keep(tmp_path / "no" / "earful.db", TARGET, 7, "first")
    assert "the crawl's log could not be written" in caplog.text
