"""When ops hear of what is wrong with Earful itself: once, and again when it is over. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts import messages
from storage.models import AlertKind, KnownProblem, NewAlert
from storage.models.dedupe_keys import away_key, clock_key, problems_key

LOOKS = 3
"""A problem is told once so many looks in a row saw it; one that is gone after two is over."""

_LOOKS_WITHOUT = 2


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look came to: the problems to remember, and the alerts about them."""

    problems: tuple[KnownProblem, ...]
    alerts: tuple[NewAlert, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong now. `key` names it from look to look, `about` names it for people.

    `sentence` says what is wrong, where and what to do. Ops hear of it only where `for_ops`.
    """

    key: str
    about: str
    sentence: str
    for_ops: bool = True


def look(
    present: Sequence[Problem], known: Mapping[str, KnownProblem], channel: str, now: datetime
) -> Looked:
    """Compare the problems seen now with those known from earlier looks.

    A short fault is never told; a problem that comes and goes is one problem, as long as it is
    never gone for two looks in a row.
    """
    after: list[KnownProblem] = []
    over: list[KnownProblem] = []
    keys = {one.key for one in present}
    for one in present:
        before = known.get(one.key)
        if before is None:
            after.append(
                KnownProblem(key=one.key, about=one.about, sentence=one.sentence, since=now)
            )
        else:
            seen = before.seen + 1
            after.append(replace(before, sentence=one.sentence, seen=seen, missed=0))
    for key, before in known.items():
        if key in keys:
            continue
        missed = replace(before, missed=before.missed + 1)
        if missed.missed < _LOOKS_WITHOUT:
            after.append(missed)
        elif before.told_at is not None:
            over.append(missed)
    news = [one for one in after if one.told_at is None and one.seen >= LOOKS and not one.missed]
    after = [replace(one, told_at=now) if one in news else one for one in after]
    alerts = []
    if news:
        payload = messages.earful_in_trouble([one.sentence for one in news], now)
        alerts.append(_alert(news, payload, channel, now, over=False))
    if over:
        remaining = sum(one.told_at is not None for one in after)
        payload = messages.earful_is_well([one.about for one in over], remaining, now)
        alerts.append(_alert(over, payload, channel, now, over=True))
    return Looked(tuple(after), tuple(alerts))


def was_away(
    since: datetime,
    until: datetime,
    channel: str,
    *,
    died: bool,
    late: tuple[int, int, int],
) -> NewAlert:
    """Tell ops, once, of a time in which no daemon ran.

    `late` are the sources to read, the mentions to score and the alerts to send.
    """
    return NewAlert(
        dedupe_key=away_key(since),
        kind=AlertKind.OPS,
        brand="",
        channel=channel,
        payload=messages.earful_was_away(since, until, died=died, late=late),
        created_at=until,
    )


def clock_was_set(step: timedelta, now: datetime, channel: str) -> NewAlert:
    """Tell ops that the machine's clock was set by `step`, back where that is negative."""
    return NewAlert(
        dedupe_key=clock_key(now, step),
        kind=AlertKind.OPS,
        brand="",
        channel=channel,
        payload=messages.clock_was_set(step, now),
        created_at=now,
    )


def _alert(
    problems: Sequence[KnownProblem],
    payload: dict[str, object],
    channel: str,
    now: datetime,
    *,
    over: bool,
) -> NewAlert:
    return NewAlert(
        dedupe_key=problems_key([(one.key, one.since) for one in problems], over=over),
        kind=AlertKind.OPS,
        brand="",
        channel=channel,
        payload=payload,
        created_at=now,
    )
