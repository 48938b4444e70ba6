"""A brand's incident: too many complaints begin it, new ones join it, calm ends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.decide import surges
from alerts.decide.policy import Policy
from alerts.decide.rules import Decision, Surroundings, judge
from config.settings import Settings
from earful.policies import Policies, places_of
from earful.stages.incident_reasons import AROUND, reasons
from storage.models import (
    Incident,
    IncidentKind,
    IncidentWork,
    Mention,
    NewAlert,
    Voice,
)
from storage.store import Store

# So long after its beginning an incident's message follows the work on its cases.
_SHOWN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Joined:
    """A decision, and the incident that its complaints are part of, with what is told of it."""

    decision: Decision
    incident: Incident | None = None
    gathered: Sequence[Mention] = ()
    alerts: Sequence[NewAlert] = ()


def join_incident(
    store: Store,
    policies: Policies,
    around: Surroundings,
    voices: Sequence[Voice],
    decision: Decision,
    now: datetime,
) -> Joined:
    """Let new complaints join the brand's incident, or begin one where they are too many."""
    mentions = {voice.mention.id: voice.mention for voice in voices}
    gathered = [mentions[case.mention_id] for case in decision.cases]
    brand = gathered[0].brand
    state = next(iter(store.incidents.open(brand)), None)
    if state is None:
        window = policies.settings.alerts.incident_window
        recent = store.incidents.recent_complaints(brand, now - window)
        if not _is_incident(store, policies.settings, brand, len(recent) + len(gathered), now):
            return Joined(decision)
        state = store.incidents.over_since(
            brand, IncidentKind.COMPLAINTS, now - surges.COMES_BACK_WITHIN
        )
        free = store.incidents.recent_complaints(brand, now - window, free=True)
        gathered = [*free, *gathered]
        decision = judge(voices, policies.of(brand), now, replace(around, incident=True))
    policy = policies.of(brand)
    incident = _grown(store, state, policy, gathered, now)
    why = reasons(store, incident, now, [*reversed(gathered)])
    known = store.incidents.work(incident)
    work = replace(known, open=known.open + len(gathered))
    alerts = surges.alerts_about(incident, why, work, policy.places, now)
    return Joined(decision, incident, gathered, alerts)


def calm_down(store: Store, policies: Policies, state: Incident, now: datetime) -> None:
    """End a brand's open incident where complaints are as few as usual again."""
    alerts = policies.settings.alerts
    over, window = alerts.incident_over, alerts.incident_window
    lately = len(store.incidents.recent_complaints(state.brand, now - window))
    if surges.is_over(state, lately, over, window, now):
        show_incident(store, policies, replace(state, closed_at=now), now)


def show_incident(store: Store, policies: Policies, state: Incident, now: datetime) -> None:
    """Write how an incident stands, and bring its message up to date."""
    why, places = reasons(store, state, now), places_of(policies.settings)
    with store.write() as unit:
        unit.incidents.write(state)
        work = unit.incidents.work(state)
        unit.incidents.note_shown(state, _shown(work))
        unit.outbox.add(surges.alerts_about(state, why, work, places, now))


def follow_work(store: Store, policies: Policies, now: datetime) -> None:
    """Let the messages of incidents follow the work on their cases; what is unchanged stays."""
    for state, shown in store.incidents.to_show(now - _SHOWN_FOR):
        if shown is None or shown != _shown(store.incidents.work(state)):
            show_incident(store, policies, state, now)


def _shown(work: IncidentWork) -> str:
    return f"{work.open}/{work.claimed}/{work.answered}/{work.ended} {','.join(work.claimants)}"


def _is_incident(
    store: Store, settings: Settings, brand: str, complaints: int, now: datetime
) -> bool:
    over, window = settings.alerts.incident_over, settings.alerts.incident_window
    if complaints <= over:
        return False
    weeks = store.incidents.usual(brand, now - window - AROUND, now + AROUND)
    share = window / (window + 2 * AROUND)
    return surges.is_incident(complaints, over, [week["angry"] for week in weeks], share)


def _grown(
    store: Store,
    state: Incident | None,
    policy: Policy,
    complaints: Sequence[Mention],
    now: datetime,
) -> Incident:
    written = [mention.created_at for mention in complaints if mention.created_at is not None]
    first_at = min(written, default=now)
    brand = complaints[0].brand
    ordinary = store.incidents.ordinary_words(brand, first_at)
    channel = policy.channels.complaints
    return surges.grown(state, brand, channel, complaints, ordinary, first_at, now)
