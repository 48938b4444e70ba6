"""When many complaints are one incident, when hours are unusual, and what is told of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from alerts import messages
from alerts.decide.changing_alerts import UPDATE_EVERY, posted_or_changed
from alerts.decide.control_charts import p_chart, without_signals
from alerts.decide.explanation import Explanation
from alerts.decide.stats import Rate, count_limit
from alerts.decide.telling_phrases import telling_phrase
from alerts.messages import Places
from storage.models import (
    AlertKind,
    Incident,
    IncidentKind,
    IncidentWork,
    Mention,
    NewAlert,
    Operation,
)
from storage.models.dedupe_keys import back_key, over_key

HOURS = 3
"""Over so many hours spikes are judged."""
COMES_BACK_WITHIN = timedelta(days=1)
"""What comes back so soon is the same again: its message goes on, none is posted anew."""

_MIN_VOLUME = 12
_MIN_ANGRY = 5
_MIN_BASELINE = 30


def is_incident(complaints: int, over: int, usual: Sequence[int], share: float) -> bool:
    """Tell whether so many complaints in a window are more than many, and more than usual.

    `usual` are counts over the same hours of earlier weeks, of which the window is a `share`.
    Without earlier weeks the plain number decides.
    """
    if complaints <= over:
        return False
    return complaints > count_limit(without_signals(usual), share) if usual else True


def grown(
    state: Incident | None,
    brand: str,
    channel: str,
    complaints: Sequence[Mention],
    ordinary: Sequence[str],
    first_at: datetime,
    now: datetime,
) -> Incident:
    """Begin an incident with these complaints, let one grow by them, or let one come back."""
    number = len(complaints) + (state.complaints if state else 0)
    about = telling_phrase([one.own_words for one in complaints], ordinary, brand)
    if state is not None:
        grown = replace(state, last_at=now, complaints=number, about=state.about or about)
        return grown if state.closed_at is None else replace(grown, closed_at=None, back_at=now)
    return Incident(
        brand=brand,
        channel=channel,
        opened_at=min(first_at, now),
        last_at=now,
        complaints=number,
        about=about,
    )


def is_over(state: Incident, lately: int, over: int, window: timedelta, now: datetime) -> bool:
    """Tell whether an incident has calmed down: a window with less than half of what began it."""
    return lately <= over // 2 and now - state.last_at >= window


def alerts_about(
    state: Incident,
    why: Explanation,
    work: IncidentWork,
    places: Places,
    now: datetime,
    spacing: timedelta = UPDATE_EVERY,
) -> list[NewAlert]:
    """Tell of an incident: its one message, made or changed; its thread hears of end and return.

    Written once for each end and each return, however often it is asked for.
    """
    if state.kind is IncidentKind.COMPLAINTS:
        kind, payload = AlertKind.INCIDENT, messages.incident(state, why, work, places)
    else:
        kind, payload = AlertKind.SPIKE, messages.spike(state, why, places, HOURS)
    root = NewAlert(
        dedupe_key=state.root_key,
        kind=kind,
        brand=state.brand,
        channel=state.channel,
        payload=payload,
        created_at=now,
        urgent=state.kind is IncidentKind.COMPLAINTS,
    )
    alerts = posted_or_changed(root, spacing)
    in_thread = replace(root, operation=Operation.REPLY, root_key=state.root_key)
    if state.back_at is not None:
        key = back_key(state.root_key, state.back_at)
        alerts.append(replace(in_thread, dedupe_key=key, payload=messages.incident_back(state)))
    if state.closed_at is not None:
        key = over_key(state.root_key, after=state.back_at)
        alerts.append(replace(in_thread, dedupe_key=key, payload=messages.incident_over(state)))
    return alerts


def unusual_now(
    seen: Mapping[str, int], weeks: Sequence[Mapping[str, int]]
) -> dict[IncidentKind, int]:
    """Judge the last hours against the same hours of earlier weeks, by control limits.

    `seen` and each of `weeks` count `mentions`, `told` and `angry`. Gives the number that is
    unusual for each kind that is.
    """
    unusual: dict[IncidentKind, int] = {}
    if not weeks:
        return unusual
    limit = count_limit(without_signals([week["mentions"] for week in weeks]), 1.0)
    if seen["mentions"] >= _MIN_VOLUME and seen["mentions"] > limit:
        unusual[IncidentKind.VOLUME] = seen["mentions"]
    experiences = sum(week["told"] for week in weeks)
    if experiences >= _MIN_BASELINE and seen["told"] and seen["angry"] >= _MIN_ANGRY:
        rate = Rate(seen["angry"], seen["told"])
        chart = p_chart([rate], baseline=[Rate(week["angry"], week["told"]) for week in weeks])
        if chart.points[0].outside and chart.points[0].above:
            unusual[IncidentKind.ANGER] = seen["angry"]
    return unusual


def spike_of(
    state: Incident | None,
    kind: IncidentKind,
    number: int,
    brand: str,
    channel: str,
    now: datetime,
) -> Incident:
    """Begin a spike, let one go on with its highest number, or let one come back."""
    if state is None:
        return Incident(
            brand=brand, channel=channel, opened_at=now, last_at=now, complaints=number, kind=kind
        )
    higher = replace(state, last_at=now, complaints=max(number, state.complaints))
    return higher if state.closed_at is None else replace(higher, closed_at=None, back_at=now)
