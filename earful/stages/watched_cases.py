"""Cases that change by themselves: a text goes or comes back, a wait for the customer ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from earful.case_desk import CUSTOMER_SPOKE, woken
from earful.isolation import Isolation, mention_subject
from earful.move_case import move_case
from earful.policies import Policies
from storage.models import Case, CaseEventKind, CaseMove, CaseOutcome, CaseState
from storage.store import Store
from storage.tables.case_watch import TakenBack, ToWake

_AT_SOURCE = (CaseEventKind.WITHDRAWN, CaseEventKind.RETURNED)


def see_to_watched(store: Store, policies: Policies, isolation: Isolation, now: datetime) -> int:
    """Close what was taken back at its source, open what is back, wake what has waited enough.

    Returns how many cases were touched. Each step is safe to repeat, and each case stands alone.
    """
    # Each step looks anew: what one ended, the next has not to wake.
    steps: tuple[Callable[[], list[CaseMove]], ...] = (
        lambda: [_withdrawn(one, now) for one in store.case_watch.taken_back()],
        lambda: [_returned(one, policies, now) for one in store.case_watch.back_again()],
        lambda: [_woken(one, policies, now) for one in store.case_watch.to_wake(now)],
    )
    touched = 0
    for step in steps:
        for move in step():
            name = mention_subject(move.mention_id)
            if isolation.waits(name):
                continue
            with isolation.subject(name):
                touched += _carry_out(store, policies, move)
    return touched


def _carry_out(store: Store, policies: Policies, move: CaseMove) -> bool:
    case = store.cases.of_mention(move.mention_id)
    if case is None:
        return False
    with store.write() as unit:
        if move.event in _AT_SOURCE and move.to is not CaseState.CLOSED:
            # Its message may have waited when the text went: people must hear of it after all.
            unit.case_watch.post_after_all(case.mention_id)
        return move_case(unit, move, policies.of(case.brand).teller()).changed


def _withdrawn(gone: TakenBack, now: datetime) -> CaseMove:
    return CaseMove(
        mention_id=gone.case.mention_id,
        event=CaseEventKind.WITHDRAWN,
        at=now,
        to=CaseState.CLOSED if gone.whole else None,
        outcome=CaseOutcome.WITHDRAWN if gone.whole else None,
    )


def _returned(case: Case, policies: Policies, now: datetime) -> CaseMove:
    opens = not case.waits
    return CaseMove(
        mention_id=case.mention_id,
        event=CaseEventKind.RETURNED,
        at=now,
        to=CaseState.OPEN if opens else None,
        due_at=policies.of(case.brand).due(now) if opens else None,
    )


def _woken(one: ToWake, policies: Policies, now: datetime) -> CaseMove:
    note = CUSTOMER_SPOKE if one.customer_spoke else None
    return woken(one.case, policies.hours, now, note=note)
