"""Many crawls in one process, for tests that look at outcomes: a process costs a second."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from crawler.runner import CrawlJob, report_from
from storage.models import CrawlReport

ROOT = Path(__file__).resolve().parents[2]


def run_fleet(
    jobs: Sequence[CrawlJob], settings: dict[str, object] | None = None, timeout: float = 600
) -> list[CrawlReport]:
    """Run jobs side by side against one store, the first job's; reports come in their order."""
    order = json.dumps({"jobs": [job.to_json() for job in jobs], "settings": settings or {}})
    done = subprocess.run(
        [sys.executable, "-m", "tests.crawler.fleet"],
        input=order,
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return [report_from(given) for given in json.loads(done.stdout.splitlines()[-1])]


def main() -> None:
    from scrapy.crawler import CrawlerProcess

    from crawler import catalog, child
    from storage.store import Store

    order = json.loads(sys.stdin.read())
    jobs = [CrawlJob.from_json(text) for text in order["jobs"]]
    if quota := order["settings"].pop("DAILY_QUOTA", None):
        for job in jobs:
            catalog.sources()[job.source].daily_quota = quota
    count = order["settings"].pop("COUNT_TRANSACTIONS", False)
    begun_transactions: list[str] = []
    child.quieten()
    settings = child.scrapy_settings(jobs[0])
    settings.update({"LOG_LEVEL": "WARNING", **order["settings"]}, priority="cmdline")
    process = CrawlerProcess(settings)
    with Store.open(jobs[0].db) as store:
        if count:
            store.database.connection.set_trace_callback(
                lambda text: begun_transactions.append(text) if text.startswith("BEGIN") else None
            )
        begun = [child.begin(process, job, store, lambda event: None)[0] for job in jobs]
        process.start()
        reports = [
            child.conclude(crawler, job, store) for crawler, job in zip(begun, jobs, strict=True)
        ]
    if count:
        reports[0].stats["transactions"] = len(begun_transactions)
    print(json.dumps([asdict(report) for report in reports]))


if __name__ == "__main__":
    main()
