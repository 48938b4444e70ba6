"""How the store is doing, as numbers for programs that watch it: asked often, so cheap.

All of it comes from indexes, from few rows, or from tables that are counted as rows come: at a
million mentions a reading takes milliseconds, and takes no lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.database import Database
from storage.models import AlertState
from storage.rows import moment_in

_UNSENT = (AlertState.PENDING, AlertState.SENDING, AlertState.PARKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFigures:
    """`oldest_opened_at` is of those that nobody has answered, `first_due_at` too."""

    by_state: dict[str, int]
    oldest_opened_at: datetime | None
    first_due_at: datetime | None


class Monitored:
    def __init__(self, database: Database) -> None:
        self._database = database

    def mentions(self) -> list[tuple[str, str, str, int]]:
        """Count mentions by brand, source and experience; `waiting` has none yet."""
        rows = self._database.connection.execute(
            "SELECT brand, source, CASE experience WHEN '' THEN 'waiting' ELSE experience END, "
            "sum(mentions) FROM voice_cells GROUP BY 1, 2, 3"
        )
        return [tuple(row) for row in rows]

    def unsent(self) -> dict[str, int]:
        """Count the alerts that Slack does not have yet, by state."""
        found = self._database.connection.execute(
            "SELECT state, count(*) FROM alerts "
            "WHERE state IN ('pending', 'sending', 'parked') GROUP BY state"
        )
        counts = {str(state): int(number) for state, number in found}
        return {state.value: counts.get(state.value, 0) for state in _UNSENT}

    def cases(self) -> CaseFigures:
        """Count the cases that are not over, and tell how old the oldest unanswered one is."""
        connection = self._database.connection
        states = {"open": 0, "claimed": 0, "responded": 0}
        for state in states:
            states[state] = connection.execute(
                "SELECT count(*) FROM cases WHERE state = ?", (state,)
            ).fetchone()[0]
        return CaseFigures(
            by_state=states,
            oldest_opened_at=self._first_of_unanswered("opened_at"),
            first_due_at=self._first_of_unanswered("due_at"),
        )

    def _first_of_unanswered(self, column: str) -> datetime | None:
        row = self._database.connection.execute(
            f"SELECT min({column}) FROM cases "
            "WHERE state IN ('open', 'claimed') AND snoozed_until IS NULL"
        ).fetchone()
        return moment_in(row, "cases", column)

    def last_backup(self) -> datetime | None:
        """Tell when the store was last copied by `earful backup`."""
        row = self._database.connection.execute(
            "SELECT max(written_at) FROM written_files WHERE kind = 'backup'"
        ).fetchone()
        return moment_in(row, "written_files", "written_at")

    def sources(self) -> list[dict[str, Any]]:
        """Give the standing of each target that a crawl has judged."""
        rows = self._database.connection.execute(
            "SELECT brand, source, target, state, failures FROM source_states"
        )
        return [dict(row) for row in rows]
