"""The ladder: which steps of its escalation each case has come to, and by which message."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from datetime import datetime

from storage.database import Database
from storage.models import CaseEventKind, Incident, LadderStep, from_iso, iso
from storage.models.dedupe_keys import complaint_key
from storage.rows import pass_over, read_each, reads
from storage.tables.incidents import incident_from


class Ladder:
    def __init__(self, database: Database) -> None:
        self._database = database

    def climbed(self) -> dict[int, list[LadderStep]]:
        """Give the steps of unanswered cases for the due times that they have now, in order."""
        rows = self._database.connection.execute(
            """
            SELECT s.* FROM ladder_steps s JOIN cases k ON k.id = s.case_id
            WHERE k.state IN ('open', 'claimed') AND s.due_at = k.due_at ORDER BY s.id
            """
        )
        steps: dict[int, list[LadderStep]] = defaultdict(list)
        for step in read_each(rows, _step_from, pass_over):
            steps[step.case_id].append(step)
        return dict(steps)

    def add(self, step: LadderStep) -> bool:
        """Write a step; False where it was written before."""
        with self._database.transaction() as connection:
            return bool(
                connection.execute(
                    """
                    INSERT INTO ladder_steps
                        (case_id, due_at, step, owner, place, at, line, message)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                    """,
                    (
                        step.case_id, iso(step.due_at), step.step, step.owner, step.place,
                        iso(step.at), step.line, step.message,
                    ),
                ).rowcount
            )  # fmt: skip

    def waits(self) -> dict[int, list[tuple[datetime, datetime]]]:
        """Give when unanswered cases waited for the customer past their due time."""
        rows = self._database.connection.execute(
            """
            SELECT e.id, e.case_id, e.event, e.at FROM case_events e
            JOIN cases k ON k.id = e.case_id
            WHERE k.state IN ('open', 'claimed') AND e.event IN ('snoozed', 'woken')
                AND e.at > k.due_at ORDER BY e.id
            """
        )
        waits: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
        since: dict[int, datetime] = {}
        for row in rows:
            case_id, at = row["case_id"], _at(row)
            if row["event"] == CaseEventKind.SNOOZED:
                since.setdefault(case_id, at)
            elif case_id in since:
                waits[case_id].append((since.pop(case_id), at))
        return dict(waits)

    def lines_since(self, since: datetime) -> dict[str, str]:
        """Give the messages about many cases that were begun since a moment, by their lines."""
        rows = self._database.connection.execute(
            """
            SELECT s.line, s.message FROM ladder_steps s
            WHERE s.line IS NOT NULL AND s.at >= ?1 AND NOT EXISTS (
                SELECT 1 FROM ladder_steps o WHERE o.message = s.message AND o.at < ?1
            ) GROUP BY s.line, s.message ORDER BY min(s.id)
            """,
            (iso(since),),
        )
        return {row["line"]: row["message"] for row in rows}

    def gathered(self, message: str) -> list[str]:
        """Name the complaints of a message whose cases wait, the one due first at the top."""
        rows = self._database.connection.execute(
            """
            SELECT DISTINCT k.mention_id, k.due_at, k.id FROM ladder_steps s
            JOIN cases k ON k.id = s.case_id AND k.due_at = s.due_at
            WHERE s.message = ? AND k.state IN ('open', 'claimed') AND k.snoozed_until IS NULL
            ORDER BY k.due_at, k.id
            """,
            (message,),
        )
        return [row["mention_id"] for row in rows]

    def channels(self) -> dict[int, str]:
        """Give the channel of each unanswered case's message; none where it has no message."""
        rows = self._database.connection.execute(
            """
            SELECT k.id, a.channel FROM cases k
            JOIN alerts a ON a.dedupe_key = ? || k.mention_id AND a.state <> 'dropped'
            WHERE k.state IN ('open', 'claimed')
            """,
            (complaint_key(""),),
        )
        return {row["id"]: row["channel"] for row in rows}

    def incidents(self) -> dict[int, Incident]:
        """Give the incident of each unanswered case that belongs to one, by the case's id."""
        rows = self._database.connection.execute(
            "SELECT i.*, k.id AS case_id FROM cases k JOIN incidents i ON i.id = k.incident_id "
            "WHERE k.state IN ('open', 'claimed')"
        )
        return {row["case_id"]: incident_from(row) for row in rows}


@reads("case_events")
def _at(row: sqlite3.Row) -> datetime:
    return from_iso(row["at"])


@reads("ladder_steps")
def _step_from(row: sqlite3.Row) -> LadderStep:
    return LadderStep(
        case_id=row["case_id"],
        due_at=from_iso(row["due_at"]),
        step=row["step"],
        owner=row["owner"],
        place=row["place"],
        at=from_iso(row["at"]),
        message=row["message"],
        line=row["line"],
    )
