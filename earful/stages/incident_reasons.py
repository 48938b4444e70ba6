"""Why a rise is one: what the store knows of it and of the weeks before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from alerts.decide import surges
from alerts.decide.explanation import Explanation, explain
from storage.models import Incident, IncidentKind, Mention
from storage.store import Store

AROUND = timedelta(minutes=30)
"""The same hours of earlier weeks: so much before and after a span is looked at too."""

_BEFORE = timedelta(days=28)
# More texts say no more of what they share, and this many are read in a tenth of a second.
_MOST = 1000


def reasons(
    store: Store, state: Incident, now: datetime, newest: Sequence[Mention] = ()
) -> Explanation:
    """Explain an incident or a spike; `newest` are complaints that the store does not link yet."""
    if state.kind is IncidentKind.COMPLAINTS:
        known = {one.id for one in newest}
        stored = store.incidents.complaints_of(state, _MOST)
        mentions = [*newest, *(one for one in stored if one.id not in known)]
        usual = _usual(store, state)
    else:
        span = timedelta(hours=surges.HOURS)
        angry = state.kind is IncidentKind.ANGER
        end = max(state.last_at, state.opened_at)
        mentions = store.incidents.said(state.brand, end - span, end, _MOST, angry=angry)
        weeks = store.incidents.usual(state.brand, end - span, end)
        name = "angry" if angry else "mentions"
        usual = sum(week[name] for week in weeks) / len(weeks) if weeks else None
    began = state.opened_at
    before, total = store.incidents.facets(state.kind, state.brand, began - _BEFORE, began)
    ordinary = store.incidents.ordinary_words(state.brand, began)
    return explain(mentions, before, total, usual, ordinary, state.brand)


def _usual(store: Store, state: Incident) -> float | None:
    """Give how many complaints the same span had in the weeks before, in the mean."""
    start, end = state.opened_at - AROUND, state.last_at + AROUND
    weeks = store.incidents.usual(state.brand, start, end)
    if not weeks:
        return None
    share = (state.last_at - state.opened_at) / (end - start)
    return share * sum(week["angry"] for week in weeks) / len(weeks)
