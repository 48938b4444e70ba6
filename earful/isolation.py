"""One bad thing stops only itself: what fails with one subject is counted, the others go on."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from config.errors import ModelDiedError, StoppedError, StoreError, StoreRowError
from earful.failing import NO_MEMORY, describe, stage_name
from storage.faults import UNFIT
from storage.models import Failure
from storage.rows import Unreadable
from storage.store import Store

log = logging.getLogger("earful.isolation")

T = TypeVar("T")
R = TypeVar("R")

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
OPS_KNOW_IN = timedelta(days=1)
"""After so long ops have heard of a failure that no later success would clear."""


class Isolation:
    """One pass of a stage over its subjects, such as `mention appstore:123` or `brand Acme Air`.

    A subject that fails waits before it is tried again, longer each time. What fails in the store
    itself is no subject's fault: it ends the pass.
    """

    def __init__(self, store: Store, stage: str, now: datetime) -> None:
        self._failures = store.failures
        self._stage = stage
        self._now = now
        self._unreadable: set[str] = set()
        before = store.failures.of(stage)
        self._failing = {name for name in before if name}
        self._waiting = {
            name
            for name in self._failing
            # What failed in the future failed by a clock that was wrong.
            if before[name].last_at <= now < before[name].last_at + wait_after(before[name])
        }

    def waits(self, subject: str) -> bool:
        """Tell whether a subject failed in this pass, or too shortly before it."""
        return subject in self._waiting

    def waiting(self, kind: str) -> list[str]:
        """Name the subjects of a kind that wait, without the kind: the ids of `mention …`."""
        prefix = f"{kind} "
        return [name.removeprefix(prefix) for name in self._waiting if name.startswith(prefix)]

    def failing(self, kind: str) -> list[str]:
        """Name the subjects of a kind that failed and have not worked since, as in `waiting`."""
        prefix = f"{kind} "
        return [name.removeprefix(prefix) for name in self._failing if name.startswith(prefix)]

    @contextmanager
    def subject(self, name: str) -> Iterator[None]:
        """Do a block for one subject; its failure is counted and goes no further."""
        try:
            yield
        except Exception as error:
            self.failed(name, error)
        else:
            self.worked(name)

    def each(
        self,
        items: Sequence[T],
        work: Callable[[Sequence[T]], R],
        name: Callable[[T], str],
        *,
        sound: Callable[[], object],
    ) -> list[R]:
        """Do a piece of work on all items at once; gives what it gave, part by part, in order.

        Where it raises, the items are halved, in their order, until the bad ones are alone.
        `sound` does the work on nothing that could be at fault: what it raises is the fault of
        none of them, and is raised here.
        """
        try:
            done = [work(items)]
        except Exception as error:
            _raise_if_no_subjects(error)
            sound()
            return self._halve(items, error, work, name)
        self._all_worked(items, name)
        return done

    def failed(self, name: str, error: Exception) -> None:
        """Count a failure of a subject; raises it again where it is the store's, or a stop."""
        _raise_if_no_subjects(error)
        sentence = describe(error)
        self._failures.failed(self._stage, self._now, sentence, name)
        self._failing.add(name)
        self._waiting.add(name)
        stage = stage_name(self._stage)
        log.warning("%s fails for %s and goes on with the others: %s", stage, name, sentence)
        # Only who asks for everything (-vv) gets the traceback: it is for us, not for ops.
        log.debug("%s (%s)", self._stage, name, exc_info=error)

    def unreadable(self, kind: str, column: str = "id") -> Unreadable:
        """Make what counts the rows of a queue that cannot be read, by a `column` that names them.

        As long as it finds one, its failure is not forgotten.
        """

        def count(row: sqlite3.Row, error: Exception) -> None:
            name = f"{kind} {row[column]}"
            self._unreadable.add(name)
            if not self.waits(name):
                self.failed(name, error)

        return count

    def worked(self, name: str) -> None:
        """Clear a subject's failures."""
        if name in self._failing:
            self._failures.worked(self._stage, self._now, name)
            self._failing.discard(name)
            self._waiting.discard(name)

    def keep_only(self, subjects: Collection[str]) -> None:
        """Clear all failing subjects but these: they are in the config no more."""
        for name in self._failing.difference(subjects):
            self.worked(name)

    def forget_gone(self, kind: str, there: Collection[str]) -> None:
        """Clear the failing subjects of a kind that are there no more."""
        for name in self.failing(kind):
            if name not in there and f"{kind} {name}" not in self._unreadable:
                self.worked(f"{kind} {name}")

    def forget_old(self, kind: str, age: timedelta = OPS_KNOW_IN) -> None:
        """Clear what of a kind last failed so long ago: for what is not tried a second time."""
        for name, failure in self._failures.of(self._stage).items():
            if name.startswith(f"{kind} ") and self._now - failure.last_at >= age:
                self.worked(name)

    def _halve(
        self,
        items: Sequence[T],
        error: Exception,
        work: Callable[[Sequence[T]], R],
        name: Callable[[T], str],
    ) -> list[R]:
        if len(items) == 1:
            self.failed(name(items[0]), error)
            return []
        done: list[R] = []
        middle = (len(items) + 1) // 2
        for part in (items[:middle], items[middle:]):
            try:
                done.append(work(part))
            except Exception as again:
                _raise_if_no_subjects(again)
                done += self._halve(part, again, work, name)
            else:
                self._all_worked(part, name)
        return done

    def _all_worked(self, items: Sequence[T], name: Callable[[T], str]) -> None:
        for item in items if self._failing else ():
            self.worked(name(item))


def wait_after(failure: Failure) -> timedelta:
    """Give how long a subject waits after so many failures in a row.

    For memory the shortest time: it is no subject's fault, and may be there again at any moment.
    """
    if failure.error == NO_MEMORY:
        return FIRST_WAIT
    wait = FIRST_WAIT
    for _ in range(min(failure.failures, 20) - 1):
        wait *= 2
    return min(wait, LONGEST_WAIT)


def mention_subject(mention_id: str) -> str:
    """Name a mention as a subject."""
    return f"mention {mention_id}"


def _raise_if_no_subjects(error: Exception) -> None:
    if isinstance(error, StoppedError | ModelDiedError):
        raise error  # nobody's fault, or nobody knows whose
    if isinstance(error, StoreRowError):
        return  # the fault of one row: the others can be read
    cause = error.__cause__ if isinstance(error, StoreError) else error
    if isinstance(error, StoreError | sqlite3.Error) and not isinstance(cause, UNFIT):
        raise error
