"""Callables run on time. Knows APScheduler and nothing of what it runs.

APScheduler drops a job that is more than a second late unless told otherwise: here a late job
runs late, several missed runs become one, and one job never overlaps itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobExecutionEvent,
    JobSubmissionEvent,
)
from apscheduler.executors.pool import BasePoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from alerts.decide.local_time import next_moment

logger = logging.getLogger(__name__)

Job = Callable[[], object]
OnError = Callable[[str, BaseException | None], object]


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


class Schedule:
    """Jobs on a background thread pool; `on_error` hears of failures besides the log."""

    def __init__(
        self, *, threads: int = 10, on_error: OnError | None = None, zone: tzinfo | None = None
    ) -> None:
        self._on_error = on_error
        self._pool = _Pool(threads)
        self._scheduler = BackgroundScheduler(
            executors={"default": self._pool},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            **({"timezone": zone} if zone else {"timezone": "UTC"}),
        )
        self._scheduler.add_listener(
            self._listen, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES
        )

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

    def _listen(self, event: JobExecutionEvent | JobSubmissionEvent) -> None:
        error = getattr(event, "exception", None)
        if event.code == EVENT_JOB_ERROR:
            sentence = f"job {event.job_id} failed: {error}"
            logger.error(sentence)
            logger.debug(sentence, exc_info=error)
        elif event.code == EVENT_JOB_MAX_INSTANCES:
            sentence = f"job {event.job_id} is still running: this run is left out"
            logger.warning(sentence)
        else:
            sentence = f"job {event.job_id} missed its time"
            logger.warning(sentence)
        if self._on_error is not None and event.code != EVENT_JOB_MAX_INSTANCES:
            self._on_error(event.job_id, error)
