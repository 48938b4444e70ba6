"""A brand that the config newly calls a competitor, or no more: what is open of it, who hears."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from alerts.decide.brand_alerts import became_competitor, competitor_no_more
from config.settings import Settings
from earful.move_case import move_case
from earful.policies import Policies
from storage.models import (
    AlertKind,
    AlertState,
    CaseEventKind,
    CaseMove,
    CaseOutcome,
    CaseState,
    IncidentKind,
)
from storage.store import Store

# What people have done, and what Earful says of itself, goes out all the same.
_GOES_OUT = (AlertKind.OPS, AlertKind.REPLY, AlertKind.CASE_EVENT, AlertKind.ISSUE)


def follow_competitors(store: Store, settings: Settings, now: datetime) -> int:
    """End what is open of each new competitor, and tell ops; returns how many brands changed.

    Its waiting cases are dismissed, its incidents end, and its waiting alerts are dropped. Of a
    brand that is none any more, what was judged meanwhile stays quiet. Safe to repeat.
    """
    known, named = store.competitors.now(), frozenset(settings.competitors)
    if known == named:
        return 0
    policies = Policies(settings)
    for brand in sorted(named - known):
        _begin(store, policies, brand, now)
    for brand in sorted(known - named):
        with store.write() as unit:
            unit.competitors.end(brand, now)
            unit.outbox.add([competitor_no_more(brand, policies.of(brand), now)])
    return len(known ^ named)


def _begin(store: Store, policies: Policies, brand: str, now: datetime) -> None:
    policy = policies.of(brand)
    with store.write() as unit:
        unit.competitors.begin(brand, now)
        # First what waits: the moves below change messages that Slack has, and those go out.
        dropped = sum(
            unit.outbox.withdraw(alert.dedupe_key, f"{brand} is a competitor now", in_doubt=True)
            for alert in unit.outbox.unsent()
            if alert.brand == brand
            and alert.kind not in _GOES_OUT
            and alert.state is not AlertState.SENDING
        )
        waiting = unit.cases.in_states((CaseState.OPEN, CaseState.CLAIMED), brand)
        for case in waiting:
            move = CaseMove(
                mention_id=case.mention_id,
                event=CaseEventKind.DISMISSED,
                at=now,
                to=CaseState.DISMISSED,
                actor="Earful",
                note=f"{brand} is a competitor now",
                outcome=CaseOutcome.COMPETITOR,
            )
            move_case(unit, move, policy.teller())
        for kind in IncidentKind:
            for incident in unit.incidents.open(brand, kind):
                unit.incidents.write(replace(incident, closed_at=now))
        if waiting or dropped:
            unit.outbox.add([became_competitor(brand, len(waiting), dropped, policy, now)])
