"""The audit: who exported, corrected, made cases, erased and signed in, and when.

It outlives what it tells of: an entry names a mention or an author in `about` alone, which is
emptied when they are erased, and never quotes a word of theirs.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from storage.database import Database
from storage.models import from_iso, iso
from storage.rows import reads
from storage.storable import mended

KEPT_FOR = timedelta(days=730)
"""So long an entry is kept, whatever else is."""

COMMAND = "command"
"""The role of whom the audit knows by a command on this machine."""


class Act(StrEnum):
    """What was done."""

    SIGNED_IN = "signed in"
    FAILED = "failed to sign in"
    SIGNED_OUT = "signed out"
    EXPORTED = "exported"
    REPORTED = "reported"
    CORRECTED = "corrected"
    MADE_CASE = "made a case"
    WORKED_CASE = "worked on a case"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One act. `role` is that of the actor, `command` where somebody ran a command.

    `about` is the id of the mention or the author that it was done to.
    """

    at: datetime
    actor: str
    role: str
    act: Act
    what: str
    about: str | None = None


class Audit:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, entry: AuditEntry) -> None:
        """Write an entry down."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO audit (at, actor, role, act, what, about) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    iso(entry.at), mended(entry.actor), entry.role, entry.act, mended(entry.what),
                    mended(entry.about) if entry.about is not None else None,
                ),
            )  # fmt: skip

    def latest(self, limit: int) -> list[AuditEntry]:
        """Give the newest entries, the newest first."""
        rows = self._database.connection.execute(
            "SELECT * FROM audit ORDER BY at DESC, id DESC LIMIT ?", (limit,)
        )
        return [_entry(row) for row in rows]

    def forget_before(self, than: datetime) -> int:
        """Delete what is older than a moment; returns how many entries that were."""
        with self._database.transaction() as connection:
            return connection.execute("DELETE FROM audit WHERE at < ?", (iso(than),)).rowcount


@reads("audit", "id")
def _entry(row: sqlite3.Row) -> AuditEntry:
    return AuditEntry(
        at=from_iso(row["at"]),
        actor=row["actor"],
        role=row["role"],
        act=Act(row["act"]),
        what=row["what"],
        about=row["about"],
    )
