"""The stages as the daemon works them: a store opened for each, a line on the log after it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from alerts.outbox.send_queue import Pace
from alerts.outbox.transport import Transport
from config.settings import BrandSettings, Settings, SourceSettings
from earful.app import Clock, target_of
from earful.backoff import Backoff
from earful.brand_relevance import BrandRelevance
from earful.case_issues import settle_issues
from earful.channel_moves import follow_config
from earful.competitor_changes import follow_competitors
from earful.failing import Failing
from earful.monitoring.instruments import Instruments
from earful.own_network import OwnNetwork
from earful.policies import Policies
from earful.replying.settling import settle_replies
from earful.routines.report_routine import renew_reports
from earful.stages.deliver_stage import deliver_waiting
from earful.stages.judge_stage import Judged, judge_fresh, judge_waiting
from earful.stages.measure_stage import measure_changed
from earful.stages.score_stage import is_due, score
from earful.stages.topic_stage import sort_mentions
from earful.topic_upkeep.period_figures import write_figures
from storage.store import Store

if TYPE_CHECKING:
    from sentiment.scoring.model_process import Scores

log = logging.getLogger("earful.daemon")

T = TypeVar("T")

# On two busy cores that takes some ten seconds.
_SORTED_AT_A_TIME = 1024


class DaemonStages:
    """What the daemon's threads do in each stage; a failure is counted and ends no thread."""

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        clock: Clock,
        failing: Failing,
        stopping: threading.Event,
        *,
        load_classifier: Callable[[], Scores],
        idle: timedelta,
        unload: Callable[[], bool] = lambda: False,
        pace: Pace | None,
        instruments: Instruments,
        alerts_wait: Callable[[], object],
    ) -> None:
        """`alerts_wait` is called when something new may wait in the outbox.

        `unload` is asked often: it ends a model that nobody has needed for a while, and tells so.
        """
        self._settings = settings
        self._transport = transport
        self._clock = clock
        self._failing = failing
        self._stopping = stopping
        self._load_classifier = load_classifier
        self._unload = unload
        self._classifier: Scores | None = None
        self._pace = pace or Pace()
        self._instruments = instruments
        self._alerts_wait = alerts_wait
        self._path = settings.store.path
        self._backoff = Backoff(idle.total_seconds())
        self.network = OwnNetwork(settings, failing)

    def follow(self, settings: Settings, transport: Transport) -> None:
        """Go by another config from the next piece of work on."""
        if settings.models != self._settings.models:
            self._classifier = None
        self._settings, self._transport = settings, transport
        self.network.follow(settings)

    def crawl(self, brand: BrandSettings, source: SourceSettings) -> bool:
        """Crawl a source unless it is to be left alone; tells whether it was crawled."""
        # Late: loads Scrapy, which only a daemon with sources needs.
        from earful.stages.crawl_stage import crawl_target, resting

        if self._stopping.is_set():
            return False
        if standing := resting(self._settings, brand, source, self._clock()):
            log.info(
                "left alone",
                extra={
                    "brand": brand.name,
                    "source": source.source,
                    "target": source.target,
                    "state": standing.state.value,
                    "opens_at": standing.opens_at.isoformat() if standing.opens_at else None,
                },
            )
            return False
        if self.network.is_down:
            return False
        began = time.perf_counter()
        report = crawl_target(
            self._settings,
            brand,
            source,
            self._clock,
            stop=self._stopping,
            own_fault=self.network.is_at_fault,
        )
        took_s = time.perf_counter() - began
        self._instruments.crawled(target_of(brand, source), report, took_s)
        log.log(
            logging.INFO if report.outcome.good else logging.WARNING,
            "crawled",
            extra={
                "brand": brand.name,
                "source": source.source,
                "target": source.target,
                "run": report.run,
                "outcome": report.outcome.value,
                "reason": report.reason,
                "seen": report.seen,
                "new": report.new,
                "edited": report.edited,
            },
        )
        return True

    def score_and_judge(self) -> float | None:
        """Score, then judge: mentions that cannot be scored do not keep others from the rules.

        Then say what some of them are about; gives no wait where others still wait for that.
        """
        self._carry_out("score", self._score)
        self._carry_out("judge", self._judge)
        self._alerts_wait()
        self._carry_out("measure", self._measure)
        return 0.0 if self._carry_out("topics", self._sort) else None

    def _carry_out(self, stage: str, work: Callable[[], T]) -> T | None:
        """Do a stage, unless it failed several times in a row shortly before."""
        if self._backoff.waits(stage):
            return None
        failed = False

        def watched() -> T:
            nonlocal failed
            failed = True
            done = work()
            failed = False
            return done

        done = self._failing.carry_out(stage, watched)
        if failed:
            self._backoff.failed(stage)
        else:
            self._backoff.worked(stage)
        return done

    def _score(self) -> None:
        with Store.open(self._path) as store:
            if not is_due(store, self._clock):
                if self._unload():
                    self._classifier = None
                    log.info("model unloaded until a text needs it")
                return
            if self._classifier is None:
                self._classifier = self._load_classifier()
                self._failing.count_missing(self._classifier)
                log.info("model loaded", extra={"model": self._classifier.model})
            scored = score(
                store,
                self._classifier,
                self._clock,
                relevance=BrandRelevance(self._settings),
                after_batch=self._after_batch,
                observe=self._instruments.classified,
                stop=self._stopping.is_set,
            )
            log.info("scored", extra={"mentions": scored, "model": self._classifier.model})

    def _after_batch(self) -> None:
        """Send out what is urgent while older mentions are still being scored."""
        self._failing.worked("score")
        self._failing.carry_out("judge", self._judge_early)

    def _judge_early(self) -> None:
        with Store.open(self._path) as store:
            judged = judge_fresh(store, self._settings, self._clock)
        _log_judged(judged)
        if judged.alerts:
            self._alerts_wait()

    def _judge(self) -> None:
        with Store.open(self._path) as store:
            judged = judge_waiting(store, self._settings, self._clock)
        _log_judged(judged)

    def _measure(self) -> None:
        with Store.open(self._path) as store:
            measured = measure_changed(store, self._settings, self._clock())
        if measured:
            log.info("measured", extra={"brands": measured})

    def _sort(self) -> bool:
        """Sort a while: a long history must not keep new complaints from being scored."""
        with Store.open(self._path) as store:
            sorted_now = sort_mentions(
                store,
                self._settings,
                self._clock,
                most=_SORTED_AT_A_TIME,
                stop=self._stopping.is_set,
            )
            left = store.topic_sorting.count_waiting() if sorted_now else 0
            if sorted_now and not left:
                write_figures(store, self._settings, self._clock())
        if sorted_now:
            log.info("sorted by topic", extra={"mentions": sorted_now, "left": left})
        return sorted_now >= _SORTED_AT_A_TIME and not self._stopping.is_set()

    def deliver(self) -> float | None:
        """Send what is due; gives the seconds until something is due again."""
        return self._failing.carry_out("deliver", self._deliver_due)

    def _deliver_due(self) -> float | None:
        with Store.open(self._path) as store:
            follow_config(store, self._settings, self._clock())
            follow_competitors(store, self._settings, self._clock())
            # Before too: what nobody wants any more must not go out, nor what is forgotten.
            settle_replies(store, self._settings, self._clock())
            renew_reports(store, self._settings, self._clock())
            result = deliver_waiting(
                store,
                self._transport,
                self._clock,
                pace=self._pace,
                stop=self._stopping.is_set,
            )
            news = settle_replies(store, self._settings, self._clock())
            news += settle_issues(store, Policies(self._settings), self._clock())
        if result is None:
            return 1.0
        if result.sent or result.found or result.problems:
            log.log(
                logging.INFO if result.good else logging.WARNING,
                "delivered",
                extra={
                    "sent": result.sent,
                    "found": result.found,
                    "waiting": result.retried + result.unclear,
                    "parked": result.parked,
                    "problems": result.problems,
                },
            )
        if news:
            return 0.0
        if result.next_at is None:
            return None
        return max(0.2, (result.next_at - self._clock()).total_seconds())


def _log_judged(judged: Judged) -> None:
    if judged.mentions:
        log.info(
            "judged",
            extra={
                "mentions": judged.mentions,
                "quiet": judged.quiet,
                "cases": judged.cases,
                "alerts": judged.alerts,
            },
        )
