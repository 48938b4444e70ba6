"""How long a stage that fails again and again is left alone; the others go on."""

from __future__ import annotations

import time
from collections.abc import Callable

# As many failures in a row cost no wait beyond the usual: it may have been a moment.
_FREE = 2
_MOST_TIMES = 10


class Backoff:
    """Counts failures in a row by stage; waits get twice as long each time, to ten times `idle`.

    One thread uses each stage.
    """

    def __init__(self, idle_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._idle_s = idle_s
        self._clock = clock
        self._failed: dict[str, int] = {}
        self._opens_at: dict[str, float] = {}

    def waits(self, stage: str) -> bool:
        """Tell whether a stage is to be left alone for now."""
        return self._clock() < self._opens_at.get(stage, 0.0)

    def worked(self, stage: str) -> None:
        """Forget a stage's failures."""
        self._failed.pop(stage, None)
        self._opens_at.pop(stage, None)

    def failed(self, stage: str) -> None:
        """Count a failure."""
        times = self._failed[stage] = self._failed.get(stage, 0) + 1
        if times > _FREE:
            wait_s = self._idle_s * min(2.0 ** (times - _FREE - 1), _MOST_TIMES)
            self._opens_at[stage] = self._clock() + wait_s
