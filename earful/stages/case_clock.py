"""See to cases as time passes: public answers, ladders, what is overdue, calm after a storm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from alerts.decide.brand_alerts import count_overdue
from alerts.decide.case_moves import answered
from alerts.decide.escalation import Rise
from earful.isolation import Isolation, mention_subject
from earful.move_case import move_case
from earful.policies import Policies
from earful.stages.brand_incidents import calm_down, follow_work
from earful.stages.case_ladder import Climbing
from earful.stages.watched_cases import see_to_watched
from storage.models import Case
from storage.store import Store
from storage.tables.new_alerts import MESSAGES


def see_to_cases(store: Store, policies: Policies, now: datetime) -> int:
    """See to what time and other people change: public answers, ladders, calm after a storm.

    Returns how many cases were touched. Each step is safe to repeat, and each case stands alone.
    """
    isolation = Isolation(store, "cases", now)
    touched = see_to_watched(store, policies, isolation, now)
    cases = store.cases.unanswered(isolation.unreadable("mention", "mention_id"))
    answers, waiting = _see_answers(store, policies, isolation, cases, now)
    climbing = Climbing(store, policies, isolation, now)
    rises: list[Rise] = []
    for case in waiting:
        name = mention_subject(case.mention_id)
        try:
            come_to = climbing.rises(case)
        except Exception as error:
            isolation.failed(name, error)
            continue
        rises += come_to
        if not come_to:
            # Else it has worked once that is said.
            isolation.worked(name)
    touched += answers + climbing.say(rises)
    for brand in sorted(climbing.overdue):
        with isolation.subject(f"overdue of {brand}"):
            number = store.cases.overdue_told(brand, now)
            ops = policies.of(brand).channels.ops
            store.outbox.add(count_overdue(brand, ops, number, now))
    for state in store.incidents.open():
        with isolation.subject(f"incident of {state.brand}"):
            calm_down(store, policies, state, now)
    with isolation.subject("incidents' messages"):
        follow_work(store, policies, now)
    isolation.forget_gone("mention", [case.mention_id for case in cases])
    isolation.forget_gone("incident of", [state.brand for state in store.incidents.open()])
    isolation.forget_old("overdue of")
    Isolation(store, MESSAGES, now).forget_old("alert")
    return touched


def _see_answers(
    store: Store, policies: Policies, isolation: Isolation, cases: Sequence[Case], now: datetime
) -> tuple[int, list[Case]]:
    """Let public replies answer their cases; gives how many, and the cases that wait for us."""
    replied_at = {case.id: at for case, at in store.cases.newly_answered()}
    touched, waiting = 0, []
    for case in cases:
        name = mention_subject(case.mention_id)
        if isolation.waits(name):
            continue
        if case.id not in replied_at:
            waiting += [case] * (not case.is_snoozed)
            continue
        with isolation.subject(name):
            move = answered(case, replied_at[case.id], now)
            touched += move_case(store, move, policies.of(case.brand).teller()).changed
    return touched, waiting
