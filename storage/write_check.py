"""Whether the store can be written now: for `status`, and for the daemon before it works."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from pathlib import Path

from config.errors import StoreError, StoreFullError, StoreUnreachableError
from storage.database import Database
from storage.faults import fault

FLOOR_BYTES = 50 * 1024 * 1024
"""With less free space than this a store is as good as full: a crawl would end in it."""

_TRIED_BYTES = 1024 * 1024
_LEAST_BYTES = 4096


def probe(
    path: Path, *, patience_s: float = 1.0, floor_bytes: int = FLOOR_BYTES
) -> StoreError | None:
    """Give what keeps the store from being written at this moment; None where nothing does.

    The store stays as it is. Its write lock is taken and let go. SQLite asks the disk for space
    only at the end of a transaction, hence the space is tried with a nameless file beside the
    store: that finds a spent quota as well as a full disk.
    """
    try:
        if not path.exists():
            raise StoreUnreachableError(f"{path}: no store there: was it moved or deleted?")
        with closing(Database(path, create=False, patience_s=patience_s)) as database:
            database.require_migrated()
            with database.transaction() as connection:
                # Of a file that may only be read SQLite gives the lock, and refuses what follows.
                connection.execute("DELETE FROM http_validators WHERE 0")
        free = shutil.disk_usage(path.absolute().parent).free
        if free < floor_bytes:
            raise StoreFullError(
                f"{path}: only {free / 1e6:,.0f} MB are free on its disk: free some space before "
                "what is crawled can no longer be stored"
            )
        with tempfile.TemporaryFile(dir=path.absolute().parent) as tried:
            tried.write(bytes(max(_LEAST_BYTES, min(floor_bytes, _TRIED_BYTES))))
    except StoreError as error:
        return error
    except OSError as error:
        return fault(path, error)
    return None
