"""What each alert of the outbox waits for, by the rules of its lines. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from storage.models import Alert, AlertState


class For(StrEnum):
    """What is waited for; `NOTHING` are those that go now, are sent or dropped."""

    NOTHING = "nothing"
    MOMENT = "moment"
    MESSAGE = "message"
    LINE = "line"
    LOOK = "look"
    MENDING = "mending"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Wait:
    """`alert_id` is the alert that must be done first, `until` when the next try is due."""

    what: For
    alert_id: int | None = None
    until: datetime | None = None


def waits(unsent: Sequence[Alert], now: datetime) -> dict[int, Wait]:
    """Tell for every alert, by id, what it waits for; `unsent` are all that Slack has not.

    A line stands while Slack is asked for one of it, and while one of it, or one that goes to the
    same place, waits for its next try.
    """
    heads: dict[object, Alert] = {}
    for alert in unsent:
        if alert.state is AlertState.SENDING:
            heads.setdefault(alert.queue, alert)
        elif _held(alert, now):
            heads.setdefault(alert.lot, alert)
    return {
        alert.id: _wait(alert, heads.get(alert.queue) or heads.get(alert.lot), now)
        for alert in unsent
    }


def _wait(alert: Alert, head: Alert | None, now: datetime) -> Wait:
    if alert.state is AlertState.PARKED:
        return Wait(For.PERSON if alert.in_doubt else For.MENDING)
    if alert.state is AlertState.SENDING:
        return Wait(For.LOOK, until=alert.next_attempt_at)
    if _rootless(alert):
        return Wait(For.MESSAGE, alert.root_id)
    if alert.not_before is not None and alert.not_before > now:
        return Wait(For.MOMENT, until=alert.not_before)
    if _held(alert, now):
        return Wait(For.MOMENT, until=alert.next_attempt_at)
    if head is not None:
        return Wait(For.LINE, head.id, head.next_attempt_at)
    return Wait(For.NOTHING)


def _rootless(alert: Alert) -> bool:
    return alert.root_key is not None and alert.root_state is not AlertState.SENT


def _held(alert: Alert, now: datetime) -> bool:
    """Tell whether an alert that could go waits for its next try, and its line with it."""
    return (
        alert.state is AlertState.PENDING
        and not _rootless(alert)
        and (alert.not_before is None or alert.not_before <= now)
        and alert.next_attempt_at is not None
        and alert.next_attempt_at > now
    )
