"""One crawl of one target: derive `since`, run the spider, write down how it went."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from alerts.decide.source_health import is_resting, needs_probe, source_health, stand
from config.settings import BrandSettings, Settings, SourceSettings
from crawler import stat_keys
from crawler.catalog import sources
from crawler.runner import DIED, CrawlJob, run_crawl
from earful import crawl_log
from earful.app import Clock, target_of
from earful.policies import Policies
from earful.server_clocks import with_clock
from earful.turns import Turns
from storage.models import CrawlReport, SourceStanding, SourceState
from storage.store import Store

log = logging.getLogger("earful.daemon")

_TURNS = Turns()
_AFTER_DEATH_S = 2.0
_OWN_FAULT = (
    "this machine reached no other host either: the fault is in its network; Earful reads the "
    "source as soon as it reaches one"
)
_REFUSED = (SourceState.BLOCKED, SourceState.QUOTA)


def crawl_target(
    settings: Settings,
    brand: BrandSettings,
    source: SourceSettings,
    clock: Clock,
    *,
    progress: Callable[[int], None] | None = None,
    stop: threading.Event | None = None,
    own_fault: Callable[[CrawlReport], bool] = lambda report: False,
) -> CrawlReport:
    """Crawl in a subprocess and record the run; ops hear of a source that turns bad or heals.

    `since` is the start of the last good run less an overlap: nothing is stored that could run
    ahead of the data. After failures in a row one page must answer before the rest is asked for.
    `progress` is told how many entries were seen so far. Where a source counts by address, the
    crawl waits for its turn. A failure that is our `own_fault` counts against no source.
    """
    stop = stop or threading.Event()
    if not _counts_by_address(source):
        return _crawl(settings, brand, source, clock, progress, stop, own_fault)
    with _TURNS.taken(source.source, stop) as turn:
        report = _crawl(settings, brand, source, clock, progress, stop, own_fault)
        turn.pause_s = report.stats.get(stat_keys.DELAY, 0.0)
    return report


def _counts_by_address(source: SourceSettings) -> bool:
    """Tell whether the source sees all that is read of it as one visitor's doing."""
    return sources()[source.source].rest is not None and source.base_url is None


def _crawl(
    settings: Settings,
    brand: BrandSettings,
    source: SourceSettings,
    clock: Clock,
    progress: Callable[[int], None] | None,
    stop: threading.Event,
    own_fault: Callable[[CrawlReport], bool],
) -> CrawlReport:
    target = target_of(brand, source)
    store_path = settings.store.path
    with Store.open(store_path) as store:
        now = clock()
        last_good, good_until = store.crawls.last_good(target, now)
        before, past = store.crawls.standing(target), store.crawls.past(target)
        run_id = store.crawls.start(target, now)
    job = CrawlJob(
        brand=brand.name,
        query=brand.query,
        source=source.source,
        options=source.options.model_dump(mode="json"),
        since=None if last_good is None else last_good - settings.crawl.overlap,
        db=store_path,
        contact=settings.crawl.contact,
        base_url=source.base_url,
        # Once a day the whole overlap is read anew: for edits further back than a run of known.
        known_before=good_until if last_good and last_good.date() == now.date() else None,
        keeps_since=settings.store.keeps_since(now),
        location=source.location,
        allow_private=settings.crawl.allow_private,
    )

    def run(asked: CrawlJob, *, again: bool = True) -> CrawlReport:
        report = run_crawl(
            asked,
            time_limit=settings.crawl.time_limit,
            progress=None if progress is None else lambda so_far: progress(so_far.seen),
            keep_log=lambda text: crawl_log.keep(store_path, target, run_id, text),
            stop=stop,
        )
        if again and DIED in report.stats and not stop.wait(_AFTER_DEATH_S):
            # Somebody killed it, or the memory ran out: that tells nothing of the source.
            log.warning(
                "%s; it is begun anew", report.reason,
                extra={"brand": brand.name, "source": source.source, "target": target.target},
            )  # fmt: skip
            return run(asked, again=False)
        return report

    report = run(replace(job, responses=1)) if needs_probe(before) else run(job)
    if needs_probe(before) and report.outcome.good:
        # The run is a process of its own, which does not know when the probe asked.
        stop.wait(report.stats.get(stat_keys.DELAY, 0.0))
        report = run(job)
    now = clock()
    report = with_clock(report, now)
    after, alerts = before, []
    if own_fault(report):
        report = replace(report, reason=_OWN_FAULT)
    # Who stops Earful learns nothing about the source, nor does a store that took nothing.
    elif not stop.is_set() and stat_keys.STORE_ERROR not in report.stats:
        after = stand(report, past, before, source.every, now)
        policy = Policies(settings).of(brand.name)
        alert = source_health(target, before, after, report, policy, now)
        alerts = [alert] if alert else []
    with Store.open(store_path) as store, store.write() as unit:
        unit.crawls.finish(run_id, report, now, after)
        unit.outbox.add(alerts)
    return replace(report, run=run_id)


def resting(
    settings: Settings, brand: BrandSettings, source: SourceSettings, now: datetime
) -> SourceStanding | None:
    """Give the standing of a source that is to be left alone for now; None for any other.

    Where the source's host is asked by the same address for every target and said no to one of
    them, all are left alone: asking for the next would only prolong it.
    """
    with Store.open(settings.store.path) as store:
        own = store.crawls.standing(target_of(brand, source))
        others = store.crawls.standings(source.source) if _counts_by_address(source) else []
    refused = [each for each in others if each.state in _REFUSED]
    return next((each for each in (own, *refused) if is_resting(each, now)), None)
