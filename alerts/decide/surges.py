"""When many complaints are one incident, what they are about, and what is unusual. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from alerts import messages
from alerts.decide.changing_alerts import UPDATE_EVERY, posted_or_changed
from alerts.decide.stats import Rate, count_limit, p_chart
from alerts.messages import Places
from storage.models import AlertKind, Incident, Mention, NewAlert, Operation
from storage.models.dedupe_keys import over_key, spike_key

HOURS = 3
"""Over so many hours spikes are judged."""

_MIN_VOLUME = 12
_MIN_ANGRY = 5
_MIN_BASELINE = 30
_SHARED = 0.3
_COMMON = """
    a about after again all also am an and any are as at be because been before being but by can
    could did do does doing don down each even ever every few for from further get got had has have
    he her here him his how i if in into is it its just like me more most my never no nor not now
    of off on once only or other our out over own really same she should so some still such than
    that the their them then there these they this those through time to today too under until up
    us very was we were what when where which while who why will with would you your please since
    und der die das ist nicht ich ein eine mit auf zu den es de la el le les et un une que en por
    para con se je ne pas est
"""
_STOP = frozenset(_COMMON.split())


def is_incident(complaints: int, over: int, usual: Sequence[int], share: float) -> bool:
    """Tell whether so many complaints in a window are more than many, and more than usual.

    `usual` are counts over the same hours of earlier weeks, of which the window is a `share`.
    Without earlier weeks the plain number decides.
    """
    if complaints <= over:
        return False
    return complaints > count_limit(usual, share) if usual else True


def grown(
    state: Incident | None,
    brand: str,
    channel: str,
    complaints: Sequence[Mention],
    ordinary: Sequence[str],
    first_at: datetime,
    now: datetime,
) -> Incident:
    """Begin an incident with these complaints, or let one grow by them."""
    number = len(complaints) + (state.complaints if state else 0)
    about = telling_phrase([f"{m.title or ''} {m.text}" for m in complaints], ordinary, brand)
    if state is not None:
        return replace(state, last_at=now, complaints=number, about=state.about or about)
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
    newest: Sequence[Mention],
    places: Places,
    now: datetime,
    spacing: timedelta = UPDATE_EVERY,
) -> list[NewAlert]:
    """Tell of an incident: its one message, made or changed, and in its thread the end."""
    root = NewAlert(
        dedupe_key=state.root_key,
        kind=AlertKind.INCIDENT,
        brand=state.brand,
        channel=state.channel,
        payload=messages.incident(state, newest, places),
        created_at=now,
        urgent=True,
    )
    alerts = posted_or_changed(root, spacing)
    if state.closed_at is not None:
        alerts.append(
            replace(
                root,
                dedupe_key=over_key(state.root_key),
                operation=Operation.REPLY,
                root_key=state.root_key,
                payload=messages.incident_over(),
            )
        )
    return alerts


def telling_phrase(texts: Sequence[str], ordinary: Sequence[str], brand: str = "") -> str | None:
    """Find the word or pair of words that most texts share and that is rare otherwise.

    None where nothing is shared by a third of them.
    """
    if not texts:
        return None
    ignored = set(_words(brand))
    here = Counter(term for text in texts for term in _terms(text, ignored))
    usual = Counter(term for text in ordinary for term in _terms(text, ignored))
    best, best_score = None, 0.0
    for term, number in sorted(here.items()):
        share = number / len(texts)
        if number < 2 or share < _SHARED:
            continue
        before = (usual[term] + 0.5) / (len(ordinary) + 1)
        # How much more often than usual, weighed by how many say it; a pair says more than a word.
        score = share * math.log2(1 + share / before) * (1.25 if " " in term else 1.0)
        if score > best_score:
            best, best_score = term, score
    return best


def spikes(
    brand: str,
    channel: str,
    seen: Mapping[str, int],
    weeks: Sequence[Mapping[str, int]],
    now: datetime,
) -> list[NewAlert]:
    """Judge the last hours against the same hours of earlier weeks, by control limits.

    `seen` and each of `weeks` count `mentions`, `told` and `angry`. Each kind is told once a day.
    """
    if not weeks:
        return []
    unusual: list[tuple[str, dict[str, object]]] = []
    limit = count_limit([week["mentions"] for week in weeks], 1.0)
    if seen["mentions"] >= _MIN_VOLUME and seen["mentions"] > limit:
        unusual.append(("volume", messages.volume_spike(brand, seen["mentions"], limit, HOURS)))
    experiences = sum(week["told"] for week in weeks)
    if experiences >= _MIN_BASELINE and seen["told"] and seen["angry"] >= _MIN_ANGRY:
        rate = Rate(seen["angry"], seen["told"])
        chart = p_chart([rate], baseline=[Rate(week["angry"], week["told"]) for week in weeks])
        point = chart.points[0]
        if point.above and rate.value is not None:
            unusual.append(("anger", messages.anger_spike(brand, rate.value, point.upper, HOURS)))
    return [
        NewAlert(
            dedupe_key=spike_key(brand, kind, now),
            kind=AlertKind.SPIKE,
            brand=brand,
            channel=channel,
            payload=payload,
            created_at=now,
        )
        for kind, payload in unusual
    ]


def _terms(text: str, ignored: set[str]) -> set[str]:
    words = _words(text)
    single = {word for word in words if _tells(word, ignored)}
    pairs = {
        f"{one} {two}"
        for one, two in pairwise(words)
        if _tells(one, ignored) and _tells(two, ignored)
    }
    return single | pairs


def _tells(word: str, ignored: set[str]) -> bool:
    return len(word) > 2 and word not in _STOP and word not in ignored and not word.isdigit()


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())
