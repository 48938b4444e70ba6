"""`earful` with its clock moved and its calendar quickened, for tests: a process of its own.

`python -m tests.earful.moved_run DAYS SECONDS [WEIGHTS] -- ARGUMENT…` runs the command line DAYS
ahead; the first look, the looks at health and the stages come every SECONDS instead of every
minute. WEIGHTS is a folder to load the model from instead of the shipped one.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path

import earful.app
import earful.daemon
import earful.routines.calendar


def main(arguments: list[str]) -> None:
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
    earful.daemon._IDLE = earful.routines.calendar.HEARTBEAT = timedelta(seconds=float(seconds))
    if weights:
        from sentiment.scoring import model_process

        model_process.SHIPPED = Path(weights[0])
    from earful.cli import main as run

    sys.argv = ["earful", *arguments[split + 1 :]]
    run()


if __name__ == "__main__":
    main(sys.argv[1:])
