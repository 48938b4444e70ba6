"""Whether the wall clock was set, and by how much: seen against a clock that nobody can set."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

# Less is the usual correction of a clock that is kept in time.
LEAST = timedelta(seconds=2)


def steady_s() -> float:
    """Give seconds that only ever go on; where the system can, also while it sleeps."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


class ClockSteps:
    """Compares the wall clock with a steady one, from look to look."""

    def __init__(
        self, wall_s: Callable[[], float] = time.time, steady: Callable[[], float] = steady_s
    ) -> None:
        self._wall_s = wall_s
        self._steady_s = steady
        self._apart_s = wall_s() - steady()

    def look(self) -> timedelta | None:
        """Give by how much the wall clock was set since the last look; None where it was not.

        It is negative where the clock was set back.
        """
        apart_s = self._wall_s() - self._steady_s()
        step = timedelta(seconds=apart_s - self._apart_s)
        self._apart_s = apart_s
        return step if abs(step) >= LEAST else None
