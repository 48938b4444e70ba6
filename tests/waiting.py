"""Wait for an event itself, not for a time in which it ought to have come."""

from __future__ import annotations

import time
from collections.abc import Callable

# As good as never: only what hangs waits for so long, however busy the machine is.
PATIENCE_S = 300


def wait_for(
    condition: Callable[[], object], otherwise: Callable[[], str] = lambda: "it never came true"
) -> None:
    """Return once the condition holds; AssertionError with what `otherwise` says if it never does.

    The condition may itself raise AssertionError when there is nothing to wait for any more.
    """
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"waited {PATIENCE_S} s in vain: {otherwise()}"
        time.sleep(0.02)
