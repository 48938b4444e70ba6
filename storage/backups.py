"""Copies of the store: made while it is in use, verified, and put back."""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from config.errors import (
    InputError,
    StoreCorruptError,
    StoreError,
    StoreLockedError,
)
from storage.connection import address
from storage.database import PATIENCE_S, Database
from storage.faults import damaged, fault
from storage.sent_since import carry_over, doubt_all

log = logging.getLogger(__name__)

_UPGRADES_KEPT = 2


@dataclass(frozen=True, slots=True)
class Restored:
    """What putting a backup back came to.

    `aside` is the store that was there before, where one was. `sent` alerts had been sent, dropped
    or added since the backup was made: they stay as they were. Where the old store could not be
    read, `doubted` alerts may have been sent: Slack is asked before they are.
    """

    aside: Path | None = None
    sent: int = 0
    doubted: int = 0


def back_up(database: Database, target: Path) -> int:
    """Copy a store while it is in use, verify the copy, then put it in place.

    Returns the copy's size in bytes. InputError where something else than a backup lies at
    `target`, which stays as it is; StoreError leaves an older backup there as it was.
    """
    _refuse_to_overwrite(database.path, target)
    partial = target.with_name(f".{target.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        with suppress(FileNotFoundError):  # of a folder: SQLite's error is one of ours
            # SQLite would make it for everybody to read.
            partial.touch(mode=0o600)
        # One consistent snapshot, compact, without the write-ahead log.
        database.connection.execute("VACUUM INTO ?", (str(partial),))
        verify(partial)
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(target)
        return target.stat().st_size
    except InputError as error:
        raise damaged(database.path, f"a copy of it is not sound: {error}") from error
    except (StoreCorruptError, StoreLockedError):
        raise  # of the store itself
    except StoreError as error:
        # SQLite was asked through the store, but it is the copy that could not be written.
        if isinstance(error.__cause__, sqlite3.Error):
            raise fault(target, error.__cause__) from error
        raise
    except OSError as error:
        raise fault(target, error) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def back_up_into(
    database: Database, folder: Path, keep: int, at: datetime
) -> tuple[Path, int, list[Path]]:
    """Back a store up into a folder, named by the moment, and keep the newest `keep` of it.

    Returns the backup, its size in bytes, and the older ones that were removed: files named as
    backups of this very store, once the new one is verified.
    """
    stem = database.path.stem
    target = folder / f"{stem}-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}.db"
    size = back_up(database, target)
    ours = re.compile(re.escape(stem) + r"-\d{8}T\d{6}Z\.db")
    try:
        found = sorted(path for path in folder.iterdir() if ours.fullmatch(path.name))
        removed = [path for path in found[: max(0, len(found) - keep)] if path != target]
        for path in removed:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise fault(folder, error) from error
    return target, size, removed


def back_up_before(database: Database, migration: str) -> Path:
    """Back a store up beside itself before a migration; the one of the upgrade before stays too.

    Returns the backup, which `restore` of either Earful puts back.
    """
    path = database.path
    target = path.with_name(f"{path.name}.before-{migration}")
    back_up(database, target)
    log.warning("%s: its tables are brought up to date; %s holds it as it was", path, target)
    ours = re.compile(re.escape(path.name) + r"\.before-\d{4}_\w+")
    earlier = sorted(one for one in path.absolute().parent.iterdir() if ours.fullmatch(one.name))
    for one in earlier[:-_UPGRADES_KEPT]:
        with suppress(OSError):
            one.unlink()
    return target


def verify(path: Path) -> None:
    """Check that a file is a sound store of this Earful or an older one.

    InputError says what is wrong. What its own write-ahead log holds, where one lies beside it,
    is part of it.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file")
    try:
        with closing(Database(path, readonly=True)) as database:
            database.require_store()
            check = database.connection.execute("PRAGMA integrity_check").fetchone()[0]
    except StoreCorruptError as error:
        raise InputError(
            f"{path}: damaged, or no store: {error.__cause__}: use another"
        ) from error
    except StoreError as error:
        raise InputError(str(error)) from error
    if check != "ok":
        raise InputError(f"{path}: damaged: {check.splitlines()[0]}: use another backup")


def restore(
    backup: Path,
    target: Path,
    *,
    at: datetime,
    force: bool = False,
    patience_s: float = PATIENCE_S,
) -> Restored:
    """Put a backup in the place of the store; the old one stays as `….before-restore`.

    The backup may be of an older Earful: it is brought up to date. The old store may be damaged,
    or may be gone. What was sent since the backup is not sent again. A store that can be read is
    overwritten in one transaction: what other processes write is in the old one, or comes after.

    InputError where the backup is none, StoreLockedError where other processes have the store open
    and not `force`. The caller holds the locks of the daemon and of delivery.
    """
    verify(backup)
    if target.exists() and backup.samefile(target):
        raise InputError(f"{backup}: is the store itself: name a backup of it")
    partial = target.with_name(f".{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for suffix in ("", "-wal", "-shm"):
            Path(f"{partial}{suffix}").unlink(missing_ok=True)
        _copy(backup, partial)
        with closing(Database(partial, create=False)) as copy:
            copy.migrate()
        if not target.exists():
            for suffix in ("-wal", "-shm"):
                # Of a file that is gone; SQLite would read them with the new one.
                Path(f"{target}{suffix}").unlink(missing_ok=True)
            doubted = doubt_all(partial, at)
            _settle(partial)
            partial.replace(target)
            return Restored(doubted=doubted)
        if not force:
            _require_alone(target)
        aside = _free_name(target)
        try:
            sent = carry_over(target, partial)
            _settle(partial)
            _overwrite(target, partial, aside, patience_s)
        except StoreCorruptError as error:
            log.info("the old store is moved as it is: %s", error)
        else:
            return Restored(aside, sent=sent)
        doubted = doubt_all(partial, at)
        _settle(partial)
        _set_aside(target, aside)
        partial.replace(target)
        return Restored(aside, doubted=doubted)
    except sqlite3.Error as error:
        raise fault(target, error) from error
    except OSError as error:
        raise fault(target, error) from error
    finally:
        with suppress(OSError):
            for suffix in ("", "-wal", "-shm"):
                Path(f"{partial}{suffix}").unlink(missing_ok=True)


def _refuse_to_overwrite(store: Path, target: Path) -> None:
    """Raise InputError where a backup would replace the store itself, or no backup at all."""
    own = [store, *(Path(f"{store}{suffix}") for suffix in ("-wal", "-shm"))]
    # By name too: the files beside a store come and go.
    if any(_same(one, target) for one in own):
        raise InputError(f"{target}: is the store itself: name another file for its backup")
    if target.is_dir():
        raise InputError(f"{target}: is a folder: name a file in it, or add --keep 7")
    if not target.exists() or not target.stat().st_size:
        return
    try:
        verify(target)
    except InputError as error:
        raise InputError(
            f"{target}: is there already, and is no backup of a store ({error}): name another file"
        ) from None


def _same(one: Path, other: Path) -> bool:
    if one.absolute() == other.absolute() or one.resolve() == other.resolve():
        return True
    return one.exists() and other.exists() and one.samefile(other)


def _copy(backup: Path, partial: Path) -> None:
    """Copy through SQLite, so that the backup's own write-ahead log comes too."""
    partial.touch(mode=0o600)
    with (
        closing(sqlite3.connect(address(backup, "ro"), uri=True)) as source,
        closing(sqlite3.connect(partial)) as copy,
    ):
        source.backup(copy)


def _settle(partial: Path) -> None:
    """Leave all in the one file, on disk."""
    with closing(sqlite3.connect(partial)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    with partial.open("rb+") as written:
        os.fsync(written.fileno())


def _require_alone(path: Path) -> None:
    """Raise StoreLockedError where another process has a store open, whether it writes or not."""
    with closing(sqlite3.connect(path, timeout=1.0, isolation_level=None)) as connection:
        try:
            # With this mode SQLite takes the file for itself, which it gets only alone.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA wal_checkpoint").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise StoreLockedError(
                    f"{path}: another process has it open: end it (`earful serve`, an import, an "
                    "open sqlite3), or add --force: it goes on with the restored store"
                ) from error
        except sqlite3.DatabaseError:
            return  # it is damaged: that is what the backup is for


def _overwrite(target: Path, source: Path, aside: Path, patience_s: float) -> None:
    """Copy the old store aside and write the new content over it, with no write in between."""
    deadline = time.monotonic() + patience_s
    kept = False
    with (
        closing(Database(target, create=False, patience_s=patience_s)) as old,
        closing(Database(target, create=False, patience_s=patience_s)) as reader,
        # Its errors are of the store that is written, and not of what is read.
        closing(sqlite3.connect(address(source, "ro"), uri=True)) as new,
    ):

        def keep_old(status: int, _remaining: int, _total: int) -> None:
            nonlocal kept
            if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                if time.monotonic() > deadline:
                    raise StoreLockedError(
                        f"{target}: another process is writing to it and has not let go: end it, "
                        "then restore again"
                    )
                return
            if not kept:
                # From the first step on nobody else can write, and nothing new is to be seen.
                aside.touch(mode=0o600)
                with closing(sqlite3.connect(aside)) as copy:
                    reader.connection.backup(copy)
                kept = True

        try:
            # The first step must not be the last one, or all were written before it is kept.
            new.backup(old.connection, pages=1, progress=keep_old, sleep=0.05)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
    with closing(Database(target, create=False, patience_s=patience_s)) as written:
        written.empty_log()


def _free_name(target: Path) -> Path:
    """Give a name for the old store that nothing has: an earlier one may be the only copy."""
    number = 1
    while True:
        aside = target.with_name(
            f"{target.name}.before-restore" + (f"-{number}" if number > 1 else "")
        )
        if not any(Path(f"{aside}{suffix}").exists() for suffix in ("", "-wal", "-shm")):
            return aside
        number += 1


def _set_aside(path: Path, aside: Path) -> None:
    """Move a store away whole: what its write-ahead log alone holds goes with it."""
    path.replace(aside)
    with suppress(FileNotFoundError):
        Path(f"{path}-wal").replace(f"{aside}-wal")
    Path(f"{path}-shm").unlink(missing_ok=True)
