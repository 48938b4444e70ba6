"""See to cases as time passes: public answers, reminders, what is overdue, calm after a storm."""

from __future__ import annotations

from datetime import datetime

from alerts.decide.brand_alerts import count_overdue
from alerts.decide.case_moves import answered, clock_moves
from earful.isolation import Isolation, mention_subject
from earful.move_case import move_case
from earful.policies import Policies
from earful.stages.brand_incidents import calm_down, follow_work
from earful.stages.watched_cases import see_to_watched
from storage.models import Case, CaseEventKind, CaseMove
from storage.store import Store
from storage.tables.new_alerts import MESSAGES


def see_to_cases(store: Store, policies: Policies, now: datetime) -> int:
    """See to what time and other people change: public answers, reminders, calm after a storm.

    Returns how many cases were touched. Each step is safe to repeat, and each case stands alone.
    """
    isolation = Isolation(store, "cases", now)
    touched = see_to_watched(store, policies, isolation, now)
    replied_at = {case.id: at for case, at in store.cases.newly_answered()}
    overdue: set[str] = set()
    cases = store.cases.unanswered(isolation.unreadable("mention", "mention_id"))
    for case in cases:
        name = mention_subject(case.mention_id)
        if isolation.waits(name):
            continue
        with isolation.subject(name):
            for move in _moves(policies, case, replied_at.get(case.id), now):
                changed = move_case(store, move, policies.of(case.brand).teller()).changed
                touched += changed
                if move.event is CaseEventKind.OVERDUE and changed:
                    overdue.add(case.brand)
    for brand in sorted(overdue):
        with isolation.subject(f"overdue of {brand}"):
            number = store.cases.overdue_told(brand, now)
            ops = policies.of(brand).channels.ops
            store.outbox.add(count_overdue(brand, ops, number, now))
    for state in store.incidents.open():
        with isolation.subject(f"incident of {state.brand}"):
            calm_down(store, policies.settings, state, now)
    with isolation.subject("incidents' messages"):
        follow_work(store, now)
    isolation.forget_gone("mention", [case.mention_id for case in cases])
    isolation.forget_gone("incident of", [state.brand for state in store.incidents.open()])
    isolation.forget_old("overdue of")
    Isolation(store, MESSAGES, now).forget_old("alert")
    return touched


def _moves(
    policies: Policies, case: Case, replied_at: datetime | None, now: datetime
) -> list[CaseMove]:
    """Decide what became of an unanswered case: the owner's reply, else what the clock says."""
    if replied_at is not None:
        return [answered(case, replied_at, now)]
    if case.is_snoozed:
        return []
    hours, share = policies.hours, policies.settings.cases.remind_at

    def remind_at(case: Case) -> datetime:
        # The share of the working time between, which the due time was counted in.
        start = case.due_from or case.opened_at
        return hours.due(start, share * hours.worked(start, case.due_at))

    return clock_moves([case], remind_at, hours.is_open, now)
