"""Cases: complaints that somebody must answer, and what happened to them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

from config.errors import InputError
from storage.database import Database
from storage.models import (
    Case,
    CaseEvent,
    CaseEventKind,
    CaseFile,
    CaseMove,
    CaseState,
    Mention,
    Mute,
    NewCase,
    from_iso,
    iso,
)
from storage.rows import Unreadable, pass_over, read_each, reads
from storage.tables.case_file import (
    Applied,
    apply_move,
    case_file,
    case_from,
    count_answers,
    event_from,
    find_case,
    is_first_click,
    is_known_click,
    open_case,
)
from storage.tables.mention_rows import SELECT_MENTION, mention_from

_EVENTS = {
    CaseState.OPEN: CaseEventKind.OPENED,
    CaseState.CLAIMED: CaseEventKind.CLAIMED,
    CaseState.RESPONDED: CaseEventKind.RESPONDED,
    CaseState.CLOSED: CaseEventKind.CLOSED,
    CaseState.DISMISSED: CaseEventKind.DISMISSED,
}


@reads("mentions", elsewhere={"replied_at": ("mentions", "owner_replied_at", "id", "mention_id")})
def _replied_at(row: sqlite3.Row) -> datetime:
    return from_iso(row["replied_at"])


@reads("mutes", "author_id")
def _mute(row: sqlite3.Row) -> Mute:
    return Mute(
        author_id=row["author_id"],
        author=row["author"],
        brand=row["brand"],
        by=row["muted_by"],
        at=from_iso(row["muted_at"]),
    )


class Cases:
    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, case_id: int) -> Case | None:
        row = self._database.connection.execute(
            "SELECT * FROM cases WHERE id = ?", (case_id,)
        ).fetchone()
        return case_from(row) if row else None

    def unanswered(self, unreadable: Unreadable = pass_over) -> list[Case]:
        """Give open and claimed cases, the one due first at the top.

        What cannot be read is passed over; `unreadable` is told of it.
        """
        return self.in_states((CaseState.OPEN, CaseState.CLAIMED), unreadable=unreadable)

    def in_states(
        self,
        states: Sequence[CaseState],
        brand: str | None = None,
        limit: int = -1,
        *,
        unreadable: Unreadable | None = None,
    ) -> list[Case]:
        """Give cases in any of the states, the one due first at the top; see `read_each`."""
        marks = ", ".join("?" * len(states))
        rows = self._database.connection.execute(
            f"SELECT * FROM cases WHERE state IN ({marks}) AND (? IS NULL OR brand = ?) "
            "ORDER BY due_at, id LIMIT ?",
            (*states, brand, brand, limit),
        )
        return read_each(rows, case_from, unreadable)

    def file(self, mention_id: str) -> CaseFile | None:
        """Gather all that a case's message shows, by its mention or one that joined it."""
        return case_file(self._database.connection, mention_id)

    def events(self, case_id: int) -> list[CaseEvent]:
        """Give what happened to a case, the first event first."""
        rows = self._database.connection.execute(
            "SELECT * FROM case_events WHERE case_id = ? ORDER BY id", (case_id,)
        )
        return [event_from(row) for row in rows]

    def of_mention(self, mention_id: str) -> Case | None:
        return find_case(self._database.connection, mention_id)

    def counts(self, now: datetime) -> dict[str, int]:
        """Count cases by state, and the unanswered ones past their due time as `overdue`.

        What waits for the customer is not overdue.
        """
        rows = self._database.connection.execute(
            "SELECT state, count(*) FROM cases GROUP BY state"
        )
        counts = {state.value: 0 for state in CaseState} | dict(iter(map(tuple, rows)))
        counts["overdue"] = self._database.connection.execute(
            "SELECT count(*) FROM cases WHERE state IN ('open', 'claimed') AND due_at < ? "
            "AND snoozed_until IS NULL",
            (iso(now),),
        ).fetchone()[0]
        return counts

    def open_new(self, cases: Iterable[NewCase]) -> int:
        """Open cases for mentions that have none and are part of none; returns how many.

        A mention has one case for ever: an edited complaint finds the case that it has.
        """
        with self._database.transaction() as connection:
            return sum(open_case(connection, case) for case in cases)

    def apply(self, move: CaseMove) -> Applied:
        """Carry out one move: the case and its history. Safe to repeat."""
        with self._database.transaction() as connection:
            return apply_move(connection, move)

    def move(
        self, case_id: int, state: CaseState, *, actor: str, at: datetime, note: str | None = None
    ) -> Case:
        """Move a case, telling nobody; moving it where it is changes nothing."""
        case = self.get(case_id)
        if case is None:
            raise InputError(f"case {case_id}: there is none: see the view `open_cases`")
        moved = self.apply(
            CaseMove(
                mention_id=case.mention_id,
                event=_EVENTS[state],
                to=state,
                actor=actor,
                at=at,
                note=note,
            )
        )
        if moved.refused and case.state is not state:
            raise InputError(moved.refused)
        return moved.case or case

    def of_authors(self, mentions: Sequence[Mention], since: datetime) -> dict[str, Case]:
        """Give each author's newest case of the brand that something was added to since then."""
        newest: dict[str, Case] = {}
        wanted = sorted({(m.author_id, m.brand) for m in mentions if m.author_id})
        # CROSS: from the author, who has few mentions; a brand may have thousands of cases.
        for author_id, brand in wanted:
            row = self._database.connection.execute(
                """
                SELECT k.*, max(k.opened_at, coalesce(max(j.joined_at), k.opened_at)) AS last_at
                FROM mentions m CROSS JOIN cases k ON k.mention_id = m.id
                LEFT JOIN case_mentions j ON j.case_id = k.id
                WHERE m.author_id = ?1 AND m.brand = ?2 AND k.brand = ?2
                GROUP BY k.id HAVING last_at >= ? ORDER BY last_at DESC, k.id DESC LIMIT 1
                """,
                (author_id, brand, iso(since)),
            ).fetchone()
            if row is not None and author_id is not None:
                newest[author_id] = case_from(row)
        return newest

    def of_mentions(self, mention_ids: Sequence[str]) -> dict[str, Case]:
        """Give the case of each mention that has one or joined one."""
        connection = self._database.connection
        return {
            mention_id: case
            for mention_id in mention_ids
            if (case := find_case(connection, mention_id)) is not None
        }

    def answers(self, mention_ids: Iterable[str]) -> dict[str, int]:
        """Count the public answers that each mention's author had in its thread so far."""
        connection = self._database.connection
        answers = {}
        for mention_id in mention_ids:
            row = connection.execute(
                "SELECT * FROM mentions WHERE id = ?", (mention_id,)
            ).fetchone()
            if row is not None:
                answers[mention_id] = count_answers(connection, row)
        return answers

    def dismissed(self, brand: str, since: datetime, limit: int = 500) -> list[Mention]:
        """Give the mentions whose case people called none since a moment, the newest first."""
        rows = self._database.connection.execute(
            f"{SELECT_MENTION} JOIN cases k ON k.mention_id = m.id WHERE k.brand = ? "
            "AND k.state = 'dismissed' "
            "AND coalesce(k.outcome, '') NOT IN "
            "('wrong_label', 'not_about_us', 'competitor') "
            "AND k.closed_at >= ? ORDER BY k.closed_at DESC LIMIT ?",
            (brand, iso(since), limit),
        )
        return [mention_from(row) for row in rows]

    def newly_answered(self) -> list[tuple[Case, datetime]]:
        """Give unanswered cases to which the owner has publicly replied since, and when.

        A reply to an older text, or one that was seen before, is no answer.
        """
        rows = self._database.connection.execute(
            """
            SELECT k.*, max(m.owner_replied_at) AS replied_at
            FROM cases k
            JOIN mentions m ON m.id = k.mention_id
                OR m.id IN (SELECT mention_id FROM case_mentions WHERE case_id = k.id)
            WHERE k.state IN ('open', 'claimed') AND m.owner_replied_at IS NOT NULL
                AND m.owner_replied_at >= coalesce(m.edited_at, m.owner_replied_at)
                AND m.owner_replied_at > coalesce(k.reply_seen_at, '')
                AND m.owner_replied_at >= coalesce((
                    SELECT max(coalesce(n.created_at, j.joined_at))
                    FROM case_mentions j JOIN mentions n ON n.id = j.mention_id
                    WHERE j.case_id = k.id
                ), '')
            GROUP BY k.id ORDER BY k.id
            """
        )
        return [(case_from(row), _replied_at(row)) for row in rows]

    def of_author(self, author_id: str, brand: str) -> list[Case]:
        """Give all cases of an author about a brand, the oldest first."""
        rows = self._database.connection.execute(
            "SELECT k.* FROM cases k JOIN mentions m ON m.id = k.mention_id "
            "WHERE m.author_id = ? AND k.brand = ? ORDER BY k.id",
            (author_id, brand),
        )
        return [case_from(row) for row in rows]

    def name_of(self, user_id: str) -> str | None:
        """Give the name under which a Slack user acted last; None where they never did."""
        row = self._database.connection.execute(
            "SELECT actor FROM case_events WHERE actor_id = ? AND actor <> actor_id "
            "ORDER BY id DESC LIMIT 1",
            (user_id,),
        ).fetchone()
        return str(row["actor"]) if row else None

    def user_id_of(self, name: str) -> str | None:
        """Give the Slack user who acted last under a name; None where nobody did."""
        row = self._database.connection.execute(
            "SELECT actor_id FROM case_events WHERE actor = ? AND actor_id IS NOT NULL "
            "ORDER BY id DESC LIMIT 1",
            (name,),
        ).fetchone()
        return str(row["actor_id"]) if row else None

    def knows_click(self, click: str) -> bool:
        return is_known_click(self._database.connection, click)

    def is_first(self, click: str, at: datetime) -> bool:
        """Write down what somebody did; False where it is done already.

        To be asked inside the transaction that does it: what fails is not written down.
        """
        with self._database.transaction() as connection:
            return is_first_click(connection, click, at)

    def overdue_told(self, brand: str, now: datetime) -> int:
        """Count the cases of a brand that were told to be overdue on this UTC day."""
        row = self._database.connection.execute(
            "SELECT count(*) FROM cases WHERE brand = ? AND overdue_told_at >= ?",
            (brand, iso(now)[:10]),
        ).fetchone()
        return int(row[0])

    def mute(
        self, author_id: str, brand: str, *, by: str, by_id: str | None, at: datetime
    ) -> bool:
        """Let nothing of an author about a brand alert any more; False if it was so."""
        with self._database.transaction() as connection:
            return bool(
                connection.execute(
                    "INSERT INTO mutes (author_id, brand, muted_by, muted_by_id, muted_at) "
                    "SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS (SELECT 1 FROM authors WHERE id = ?1) "
                    "ON CONFLICT DO NOTHING",
                    (author_id, brand, by, by_id, iso(at)),
                ).rowcount
            )

    def unmute(self, author_id: str, brand: str) -> bool:
        with self._database.transaction() as connection:
            return bool(
                connection.execute(
                    "DELETE FROM mutes WHERE author_id = ? AND brand = ?", (author_id, brand)
                ).rowcount
            )

    def mutes(self) -> list[Mute]:
        """Give all muted authors, the last one first."""
        rows = self._database.connection.execute(
            "SELECT u.author_id, u.brand, u.muted_by, u.muted_at, a.name AS author "
            "FROM mutes u JOIN authors a ON a.id = u.author_id "
            "ORDER BY u.muted_at DESC, u.author_id, u.brand"
        )
        return [_mute(row) for row in rows]

    def muted(self, brand: str) -> frozenset[str]:
        """Give the ids of a brand's muted authors."""
        rows = self._database.connection.execute(
            "SELECT author_id FROM mutes WHERE brand = ?", (brand,)
        )
        return frozenset(row[0] for row in rows)
