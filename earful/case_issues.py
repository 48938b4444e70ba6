"""Issues made of cases: asked for by people, and shown at the case once their tracker has them."""

from __future__ import annotations

from datetime import datetime

from alerts.messages import issue_form
from earful.case_acts import Acted, Actor
from earful.move_case import move_case
from earful.policies import Policies
from storage.models import AlertKind, AlertState, CaseEventKind, CaseMove, NewAlert
from storage.models.dedupe_keys import issue_key
from storage.store import Store


def ask_for_issue(
    store: Store, policies: Policies, mention_id: str, via: str, actor: Actor, now: datetime
) -> tuple[Acted, str]:
    """Let a tracker make an issue of a case, once; gives what to answer whoever asked."""
    with store.write() as unit:
        file = unit.cases.file(mention_id)
        if file is None:
            gone = f"{mention_id}: there is no such case any more"
            return Acted(None, False, gone), gone
        case = file.case
        if via not in file.trackers:
            unknown = issue_form.no_such_tracker(via, case.brand)
            return Acted(case, False, unknown), unknown
        key = issue_key(via, case.mention_id)
        present = unit.outbox.find(key)
        if present is not None and present.state is AlertState.DROPPED:
            given_up = issue_form.issue_given_up(via)
            return Acted(case, False, given_up), given_up
        if present is not None:
            return Acted(case, False), issue_form.issue_there_already(via, present.slack_ts)
        unit.outbox.add(
            [
                NewAlert(
                    dedupe_key=key,
                    kind=AlertKind.ISSUE,
                    brand=case.brand,
                    channel=via,
                    payload=issue_form.issue(file, policies.of(case.brand).places, actor.name),
                    created_at=now,
                    mention_id=case.mention_id,
                    via=via,
                )
            ]
        )
    return Acted(case, True), issue_form.issue_under_way(via)


def settle_issues(store: Store, policies: Policies, now: datetime) -> int:
    """Write the issues that were made into their cases' histories; gives how many were news.

    The link comes into the case's message and its thread with that, in the same transaction.
    """
    news = 0
    for alert in store.case_destinations.untold_issues():
        if alert.mention_id is None:
            continue
        told = alert.payload.get("issue")
        move = CaseMove(
            mention_id=alert.mention_id,
            event=CaseEventKind.ISSUE_MADE,
            at=now,
            actor=str(told["by"]) if isinstance(told, dict) and told.get("by") else "earful",
            note=alert.slack_ts,
            click=alert.dedupe_key,
        )
        news += move_case(store, move, policies.of(alert.brand).teller()).changed
    return news
