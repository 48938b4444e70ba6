"""Run one crawl in a process of its own, with a hard time limit, and report how it went.

Nothing here loads Scrapy in the calling process; the child is `python -m crawler.runner`.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any, Self

from storage.models import CrawlOutcome, CrawlReport, from_iso, iso

_TICK_S = 0.25
_KEPT_BYTES = 256 * 1024
DIED = "earful/died"
"""Under this the stats of a crawl say that its process ended before it could report."""


@dataclass(frozen=True, slots=True)
class CrawlJob:
    """One crawl: whose brand, which source, what of it, and where the mentions go.

    `responses` bounds how many pages are asked for, to see whether a source answers at all.
    What was stored before `known_before` was stored by a good run of this job, or earlier. What is
    older than `keeps_since` is not stored. For the first `explain` mentions the report shows which
    clauses of the query they hold. All mentions are of the `location`, where one is given.
    `allow_private` are hosts that may have private addresses.
    """

    brand: str
    query: str
    source: str
    options: dict[str, Any] = field(default_factory=dict)
    since: datetime | None = None
    db: Path = Path("earful.db")
    contact: str = "no contact configured"
    base_url: str | None = None
    responses: int | None = None
    known_before: datetime | None = None
    keeps_since: datetime | None = None
    explain: int = 0
    location: str | None = None
    allow_private: tuple[str, ...] = ()

    def to_json(self) -> str:
        given = asdict(self) | {
            "since": iso(self.since) if self.since else None,
            "known_before": iso(self.known_before) if self.known_before else None,
            "keeps_since": iso(self.keeps_since) if self.keeps_since else None,
            "db": str(self.db.absolute()),
        }
        return json.dumps(given)

    @classmethod
    def from_json(cls, text: str) -> Self:
        given = json.loads(text)
        for name in ("since", "known_before", "keeps_since"):
            given[name] = from_iso(given[name]) if given[name] else None
        given |= {"db": Path(given["db"]), "allow_private": tuple(given["allow_private"])}
        return cls(**given)


@dataclass(frozen=True, slots=True)
class CrawlProgress:
    """How far a running crawl has come; `seen` are all mentions, the others parts of them."""

    requests: int = 0
    seen: int = 0
    new: int = 0
    edited: int = 0
    known: int = 0
    irrelevant: int = 0
    refused: int = 0


def run_crawl(
    job: CrawlJob,
    *,
    time_limit: timedelta,
    progress: Callable[[CrawlProgress], None] | None = None,
    log_path: Path | None = None,
    keep_log: Callable[[str], object] = lambda text: None,
    stop: threading.Event | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> CrawlReport:
    """Crawl once and judge it; whatever goes wrong is in the report, nothing is raised.

    At `time_limit`, or when `stop` is set, the child is killed; what it stored stays. `clock`
    gives seconds from any moment on. `keep_log` is given what the child wrote on stderr, of much
    the end.
    """
    started = clock()
    reached = CrawlProgress()
    with _log(log_path) as log, _kept(log, keep_log), _child(job, log) as child:
        events: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        threading.Thread(target=_read_events, args=(child, events), daemon=True).start()
        while True:
            if stop is not None and stop.is_set():
                return _cut(CrawlOutcome.FAILED, "the crawl was stopped before it ended", reached)
            left = time_limit.total_seconds() - (clock() - started)
            if left <= 0:
                reason = (
                    f"the crawl was stopped at its time limit of {_spoken(time_limit)}: raise "
                    "[crawl] time_limit, or lower the source's `pages`"
                )
                return _cut(CrawlOutcome.TIMEOUT, reason, reached)
            with suppress(queue.Empty):
                event = events.get(timeout=min(_TICK_S, left))
                if event is None:
                    died = _cut(CrawlOutcome.FAILED, _why_it_died(child, log), reached)
                    return replace(died, stats={DIED: True})
                if event["event"] == "report":
                    return report_from(event["report"])
                reached = CrawlProgress(
                    **{item.name: event[item.name] for item in fields(CrawlProgress)}
                )
                if progress is not None:
                    progress(reached)


def log_path_of(db: Path) -> Path:
    """Tell where what the crawls of a store say is kept."""
    return db.with_name(f"{db.name}.crawls.log")


def report_from(given: dict[str, Any]) -> CrawlReport:
    return CrawlReport(**given | {"outcome": CrawlOutcome(given["outcome"])})


class _child:  # noqa: N801 - used as a context manager only
    """The child process; leaving the block kills it if it still lives."""

    def __init__(self, job: CrawlJob, log: IO[bytes]) -> None:
        root = str(Path(__file__).resolve().parent.parent)
        paths = [root, os.environ.get("PYTHONPATH", "")]
        # A source's keys reach its spider by the environment alone; Slack's are none of its own.
        passed = {
            name: value for name, value in os.environ.items() if not name.startswith("SLACK_")
        }
        environment = {**passed, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "crawler.runner"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            # Ctrl-C reaches the parent, which decides.
            start_new_session=True,
        )
        with suppress(BrokenPipeError):
            assert self.process.stdin is not None
            # The pipe stays open: its end tells the child that the parent is gone.
            envelope = json.dumps({"parent": os.getpid(), "job": job.to_json()})
            self.process.stdin.write(envelope.encode() + b"\n")
            self.process.stdin.flush()

    def __enter__(self) -> subprocess.Popen[bytes]:
        return self.process

    def __exit__(self, *_: object) -> None:
        # After its report, which is its last act, there is nothing that a kill could spoil.
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()


def _log(path: Path | None) -> IO[bytes]:
    if path is None:
        return tempfile.TemporaryFile()
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("a+b")


@contextmanager
def _kept(log: IO[bytes], keep_log: Callable[[str], object]) -> Iterator[None]:
    """Hand over what stands in a log once the child has ended."""
    try:
        yield
    finally:
        log.seek(max(0, log.seek(0, os.SEEK_END) - _KEPT_BYTES))
        keep_log(log.read().decode("utf-8", "replace"))


def _read_events(
    child: subprocess.Popen[bytes], events: queue.SimpleQueue[dict[str, Any] | None]
) -> None:
    assert child.stdout is not None
    with suppress(ValueError, OSError):  # closed under us: nobody listens any more
        for text in child.stdout:
            with suppress(json.JSONDecodeError):
                events.put(json.loads(text))
    events.put(None)


def _cut(outcome: CrawlOutcome, reason: str, reached: CrawlProgress) -> CrawlReport:
    return CrawlReport(outcome=outcome, reason=reason, **asdict(reached))


def _why_it_died(child: subprocess.Popen[bytes], log: IO[bytes]) -> str:
    code = child.wait()
    log.seek(max(0, log.seek(0, os.SEEK_END) - 4000))
    lines = log.read().decode("utf-8", "replace").split("\n")
    last = next((text.strip()[:300] for text in reversed(lines) if text.strip()), "")
    return f"the crawl's process ended early with code {code}" + (f": {last}" if last else "")


def _spoken(limit: timedelta) -> str:
    seconds = limit.total_seconds()
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"


if __name__ == "__main__":
    from crawler.crawl_process import main

    main()
