"""Lock files beside the store: each lets one process at a time do one thing with it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from filelock import AcquireReturnProxy, FileLock, Timeout

from storage.faults import fault

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


class StoreLock(FileLock):
    """filelock's lock, with a StoreError where the file cannot be made; Timeout stays Timeout."""

    def acquire(self, *how: Any, **named: Any) -> AcquireReturnProxy[Any]:
        try:
            return super().acquire(*how, **named)
        except Timeout:
            raise  # an OSError too
        except OSError as error:
            raise fault(Path(self.lock_file), error) from error


def is_held(path: Path) -> bool:
    """Tell whether a process holds the lock of this file; nothing is written, nothing waits.

    StoreReadOnlyError where this user may not even read the file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise fault(path, error) from error
    try:
        if fcntl is None:
            return _is_held_elsewhere(path)
        # Shared, so that two who look do not see each other.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError as error:
        raise fault(path, error) from error
    finally:
        os.close(descriptor)
    return False


def _is_held_elsewhere(path: Path) -> bool:
    """Ask as one who wants it: on Windows there is no shared lock to ask with."""
    try:
        with StoreLock(path, blocking=False):
            return False
    except Timeout:
        return True
