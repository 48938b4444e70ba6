"""What happens to a case, written inside a running transaction: the only way a case moves."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.models import (
    AlertKind,
    Case,
    CaseEvent,
    CaseEventKind,
    CaseFile,
    CaseMove,
    CaseOutcome,
    CaseState,
    NewCase,
    from_iso,
    iso,
)
from storage.models.dedupe_keys import complaint_key
from storage.rows import reads
from storage.tables.case_events import trackers_of, write_case_event
from storage.tables.competitors import IS_COMPETITOR
from storage.tables.mention_rows import SELECT_MENTION, mention_from
from storage.tables.replies import latest_reply, note_by_hand
from storage.tables.voice_rows import (
    SELECT_VOICE,
    author_history,
    translation_from,
    verdict_from,
)

# From each state, where a case may go.
_OPEN, _CLAIMED, _RESPONDED, _CLOSED, _DISMISSED = CaseState
MOVES = {
    _OPEN: (_CLAIMED, _RESPONDED, _CLOSED, _DISMISSED),
    _CLAIMED: (_OPEN, _RESPONDED, _CLOSED, _DISMISSED),
    _RESPONDED: (_OPEN, _CLOSED),
    _CLOSED: (_OPEN,),
    _DISMISSED: (_OPEN,),
}

_DONE = (_RESPONDED, _CLOSED, _DISMISSED)
_ANSWERS = json.dumps([kind for kind in CaseEventKind if kind.is_answer])
_CLICKS_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a move: `case` is None where there is none, `refused` says why not.

    `file` is the case as it is after a move that changed it; None where it has no verdict.
    """

    case: Case | None
    changed: bool
    refused: str | None = None
    file: CaseFile | None = None


def open_case(connection: sqlite3.Connection, case: NewCase) -> bool:
    """Open a case; False when its mention has one, is part of one, or is about a competitor."""
    row = connection.execute(
        f"""
        INSERT INTO cases (mention_id, brand, state, opened_at, due_at, due_from, kind)
        SELECT :mention_id, :brand, 'open', :opened_at, :due_at, :opened_at, :kind
        WHERE NOT EXISTS (SELECT 1 FROM case_mentions WHERE mention_id = :mention_id)
            AND NOT {IS_COMPETITOR.format(":brand")}
        ON CONFLICT (mention_id) DO NOTHING RETURNING id
        """,
        {
            "mention_id": case.mention_id,
            "brand": case.brand,
            "opened_at": iso(case.opened_at),
            "due_at": iso(case.due_at),
            "kind": case.kind,
        },
    ).fetchone()
    if row is None:
        return False
    opened = CaseEvent(at=case.opened_at, event=CaseEventKind.OPENED, actor="earful")
    write_case_event(connection, row["id"], opened)
    return True


def find_case(connection: sqlite3.Connection, mention_id: str) -> Case | None:
    """Give the case of a mention, which may be one that it joined."""
    row = connection.execute(
        """
        SELECT * FROM cases WHERE mention_id = ?1
            OR id = (SELECT case_id FROM case_mentions WHERE mention_id = ?1)
        """,
        (mention_id,),
    ).fetchone()
    return case_from(row) if row else None


def apply_move(connection: sqlite3.Connection, move: CaseMove) -> Applied:
    """Move a case and write down who did it.

    Safe to repeat: a click counts once, a mention joins once, and a case that is where it shall
    go stays untouched.
    """
    case = find_case(connection, move.mention_id)
    if case is None:
        return Applied(None, False)
    if move.click is not None and not is_first_click(connection, move.click, move.at):
        return Applied(case, False)
    is_handed_on = move.owner is not None and not _is_owner(case, move)
    if move.to is not None and move.to == case.state and not (move.joins or is_handed_on):
        refused = None
        if move.to is _CLAIMED and move.owner is None and case.claimed_by != move.actor:
            refused = f"case {case.id}: {case.claimed_by} has claimed it already"
        return Applied(case, False, refused)
    # What is not about the brand is no case, however far it is.
    may_move = MOVES[case.state] + ((_DISMISSED,) * (move.outcome is CaseOutcome.NOT_ABOUT_US))
    if move.to is not None and move.to != case.state and move.to not in may_move:
        allowed = ", ".join(MOVES[case.state])
        return Applied(
            case,
            False,
            f"case {case.id}: is {case.state} and cannot become {move.to}: it can become "
            f"{allowed}",
        )
    if move.to is _OPEN and move.to != case.state and _is_of_competitor(connection, case):
        return Applied(
            case,
            False,
            f"case {case.id}: {case.brand} is a competitor: its cases stay closed",
        )
    if move.joins is not None and not _join(connection, case, move):
        return Applied(case, False)
    _write(connection, case, move)
    after = find_case(connection, case.mention_id)
    return Applied(after, True, file=case_file(connection, case.mention_id))


def _is_of_competitor(connection: sqlite3.Connection, case: Case) -> bool:
    row = connection.execute(f"SELECT {IS_COMPETITOR.format('?')}", (case.brand,)).fetchone()
    return bool(row[0])


def case_file(connection: sqlite3.Connection, mention_id: str) -> CaseFile | None:
    """Gather all that a case's message shows; None without a case or any verdict."""
    case = find_case(connection, mention_id)
    if case is None:
        return None
    # While an edited text waits for its verdict, the one of the older text stands.
    latest = "coalesce(m.verdict_id, (SELECT max(id) FROM verdicts WHERE mention_id = m.id))"
    row = connection.execute(
        f"{SELECT_VOICE.replace('v.id = m.verdict_id', f'v.id = {latest}')} WHERE m.id = ?",
        (case.mention_id,),
    ).fetchone()
    if row is None:
        return None
    events = connection.execute(
        "SELECT * FROM case_events WHERE case_id = ? ORDER BY id", (case.id,)
    )
    joined = connection.execute(
        f"{SELECT_MENTION} JOIN case_mentions j ON j.mention_id = m.id WHERE j.case_id = ? "
        "ORDER BY j.joined_at, m.seq",
        (case.id,),
    )
    root = connection.execute(
        "SELECT channel FROM alerts WHERE dedupe_key = ? AND state <> 'dropped'",
        (complaint_key(case.mention_id),),
    ).fetchone()
    muted = connection.execute(
        "SELECT 1 FROM mutes WHERE author_id = ? AND brand = ?", (row["author_id"], case.brand)
    ).fetchone()
    return CaseFile(
        case=case,
        mention=mention_from(row),
        verdict=verdict_from(row),
        history=author_history(connection, row),
        events=tuple(map(event_from, events)),
        joined=tuple(mention_from(one) for one in joined),
        answers=count_answers(connection, row),
        channel=root["channel"] if root else None,
        muted=muted is not None,
        trackers=trackers_of(connection, case.brand),
        withdrawn=row["deleted_at"] is not None,
        translation=translation_from(row),
        reply=latest_reply(connection, case.id),
    )


def count_answers(connection: sqlite3.Connection, row: sqlite3.Row) -> int:
    """Count the public answers that a mention's author had in its thread so far.

    Seen replies and answers that the team says it gave may be the same ones: the larger counts.
    """
    thread = row["parent_id"] or row["id"]
    answers = connection.execute(
        """
        SELECT count(m.owner_replied_at) AS seen, coalesce(sum((
            SELECT count(*) FROM case_events e JOIN cases k ON k.id = e.case_id
            WHERE k.mention_id = m.id AND e.event IN (SELECT value FROM json_each(:answers))
        )), 0) AS given
        FROM mentions m
        WHERE m.id = :id OR (
            m.author_id = :author AND m.brand = :brand
            AND (m.id = :thread OR m.parent_id = :thread)
        )
        """,
        {
            "id": row["id"],
            "author": row["author_id"],
            "brand": row["brand"],
            "thread": thread,
            "answers": _ANSWERS,
        },
    ).fetchone()
    return int(max(answers["seen"], answers["given"]))


@reads("case_events")
def event_from(row: sqlite3.Row) -> CaseEvent:
    return CaseEvent(
        at=from_iso(row["at"]),
        event=CaseEventKind(row["event"]),
        actor=row["actor"],
        actor_id=row["actor_id"],
        note=row["note"],
        owner=row["owner"],
        owner_id=row["owner_id"],
        until=from_iso(row["until"]) if row["until"] else None,
    )


@reads("cases")
def case_from(row: sqlite3.Row) -> Case:
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
        kind=AlertKind(row["kind"]),
        claimed_by_id=row["claimed_by_id"],
        outcome=CaseOutcome(row["outcome"]) if row["outcome"] else None,
        due_from=moment("due_from"),
        overdue_told_at=moment("overdue_told_at"),
        assigned_by=row["assigned_by"],
        snoozed_until=moment("snoozed_until"),
        snooze_note=row["snooze_note"],
    )


def is_known_click(connection: sqlite3.Connection, click: str) -> bool:
    """Tell whether a click was seen already."""
    return (
        connection.execute("SELECT 1 FROM clicks WHERE key = ?", (click,)).fetchone() is not None
    )


def is_first_click(connection: sqlite3.Connection, click: str, at: datetime) -> bool:
    """Write a click down, whatever it comes to; False when it was there already."""
    connection.execute("DELETE FROM clicks WHERE at < ?", (iso(at - _CLICKS_KEPT),))
    return bool(
        connection.execute(
            "INSERT INTO clicks (key, at) VALUES (?, ?) ON CONFLICT DO NOTHING", (click, iso(at))
        ).rowcount
    )


def _is_owner(case: Case, move: CaseMove) -> bool:
    """Tell whether a case is already whose the move would make it."""
    if move.owner_id is not None and case.claimed_by_id is not None:
        return move.owner_id == case.claimed_by_id
    return move.owner == case.claimed_by


def _join(connection: sqlite3.Connection, case: Case, move: CaseMove) -> bool:
    return bool(
        connection.execute(
            """
            INSERT INTO case_mentions (mention_id, case_id, joined_at)
            SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM cases WHERE mention_id = ?1)
            ON CONFLICT DO NOTHING
            """,
            (move.joins, case.id, iso(move.at)),
        ).rowcount
    )


def _write(connection: sqlite3.Connection, case: Case, move: CaseMove) -> None:
    state = move.to or case.state
    is_assigned = move.owner is not None
    connection.execute(
        """
        UPDATE cases SET state = :state,
            claimed_by = CASE WHEN :claims THEN :owner
                WHEN :to = 'open' THEN NULL ELSE claimed_by END,
            claimed_by_id = CASE WHEN :claims THEN :owner_id
                WHEN :to = 'open' THEN NULL ELSE claimed_by_id END,
            claimed_at = CASE WHEN :claims THEN :at
                WHEN :to = 'open' THEN NULL ELSE claimed_at END,
            assigned_by = CASE WHEN :claims THEN :assigned_by
                WHEN :to = 'open' THEN NULL ELSE assigned_by END,
            responded_at = CASE WHEN :to = 'responded' OR :outcome = 'won_back'
                THEN coalesce(responded_at, :responded_at, CASE :to WHEN 'responded' THEN :at END)
                ELSE responded_at END,
            reply_seen_at = coalesce(:reply_seen_at, reply_seen_at),
            closed_at = CASE WHEN :to IN ('closed', 'dismissed') THEN :at
                WHEN :to = 'open' THEN NULL ELSE closed_at END,
            outcome = CASE WHEN :to IN ('closed', 'dismissed') THEN :outcome
                WHEN :to = 'open' THEN NULL ELSE outcome END,
            snoozed_until = CASE WHEN :snoozed_until IS NOT NULL THEN :snoozed_until
                WHEN :wakes THEN NULL ELSE snoozed_until END,
            snooze_note = CASE WHEN :snoozed_until IS NOT NULL THEN :note
                WHEN :wakes THEN NULL ELSE snooze_note END,
            due_at = coalesce(:due_at, due_at),
            due_from = CASE WHEN :due_at IS NULL THEN due_from ELSE :due_from END,
            reminded_at = CASE WHEN :due_at IS NOT NULL THEN NULL
                WHEN :event = :reminded THEN :at ELSE reminded_at END,
            overdue_told_at = CASE WHEN :due_at IS NOT NULL THEN NULL
                WHEN :event = :overdue THEN :at ELSE overdue_told_at END
        WHERE id = :id
        """,
        {
            "state": state,
            "to": move.to if move.to != case.state else None,
            "claims": is_assigned or (move.to is _CLAIMED and case.state is not _CLAIMED),
            "owner": move.owner if is_assigned else move.actor,
            "owner_id": move.owner_id if is_assigned else move.actor_id,
            "assigned_by": move.actor if is_assigned else None,
            "at": iso(move.at),
            # Whoever has an answer, or needs none, waits for nobody.
            "wakes": move.event is CaseEventKind.WOKEN or move.to in _DONE,
            "snoozed_until": iso(move.snoozed_until) if move.snoozed_until else None,
            "note": move.note,
            "outcome": move.outcome,
            "responded_at": iso(move.responded_at) if move.responded_at else None,
            "reply_seen_at": iso(move.reply_seen_at) if move.reply_seen_at else None,
            "event": move.event,
            "reminded": CaseEventKind.REMINDED,
            "overdue": CaseEventKind.OVERDUE,
            "due_at": iso(move.due_at) if move.due_at else None,
            "due_from": iso(move.due_from or move.at),
            "id": case.id,
        },
    )
    if move.event.is_answer:
        note_by_hand(connection, case.id, move.responded_at or move.at)
    happened = CaseEvent(
        at=move.at,
        event=move.event,
        actor=move.actor,
        actor_id=move.actor_id,
        note=move.note,
        owner=move.owner,
        owner_id=move.owner_id,
        until=move.snoozed_until,
    )
    write_case_event(connection, case.id, happened, click=move.click)
