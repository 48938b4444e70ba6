"""Alerts that were tried twice: where the first try shows up late, the double is taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from alerts.outbox.send_queue import Outbox
from alerts.outbox.transport import Sight, TakesBack, Transport
from storage.models import Alert

LOOKS_BACK = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
"""When, after an alert was sent, Slack is looked at for an earlier try of it."""

_LATER = timedelta(minutes=1)
# What cannot be looked at for so long is left: whoever reads the channel sees a double.
_GIVE_UP = timedelta(hours=2)


def remove_doubles(
    outbox: Outbox,
    transport: Transport,
    now: Callable[[], datetime],
    stop: Callable[[], bool] = lambda: False,
) -> list[str]:
    """Look for the doubles that are due to be looked for; gives what stood in the way.

    Never raises for what Slack does, nor for one alert that cannot be looked for.
    """
    problems: list[str] = []
    for alert in outbox.to_look_at(now()):
        if stop():
            break
        if not isinstance(transport, TakesBack):
            outbox.look_again(alert.id, None)
            continue
        try:
            look = transport.remove_doubles(alert)
        except Exception as error:
            problems.append(f"Earful failed to look for a double ({type(error).__name__}).")
            outbox.look_again(alert.id, None)
            continue
        if look.sight is Sight.LATER:
            problems.append(look.error)
            outbox.look_again(alert.id, _later(alert, now(), look.retry_after))
        else:
            # One that was found may have a twin: three tries make three.
            outbox.look_again(alert.id, None if look.sight is Sight.BLIND else _next(alert, now()))
    return problems


def _later(alert: Alert, now: datetime, retry_after: float | None) -> datetime | None:
    sent_at = alert.sent_at or alert.created_at
    at = now + max(_LATER, timedelta(seconds=retry_after or 0))
    return at if at - sent_at < _GIVE_UP else None


def _next(alert: Alert, now: datetime) -> datetime | None:
    sent_at = alert.sent_at or alert.created_at
    return next((sent_at + after for after in LOOKS_BACK if sent_at + after > now), None)
