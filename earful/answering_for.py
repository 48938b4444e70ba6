"""What people must answer for when they run a command: written down, with the files they wrote."""

from __future__ import annotations

import getpass
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from config.errors import StoreError
from earful.app import App
from storage.store import Store
from storage.tables.audit import COMMAND, Act, AuditEntry
from storage.tables.subjects import Subject
from storage.tables.written_files import WrittenFile

log = logging.getLogger(__name__)


def note(store: Store, act: Act, what: str, now: datetime, about: str | None = None) -> None:
    """Write down what the user of this machine did."""
    store.audit.add(
        AuditEntry(at=now, actor=_user(), role=COMMAND, act=act, what=what, about=about)
    )


def note_file(
    app: App, act: Act, what: str, written: WrittenFile | None, now: datetime,
    about: str | None = None,
) -> None:  # fmt: skip
    """Write down what somebody took out of the store, and the file that it went to.

    Who may read the store and not write it may do so all the same: the log says that it is not
    written down.
    """
    try:
        with app.open_store() as store, store.write() as unit:
            note(unit, act, what, now, about)
            if written is not None:
                unit.written_files.add(written)
    except StoreError as error:
        log.warning("not in the audit: %s %s: %s", act, what, error)


def files_that_hold(store: Store, subject: Subject) -> Sequence[WrittenFile]:
    """Give the files that hold these mentions and are still there."""
    return [one for one in store.written_files.that_hold(subject) if one.path.exists()]


def told(written: WrittenFile) -> str:
    """Name a file in a line: what it is, of when, of which brand and period."""
    brand = f", {written.brand}" if written.brand else ""
    period = ""
    if written.since or written.until:
        since = f"{written.since:%Y-%m-%d}" if written.since else "the beginning"
        until = f"{written.until:%Y-%m-%d}" if written.until else "its day"
        period = f", {since} to {until}"
    return f"{written.path} ({written.kind} of {written.at:%Y-%m-%d}{brand}{period})"


def copies_beside(store_path: Path) -> list[Path]:
    """Give the older copies of a store that Earful itself put beside it."""
    found = store_path.absolute().parent.glob(f"{store_path.name}.before-*")
    return sorted(path for path in found if not path.name.endswith(("-wal", "-shm")))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"
