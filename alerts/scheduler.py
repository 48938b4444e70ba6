"""Callables run on time. Knows APScheduler and nothing of what it runs.

APScheduler drops a job that is more than a second late unless told otherwise: here a late job
runs late, several missed runs become one, and one job never overlaps itself.

It also reckons with the wall clock alone, and sleeps until the moment of its next job: set back by
an hour, it runs nothing for an hour, even when the clock is soon right again. Here it looks at the
clock each second, and where that was set, the distances to the next runs stay what they were.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_EXECUTED,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobExecutionEvent,
    JobSubmissionEvent,
)
from apscheduler.executors.pool import BasePoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from alerts.clock_steps import ClockSteps
from alerts.decide.local_time import next_moment

logger = logging.getLogger(__name__)

Job = Callable[[], object]
OnError = Callable[[str, BaseException | None], object]
OnStep = Callable[[timedelta], object]

_LOOK_S = 1.0


class _Pool(BasePoolExecutor):  # type: ignore[misc]
    """APScheduler's thread pool, with the threads within reach."""

    def __init__(self, number: int) -> None:
        self.threads = ThreadPoolExecutor(number)
        super().__init__(self.threads)


class _Daily(BaseTrigger):  # type: ignore[misc]
    """Each day at a local clock time.

    APScheduler's own CronTrigger adds 24 hours to a midnight, and misses the one that comes an
    hour sooner: the day after the clocks went on.
    """

    def __init__(self, at: time, zone: tzinfo) -> None:
        self._at = at
        self._zone = zone

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """Give the next moment: after the `previous` run, or from `now` on where there is none.

        It is in UTC: APScheduler reckons with it, and local times are no numbers.
        """
        return next_moment(
            self._at, self._zone, previous or now.astimezone(UTC) - timedelta(microseconds=1)
        )

    def __str__(self) -> str:
        return f"daily at {self._at:%H:%M:%S} {self._zone}"


class _Scheduler(BackgroundScheduler):  # type: ignore[misc]
    """APScheduler's own, which looks at something before it looks for jobs, and that often."""

    def __init__(self, before: Callable[[], object], **options: Any) -> None:
        self._before = before
        super().__init__(**options)

    def _process_jobs(self) -> float:
        self._before()
        wait_s = super()._process_jobs()
        return _LOOK_S if wait_s is None else min(wait_s, _LOOK_S)


class Schedule:
    """Jobs on a background thread pool; `on_error` hears of failures besides the log.

    `on_step` is told, in the scheduler's thread, by how much the wall clock was set.
    """

    def __init__(
        self,
        *,
        threads: int = 10,
        on_error: OnError | None = None,
        on_step: OnStep | None = None,
        zone: tzinfo | None = None,
    ) -> None:
        self._on_error = on_error
        self._on_step = on_step
        self._steps = ClockSteps()
        self._pool = _Pool(threads)
        self._scheduler = _Scheduler(
            self._look_at_clock,
            executors={"default": self._pool},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            **({"timezone": zone} if zone else {"timezone": "UTC"}),
        )
        self._scheduler.add_listener(
            self._listen, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES
        )
        self._scheduler.add_listener(self._has_ended, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
        # How many runs of a job were left out while an earlier one goes on.
        self._left_out: dict[str, int] = {}
        self._counting = threading.Lock()

    def every(
        self,
        name: str,
        interval: timedelta,
        func: Job,
        jitter: timedelta = timedelta(0),
        *,
        first_after: timedelta | None = None,
    ) -> None:
        """Run `func` every `interval`, each time moved by up to `jitter`.

        The first run is one interval, or `first_after`, from now: a distance, so that it holds
        whatever the caller's clock says. A second job of the same name replaces the first.
        """
        trigger = IntervalTrigger(
            seconds=interval.total_seconds(),
            jitter=jitter.total_seconds() or None,
            timezone=self._scheduler.timezone,
        )
        more: dict[str, Any] = {}
        if first_after is not None:
            more["next_run_time"] = datetime.now(UTC) + first_after
        self._scheduler.add_job(func, trigger, id=name, name=name, replace_existing=True, **more)

    def daily(self, name: str, at: time, tz: tzinfo, func: Job) -> None:
        """Run `func` once a day at a local clock time, whatever the clock changes.

        A time that a clock change skips is moved on by as much; of two that are the same, the
        first counts.
        """
        self._scheduler.add_job(func, _Daily(at, tz), id=name, name=name, replace_existing=True)

    def once(self, name: str, func: Job, after: timedelta = timedelta(0)) -> None:
        """Run `func` once, `after` so long. The same name again moves it."""
        self._scheduler.add_job(
            func,
            "date",
            run_date=datetime.now(UTC) + after,
            id=name,
            name=name,
            replace_existing=True,
        )

    def drop(self, names: Collection[str]) -> None:
        """Run these jobs no more; one that is under way comes to its end."""
        for job in self._scheduler.get_jobs():
            if job.id in names:
                job.remove()

    def next_runs(self) -> dict[str, datetime | None]:
        """Give each job's next moment; None where it is not known before the start."""
        return {job.id: getattr(job, "next_run_time", None) for job in self._scheduler.get_jobs()}

    def start(self) -> None:
        """Start the thread that runs jobs, and return."""
        self._scheduler.start()

    def stop(self, wait: bool = True) -> None:
        """Begin no further job; with `wait`, return when those under way have ended."""
        if not self._scheduler.running:
            return
        # APScheduler's thread fails if it is stopped while it hands out jobs: let it finish.
        self._scheduler.pause()
        self._scheduler.get_jobs()
        # Its own way to wait holds a lock that a job needs which asks for `next_runs`.
        self._scheduler.shutdown(wait=False)
        self._pool.threads.shutdown(wait=wait)

    def _look_at_clock(self) -> None:
        step = self._steps.look()
        if step is None:
            return
        now = datetime.now(UTC)
        for job in self._scheduler.get_jobs():
            if job.next_run_time is None:
                continue
            if step > timedelta(0):
                # What fell due meanwhile runs now, once, as after a sleep. APScheduler would count
                # each run that was missed: thirty years of them where a clock began in 1970.
                moved = max(job.next_run_time, now)
            elif isinstance(job.trigger, _Daily):
                moved = job.trigger.get_next_fire_time(None, now)
            else:
                moved = job.next_run_time + step
            if moved != job.next_run_time:
                job.modify(next_run_time=moved)
        if self._on_step is not None:
            self._on_step(step)

    def _listen(self, event: JobExecutionEvent | JobSubmissionEvent) -> None:
        if event.code == EVENT_JOB_MAX_INSTANCES:
            self._leave_out(event.job_id)
            return
        error = getattr(event, "exception", None)
        if event.code == EVENT_JOB_ERROR:
            sentence = f"job {event.job_id} failed: {error}"
            logger.error(sentence)
            logger.debug(sentence, exc_info=error)
        else:
            logger.warning("job %s missed its time", event.job_id)
        if self._on_error is not None:
            self._on_error(event.job_id, error)

    def _leave_out(self, name: str) -> None:
        """Say once that a job takes longer than its interval, however many runs that costs."""
        with self._counting:
            self._left_out[name] = self._left_out.get(name, 0) + 1
            first = self._left_out[name] == 1
        if first:
            logger.warning(
                "job %s is still running: its runs are left out until it has ended", name
            )

    def _has_ended(self, event: JobExecutionEvent) -> None:
        with self._counting:
            left_out = self._left_out.pop(event.job_id, 0)
        if left_out:
            logger.info("job %s has ended; runs left out: %d", event.job_id, left_out)
