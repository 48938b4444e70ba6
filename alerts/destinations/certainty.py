"""What is done where a destination cannot tell whether it took an alert.

With `again` it is sent once more: at least once. With `ask` it waits for a person: at most once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from alerts.outbox.advice import by_eye
from alerts.outbox.transport import Fate, Look, SendResult, Sight
from storage.models import Alert

Unclear = Literal["ask", "again"]


def settled(result: SendResult, unclear: Unclear) -> SendResult:
    """Take a try that may have arrived for one that did not, where a repeat is allowed."""
    if unclear == "again" and result.fate is Fate.UNCLEAR:
        return replace(result, fate=Fate.NOT_SENT)
    return result


def blind(alert: Alert, what: str, unclear: Unclear) -> Look:
    """Say what a look comes to where nothing can be looked for; `what` names the destination."""
    if unclear == "again":
        return Look(Sight.ABSENT, f"{what} cannot be asked: Earful sends it again.", final=True)
    return Look(
        Sight.BLIND,
        f"{what} may have this message, and cannot be asked: {by_eye(alert.channel)}",
    )
