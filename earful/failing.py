"""What fails is counted in the store and said in one line on the log; it ends no thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from config.errors import EarfulError, ModelError, StoppedError
from config.redaction import PROCESS
from storage.store import Store

if TYPE_CHECKING:
    from earful.monitoring.instruments import Instruments
    from sentiment.scoring.model_process import Scores

log = logging.getLogger("earful.failing")

_STAGES = {
    "crawl": "crawling",
    "score": "scoring",
    "judge": "judging",
    "measure": "measuring",
    "cases": "seeing to cases",
    "answers": "measuring answers",
    "staff": "looking for colleagues",
    "topics": "sorting by topic",
    "translate": "translating",
    "deliver": "delivery",
    "replies": "seeing to answers",
    "messages": "building messages in full",
    "buttons": "hearing Slack's buttons",
    "dashboards": "serving the dashboards",
    "webhook": "taking in by the webhook",
    "network": "reaching the internet",
    "config": "reading the config anew",
    "clock": "following the clock",
}

T = TypeVar("T")

# The same failure is said again on the log after so long.
_SAID_AGAIN = timedelta(hours=1)
_LONGEST = 300
_REREAD = "fix it, restart Earful, and run `earful process --rescore`"
# While the store is held, failures would pile up behind it if they waited as long as work does.
_PATIENCE_S = 1.0


@dataclass(frozen=True, slots=True)
class _Said:
    error: str
    at: datetime
    failures: int


class Failing:
    """Counts what fails, by stage and subject. Any thread may use one.

    A `quiet` one leaves it to its user to say what failed.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], datetime],
        *,
        quiet: bool = False,
        instruments: Instruments | None = None,
    ) -> None:
        self._quiet = quiet
        self._instruments = instruments
        self._path = path
        self._clock = clock
        self._lock = Lock()
        self._said: dict[tuple[str, str], _Said] = {}

    def carry_out(self, stage: str, work: Callable[[], T], subject: str = "") -> T | None:
        """Do a piece of work; gives what it gives, None where it failed."""
        try:
            with self.watch(stage, subject):
                return work()
        except Exception:
            return None

    @contextmanager
    def watch(self, stage: str, subject: str = "") -> Iterator[None]:
        """Count a failure of the block and raise it again; without one, the stage works.

        What was stopped on purpose has done neither.
        """
        try:
            with self._instruments.stage(stage) if self._instruments else nullcontext():
                yield
        except StoppedError:
            raise
        except Exception as error:
            self._write_failure(stage, error, subject)
            raise
        self.worked(stage, subject)

    def failed(self, stage: str, error: Exception, subject: str = "") -> None:
        """Write a failure down; where the store does not take it, the log has it all the same."""
        if self._instruments:
            self._instruments.failed(stage)
        self._write_failure(stage, error, subject)

    def _write_failure(self, stage: str, error: Exception, subject: str) -> None:
        now, sentence = self._clock(), describe(error)
        self._say(stage, subject, sentence, now, error)
        try:
            with Store.open(self._path, patience_s=_PATIENCE_S) as store:
                store.failures.failed(stage, now, sentence, subject)
        except EarfulError as unwritten:
            log.debug("%s: the failure is not in the store: %s", stage, unwritten)

    def worked(self, stage: str, subject: str = "") -> None:
        """Write down that a stage, or one subject of it, works (again)."""
        try:
            with Store.open(self._path, patience_s=_PATIENCE_S) as store:
                store.failures.worked(stage, self._clock(), subject)
        except EarfulError as unwritten:
            log.debug("%s works, which the store does not take: %s", stage, unwritten)
            return
        with self._lock:
            before = self._said.pop((stage, subject), None)
        if before is not None:
            log.info("%s works again", _named(stage, subject))

    def count_missing(self, classifier: Scores) -> None:
        """Count the models for other languages that could not be loaded; the rest is scored."""
        for language, error in classifier.missing.items():
            # What to do must not be what is cut off.
            reason = str(error)[: _LONGEST // 2]
            self.failed("score", ModelError(f"{reason}; {_REREAD}"), f"model for {language}")
        for language in classifier.others:
            self.worked("score", f"model for {language}")

    def _say(
        self, stage: str, subject: str, sentence: str, now: datetime, error: Exception
    ) -> None:
        with self._lock:
            before = self._said.get((stage, subject))
            is_news = (
                before is None or before.error != sentence or abs(now - before.at) >= _SAID_AGAIN
            )
            failures = 1 + (before.failures if before else 0)
            at = now if before is None or is_news else before.at
            self._said[(stage, subject)] = _Said(sentence, at, failures)
        level = logging.ERROR if is_news and not self._quiet else logging.DEBUG
        again = f" ({failures} times in a row)" if failures > 1 else ""
        log.log(level, "%s fails%s: %s", _named(stage, subject), again, sentence)
        # Only who asks for everything (-vv) gets the traceback: it is for us, not for ops.
        log.debug("%s", _named(stage, subject), exc_info=error)


NO_MEMORY = "there is not enough memory: give the machine more, or stop what else needs it"
"""What is said wherever it was lacking."""


def stage_name(stage: str) -> str:
    """Name a stage for people; what is none of the flow is a routine of the calendar."""
    return _STAGES.get(stage, f"the routine “{stage}”")


def describe(error: BaseException) -> str:
    """Say in one line what went wrong: our own errors as they are, others with their kind."""
    text = PROCESS.text(" ".join(str(error).split()))
    if is_out_of_memory(error):
        return NO_MEMORY
    if isinstance(error, EarfulError):
        return text[:_LONGEST]
    return f"{type(error).__name__}: {text}"[:_LONGEST].rstrip(": ")


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether memory was lacking: torch, safetensors and threads raise RuntimeError then."""
    text = str(error)
    lacking = "allocate memory" in text or "can't start new thread" in text
    return isinstance(error, MemoryError) or lacking


def _named(stage: str, subject: str) -> str:
    return f"{stage_name(stage)} ({subject})" if subject else stage_name(stage)
