"""What holds for every test: one thread a worker, no deadlines in wall time, slow files first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from copy import copy
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from config.redaction import PROCESS

if "PYTEST_XDIST_WORKER" in os.environ:
    # Before torch is loaded, here and in the processes that tests start: two workers with two
    # threads each would only wait for one another. Verdicts do not depend on it.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# The processes that tests start find `tests`, whatever folder they are started in.
_ROOT = str(Path(__file__).parents[1])
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (_ROOT, os.environ.get("PYTHONPATH", ""))))

# A slow machine makes no test fail, and in CI a failure is the same one when it is run again.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("here"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes that are no text by their argument: what is packed has the time of it inside.

    Each worker would collect other tests then, and none would run.
    """
    if isinstance(val, bytes) and not (val.isascii() and val.decode("ascii").isprintable()):
        return argname
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put whole files with slow tests first, so that no worker begins one at the very end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def _secrets_of_no_other_test() -> Iterator[None]:
    """Forget what a test's commands learnt to hide: it may be a word of another test's."""
    known = {name: copy(value) for name, value in vars(PROCESS).items()}
    yield
    vars(PROCESS).update(known)
