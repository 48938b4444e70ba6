"""Who took and who answered cases, and how fast: measured once, for digests and for queries."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from storage.database import Database
from storage.models import AnswerTime, Case, CaseState, FirstAnswer, Take, from_iso, iso
from storage.rows import Unreadable, read_each, reads
from storage.tables.case_file import case_from

_CHANNEL = """
    (SELECT channel FROM alerts WHERE dedupe_key = complaint_key(k.mention_id)) AS channel
"""
_BY_CLAIM = (CaseState.RESPONDED, CaseState.CLOSED)


class AnswerTimes:
    def __init__(self, database: Database) -> None:
        self._database = database

    def unmeasured(self, limit: int, unreadable: Unreadable | None = None) -> list[FirstAnswer]:
        """Give answered cases without a time, the one answered first at the top."""
        rows = self._database.connection.execute(
            f"""
            SELECT k.*, {_CHANNEL} FROM cases k
            WHERE k.responded_at IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM answer_times WHERE case_id = k.id)
            ORDER BY k.responded_at, k.id LIMIT ?
            """,
            (limit,),
        ).fetchall()
        return read_each(rows, self._first_answer, unreadable)

    def untold_takes(self, limit: int, unreadable: Unreadable | None = None) -> list[Case]:
        """Give cases whose present claim is not written down yet."""
        rows = self._database.connection.execute(
            """
            SELECT k.* FROM cases k
            WHERE k.claimed_at IS NOT NULL AND k.claimed_by IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM case_takes WHERE case_id = k.id AND taken_at = k.claimed_at
            ) ORDER BY k.id LIMIT ?
            """,
            (limit,),
        ).fetchall()
        return read_each(rows, case_from, unreadable)

    def channel_of(self, case_id: int) -> str | None:
        """Name the channel that has a case's message."""
        row = self._database.connection.execute(
            f"SELECT {_CHANNEL} FROM cases k WHERE k.id = ?", (case_id,)
        ).fetchone()
        return row["channel"] if row else None

    def add(self, answers: Iterable[AnswerTime] = (), takes: Iterable[Take] = ()) -> int:
        """Write what was measured; what is there already stays. Returns how many are new."""
        with self._database.transaction() as connection:
            added = 0
            for one in answers:
                added += connection.execute(
                    "INSERT INTO answer_times (case_id, brand, team, answered_by, answered_by_id, "
                    "answered_at, answered_on, business_s, in_time) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    (
                        one.case_id, one.brand, one.team, one.by, one.by_id,
                        iso(one.answered_at), one.answered_on.isoformat(),
                        round(one.business.total_seconds()), one.in_time,
                    ),
                ).rowcount  # fmt: skip
            for take in takes:
                added += connection.execute(
                    "INSERT INTO case_takes (case_id, brand, team, taken_by, taken_by_id, "
                    "taken_at, taken_on) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    (
                        take.case_id, take.brand, take.team, take.by, take.by_id,
                        iso(take.taken_at), take.taken_on.isoformat(),
                    ),
                ).rowcount  # fmt: skip
            return added

    def answered(self, brand: str, since: datetime, until: datetime) -> list[AnswerTime]:
        """Give the first answers of a period, without those to cases that were none."""
        rows = self._database.connection.execute(
            "SELECT t.* FROM answer_times t JOIN cases k ON k.id = t.case_id "
            "WHERE t.brand = ? AND t.answered_at >= ? AND t.answered_at < ? "
            "AND k.state <> 'dismissed' ORDER BY t.answered_at, t.case_id",
            (brand, iso(since), iso(until)),
        )
        return [_answer_time(row) for row in rows]

    def taken(self, brand: str, since: datetime, until: datetime) -> list[Take]:
        """Give the claims of a period, without those of cases that were none."""
        rows = self._database.connection.execute(
            "SELECT t.* FROM case_takes t JOIN cases k ON k.id = t.case_id "
            "WHERE t.brand = ? AND t.taken_at >= ? AND t.taken_at < ? "
            "AND k.state <> 'dismissed' ORDER BY t.taken_at, t.case_id",
            (brand, iso(since), iso(until)),
        )
        return [_take(row) for row in rows]

    def _first_answer(self, row: sqlite3.Row) -> FirstAnswer:
        case = case_from(row)
        assert case.responded_at is not None  # the query asks for it
        by, by_id = self._who(case, case.responded_at)
        return FirstAnswer(
            case=case,
            answered_at=case.responded_at,
            by=by,
            by_id=by_id,
            channel=row["channel"],
            waits=tuple(self._waits(case, case.responded_at)),
        )

    def _who(self, case: Case, answered_at: datetime) -> tuple[str | None, str | None]:
        """Name who had claimed a case when it was answered, else who said that it is."""
        connection = self._database.connection
        if case.state in _BY_CLAIM and case.claimed_by is not None:
            return case.claimed_by, case.claimed_by_id
        if case.state not in _BY_CLAIM:
            # It was opened again since, which ended the claim.
            row = connection.execute(
                "SELECT taken_by, taken_by_id FROM case_takes WHERE case_id = ? AND taken_at <= ? "
                "ORDER BY taken_at DESC LIMIT 1",
                (case.id, iso(answered_at)),
            ).fetchone()
            if row is not None:
                return row["taken_by"], row["taken_by_id"]
        row = connection.execute(
            "SELECT event, actor, actor_id FROM case_events "
            "WHERE case_id = ? AND event IN ('responded', 'answered') ORDER BY id LIMIT 1",
            (case.id,),
        ).fetchone()
        if row is None or row["event"] == "answered":
            return None, None
        return row["actor"], row["actor_id"]

    def _waits(self, case: Case, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Give the spans before a moment in which a case was snoozed, so waited for others."""
        rows = self._database.connection.execute(
            "SELECT id, at, event FROM case_events WHERE case_id = ? AND at < ? "
            "AND event IN ('snoozed', 'woken') ORDER BY at, id",
            (case.id, iso(until)),
        )
        began: datetime | None = None
        for row in rows:
            at = _event_at(row)
            if row["event"] == "snoozed":
                began = began or at
            elif began is not None:
                yield began, at
                began = None
        if began is not None:
            yield began, until


@reads("case_events")
def _event_at(row: sqlite3.Row) -> datetime:
    return from_iso(row["at"])


@reads("answer_times", "case_id")
def _answer_time(row: sqlite3.Row) -> AnswerTime:
    return AnswerTime(
        case_id=row["case_id"],
        brand=row["brand"],
        team=row["team"],
        answered_at=from_iso(row["answered_at"]),
        answered_on=date.fromisoformat(row["answered_on"]),
        business=timedelta(seconds=row["business_s"]),
        in_time=bool(row["in_time"]),
        by=row["answered_by"],
        by_id=row["answered_by_id"],
    )


@reads("case_takes", "case_id")
def _take(row: sqlite3.Row) -> Take:
    return Take(
        case_id=row["case_id"],
        brand=row["brand"],
        team=row["team"],
        taken_at=from_iso(row["taken_at"]),
        taken_on=date.fromisoformat(row["taken_on"]),
        by=row["taken_by"],
        by_id=row["taken_by_id"],
    )
