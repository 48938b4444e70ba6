"""The daemon's own runs: start, heartbeat, whether it stopped cleanly, and its calendar."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.database import Database
from storage.models import from_iso, iso
from storage.rows import reads


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonRun:
    pid: int
    version: str
    started_at: datetime
    heartbeat_at: datetime
    stopped_at: datetime | None
    # The new time of a clock that was set under it, and by how much.
    clock_set_at: datetime | None = None
    clock_step: timedelta | None = None
    # Which config it goes by, and since when.
    config_mark: str | None = None
    config_read_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutineTimes:
    """When a routine ran last and runs next; None where that is not known."""

    name: str
    next_at: datetime | None
    last_at: datetime | None


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

    def beat(
        self, run_id: int, at: datetime, next_runs: Mapping[str, datetime | None] | None = None
    ) -> None:
        """Write that the daemon lives, and when each of its routines runs next."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE daemon_runs SET heartbeat_at = ? WHERE id = ?", (iso(at), run_id)
            )
            if next_runs is None:
                return
            # What is no longer in the calendar goes; when the others last ran stays.
            known = {row[0] for row in connection.execute("SELECT name FROM routines")}
            connection.executemany(
                "DELETE FROM routines WHERE name = ?", [(one,) for one in known - set(next_runs)]
            )
            connection.executemany(
                "INSERT INTO routines (name, next_at) VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at",
                [(name, iso(next_at) if next_at else None) for name, next_at in next_runs.items()],
            )

    def ran(self, routine: str, at: datetime) -> None:
        """Write that a routine of the calendar was carried out."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO routines (name, last_at) VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET last_at = excluded.last_at",
                (routine, iso(at)),
            )

    def routines(self) -> list[RoutineTimes]:
        """Give the calendar as the daemon last wrote it, by name."""
        rows = self._database.connection.execute("SELECT * FROM routines ORDER BY name")
        return [_times(row) for row in rows]

    def clock_set(self, run_id: int, step: timedelta, at: datetime) -> None:
        """Write that the clock was set by `step`, to `at`: no run begins later than now."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE daemon_runs SET heartbeat_at = ?1, started_at = min(started_at, ?1), "
                "clock_set_at = ?1, clock_step_s = ?3 WHERE id = ?2",
                (iso(at), run_id, step.total_seconds()),
            )

    def goes_by(self, run_id: int, config_mark: str, at: datetime) -> None:
        """Write which config the daemon goes by from now on."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE daemon_runs SET config_mark = ?, config_read_at = ? WHERE id = ?",
                (config_mark, iso(at), run_id),
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
        return _run(row) if row else None

    def before_last(self) -> DaemonRun | None:
        """Give the run before the last one."""
        row = self._database.connection.execute(
            "SELECT * FROM daemon_runs ORDER BY id DESC LIMIT 1 OFFSET 1"
        ).fetchone()
        return _run(row) if row else None


@reads("routines", "name")
def _times(row: sqlite3.Row) -> RoutineTimes:
    return RoutineTimes(
        name=row["name"],
        next_at=_moment(row["next_at"]),
        last_at=_moment(row["last_at"]),
    )


@reads("daemon_runs")
def _run(row: sqlite3.Row) -> DaemonRun:
    return DaemonRun(
        pid=row["pid"],
        version=row["version"],
        started_at=from_iso(row["started_at"]),
        heartbeat_at=from_iso(row["heartbeat_at"]),
        stopped_at=_moment(row["stopped_at"]),
        clock_set_at=_moment(row["clock_set_at"]),
        clock_step=_seconds(row["clock_step_s"]),
        config_mark=row["config_mark"],
        config_read_at=_moment(row["config_read_at"]),
    )


def _moment(text: str | None) -> datetime | None:
    return from_iso(text) if text else None


def _seconds(number: float | None) -> timedelta | None:
    return None if number is None else timedelta(seconds=number)
