"""Spikes: the last hours are compared with the same hours of earlier weeks."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from alerts.decide import surges
from config.settings import Settings
from earful.isolation import Isolation
from earful.policies import Policies
from earful.stages.incident_reasons import reasons
from storage.models import Incident, IncidentKind, IncidentWork
from storage.store import Store

_SPAN = timedelta(hours=surges.HOURS)
_KINDS = (IncidentKind.VOLUME, IncidentKind.ANGER)


def watch_spikes(store: Store, settings: Settings, now: datetime) -> int:
    """Judge each brand's last hours against the same hours of earlier weeks.

    A spike has one message, which follows it until it is over; one that comes back within a day
    goes on in it. Returns how many alerts are new; safe to repeat.
    """
    isolation = Isolation(store, "spikes", now)
    policies = Policies(settings)
    written = 0
    for brand in settings.own_brands:
        with isolation.subject(brand.name):
            # Where an incident is open its message says it already; what began before may end.
            quiet = bool(store.incidents.open(brand.name))
            seen = store.incidents.counts(brand.name, now - _SPAN, now)
            weeks = store.incidents.usual(brand.name, now - _SPAN, now)
            unusual = surges.unusual_now(seen, weeks)
            for kind in _KINDS:
                state = _state(store, policies, brand.name, kind, unusual.get(kind), now)
                begins = state is not None and now in (state.opened_at, state.back_at)
                if state is not None and not (quiet and begins):
                    written += _show(store, policies, state, now)
    isolation.keep_only([brand.name for brand in settings.own_brands])
    return written


def _state(
    store: Store,
    policies: Policies,
    brand: str,
    kind: IncidentKind,
    number: int | None,
    now: datetime,
) -> Incident | None:
    """Give how a spike of a kind stands now, None where nothing changed."""
    state = next(iter(store.incidents.open(brand, kind)), None)
    if number is None:
        return replace(state, closed_at=now) if state is not None else None
    if state is None:
        state = store.incidents.over_since(brand, kind, now - surges.COMES_BACK_WITHIN)
    channel = state.channel if state is not None else policies.of(brand).channels.complaints
    grown = surges.spike_of(state, kind, number, brand, channel, now)
    if state is not None and state.closed_at is None and grown.complaints == state.complaints:
        return None  # nothing that its message says has changed
    return grown


def _show(store: Store, policies: Policies, state: Incident, now: datetime) -> int:
    why = reasons(store, state, now)
    places = policies.of(state.brand).places
    with store.write() as unit:
        unit.incidents.write(state)
        return unit.outbox.add(surges.alerts_about(state, why, IncidentWork(), places, now))
