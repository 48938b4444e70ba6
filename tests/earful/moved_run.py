"""`earful` with its clock moved and its calendar quickened, for tests: a process of its own.

`python -m tests.earful.moved_run DAYS SECONDS -- ARGUMENT…` runs the command line DAYS ahead; the
first look and the looks at health come every SECONDS instead of every minute.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta

import earful.app
import earful.calendar


def main(arguments: list[str]) -> None:
    days, seconds, _, *rest = arguments
    ahead = timedelta(days=float(days))
    real = earful.app.utc_now

    def moved() -> datetime:
        return real() + ahead

    # Before the commands take their names from these modules.
    earful.app.utc_now = moved
    earful.calendar._MINUTE = earful.calendar._FIRST_LOOK = timedelta(seconds=float(seconds))
    earful.calendar.HEARTBEAT = timedelta(seconds=float(seconds))
    from earful.cli import main as run

    sys.argv = ["earful", *rest]
    run()


if __name__ == "__main__":
    main(sys.argv[1:])
