"""Microsoft Teams by a workflow's webhook: it posts cards, changes none, and cannot look.

The workflow answers 202 as soon as it has the request, before Teams has the card: whether it ever
posts is its own affair, and stands in its run history.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from alerts.destinations.certainty import Unclear, blind, settled
from alerts.destinations.http_call import BROKEN, TIMEOUT_S, broken, call, host_of, refused
from alerts.destinations.message_forms import as_card
from alerts.messages.message_parts import parts_of
from alerts.outbox.transport import Fate, Look, SendResult, broadcast
from storage.models import Alert, Operation

_CARD = "application/vnd.microsoft.card.adaptive"


class TeamsTransport:
    """Post cards into one channel of Teams."""

    def __init__(
        self,
        name: str,
        url: str,
        zone: tzinfo,
        names: Mapping[str, str],
        *,
        unclear: Unclear = "ask",
        timeout: float = TIMEOUT_S,
    ) -> None:
        self._name = name
        self._url = url
        self._zone = zone
        self._names = names
        self._unclear = unclear
        self._timeout = timeout

    def send(self, alert: Alert, *, text_only: bool = False) -> SendResult:
        if alert.operation is not Operation.POST and not broadcast(alert):
            return SendResult(Fate.POINTLESS)  # a card in Teams stays as it was posted
        payload = {"text": alert.payload["text"]} if text_only else alert.payload
        try:
            reply = call(
                "POST", self._url, body=teams_message(payload, self._zone, self._names),
                timeout=self._timeout,
            )  # fmt: skip
        except BROKEN as error:
            return settled(
                broken(error, f"teams:{self._name} ({host_of(self._url)})"), self._unclear
            )
        if reply.good:
            return SendResult(Fate.SENT)
        mend = "make a new workflow and set its address in the environment"
        return settled(refused(reply, f"teams:{self._name}", mend), self._unclear)

    def find(self, alert: Alert) -> Look:
        return blind(alert, "Teams", self._unclear)

    def lane(self, alert: Alert) -> str | None:
        return ""


def teams_message(
    payload: Mapping[str, Any], zone: tzinfo, names: Mapping[str, str]
) -> dict[str, Any]:
    """Give what the trigger `When a Teams webhook request is received` takes."""
    card = as_card(parts_of(payload, names), zone)
    return {
        "type": "message",
        "attachments": [{"contentType": _CARD, "contentUrl": None, "content": card}],
    }
