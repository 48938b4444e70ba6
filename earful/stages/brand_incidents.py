"""A brand's incident: new complaints join it, too many begin one, calm ends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.decide import surges
from alerts.decide.policy import Policy
from alerts.decide.rules import Decision, Surroundings, judge
from config.settings import Settings
from earful.policies import Policies, source_places
from storage.models import Incident, Mention, NewAlert, Voice
from storage.store import Store

# The same hours of earlier weeks: so much before and after the window is looked at too.
_AROUND = timedelta(minutes=30)
_NEWEST = 6


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
        gathered = [*store.incidents.recent_complaints(brand, now - window), *gathered]
        if not _is_incident(store, policies.settings, brand, len(gathered), now):
            return Joined(decision)
        decision = judge(voices, policies.of(brand), now, replace(around, incident=True))
    policy = policies.of(brand)
    incident = _grown(store, state, policy, gathered, now)
    newest = [*reversed(gathered), *store.incidents.complaints_of(incident, _NEWEST)]
    alerts = surges.alerts_about(incident, newest, policy.places, now)
    return Joined(decision, incident, gathered, alerts)


def calm_down(store: Store, settings: Settings, state: Incident, now: datetime) -> None:
    """End a brand's open incident where complaints are as few as usual again."""
    over, window = settings.alerts.incident_over, settings.alerts.incident_window
    lately = len(store.incidents.recent_complaints(state.brand, now - window))
    if surges.is_over(state, lately, over, window, now):
        ended = replace(state, closed_at=now)
        newest = store.incidents.complaints_of(state, _NEWEST)
        with store.write() as unit:
            unit.incidents.write(ended)
            unit.outbox.add(surges.alerts_about(ended, newest, source_places(), now))


def _is_incident(
    store: Store, settings: Settings, brand: str, complaints: int, now: datetime
) -> bool:
    over, window = settings.alerts.incident_over, settings.alerts.incident_window
    if complaints <= over:
        return False
    weeks = store.incidents.usual(brand, now - window - _AROUND, now + _AROUND)
    share = window / (window + 2 * _AROUND)
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
