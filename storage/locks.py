"""Lock files beside the store: each lets one process at a time do one thing with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from filelock import AcquireReturnProxy, FileLock, Timeout

from storage.faults import fault


class StoreLock(FileLock):
    """filelock's lock, with a StoreError where the file cannot be made; Timeout stays Timeout."""

    def acquire(self, *how: Any, **named: Any) -> AcquireReturnProxy[Any]:
        try:
            return super().acquire(*how, **named)
        except Timeout:
            raise  # an OSError too
        except OSError as error:
            raise fault(Path(self.lock_file), error) from error
