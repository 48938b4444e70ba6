"""What holds for every test: one thread a worker, no deadlines in wall time, the same examples."""

from __future__ import annotations

import os

from hypothesis import settings

if "PYTEST_XDIST_WORKER" in os.environ:
    # Before torch is loaded, here and in the processes that tests start: two workers with two
    # threads each would only wait for one another. Verdicts do not depend on it.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# A slow machine makes no test fail, and in CI a failure is the same one when it is run again.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")
