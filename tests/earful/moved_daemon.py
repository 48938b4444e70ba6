"""The daemon itself with time in a test's hands: nothing waits, and all that falls due is done.

Its jobs are those that it schedules and its stages those that it works; only the threads that
would wait for a moment are replaced by ones that a test moves.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from datetime import time as clock_time
from functools import partial
from typing import Any
from unittest.mock import patch

from alerts.decide.local_time import next_moment
from alerts.outbox.send_queue import Pace
from alerts.outbox.transport import Transport
from alerts.slack.listener import Listener
from config.settings import Settings
from earful.daemon import Daemon
from earful.interactions.dispatch import Interactions
from tests.waiting import PATIENCE_S

Job = Callable[[], object]


class MovedClock:
    """Stands still until it is moved; `run` lets it go, for processes that have their own."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._going_since: float | None = None

    def __call__(self) -> datetime:
        if self._going_since is None:
            return self._now
        return self._now + timedelta(seconds=time.monotonic() - self._going_since)

    def seconds(self) -> float:
        return self().timestamp()

    def set(self, now: datetime) -> None:
        """Stand still at a moment, which is never an earlier one."""
        assert now >= self(), f"{now} is before {self()}"
        self._now, self._going_since = now, None

    def run(self) -> None:
        self._going_since = time.monotonic()


@dataclass
class _Planned:
    job: Job
    due: datetime
    after: Callable[[datetime], datetime] | None
    exact: bool


class MovedSchedule:
    """`alerts.scheduler.Schedule` as far as the daemon uses it, by a clock that is moved."""

    def __init__(self, clock: MovedClock) -> None:
        self._clock = clock
        self._planned: dict[str, _Planned] = {}

    def every(
        self,
        name: str,
        interval: timedelta,
        func: Job,
        jitter: timedelta = timedelta(0),
        *,
        first_after: timedelta | None = None,
    ) -> None:
        first = self._clock() + (interval if first_after is None else first_after)
        self._planned[name] = _Planned(func, first, lambda now: now + interval, False)

    def daily(self, name: str, at: clock_time, tz: tzinfo, func: Job) -> None:
        after = partial(next_moment, at, tz)
        self._planned[name] = _Planned(func, after(self._clock()), after, True)

    def once(self, name: str, func: Job, after: timedelta = timedelta(0)) -> None:
        self._planned[name] = _Planned(func, self._clock() + after, None, True)

    def drop(self, names: Collection[str]) -> None:
        for name in names:
            self._planned.pop(name, None)

    def next_runs(self) -> dict[str, datetime | None]:
        return {name: planned.due for name, planned in self._planned.items()}

    def start(self) -> None:
        """Run nothing yet: `run_due` does."""

    def stop(self, wait: bool = True) -> None:
        self._planned.clear()

    def next_exact(self) -> datetime | None:
        """Give when the next job falls due that has a clock time."""
        return min((one.due for one in self._planned.values() if one.exact), default=None)

    def run_due(self) -> None:
        now = self._clock()
        for name, planned in sorted(self._planned.items(), key=lambda one: one[1].due):
            if planned.due > now:
                continue
            if planned.after is None:
                del self._planned[name]
            else:
                # What was missed several times is made up for once, as APScheduler coalesces.
                planned.due = max(now, planned.after(planned.due))
                if planned.due <= now:
                    planned.due = planned.after(now)
            planned.job()


class MovedWorker:
    """`earful.worker_thread.WorkerThread` without its thread."""

    def __init__(self, name: str, run: Callable[[], float | None], idle: timedelta) -> None:
        self.name = name
        self._run = run
        self.is_awake = True

    def wake(self) -> None:
        self.is_awake = True

    def work(self) -> None:
        self.is_awake = False
        self._run()

    def start(self) -> None:
        """Work nothing yet: `work` does."""

    def end(self) -> None:
        """End nothing: there is no thread."""

    def join(self, timeout: float | None = None) -> None:
        """Wait for nothing: there is no thread."""


class MovedDaemon:
    """A running daemon whose time passes in `settle`."""

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        clock: MovedClock,
        *,
        load_classifier: Callable[[], Any],
        listen: Callable[[Interactions], Listener],
    ) -> None:
        self._schedules: list[MovedSchedule] = []
        self._workers: list[MovedWorker] = []
        started = threading.Event()
        with (
            patch("earful.crawl_schedule.Schedule", partial(self._schedule, clock)),
            patch("earful.daemon.Schedule", partial(self._schedule, clock)),
            patch("earful.daemon.WorkerThread", self._worker),
        ):
            self._daemon = Daemon(
                settings,
                transport,
                clock,
                load_classifier=load_classifier,
                pace=Pace(0),
                listen=listen,
            )
        self._thread = threading.Thread(target=self._daemon.run, kwargs={"started": started.set})
        self._thread.start()
        assert started.wait(PATIENCE_S)

    def settle(self) -> None:
        """Do all that is due now: routines, then scoring and judging, then delivery."""
        for schedule in self._schedules:
            schedule.run_due()
        scoring, delivery = self._workers
        scoring.work()
        delivery.work()
        while delivery.is_awake:
            delivery.work()

    def judge(self) -> None:
        """Score and judge, and deliver nothing."""
        self._workers[0].work()

    def next_exact(self) -> datetime:
        """Give when the next routine falls due that has a clock time."""
        found = (schedule.next_exact() for schedule in self._schedules)
        return min(
            (at for at in found if at is not None), default=datetime.max.replace(tzinfo=UTC)
        )

    def stop(self) -> None:
        self._daemon.stop()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def _schedule(self, clock: MovedClock, **options: Any) -> MovedSchedule:
        self._schedules.append(MovedSchedule(clock))
        return self._schedules[-1]

    def _worker(self, name: str, run: Callable[[], float | None], idle: timedelta) -> MovedWorker:
        self._workers.append(MovedWorker(name, run, idle))
        return self._workers[-1]
