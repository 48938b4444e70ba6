"""What SQLite and the disk complain of, as one line of ours: what is wrong, and what to do."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from pathlib import Path

from config.errors import (
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreReadOnlyError,
    StoreRefusedError,
    StoreUnreachableError,
)

SQLITE_ERRORS = (sqlite3.Error, UnicodeError, OverflowError)
"""What sqlite3 raises: a damaged name in its own message cannot be decoded, a lone surrogate that
it is given cannot be encoded, and an integer may be too large for it."""

UNFIT = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    UnicodeEncodeError,
    OverflowError,
)
"""What SQLite raises where what is to be written is at fault, and not the store."""

_RESTORE = "put a backup back with `earful restore FILE`"
# SQLite reports some writes that a full disk refused as broken input and output.
_NO_SPACE_BYTES = 64 * 1024
# "Attempt to write a readonly database", says SQLite of a reader that lacks the files beside it.
_CANNOT_READ = (
    sqlite3.SQLITE_READONLY_CANTINIT,
    sqlite3.SQLITE_READONLY_DIRECTORY,
    sqlite3.SQLITE_READONLY_RECOVERY,
)
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def is_unfit(error: Exception) -> bool:
    """Tell whether what was to be written is at fault: the store takes other things."""
    return isinstance(error, StoreError) and isinstance(error.__cause__, UNFIT)


def fault(path: Path, error: sqlite3.Error | UnicodeError | OverflowError | OSError) -> StoreError:
    """Give the StoreError that says what is wrong with the store (or its copy) at `path`."""
    if isinstance(error, OSError):
        return _of_the_disk(path, error)
    if isinstance(error, UnicodeEncodeError | OverflowError):
        return StoreRefusedError(
            f"{path}: cannot hold, and so does not have, what it was asked for: {error}"
        )
    if isinstance(error, UnicodeError):
        return damaged(path, "its tables' names are no text")
    # What Python's module raises itself has no code of SQLite's.
    code = getattr(error, "sqlite_errorcode", None)
    reason = " ".join(str(error).split())
    match code and code & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            return StoreLockedError(
                f"{path}: another process holds it and has not let go ({reason}): try again, or "
                "end what holds it: `earful run`, an import, an open sqlite3"
            )
        case sqlite3.SQLITE_FULL:
            return _full(path, reason)
        case sqlite3.SQLITE_CORRUPT:
            return damaged(path, reason)
        case sqlite3.SQLITE_NOTADB:
            return StoreCorruptError(
                f"{path}: cannot be opened as a store: it is not an SQLite file, or its head is "
                f"damaged: check the path, or {_RESTORE}"
            )
        case sqlite3.SQLITE_READONLY if code == sqlite3.SQLITE_READONLY_DBMOVED:
            return moved(path)
        case sqlite3.SQLITE_READONLY if code in _CANNOT_READ:
            return _unreachable(path, reason)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return _read_only(path, reason)
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_IOERR | sqlite3.SQLITE_AUTH:
            return _unreachable(path, reason)
        case sqlite3.SQLITE_NOMEM:
            return StoreError(f"{path}: the memory ran out: end other programs and try again")
    if code is None and reason.startswith("Could not decode"):
        return damaged(path, reason)
    return StoreRefusedError(
        f"{path}: SQLite refuses what Earful asks ({reason}): if no other program has changed "
        "this store, please report it"
    )


def damaged(path: Path, reason: str) -> StoreCorruptError:
    return StoreCorruptError(f"{path}: is damaged ({reason}): stop `earful run`, then {_RESTORE}")


def moved(path: Path) -> StoreUnreachableError:
    return StoreUnreachableError(
        f"{path}: was moved, replaced or deleted while it was in use: what was being written is "
        f"not stored; try again, or {_RESTORE}"
    )


def _full(path: Path, reason: str) -> StoreFullError:
    return StoreFullError(
        f"{path}: no space is left on its disk ({reason}): what was being written is not stored; "
        "free some space and try again"
    )


def _read_only(path: Path, reason: str) -> StoreReadOnlyError:
    return StoreReadOnlyError(
        f"{path}: cannot be written ({reason}): check the permissions of the file and of its "
        "folder, and whether its disk is mounted read-only"
    )


def _of_the_disk(path: Path, error: OSError) -> StoreError:
    reason = (error.strerror or str(error)).lower()
    if error.errno in _FULL:
        return _full(path, reason)
    if error.errno in _FORBIDDEN:
        return _read_only(path, reason)
    return StoreUnreachableError(
        f"{path}: cannot be reached ({reason}): check the path and the disk"
    )


def _unreachable(path: Path, reason: str) -> StoreError:
    """Find out why SQLite could not open or read a file: it does not say."""
    folder = path.absolute().parent
    if path.is_dir():
        return StoreUnreachableError(f"{path}: cannot be opened as a store: it is a folder")
    if not folder.is_dir():
        return StoreUnreachableError(
            f"{path}: cannot be reached: there is no folder {folder}: make it, or name another"
        )
    if not path.exists():
        return moved(path) if os.access(folder, os.W_OK) else _read_only(path, reason)
    if not os.access(path, os.R_OK):
        return StoreReadOnlyError(
            f"{path}: cannot be read by this user: check its permissions, or work as the user of "
            "`earful run`"
        )
    if not os.access(folder, os.W_OK):
        return StoreReadOnlyError(
            f"{path}: cannot be read: SQLite keeps files beside a store in use, and {folder} "
            "cannot be written: work as the user of `earful run`, or read a copy elsewhere"
        )
    if shutil.disk_usage(folder).free < _NO_SPACE_BYTES:
        return _full(path, reason)
    return StoreUnreachableError(
        f"{path}: cannot be reached ({reason}): check its disk and the system's log; if the file "
        f"is lost, {_RESTORE}"
    )
