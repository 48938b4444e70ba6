"""The crawl's process: progress, the hard limit, a dead parent, a child that cannot start."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from crawler.runner import CrawlJob, CrawlProgress, run_crawl
from storage.models import CrawlOutcome
from storage.store import Store
from tests.crawler.fleet import ROOT, run_fleet
from tests.crawler.reading import response_of
from tests.crawler.site import Reply, Site
from tests.waiting import wait_for

LIMIT = timedelta(minutes=10)
LITTLE_MEMORY: dict[str, object] = {
    "MEMUSAGE_LIMIT_MB": 20,
    "MEMUSAGE_CHECK_INTERVAL_SECONDS": 0.2,
}


def steam_job(site: Site, db: Path) -> CrawlJob:
    return CrawlJob("Acme Air", "acme", "steam", {"app_id": 440}, db=db, base_url=site.url)


def hanging(site: Site) -> None:
    """Answer one page, then keep the next from ending."""
    site.on("/appreviews/", Reply(response_of("steam")), Reply(b"{}", delay=900))


def test_a_crawl_tells_its_progress_and_logs_no_text(site: Site, db: Path, tmp_path: Path) -> None:
    site.on("/appreviews/", Reply(response_of("steam")))
    log = tmp_path / "logs" / "steam.log"
    told: list[CrawlProgress] = []
    report = run_crawl(steam_job(site, db), time_limit=LIMIT, progress=told.append, log_path=log)

    assert report.outcome is CrawlOutcome.OK
    assert (report.seen, report.new, report.known) == (3, 3, 0)
    assert told[-1].seen == 3
    assert report.requests == len(site.requests) == 2
    said = log.read_text()
    assert "Spider closed (finished)" in said
    assert "Refunded" not in said
    assert "[py.warnings]" not in said


def test_at_its_limit_it_is_killed_and_keeps_what_it_stored(site: Site, db: Path) -> None:
    hanging(site)
    told: list[CrawlProgress] = []

    def clock() -> float:
        """Let the time be over once a page is stored and the next one hangs."""
        return 601.0 if told and told[-1].new == 3 and len(site.requests) == 2 else 0.0

    report = run_crawl(steam_job(site, db), time_limit=LIMIT, progress=told.append, clock=clock)

    assert report.outcome is CrawlOutcome.TIMEOUT
    assert "time limit of 10 min" in (report.reason or "")
    assert report.seen == report.new == 3
    with Store.open(db) as store:
        assert store.mentions.count() == 3


def test_a_stop_ends_it_at_once(site: Site, db: Path) -> None:
    hanging(site)
    stop = threading.Event()
    report = run_crawl(
        steam_job(site, db), time_limit=LIMIT, progress=lambda told: stop.set(), stop=stop
    )
    assert report.outcome is CrawlOutcome.FAILED
    assert report.reason == "the crawl was stopped before it ended"


def test_it_does_not_outlive_a_killed_parent(site: Site, db: Path) -> None:
    hanging(site)
    script = (
        "import sys\n"
        "from datetime import timedelta\n"
        "from crawler.runner import CrawlJob, run_crawl\n"
        "run_crawl(CrawlJob.from_json(sys.argv[1]), time_limit=timedelta(seconds=600))\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, steam_job(site, db).to_json()], cwd=ROOT
    )
    wait_for(lambda: len(site.requests) >= 2)
    (child,) = crawls_of(parent.pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_for(lambda: not alive(child))


def test_a_child_that_is_killed_is_reported(site: Site, db: Path) -> None:
    hanging(site)

    def kill(_: CrawlProgress) -> None:
        for child in crawls_of(os.getpid()):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    report = run_crawl(steam_job(site, db), time_limit=LIMIT, progress=kill)
    assert report.outcome is CrawlOutcome.FAILED
    assert "ended early with code -9" in (report.reason or "")


def test_a_store_that_cannot_be_written_ends_the_crawl(site: Site, db: Path) -> None:
    pages = itertools.count()

    def page(_: object) -> Reply:
        number = next(pages)
        body = response_of("steam").replace(b"8000000", f"9{number:06}".encode())
        return Reply(body.replace(b"AoJwgMiH", f"A{number}".encode()), delay=0.1)

    site.on("/appreviews/", page)
    with sqlite3.connect(db) as connection:
        connection.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON mentions "
            "BEGIN SELECT raise(ABORT, 'the disk is full'); END"
        )
    job = replace(steam_job(site, db), options={"app_id": 440, "pages": 500})
    report = run_crawl(job, time_limit=LIMIT)
    assert report.outcome is CrawlOutcome.FAILED
    assert (report.reason or "").startswith(f"the store did not take the mentions: {db}: ")
    assert "the disk is full" in (report.reason or "")
    assert report.new == 0
    assert len(site.requests) < 40


def test_a_crawl_that_takes_too_much_memory_is_ended(site: Site, db: Path) -> None:
    site.on("/appreviews/", Reply(response_of("steam"), delay=0.3))
    (report,) = run_fleet([steam_job(site, db)], LITTLE_MEMORY)
    assert report.outcome is CrawlOutcome.FAILED
    assert "too much memory" in (report.reason or "")


def test_what_keeps_it_from_starting_is_reported(db: Path, tmp_path: Path) -> None:
    cases = {
        "no source 'nonesuch'": CrawlJob("A", "acme", "nonesuch", db=db),
        "steam app_id: Field required": CrawlJob("A", "acme", "steam", db=db),
        "no store there": CrawlJob("A", "acme", "hackernews", db=tmp_path / "none.db"),
        "the query is empty": CrawlJob("A", " ", "hackernews", db=db),
    }
    for said, job in cases.items():
        report = run_crawl(job, time_limit=LIMIT)
        assert report.outcome is CrawlOutcome.FAILED
        assert said in (report.reason or ""), report.reason


def test_the_parent_loads_neither_scrapy_nor_twisted() -> None:
    code = "import sys, crawler.runner; print({'scrapy', 'twisted'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def crawls_of(pid: int) -> list[int]:
    done = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(line.split()[0]) for line in done.stdout.splitlines() if "crawler.runner" in line]
