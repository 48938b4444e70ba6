"""`earful` with its clock moved and its calendar quickened, for tests: a process of its own.

`python -m tests.earful.moved_run DAYS SECONDS [WEIGHTS] -- ARGUMENT…` runs the command line DAYS
ahead; the first look, the looks at health and the stages come every SECONDS instead of every
minute. WEIGHTS is a folder to load the model from instead of the shipped one.

Where the environment names a file in EARFUL_TEST_CLOCK, the process's whole clock (not its steady
one) is as many seconds ahead as stand in the file, whenever that changes.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

import earful.app
import earful.daemon
import earful.routines.calendar


def main(arguments: list[str]) -> None:
    if clock := os.environ.get("EARFUL_TEST_CLOCK"):
        _follow(Path(clock))
    split = arguments.index("--")
    days, seconds, *weights = arguments[:split]
    ahead = timedelta(days=float(days))
    real = earful.app.utc_now

    def moved() -> datetime:
        return real() + ahead

    # Before the commands take their names from these modules.
    earful.app.utc_now = moved
    earful.routines.calendar._MINUTE = earful.routines.calendar._FIRST_LOOK = timedelta(
        seconds=float(seconds)
    )
    earful.routines.calendar.CATCH_UP_AFTER = timedelta(seconds=float(seconds))
    earful.daemon._IDLE = earful.routines.calendar.HEARTBEAT = timedelta(seconds=float(seconds))
    if weights:
        from sentiment.scoring import model_process

        model_process.SHIPPED = Path(weights[0])
    from earful.cli import main as run

    sys.argv = ["earful", *arguments[split + 1 :]]
    run()


def _follow(clock: Path) -> None:
    """Set this process's clock as the file says, now and whenever it says something else."""
    moved = time_machine.travel(datetime.now(UTC)).start()
    ahead = 0.0

    def look() -> None:
        nonlocal ahead
        wanted = float(clock.read_text() or ahead)
        if wanted != ahead:
            moved.shift(wanted - ahead)
            ahead = wanted

    def keep_looking() -> None:
        while True:
            look()
            time.sleep(0.02)

    look()
    threading.Thread(target=keep_looking, name="test clock", daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1:])
