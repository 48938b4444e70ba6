"""Cases: complaints that somebody must answer, and what happened to them."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from config.errors import InputError
from storage.database import Database
from storage.models import Case, CaseState, from_iso, iso

# From each state, where a case may go.
_OPEN, _CLAIMED, _RESPONDED, _CLOSED, _DISMISSED = CaseState
MOVES = {
    _OPEN: (_CLAIMED, _RESPONDED, _CLOSED, _DISMISSED),
    _CLAIMED: (_OPEN, _RESPONDED, _CLOSED, _DISMISSED),
    _RESPONDED: (_OPEN, _CLOSED),
    _CLOSED: (_OPEN,),
    _DISMISSED: (_OPEN,),
}


class Cases:
    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, case_id: int) -> Case | None:
        row = self._database.connection.execute(
            "SELECT * FROM cases WHERE id = ?", (case_id,)
        ).fetchone()
        return _case(row) if row else None

    def unanswered(self) -> list[Case]:
        """Give open and claimed cases, the one due first at the top."""
        rows = self._database.connection.execute(
            "SELECT * FROM cases WHERE state IN ('open', 'claimed') ORDER BY due_at, id"
        )
        return [_case(row) for row in rows]

    def counts(self, now: datetime) -> dict[str, int]:
        """Count cases by state, and the unanswered ones past their due time as `overdue`."""
        rows = self._database.connection.execute(
            "SELECT state, count(*) FROM cases GROUP BY state"
        )
        found = {state.value: 0 for state in CaseState} | dict(iter(map(tuple, rows)))
        found["overdue"] = self._database.connection.execute(
            "SELECT count(*) FROM cases WHERE state IN ('open', 'claimed') AND due_at < ?",
            (iso(now),),
        ).fetchone()[0]
        return found

    def move(
        self, case_id: int, state: CaseState, *, actor: str, at: datetime, note: str | None = None
    ) -> Case:
        """Move a case and write down who did it; moving it where it is changes nothing."""
        with self._database.transaction() as connection:
            row = connection.execute("SELECT * FROM cases WHERE id = ?", (case_id,)).fetchone()
            if row is None:
                raise InputError(f"case {case_id}: there is none: see the view `open_cases`")
            case = _case(row)
            if case.state == state:
                return case
            if state not in MOVES[case.state]:
                allowed = ", ".join(MOVES[case.state])
                raise InputError(
                    f"case {case_id}: is {case.state} and cannot become {state}: it can become "
                    f"{allowed}"
                )
            connection.execute(
                """
                UPDATE cases SET state = :state,
                    claimed_by = CASE :state WHEN 'claimed' THEN :actor
                        WHEN 'open' THEN NULL ELSE claimed_by END,
                    claimed_at = CASE :state WHEN 'claimed' THEN :at
                        WHEN 'open' THEN NULL ELSE claimed_at END,
                    responded_at = CASE WHEN :state = 'responded' THEN coalesce(responded_at, :at)
                        ELSE responded_at END,
                    closed_at = CASE WHEN :state IN ('closed', 'dismissed') THEN :at
                        WHEN :state = 'open' THEN NULL ELSE closed_at END
                WHERE id = :id
                """,
                {"state": state, "actor": actor, "at": iso(at), "id": case_id},
            )
            connection.execute(
                "INSERT INTO case_events (case_id, at, event, actor, note) VALUES (?, ?, ?, ?, ?)",
                (case_id, iso(at), state, actor, note),
            )
            return _case(
                connection.execute("SELECT * FROM cases WHERE id = ?", (case_id,)).fetchone()
            )


def _case(row: sqlite3.Row) -> Case:
    def moment(name: str) -> datetime | None:
        return from_iso(row[name]) if row[name] else None

    return Case(
        id=row["id"],
        mention_id=row["mention_id"],
        brand=row["brand"],
        state=CaseState(row["state"]),
        opened_at=from_iso(row["opened_at"]),
        due_at=from_iso(row["due_at"]),
        claimed_by=row["claimed_by"],
        claimed_at=moment("claimed_at"),
        responded_at=moment("responded_at"),
        closed_at=moment("closed_at"),
    )
