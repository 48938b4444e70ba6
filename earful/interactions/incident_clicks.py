"""The buttons under an incident's message: all of its cases at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from alerts import messages
from alerts.messages.catalogue import _, later
from alerts.messages.work_lists import Asked
from alerts.slack.interactions import Answer, Click
from earful.interactions.desk import Desk, OnClick
from earful.interactions.work import show_list
from earful.move_case import move_case
from earful.stages.brand_incidents import show_incident
from storage.models import (
    AlertKind,
    Case,
    CaseEventKind,
    CaseList,
    CaseMove,
    CaseState,
    Incident,
    NewAlert,
    Operation,
)
from storage.models.dedupe_keys import worked_key

_GONE = later("This incident is not kept any more.")


def _show(desk: Desk, click: Click) -> Answer:
    """List the cases of the incident that wait, each with its buttons, for the one who asked."""
    return show_list(desk, Asked(which=CaseList.INCIDENT, incident=click.value), click)


def _claim_all(desk: Desk, click: Click) -> Answer | None:
    """Make the one who clicked the owner of every open case of the incident."""
    state = desk.store.incidents.named(click.value)
    if state is None:
        return Answer.of(_(_GONE))
    cases = desk.store.incidents.cases_of(state, [CaseState.OPEN])
    if not cases:
        return Answer.of(_("No case of this incident is open: somebody has claimed each."))
    _work(desk, click, state, cases, CaseEventKind.CLAIMED, messages.incident_claimed)
    return None


def _answered_all(desk: Desk, click: Click) -> Answer | None:
    """Take the word of the one who clicked that every customer of the incident has an answer."""
    state = desk.store.incidents.named(click.value)
    if state is None:
        return Answer.of(_(_GONE))
    cases = desk.store.incidents.cases_of(state, [CaseState.OPEN, CaseState.CLAIMED])
    if not cases:
        return Answer.of(_("Every case of this incident has its answer, or has ended."))
    _work(desk, click, state, cases, CaseEventKind.RESPONDED, messages.incident_answered)
    return None


_STATES = {
    CaseEventKind.CLAIMED: CaseState.CLAIMED,
    CaseEventKind.RESPONDED: CaseState.RESPONDED,
}


def _work(
    desk: Desk,
    click: Click,
    state: Incident,
    cases: Sequence[Case],
    event: CaseEventKind,
    words: Callable[[str, int], dict[str, object]],
) -> None:
    """Move the cases in one transaction, with one line in the incident's thread for all."""
    now = desk.now()
    teller = desk.policies.of(state.brand).teller()
    with desk.store.write() as unit:
        changed = 0
        for case in cases:
            move = CaseMove(
                mention_id=case.mention_id,
                event=event,
                at=now,
                to=_STATES[event],
                actor=click.user_name,
                actor_id=click.user_id,
                click=f"{click.key}:{case.id}",
            )
            changed += move_case(unit, move, teller).changed
        if changed:
            unit.outbox.add(
                [
                    NewAlert(
                        dedupe_key=worked_key(state.root_key, click.key),
                        kind=AlertKind.INCIDENT,
                        brand=state.brand,
                        channel=state.channel,
                        payload=words(click.user_name, changed),
                        created_at=now,
                        operation=Operation.REPLY,
                        root_key=state.root_key,
                    )
                ]
            )
    # Its message in a transaction of its own: whoever dies between finds it in the next pass.
    show_incident(desk.store, desk.policies, state, now)


CLICKS: dict[str, OnClick] = {
    "incident_show": _show,
    "incident_claim": _claim_all,
    "incident_answered": _answered_all,
}
