"""Slow guessing down: who was wrong too often waits, longer each time."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

FREE = 5
"""So many wrong passwords cost nothing: people mistype."""
_FORGIVEN_AFTER = timedelta(minutes=15)
_REMEMBERED = 10_000


@dataclass(slots=True)
class _Record:
    wrong: int
    last: datetime


class Throttle:
    """Count wrong guesses by key: an account, an address. Held in memory, by one process."""

    def __init__(self, longest: timedelta) -> None:
        """No wait is longer than `longest`, so that nobody can lock another out for good."""
        self._longest = longest
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def wait(self, key: str, now: datetime) -> timedelta:
        """Tell how long a key must wait before its next guess is heard; nothing: not at all."""
        record = self._records.get(key)
        if record is None or now - record.last > _FORGIVEN_AFTER:
            return timedelta(0)
        if record.wrong < FREE:
            return timedelta(0)
        pause = min(timedelta(seconds=2 ** min(record.wrong - FREE, 20)), self._longest)
        return max(timedelta(0), record.last + pause - now)

    def wrong(self, key: str, now: datetime) -> None:
        """Count a wrong guess."""
        record = self._records.pop(key, None)
        if record is None or now - record.last > _FORGIVEN_AFTER:
            record = _Record(0, now)
        record.wrong += 1
        record.last = now
        self._records[key] = record
        while len(self._records) > _REMEMBERED:
            self._records.popitem(last=False)

    def right(self, key: str) -> None:
        """Forget the wrong guesses of a key."""
        self._records.pop(key, None)
