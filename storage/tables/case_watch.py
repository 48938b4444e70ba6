"""What changes a case without anybody's act: its text goes or comes back, its wait is over."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from storage.database import Database
from storage.models import Case, CaseEventKind, iso
from storage.models.dedupe_keys import complaint_key
from storage.rows import pass_over, read_each
from storage.tables.case_file import case_from

# The author's own words since the case was snoozed: a further complaint, an edit, or any other
# word in the same thread.
_CUSTOMER_SPOKE = """
    EXISTS (
        SELECT 1 FROM case_events e WHERE e.case_id = k.id AND e.event IN ('joined', 'edited')
            AND e.id > s.id
    ) OR EXISTS (
        SELECT 1 FROM mentions r JOIN mentions m ON m.author_id = r.author_id
        WHERE r.id = k.mention_id AND m.brand = r.brand AND m.fetched_at > s.at
            AND m.parent_id IN (r.id, r.parent_id)
    )
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """A waiting case whose text is gone from its source; `whole`: nothing of it is left there."""

    case: Case
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ToWake:
    """A snoozed case whose wait is over; `customer_spoke` says that its author ended it."""

    case: Case
    customer_spoke: bool


class CaseWatch:
    def __init__(self, database: Database) -> None:
        self._database = database

    def taken_back(self) -> list[TakenBack]:
        """Give waiting cases whose text was deleted at its source since that was last written.

        A case is whole where each further complaint that joined it is deleted too.
        """
        rows = self._database.connection.execute(
            """
            WITH gone AS (
                SELECT k.id, min(m.deleted_at IS NOT NULL) AS whole, max(m.deleted_at) AS at,
                    (
                        SELECT max(e.id) FROM case_events e
                        WHERE e.case_id = k.id AND e.event IN (:withdrawn, :returned)
                    ) AS last
                FROM cases k
                JOIN mentions r ON r.id = k.mention_id AND r.deleted_at IS NOT NULL
                JOIN mentions m ON m.id = k.mention_id
                    OR m.id IN (SELECT mention_id FROM case_mentions WHERE case_id = k.id)
                WHERE k.state IN ('open', 'claimed') GROUP BY k.id
            )
            SELECT k.*, g.whole FROM gone g JOIN cases k ON k.id = g.id
            LEFT JOIN case_events e ON e.id = g.last
            WHERE e.event IS NOT :withdrawn OR (g.whole AND g.at > e.at)
            ORDER BY k.id
            """,
            {"withdrawn": CaseEventKind.WITHDRAWN, "returned": CaseEventKind.RETURNED},
        )
        return read_each(rows, _taken_back, pass_over)

    def back_again(self) -> list[Case]:
        """Give cases that were told to be taken back, and whose complaint stands there again.

        One that people ended meanwhile stays as it is; so does one whose text was changed into
        what is no complaint.
        """
        rows = self._database.connection.execute(
            f"""
            SELECT k.* FROM case_events e CROSS JOIN cases k ON k.id = e.case_id
            CROSS JOIN voice v ON v.id = k.mention_id
            WHERE e.event = '{CaseEventKind.WITHDRAWN}' AND v.deleted_at IS NULL
                AND NOT EXISTS (
                    SELECT 1 FROM case_events WHERE case_id = k.id AND id > e.id
                        AND event IN ('{CaseEventKind.WITHDRAWN}', '{CaseEventKind.RETURNED}')
                )
                AND (k.state IN ('open', 'claimed') OR k.outcome = 'withdrawn')
                AND (v.experience = 'angry' OR coalesce(v.edited_at, '') <= e.at)
            ORDER BY k.id
            """
        )
        return read_each(rows, case_from, pass_over)

    def post_after_all(self, mention_id: str) -> bool:
        """Let the message of a case go that was dropped because its text was taken back.

        True where there is one that Slack never had.
        """
        with self._database.transaction() as connection:
            return bool(
                connection.execute(
                    "UPDATE alerts SET state = 'pending' WHERE dedupe_key = ? "
                    "AND state = 'dropped' AND slack_ts IS NULL AND NOT may_be_posted",
                    (complaint_key(mention_id),),
                ).rowcount
            )

    def to_wake(self, now: datetime) -> list[ToWake]:
        """Give snoozed cases whose time has come, or whose author has written again."""
        rows = self._database.connection.execute(
            f"""
            SELECT k.*, ({_CUSTOMER_SPOKE}) AS customer_spoke
            FROM cases k JOIN case_events s ON s.id = (
                SELECT max(id) FROM case_events WHERE case_id = k.id AND event = 'snoozed'
            )
            WHERE k.snoozed_until IS NOT NULL AND k.state IN ('open', 'claimed')
                AND (k.snoozed_until <= ? OR {_CUSTOMER_SPOKE})
            ORDER BY k.id
            """,
            (iso(now),),
        )
        return read_each(rows, _to_wake, pass_over)


def _taken_back(row: sqlite3.Row) -> TakenBack:
    return TakenBack(case=case_from(row), whole=bool(row["whole"]))


def _to_wake(row: sqlite3.Row) -> ToWake:
    return ToWake(case=case_from(row), customer_spoke=bool(row["customer_spoke"]))
