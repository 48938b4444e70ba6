"""The daemon: one process that crawls, scores, judges and delivers on time until told to stop."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from filelock import Timeout

from alerts.outbox.send_queue import Pace
from alerts.outbox.transport import Transport
from alerts.scheduler import Schedule
from config.errors import EarfulError, StoreError
from config.settings import BrandSettings, Settings, SourceSettings
from earful import __version__, telling_ops
from earful.app import Clock
from earful.brand_zones import sync_brands
from earful.configured_destinations import subscribe
from earful.crawl_schedule import CrawlSchedule
from earful.daemon_stages import DaemonStages
from earful.failing import Failing
from earful.interactions.dispatch import Interactions
from earful.late_work import LateWork, is_made_up_for, missed_routines
from earful.monitoring.instruments import Instruments
from earful.monitoring.ops_server import OpsServer
from earful.monitoring.store_gauges import StoreGauges
from earful.private_store import keep_private
from earful.problems import span
from earful.process_locks import lock_for_daemon, require_one_name
from earful.reloading import Reloading
from earful.routines import calendar as calendar_table
from earful.routines.calendar import HEALTH, Daily, Every, Routine, calendar
from earful.stop_signals import StopSignals
from earful.target_names import follow_names
from earful.telling_ops import StoreTrouble
from earful.watched_config import ConfigFile, mark_of
from earful.webhook_intake.beside_daemon import Webhook
from earful.worker_thread import WorkerThread
from storage.store import Store
from storage.write_check import probe

if TYPE_CHECKING:
    from alerts.slack.listener import Listener
    from earful.pages.dashboards import Dashboards
    from sentiment.scoring.model_process import ModelProcess, Scores

log = logging.getLogger("earful.daemon")

# A stage looks by itself this often, in case a wake-up was lost with a killed crawl.
_IDLE = timedelta(seconds=60)
# An hour's work may be under way: after so long it is left to the next start. With what comes
# before and after, the process ends within ten seconds.
_STOP_WITHIN_S = 8.0
_PATIENCE_S = 1.0
_AT_START = " at start"
# Who asks whether the daemon is ready gives up soon.
_LOOKS_WITHIN_S = 0.5


class Daemon:
    """Runs one store's work. Make it with everything it needs, then `run`."""

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        clock: Clock,
        *,
        load_classifier: Callable[[], Scores],
        model: ModelProcess | None = None,
        pace: Pace | None = None,
        idle: timedelta | None = None,
        listen: Callable[[Interactions], Listener] | None = None,
        dashboards: Dashboards | None = None,
        instruments: Instruments | None = None,
        config: ConfigFile | None = None,
    ) -> None:
        """`listen` makes what hears Slack, given what carries out what people do.

        `config` is the file that the settings came from, which SIGHUP has read again; `model` the
        process that the classifier speaks to, if it does.
        """
        self._settings = settings
        self._model = model
        self._clock = clock
        self._path = settings.store.path
        self._stopping = threading.Event()
        self._crawls = CrawlSchedule(self._crawl)
        # While the store is held each waits for it: the look at health must not wait for them.
        self._routines = Schedule(threads=4, on_step=self._clock_was_set)
        # What runs daily, by name: in each zone of the config.
        self._daily: set[str] = set()
        instruments = instruments or Instruments()
        self._failing = Failing(self._path, clock, instruments=instruments)
        self._store_trouble = StoreTrouble(settings, transport, clock)
        self._run_id = 0
        self._started_at = datetime.min.replace(tzinfo=UTC)
        self._stages = DaemonStages(
            settings,
            transport,
            clock,
            self._failing,
            self._stopping,
            load_classifier=load_classifier,
            unload=model.rest if model else lambda: False,
            idle=idle or _IDLE,
            pace=pace,
            instruments=instruments,
            alerts_wait=lambda: self._delivery.wake(),
        )
        self._scoring = WorkerThread("scoring", self._stages.score_and_judge, idle or _IDLE)
        self._delivery = WorkerThread("delivery", self._stages.deliver, idle or _IDLE)
        self._dashboards = dashboards
        self._webhook: Webhook | None = None
        if settings.webhook.doors:
            self._webhook = Webhook(settings, self._failing, self._scoring.wake)
        self._ops: OpsServer | None = None
        self._has_started = False
        if settings.ops.place is not None:
            # Before anything else begins: a port that is taken is refused, not noticed later.
            StoreGauges(self._path, clock).register(instruments.registry)
            self._ops = OpsServer(
                settings.ops.place,
                instruments.registry,
                healthy=self._what_is_dead,
                ready=self._what_is_not_ready,
            )
        self._reloading = Reloading(settings, config, self._failing, clock, self._follow_config)
        self._late: LateWork | None = None
        self._interactions = Interactions(self._path, settings, clock, self._delivery.wake)
        self.unended: list[str] = []
        """What had not ended in time when `run` came back: only the process's end ends that."""
        self._listener: Listener | None = None
        if listen is not None:
            self._listener = listen(self._interactions)

    def stop(self) -> None:
        """Ask the daemon to end; safe from a signal handler and from any thread."""
        self._stopping.set()

    def reload(self) -> None:
        """Ask the daemon to read its config again; safe from a signal handler."""
        self._routines.once("config", self._reloading.reload)

    def run(self, *, started: Callable[[], object] = lambda: None) -> None:
        """Work until `stop` or SIGTERM; EarfulError when another daemon has the store."""
        if self._ops is not None:
            self._ops.start()
        try:
            self._run_locked(started)
        finally:
            if self._ops is not None:
                self._ops.stop()

    def _run_locked(self, started: Callable[[], object]) -> None:
        lock = lock_for_daemon(self._path)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout:
            raise EarfulError(
                f"{self._path}: another daemon{self._other()} is working on this store: stop it "
                "first, or name another store with --db"
            ) from None
        try:
            require_one_name(self._path)
            self._run(started)
        finally:
            lock.release()

    def _other(self) -> str:
        """Name the daemon that holds the lock, as far as its store tells."""
        with suppress(EarfulError), Store.open(self._path, readonly=True, patience_s=1.0) as store:
            if (last := store.daemon_runs.last()) is not None and last.stopped_at is None:
                return f" (pid {last.pid}, since {last.started_at:%Y-%m-%d %H:%M} UTC)"
        return ""

    def _run(self, started: Callable[[], object]) -> None:
        # The one migration, before any job could open the file.
        with Store.open(self._path, migrate=True) as store:
            sync_brands(store, self._settings)
            follow_names(store, self._settings)
            now = self._clock()
            interrupted = store.crawls.close_interrupted(now)
            store.waits.bound(now)
            self._late = telling_ops.tell_of_absence(store, self._settings, now)
            subscribe(store, self._settings)
            keep_private(store, self._settings)
            self._run_id = store.daemon_runs.start(os.getpid(), __version__, now)
            store.daemon_runs.goes_by(self._run_id, mark_of(self._settings), now)
            self._crawls.be(store, self._settings, now)
            self._started_at = now
            self._schedule_routines(missed_routines(store, now))
        self._reloading.began()
        self._say_started(interrupted)
        with StopSignals(self._stopping, self.reload):
            self._scoring.start()
            self._delivery.start()
            self._routines.start()
            self._crawls.start()
            if self._listener is not None:
                threading.Thread(target=self._listen, name="buttons", daemon=True).start()
            if self._dashboards is not None:
                self._dashboards.ended = self._look_at_dashboards
                threading.Thread(target=self._look_at_dashboards, daemon=True).start()
            if self._webhook is not None:
                self._webhook.start()
            self._has_started = True
            started()
            self._stopping.wait()
            self._shut_down()

    def _say_started(self, interrupted: int) -> None:
        """Say in a few lines what runs where, what it listens to, and what comes next."""
        settings, file = self._settings, self._reloading.path
        log.info(
            "started",
            extra={
                "version": __version__,
                "pid": os.getpid(),
                "config": str(file.absolute()) if file else None,
                "store": str(self._path),
                "interrupted": interrupted,
            },
        )
        next_at = self._crawls.next_at()
        log.info(
            "listens",
            extra={
                "brands": ", ".join(brand.name for brand in settings.brands),
                "sources": sum(one.enabled for brand in settings.brands for one in brand.sources),
                "next_crawl": next_at and next_at.isoformat(timespec="seconds"),
            },
        )
        if self._dashboards is None:
            log.info("the dashboards are not served: leave out --no-serve, or `earful serve`")
        if self._late is not None:
            log.warning("late, and made up for now", extra=asdict(self._late))

    def _what_is_dead(self) -> dict[str, str]:
        """Say what only a restart mends: threads that ended. A busy or failing stage is none."""
        if not self._has_started or self._stopping.is_set():
            return {}
        workers = (self._scoring, self._delivery)
        return {one.name: "its thread has ended" for one in workers if not one.is_alive()}

    def _what_is_not_ready(self) -> dict[str, str]:
        """Say what keeps the daemon from its work now: it starts, it stops, the store is away."""
        if self._stopping.is_set():
            return {"daemon": "it is stopping"}
        if not self._has_started:
            return {"daemon": "it is starting"}
        try:
            with Store.open(self._path, readonly=True, patience_s=_LOOKS_WITHIN_S) as store:
                store.daemon_runs.last()
        except EarfulError as error:
            return {"store": str(error)}
        return self._what_is_dead()

    def _shut_down(self) -> None:
        log.info("stopping")
        ends: dict[str, Callable[[], object]] = {
            # Crawls under way see `_stopping` and end; what they stored stays.
            "crawls": self._crawls.stop,
            "routines": self._routines.stop,
        }
        for worker in (self._scoring, self._delivery):
            worker.end()
            ends[worker.name] = worker.join
        if self._model is not None:
            # Who waits for verdicts hears StoppedError; the mentions wait for the next start.
            ends["model"] = self._model.close
        if self._listener is not None:
            ends["buttons"] = self._listener.stop
        if self._webhook is not None:
            ends["webhook"] = self._webhook.stop
        if self._dashboards is not None:
            ends["dashboards"] = self._dashboards.stop
        self.unended = _within(_STOP_WITHIN_S, ends)
        if self.unended:
            log.warning(
                "stopped before all had ended: what they were at is done after the next start",
                extra={"unended": self.unended},
            )
        with suppress(StoreError), Store.open(self._path, patience_s=_PATIENCE_S) as store:
            store.daemon_runs.stop(self._run_id, self._clock())
        log.info("stopped")

    def _follow_config(
        self, store: Store, settings: Settings, transport: Transport, now: datetime, differs: bool
    ) -> None:
        """Go by other settings; what is under way comes to its end by the old ones."""
        sync_brands(store, settings)
        follow_names(store, settings)
        subscribe(store, settings)
        keep_private(store, settings)
        self._settings = settings
        if self._model is not None:
            self._model.follow(settings.models, settings.model.unload_after)
        self._stages.follow(settings, transport)
        self._store_trouble.follow(settings, transport)
        self._interactions.follow(settings)
        self._crawls.be(store, settings, now)
        self._schedule_routines()
        store.daemon_runs.goes_by(self._run_id, mark_of(settings), now)
        if differs and self._dashboards is not None:
            self._failing.carry_out("dashboards", partial(self._dashboards.follow, settings))
        self._scoring.wake()
        self._delivery.wake()

    def _schedule_routines(self, missed: Collection[str] | None = None) -> None:
        """Plan the calendar.

        At a start, which names what an earlier daemon `missed`, that is done now, and so is what
        is done at each start.
        """
        before, self._daily = self._daily, set()
        table = calendar(self._settings, heartbeat=self._beat, health=self._look_at_health)
        for routine in table:
            match routine.when:
                case Every(interval, first_after):
                    job = partial(self._carry_out, routine, routine.name)
                    self._routines.every(routine.name, interval, job, first_after=first_after)
                case Daily(at, zones, at_start):
                    for zone in zones:
                        name = routine.name if len(zones) == 1 else f"{routine.name} {zone}"
                        job = partial(self._carry_out, routine, name)
                        self._daily.add(name)
                        self._routines.daily(name, at, ZoneInfo(zone), job)
                    if missed is not None and (at_start or routine.name in missed):
                        job = partial(self._carry_out, routine, routine.name)
                        after = timedelta(0) if at_start else calendar_table.CATCH_UP_AFTER
                        self._routines.once(f"{routine.name}{_AT_START}", job, after)
        self._routines.drop(before - self._daily)

    def _carry_out(self, routine: Routine, name: str) -> None:
        """Do a routine; a failure is counted, and its next run comes anyway."""
        if self._stopping.is_set():
            return

        def work() -> int | None:
            try:
                with Store.open(self._path) as store:
                    written = routine.work(store, self._settings, self._clock())
                    store.daemon_runs.ran(name, self._clock())
            except StoreError as error:
                # Also a store that does not even open: ops cannot hear of it by the outbox.
                if routine.name == HEALTH:
                    self._store_trouble.seen(error)
                raise
            return written

        if self._failing.carry_out(routine.name, work):
            self._delivery.wake()

    def _crawl(self, brand: BrandSettings, source: SourceSettings, name: str) -> None:
        if self._failing.carry_out("crawl", lambda: self._stages.crawl(brand, source), name):
            self._scoring.wake()

    def _clock_was_set(self, step: timedelta) -> None:
        """Say so, and let nothing wait for a time that is gone; called by the scheduler."""
        self._routines.once("clock", partial(self._follow_clock, step))

    def _follow_clock(self, step: timedelta) -> None:
        log.warning(
            "the clock of this machine was set %s by %s: the distances to what falls due are kept",
            "back" if step < timedelta(0) else "ahead",
            span(abs(step)),
        )

        def work() -> None:
            now = self._clock()
            with Store.open(self._path) as store:
                moved = store.waits.clock_set(step, now)
                store.daemon_runs.clock_set(self._run_id, step, now)
                telling_ops.tell_of_clock(store, self._settings, step, now)
            if moved:
                log.info("what waits was moved with the clock", extra={"moments": moved})

        self._failing.carry_out("clock", work)
        self._scoring.wake()
        self._delivery.wake()

    def _look_at_health(self, store: Store, settings: Settings, now: datetime) -> int:
        """Look at all that could fail without a sound, and let ops know."""
        self._look_at_dashboards()
        self._look_at_buttons()
        if self._stages.network.look():
            log.info("the network is back: all sources are read")
            self._crawls.be(store, settings, now)
        if self._webhook is not None and not self._stopping.is_set():
            self._failing.carry_out("webhook", self._webhook.look)
        trouble = probe(self._path)
        if trouble is not None:
            raise trouble
        self._store_trouble.over(store)
        if self._late is not None and is_made_up_for(store, settings, self._started_at):
            log.info("caught up", extra=asdict(self._late) | {"since": str(self._started_at)})
            self._late = None
        return telling_ops.tell_ops(store, settings, now, self._reloading.look(store))

    def _look_at_dashboards(self) -> None:
        if self._dashboards is not None and not self._stopping.is_set():
            self._failing.carry_out("dashboards", self._dashboards.look)

    def _look_at_buttons(self) -> None:
        if self._listener is not None and self._listener.started:
            self._failing.carry_out("buttons", self._listener.check)

    def _listen(self) -> None:
        """Begin to hear buttons; once that is done the connection is renewed by itself."""
        wait_s = 2.0
        while self._listener is not None and not self._stopping.is_set():
            try:
                with self._failing.watch("buttons"):
                    self._listener.start()
            except Exception:
                self._stopping.wait(wait_s)
                wait_s = min(2 * wait_s, 300.0)
            else:
                log.info("buttons are heard")
                return

    def _beat(self, store: Store, settings: Settings, now: datetime) -> None:
        runs = self._routines.next_runs()
        regular = {name: at for name, at in runs.items() if not name.endswith(_AT_START)}
        store.daemon_runs.beat(self._run_id, now, regular)


def _within(seconds: float, ends: Mapping[str, Callable[[], object]]) -> list[str]:
    """Let all end side by side; name those that have not when the time is over."""
    until = monotonic() + seconds
    threads = [Thread(target=end, name=name, daemon=True) for name, end in ends.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - monotonic()))
    return [thread.name for thread in threads if thread.is_alive()]
