"""Alerts that were tried twice: where the first try shows up late, the double is taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from alerts.outbox.send_queue import Outbox
from alerts.outbox.transport import Look, Sight, TakesBack, Transport
from storage.models import Alert

LOOKS_BACK = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
"""When, after an alert was sent, Slack is looked at for an earlier try of it."""

_LATER = timedelta(minutes=1)
# What cannot be looked at for so long is left: whoever reads the channel sees a double.
_GIVE_UP = timedelta(hours=2)
# Others wait to be sent meanwhile; the next pass goes on.
_AT_ONCE = 20


def remove_doubles(
    outbox: Outbox,
    transport: Transport,
    now: Callable[[], datetime],
    stop: Callable[[], bool] = lambda: False,
) -> dict[int, Exception]:
    """Look for the doubles that are due to be looked for; gives errors of our own, by alert.

    Never raises for what Slack does, nor for one alert that cannot be looked for. Where Slack does
    not answer, the others are not asked for in this pass.
    """
    raised: dict[int, Exception] = {}
    later: Look | None = None
    for alert in outbox.to_look_at(now())[:_AT_ONCE]:
        if stop():
            break
        if later is None:
            try:
                look = _look(transport, alert)
            except Exception as error:
                raised[alert.id] = error
                look = Look(Sight.BLIND)
            later = look if look.sight is Sight.LATER else None
        if later is not None:
            outbox.look_again(alert.id, _later(alert, now(), later.retry_after))
        else:
            # One that was found may have a twin: three tries make three.
            at = None if look.sight is Sight.BLIND else _next(alert, now())
            outbox.look_again(alert.id, at)
    return raised


def _look(transport: Transport, alert: Alert) -> Look:
    if isinstance(transport, TakesBack):
        return transport.remove_doubles(alert)
    return Look(Sight.BLIND)


def _later(alert: Alert, now: datetime, retry_after: float | None) -> datetime | None:
    sent_at = alert.sent_at or alert.created_at
    at = now + max(_LATER, timedelta(seconds=retry_after or 0))
    return at if at - sent_at < _GIVE_UP else None


def _next(alert: Alert, now: datetime) -> datetime | None:
    sent_at = alert.sent_at or alert.created_at
    return next((sent_at + after for after in LOOKS_BACK if sent_at + after > now), None)
