"""What colleagues agree on over a case: who has it, until when it waits, what is noted on it."""

from __future__ import annotations

from datetime import datetime, timedelta

from alerts.decide.hours import BusinessHours
from alerts.messages.case_answers import not_done, not_snoozed, not_waiting
from alerts.messages.case_thread import MAX_NOTE
from alerts.messages.catalogue import _, written
from config.errors import InputError
from earful.case_acts import Acted, Actor, act, overtaken_since
from earful.move_case import move_case
from earful.policies import Policies
from storage.models import Case, CaseEventKind, CaseMove, CaseState
from storage.store import Store

LONGEST_WAIT = timedelta(days=365)
CUSTOMER_SPOKE = "the customer has written again"
"""What stands in the history of a case that its author woke."""


def assign(
    store: Store,
    policies: Policies,
    mention_id: str,
    to: Actor,
    actor: Actor,
    now: datetime,
    *,
    note: str | None = None,
    click: str | None = None,
    seen_at: datetime | None = None,
) -> Acted:
    """Give a waiting case to somebody, who is pinged once; an open one is theirs with that."""
    case = store.cases.of_mention(mention_id)
    if case is None:
        return _gone(mention_id)
    if case.state is CaseState.OPEN and _is_same(to, actor):
        return act(store, policies, mention_id, "claim", actor, now, note=note, click=click)
    if not case.waits:
        return Acted(case, False, not_waiting(case))
    move = CaseMove(
        mention_id=case.mention_id,
        event=CaseEventKind.ASSIGNED,
        at=now,
        to=CaseState.CLAIMED,
        actor=actor.name,
        actor_id=actor.id,
        note=note,
        owner=to.name,
        owner_id=to.id,
        click=click,
    )
    return _carry_out(store, policies, case, move, actor, seen_at)


def snooze(
    store: Store,
    policies: Policies,
    mention_id: str,
    until: datetime,
    actor: Actor,
    now: datetime,
    *,
    note: str | None = None,
    click: str | None = None,
) -> Acted:
    """Let a case wait for the customer until a moment, when it wakes by itself.

    What is left of its time to answer then runs on. InputError where the moment cannot be meant.
    """
    case = store.cases.of_mention(mention_id)
    if case is None:
        return _gone(mention_id)
    if not case.waits:
        return Acted(case, False, not_waiting(case))
    if until <= now:
        raise InputError(
            _(
                "case {id}: {moment} UTC has passed: name a later one",
                id=case.id,
                moment=f"{until:%Y-%m-%d %H:%M}",
            )
        )
    if until > now + LONGEST_WAIT:
        raise InputError(
            _("case {id}: a case waits for a year at most: name an earlier day", id=case.id)
        )
    left = time_left(case, policies.hours, now)
    move = CaseMove(
        mention_id=case.mention_id,
        event=CaseEventKind.SNOOZED,
        at=now,
        actor=actor.name,
        actor_id=actor.id,
        note=note,
        snoozed_until=until,
        due_at=policies.hours.due(until, left) if left is not None else None,
        due_from=until,
        click=click,
    )
    return _carry_out(store, policies, case, move, actor, None)


def wake(
    store: Store,
    policies: Policies,
    mention_id: str,
    actor: Actor,
    now: datetime,
    *,
    note: str | None = None,
    click: str | None = None,
    seen_at: datetime | None = None,
) -> Acted:
    """End the wait of a case before its time."""
    case = store.cases.of_mention(mention_id)
    if case is None:
        return _gone(mention_id)
    if not case.is_snoozed:
        return Acted(case, False, not_snoozed(case))
    move = woken(case, policies.hours, now, actor, note=note, click=click)
    return _carry_out(store, policies, case, move, actor, seen_at)


def add_note(
    store: Store,
    policies: Policies,
    mention_id: str,
    text: str,
    actor: Actor,
    now: datetime,
    *,
    click: str | None = None,
) -> Acted:
    """Note something on a case, whatever its state: its thread and its history keep it.

    InputError where nothing is noted, or too much.
    """
    case = store.cases.of_mention(mention_id)
    if case is None:
        return _gone(mention_id)
    if not text.strip():
        raise InputError(
            _("case {id}: the note is empty: write what your colleagues must know", id=case.id)
        )
    if len(text) > MAX_NOTE:
        raise InputError(
            _(
                "case {id}: the note has {number} characters: {most} are taken",
                id=case.id,
                number=written(len(text)),
                most=written(MAX_NOTE),
            )
        )
    move = CaseMove(
        mention_id=case.mention_id,
        event=CaseEventKind.NOTED,
        at=now,
        actor=actor.name,
        actor_id=actor.id,
        note=text.strip(),
        click=click,
    )
    return _carry_out(store, policies, case, move, actor, None)


def time_left(case: Case, hours: BusinessHours, now: datetime) -> timedelta | None:
    """Give the working time until a case is due; None where that has passed.

    While it waits for the customer that time stands still.
    """
    start = case.snoozed_until if case.is_snoozed and case.snoozed_until else now
    return hours.worked(start, case.due_at) if case.due_at >= start else None


def woken(
    case: Case,
    hours: BusinessHours,
    now: datetime,
    actor: Actor | None = None,
    *,
    note: str | None = None,
    click: str | None = None,
) -> CaseMove:
    """Make the move that ends a wait: what was left of the time to answer runs on from now."""
    left = time_left(case, hours, now)
    return CaseMove(
        mention_id=case.mention_id,
        event=CaseEventKind.WOKEN,
        at=now,
        actor=actor.name if actor else "earful",
        actor_id=actor.id if actor else None,
        note=note,
        due_at=hours.due(now, left) if left is not None else None,
        click=click,
    )


def _carry_out(
    store: Store,
    policies: Policies,
    case: Case,
    move: CaseMove,
    actor: Actor,
    seen_at: datetime | None,
) -> Acted:
    with store.write() as unit:
        if refused := overtaken_since(unit, case, actor, seen_at, move.click):
            return Acted(case, False, refused)
        applied = move_case(unit, move, policies.of(case.brand).teller())
    return Acted(applied.case, applied.changed, not_done(applied.case, move, applied.refused))


def _gone(mention_id: str) -> Acted:
    return Acted(None, False, f"{mention_id}: there is no such case any more")


def _is_same(one: Actor, other: Actor) -> bool:
    return one.id == other.id if one.id and other.id else one.name == other.name
