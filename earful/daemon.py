"""The daemon: one process that crawls, scores, judges and delivers on time until told to stop."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, time, timedelta
from types import FrameType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from filelock import Timeout

from alerts.lines import Pace
from alerts.scheduler import Schedule
from alerts.transports import Transport
from config.errors import EarfulError
from config.settings import BrandSettings, Settings, SourceSettings
from earful import __version__, jobs, routines, watching
from earful.app import target_of
from earful.clicks import Clicks
from earful.jobs import Clock
from storage.store import Store

if TYPE_CHECKING:
    from alerts.buttons import Listener
    from sentiment.classifier import Classifier

log = logging.getLogger("earful.daemon")

# So many sources are read side by side; further ones wait their turn in order.
PARALLEL_CRAWLS = 4
HEARTBEAT = timedelta(seconds=30)
# A stage looks by itself this often, in case a wake-up was lost with a killed crawl.
_IDLE = timedelta(seconds=60)
_HOUR = timedelta(hours=1)
# By then a first history is stored and scored.
_FIRST_LOOK = timedelta(minutes=1)
_STOP_WITHIN_S = 60.0


class Stage(threading.Thread):
    """A stage of the flow that runs when woken and sleeps in between; an error never ends it."""

    def __init__(self, name: str, run: Callable[[], float | None], idle: timedelta) -> None:
        super().__init__(name=name, daemon=True)
        self._run_once = run
        self._idle_s = idle.total_seconds()
        self._awake = threading.Event()
        self._ended = False
        self.failures = 0

    def wake(self) -> None:
        self._awake.set()

    def end(self) -> None:
        """Ask the thread to end once what it is doing is done."""
        self._ended = True
        self._awake.set()

    def run(self) -> None:
        while not self._ended:
            wait = None
            try:
                wait = self._run_once()
                self.failures = 0
            except EarfulError as error:
                self.failures += 1
                log.error("%s: %s", self.name, error)
            except Exception:
                self.failures += 1
                log.exception("%s failed; it is tried again", self.name)
            self._awake.wait(self._idle_s if wait is None else min(wait, self._idle_s))
            self._awake.clear()


class Daemon:
    """Runs one store's work. Make it with everything it needs, then `run`."""

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        clock: Clock,
        *,
        load_classifier: Callable[[], Classifier],
        pace: Pace | None = None,
        idle: timedelta = _IDLE,
        listen: Callable[[Clicks], Listener] | None = None,
    ) -> None:
        """`listen` makes what hears Slack's buttons, given what a click does."""
        self._settings = settings
        self._transport = transport
        self._clock = clock
        self._load_classifier = load_classifier
        self._classifier: Classifier | None = None
        self._pace = pace or Pace()
        self._path = settings.store.path
        self._stopping = threading.Event()
        self._crawls = Schedule(threads=PARALLEL_CRAWLS)
        self._routine = Schedule(threads=2)
        self._scoring = Stage("scoring", self._score_and_judge, idle)
        self._delivery = Stage("delivery", self._deliver, idle)
        self._listener: Listener | None = None
        if listen is not None:
            self._listener = listen(Clicks(self._path, settings, clock, self._delivery.wake))

    def stop(self) -> None:
        """Ask the daemon to end; safe from a signal handler and from any thread."""
        self._stopping.set()

    def run(self, *, started: Callable[[], object] = lambda: None) -> None:
        """Work until `stop` or SIGTERM; EarfulError when another daemon has the store."""
        lock = jobs.lock_for_daemon(self._path)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout:
            raise EarfulError(
                f"{self._path}: another earful daemon works on this store: stop it first, or name "
                "another store with --db"
            ) from None
        try:
            self._run(started)
        finally:
            lock.release()

    def _run(self, started: Callable[[], object]) -> None:
        # The one migration, before any job could open the file.
        with Store.open(self._path, migrate=True) as store:
            now = self._clock()
            interrupted = store.crawls.close_interrupted(now)
            run_id = store.daemon_runs.start(os.getpid(), __version__, now)
            self._schedule(store, run_id)
        log.info("started", extra={"store": str(self._path), "interrupted": interrupted})
        with _signals_set(self._stopping):
            self._scoring.start()
            self._delivery.start()
            self._routine.start()
            self._crawls.start()
            if self._listener is not None:
                threading.Thread(target=self._listen, name="buttons", daemon=True).start()
            started()
            self._stopping.wait()
        self._shut_down(run_id)

    def _shut_down(self, run_id: int) -> None:
        log.info("stopping")
        for stage in (self._scoring, self._delivery):
            stage.end()
        if self._listener is not None:
            self._listener.stop()
        # Crawls under way see `_stopping` and end; what they stored stays.
        self._crawls.stop(wait=True)
        self._routine.stop(wait=True)
        for stage in (self._scoring, self._delivery):
            stage.join(_STOP_WITHIN_S)
        with Store.open(self._path) as store:
            store.daemon_runs.stop(run_id, self._clock())
        log.info("stopped")

    def _schedule(self, store: Store, run_id: int) -> None:
        now = self._clock()
        place = 0
        for brand in self._settings.brands:
            for source in brand.sources:
                if source.enabled:
                    self._schedule_crawl(store, brand, source, now, place)
                    place += 1
        zone = ZoneInfo(self._settings.alerts.timezone)
        at = time.fromisoformat(self._settings.alerts.digest_at)
        for name in routines.digest_zones(self._settings):
            self._routine.daily(f"digest {name}", at, ZoneInfo(name), self._write_digests)
        # A digest that fell into a time without a daemon is written late.
        self._routine.once("digest at start", now, self._write_digests)
        self._routine.every(
            "checkpoints", _HOUR, self._judge_checkpoints, first_at=now + _FIRST_LOOK
        )
        self._routine.every("parked alerts", _HOUR, self._unpark, first_at=now)
        self._routine.daily("forgetting", time(3, 30), zone, self._forget_old)
        self._routine.every("heartbeat", HEARTBEAT, lambda: self._beat(run_id))

    def _schedule_crawl(
        self, store: Store, brand: BrandSettings, source: SourceSettings, now: datetime, place: int
    ) -> None:
        """Go on where the last daemon stopped: a restart must not ask every source at once."""
        target = target_of(brand, source)
        last = store.crawls.last_start(target)
        due = now if last is None else max(now, last + source.every)
        name = "crawl " + " ".join(filter(None, (brand.name, source.source, target.target)))
        self._crawls.every(
            name,
            source.every,
            lambda: self._crawl(brand, source),
            jitter=min(source.every / 10, timedelta(minutes=1)),
            first_at=due + timedelta(milliseconds=200 * place),
        )

    def _crawl(self, brand: BrandSettings, source: SourceSettings) -> None:
        # Late: loads Scrapy, which only a daemon with sources needs.
        from earful.crawling import crawl_target, resting

        if self._stopping.is_set():
            return
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
            return
        report = crawl_target(self._settings, brand, source, self._clock, stop=self._stopping)
        log.log(
            logging.INFO if report.outcome.good else logging.WARNING,
            "crawled",
            extra={
                "brand": brand.name,
                "source": source.source,
                "target": source.target,
                "outcome": report.outcome.value,
                "reason": report.reason,
                "seen": report.seen,
                "new": report.new,
                "edited": report.edited,
            },
        )
        self._scoring.wake()

    def _score_and_judge(self) -> None:
        with Store.open(self._path) as store:
            if store.verdicts.count_waiting():
                if self._classifier is None:
                    self._classifier = self._load_classifier()
                scored = jobs.score(
                    store,
                    self._classifier,
                    self._clock,
                    after_batch=lambda: self._judge_early(store),
                    stop=self._stopping.is_set,
                )
                log.info("scored", extra={"mentions": scored, "model": self._classifier.model})
            judged = jobs.judge_waiting(store, self._settings, self._clock)
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
        self._delivery.wake()

    def _judge_early(self, store: Store) -> None:
        """Send out what is urgent while older mentions are still being scored."""
        if jobs.judge_fresh(store, self._settings, self._clock).alerts:
            self._delivery.wake()

    def _deliver(self) -> float | None:
        """Send what is due; gives the seconds until something is due again."""
        with Store.open(self._path) as store:
            result = jobs.deliver_waiting(
                store,
                self._transport,
                self._clock,
                pace=self._pace,
                stop=self._stopping.is_set,
            )
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
        if result.next_at is None:
            return None
        return max(0.2, (result.next_at - self._clock()).total_seconds())

    def _write_digests(self) -> None:
        with Store.open(self._path) as store:
            routines.write_digests(store, self._settings, self._clock())
        self._delivery.wake()

    def _judge_checkpoints(self) -> None:
        with Store.open(self._path) as store:
            routines.judge_checkpoints(store, self._settings, self._clock())
        self._delivery.wake()

    def _forget_old(self) -> None:
        with Store.open(self._path) as store:
            erased = routines.forget_old(store, self._settings, self._clock())
        log.info("forgot what is older than the store keeps", extra={"mentions": erased})

    def _unpark(self) -> None:
        """Try channels anew in which something was wrong: somebody may have mended it."""
        with Store.open(self._path) as store:
            store.outbox.unpark_certain()
        self._delivery.wake()

    def _listen(self) -> None:
        """Begin to hear buttons; once that is done the connection is renewed by itself."""
        wait_s = 2.0
        while self._listener is not None and not self._stopping.is_set():
            try:
                self._listener.start()
            except Exception as error:
                log.warning("buttons are not heard yet: %s", error)
                self._stopping.wait(wait_s)
                wait_s = min(2 * wait_s, 300.0)
            else:
                log.info("buttons are heard")
                return

    def _watch_spikes(self) -> None:
        with Store.open(self._path) as store:
            watching.watch_spikes(store, self._settings, self._clock())
        self._delivery.wake()

    def _write_leaderboards(self) -> None:
        with Store.open(self._path) as store:
            watching.write_leaderboards(store, self._settings, self._clock())
        self._delivery.wake()

    def _beat(self, run_id: int) -> None:
        with Store.open(self._path) as store:
            store.daemon_runs.beat(run_id, self._clock())


class _signals_set:  # noqa: N801
    """SIGTERM and SIGINT set an event while the block runs; a second one kills as usual."""

    def __init__(self, event: threading.Event) -> None:
        self._event = event
        self._before: dict[int, object] = {}

    def __enter__(self) -> None:
        # Only the main thread may set handlers; a daemon in a test's thread is stopped by `stop`.
        with suppress(ValueError):
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._event.set()
        signal.signal(number, signal.SIG_DFL)

    def __exit__(self, *details: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
