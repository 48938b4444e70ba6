"""The daemon's own runs: when it started, its last heartbeat, whether it stopped cleanly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.database import Database
from storage.models import from_iso, iso


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonRun:
    pid: int
    version: str
    started_at: datetime
    heartbeat_at: datetime
    stopped_at: datetime | None


class DaemonRuns:
    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, pid: int, version: str, at: datetime) -> int:
        """Write that a daemon began; returns the run's id."""
        with self._database.transaction() as connection:
            return int(
                connection.execute(
                    "INSERT INTO daemon_runs (pid, version, started_at, heartbeat_at) "
                    "VALUES (?, ?, ?, ?) RETURNING id",
                    (pid, version, iso(at), iso(at)),
                ).fetchone()[0]
            )

    def beat(self, run_id: int, at: datetime) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE daemon_runs SET heartbeat_at = ? WHERE id = ?", (iso(at), run_id)
            )

    def stop(self, run_id: int, at: datetime) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE daemon_runs SET heartbeat_at = ?1, stopped_at = ?1 WHERE id = ?2",
                (iso(at), run_id),
            )

    def last(self) -> DaemonRun | None:
        row = self._database.connection.execute(
            "SELECT * FROM daemon_runs ORDER BY id DESC LIMIT 1"
        ).fetchone()
        if row is None:
            return None
        return DaemonRun(
            pid=row["pid"],
            version=row["version"],
            started_at=from_iso(row["started_at"]),
            heartbeat_at=from_iso(row["heartbeat_at"]),
            stopped_at=from_iso(row["stopped_at"]) if row["stopped_at"] else None,
        )
