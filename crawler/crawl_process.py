"""The crawl's own process: read a job from stdin, crawl, write events to stdout."""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Any

from pydantic import ValidationError
from scrapy.crawler import Crawler, CrawlerProcess
from scrapy.settings import Settings

from config.errors import CrawlError, EarfulError
from config.redaction import PROCESS, Redactor, as_named, redact_logs, secret_variables
from crawler import catalog, crawl_outcome, private_addresses, stat_keys
from crawler.base import MentionSpider
from crawler.crawl_session import CrawlerStore, Session, attach, stats_of
from crawler.extensions import COUNTS
from crawler.own_secrets import own_secrets
from crawler.runner import CrawlJob, log_path_of
from crawler.scrapy_settings import VERSION
from storage.models import CrawlOutcome, CrawlReport, CrawlTarget
from storage.storable import mended
from storage.store import Store

_PR_SET_PDEATHSIG = 1
Tell = Callable[[dict[str, Any]], None]


def main() -> None:
    """Crawl once as stdin says; the last event is the report."""
    PROCESS.also([*catalog.secret_values(os.environ), *secret_variables(os.environ)])
    redact_logs(PROCESS)
    sys.excepthook = lambda *error: sys.stderr.write(
        PROCESS.text("".join(traceback.format_exception(*error)))
    )
    tell = _events(PROCESS)
    envelope = json.loads(_first_line())
    _die_with_parent(int(envelope["parent"]))
    job = CrawlJob.from_json(envelope["job"])
    PROCESS.also(own_secrets([job.options, job.base_url or ""], os.environ))
    try:
        with Store.open(job.db) as store:
            report = crawl(job, store, tell)
    except EarfulError as error:
        report = CrawlReport(outcome=CrawlOutcome.FAILED, reason=str(error))
    tell({"event": "report", "report": asdict(report)})


def crawl(job: CrawlJob, store: CrawlerStore, tell: Tell) -> CrawlReport:
    """Crawl in this process, once: the reactor cannot start again."""
    quieten()
    process = CrawlerProcess(scrapy_settings(job))
    crawler, failure = begin(process, job, store, tell)
    process.start()
    if failure:
        raise CrawlError(f"the spider {job.source!r} could not start: {failure[0]}")
    return conclude(crawler, job, store)


def quieten() -> None:
    """Keep what is the same in every crawl out of its log."""
    for name in ("scrapy.crawler", "scrapy.middleware", "scrapy.addons", "scrapy.utils.log"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("scrapy.extensions.memusage", "scrapy.core.scraper"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It warns that no Referer is sent on redirects, which is as wanted.
    logging.getLogger("scrapy.downloadermiddlewares.redirect").setLevel(logging.ERROR)


def scrapy_settings(job: CrawlJob) -> Settings:
    """Give the project's settings with the job's contact in the User-Agent."""
    settings = Settings()
    settings.setmodule("crawler.scrapy_settings", priority="project")
    contact = "".join(c for c in job.contact if " " <= c <= "~" and c not in "()")
    settings.set("USER_AGENT", f"Earful/{VERSION} (+{contact.strip() or 'no contact configured'})")
    return settings


def begin(
    process: CrawlerProcess, job: CrawlJob, store: CrawlerStore, tell: Tell
) -> tuple[Crawler, list[str]]:
    """Schedule a job; the list gets a sentence if its spider cannot even start."""
    spider = catalog.sources().get(job.source)
    if spider is None:
        raise CrawlError(f"no source {job.source!r}: there are {', '.join(catalog.sources())}")
    try:
        options = spider.Options.model_validate(job.options)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise CrawlError(f"{job.source} {where}: {first['msg']}") from error
    private_addresses.allow(job)
    crawler = process.create_crawler(spider)
    # Whatever changes what a reading keeps of a page makes it another reading.
    given = options.model_dump(mode="json")
    reading = json.dumps([job.brand, job.query, job.source, given, job.base_url])
    scope = sha256(reading.encode()).hexdigest()[:16]
    session = Session(
        store=store,
        scope=scope,
        tell=tell,
        responses=job.responses,
        known_before=job.known_before,
        keeps_since=job.keeps_since,
        explain=job.explain,
        location=job.location,
    )
    attach(crawler, session)
    failure: list[str] = []
    process.crawl(
        crawler,
        query=job.query,
        brand=job.brand,
        since=job.since,
        options=options,
        base_url=job.base_url,
    ).addErrback(lambda reason: failure.append(reason.getErrorMessage()))
    return crawler, failure


def conclude(crawler: Crawler, job: CrawlJob, store: CrawlerStore) -> CrawlReport:
    """Judge a finished crawl; only a good one leaves validators for the next."""
    stats = dict(stats_of(crawler).get_stats())
    validators = stats.pop(stat_keys.VALIDATORS, [])
    if stats.get("downloader/response_count"):
        stats.pop(stat_keys.UNREACHED, None)  # somebody was reached
    options = catalog.options_models()[job.source].model_validate(job.options)
    target = CrawlTarget(brand=job.brand, source=job.source, target=as_named(options.target))
    spider = crawler.spider
    advice = spider.advice if isinstance(spider, MentionSpider) else {}
    judged, reason = crawl_outcome.judge(
        stats, store.crawls.counts(target), advice, log_path_of(job.db).name
    )
    if judged.good and validators:
        store.crawls.save_validators(validators)
    counts = {name: int(stats.get(key) or 0) for name, key in COUNTS.items()}
    # It may quote what a source sent, down to what no store can hold.
    storable = mended(reason) if reason else reason
    return CrawlReport(outcome=judged, reason=storable, stats=_plain(stats), **counts)


def _plain(stats: dict[str, Any]) -> dict[str, Any]:
    """Keep what JSON can hold, without the noise of the log's own counters."""
    kept: dict[str, Any] = {}
    for key, value in sorted(stats.items()):
        if isinstance(value, datetime):
            kept[key] = value.isoformat()
        elif isinstance(value, str | int | float | list | dict | bool | None):
            kept[key] = value
    return kept


def _events(redactor: Redactor) -> Tell:
    """Keep stdout for events, without secrets: whatever prints goes to the log instead."""
    sys.stdout.flush()
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(event: dict[str, Any]) -> None:
        with suppress(BrokenPipeError):
            out.write(json.dumps(redactor.anything(event), default=str) + "\n")
            out.flush()

    return tell


def _first_line() -> str:
    """Read the job without a buffer: the rest of stdin belongs to the watcher."""
    taken = bytearray()
    while chunk := os.read(0, 65536):
        taken += chunk
        if taken.endswith(b"\n"):
            break
    return taken.decode("utf-8")


def _die_with_parent(parent: int) -> None:
    """End at once when the parent does, however it does.

    Linux sends the signal itself; everywhere the end of stdin tells.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(3)

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os._exit(3)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()
