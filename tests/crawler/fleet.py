"""Many crawls in one process, for tests that look at outcomes: a process costs a second.

A reactor runs once, so each fleet has a process of its own: a fork of one that has loaded Scrapy
and all spiders, and is started once.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from crawler.runner import CrawlJob, report_from
from storage.models import CrawlReport

ROOT = Path(__file__).resolve().parents[2]


def run_fleet(
    jobs: Sequence[CrawlJob], settings: dict[str, object] | None = None, timeout: float = 600
) -> list[CrawlReport]:
    """Run jobs side by side against one store, the first job's; reports come in their order."""
    given = _starter().run([job.to_json() for job in jobs], settings or {}, timeout)
    return [report_from(one) for one in given]


def end_starter() -> None:
    """End the process that fleets are forked from, if there is one."""
    if _starter.cache_info().currsize:
        _starter().end()
        _starter.cache_clear()


@cache
def _starter() -> _Starter:
    return _Starter()


class _Starter:
    """The process with Scrapy loaded; it forks once an order and says how the fork ended."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crawler.fleet"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            start_new_session=True,
        )

    def run(
        self, jobs: list[str], settings: dict[str, object], timeout: float
    ) -> list[dict[str, Any]]:
        """Give the reports; AssertionError with the end of its log when the fork failed."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with tempfile.TemporaryDirectory() as folder:
            order = {
                "jobs": jobs,
                "settings": settings,
                "folder": folder,
                "environment": dict(os.environ),
            }
            with suppress(BrokenPipeError):
                stdin.write(json.dumps(order).encode() + b"\n")
                stdin.flush()
            if not select.select([stdout], [], [], timeout)[0]:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            code = stdout.readline().strip()
            if code != b"0":
                end_starter()
                log = Path(folder) / "log"
                said = log.read_text("utf-8", "replace")[-4000:] if log.exists() else "no log"
                raise AssertionError(f"the fleet ended with {code or b'nothing'!r}: {said}")
            reports: list[dict[str, Any]] = json.loads((Path(folder) / "reports").read_bytes())
        return reports

    def end(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                assert pipe is not None
                pipe.close()
        self._process.wait()


def main() -> None:
    """Load what a crawl needs, then fork for every line of stdin."""
    import scrapy.crawler

    from crawler import catalog, crawl_process

    assert scrapy.crawler
    assert crawl_process
    catalog.sources()
    for line in sys.stdin.buffer:
        pid = os.fork()
        if not pid:
            _sail(json.loads(line))
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _sail(order: dict[str, Any]) -> NoReturn:
    """Run an order in this fork, and end it."""
    folder = Path(order["folder"])
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.clear()
    os.environ.update(order["environment"])
    code = 1
    try:
        reports = _crawl([CrawlJob.from_json(text) for text in order["jobs"]], order["settings"])
        (folder / "reports").write_text(json.dumps([asdict(report) for report in reports]))
        code = 0
    except BaseException:
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(code)


def _crawl(jobs: list[CrawlJob], settings: dict[str, Any]) -> list[CrawlReport]:
    from scrapy.crawler import CrawlerProcess

    from crawler import catalog, crawl_process
    from storage.store import Store

    if module := settings.pop("SPIDERS", None):
        import_module(module).add()
    if quota := settings.pop("DAILY_QUOTA", None):
        for job in jobs:
            catalog.sources()[job.source].daily_quota = quota
    count = settings.pop("COUNT_TRANSACTIONS", False)
    begun_transactions: list[str] = []
    crawl_process.quieten()
    given = crawl_process.scrapy_settings(jobs[0])
    # Patience: on a busy machine the retry of a request that timed out would be counted.
    given.update({"LOG_LEVEL": "WARNING", "DOWNLOAD_TIMEOUT": 120, **settings}, priority="cmdline")
    process = CrawlerProcess(given)
    with Store.open(jobs[0].db) as store:
        if count:
            store.database.connection.set_trace_callback(
                lambda text: begun_transactions.append(text) if text.startswith("BEGIN") else None
            )
        begun = [crawl_process.begin(process, job, store, lambda event: None)[0] for job in jobs]
        process.start()
        reports = [
            crawl_process.conclude(crawler, job, store)
            for crawler, job in zip(begun, jobs, strict=True)
        ]
    if count:
        reports[0].stats["transactions"] = len(begun_transactions)
    return reports


if __name__ == "__main__":
    main()
