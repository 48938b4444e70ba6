"""A webhook of the owner's: signed JSON, which whoever takes it can tell from a repeat.

Signed as Standard Webhooks signs. `webhook-id` names the alert: sent again after a crash or a
broken line it has the same id, so that the receiver drops it. It is sent at least once; taken
once by a receiver that looks at the id.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Any

from alerts.destinations.http_call import BROKEN, TIMEOUT_S, broken, call, host_of, refused
from alerts.destinations.message_forms import as_text
from alerts.destinations.standard_webhooks import signed_headers
from alerts.messages.message_parts import heading_of, parts_of
from alerts.outbox.transport import Fate, Look, SendResult, Sight
from storage.models import Alert, AlertKind, Operation, iso

_LONGEST_ID = 256
_TYPES = {
    Operation.POST: "alert.posted",
    Operation.REPLY: "alert.replied",
    Operation.UPDATE: "alert.updated",
}


class SignedWebhook:
    """Post each alert, and each event of a case, to one address."""

    def __init__(
        self,
        name: str,
        url: str,
        keys: Sequence[bytes],
        now: Callable[[], datetime],
        zone: tzinfo,
        *,
        timeout: float = TIMEOUT_S,
    ) -> None:
        """Sign with each of the `keys`, so that a receiver may know the old or the new one."""
        self._name = name
        self._url = url
        self._keys = keys
        self._now = now
        self._zone = zone
        self._timeout = timeout

    def send(self, alert: Alert, *, text_only: bool = False) -> SendResult:
        if alert.operation is Operation.UPLOAD:
            return SendResult(Fate.POINTLESS)
        event = event_of(alert, self._zone, with_blocks=not text_only)
        body = json.dumps(event, ensure_ascii=False).encode()
        event_id = event_id_of(alert)
        headers = signed_headers(event_id, body, self._keys, self._now())
        try:
            reply = call("POST", self._url, body=body, headers=headers, timeout=self._timeout)
        except BROKEN as error:
            result = broken(error, f"webhook:{self._name} ({host_of(self._url)})")
        else:
            if reply.good:
                return SendResult(Fate.SENT, slack_ts=event_id)
            mend = "check its url and its secret"
            result = refused(reply, f"webhook:{self._name}", mend)
        # The receiver knows a repeat by its id: nothing about it is unclear.
        return replace(result, fate=Fate.NOT_SENT) if result.fate is Fate.UNCLEAR else result

    def find(self, alert: Alert) -> Look:
        return Look(Sight.ABSENT, "The receiver knows a repeat: it is sent again.", final=True)

    def lane(self, alert: Alert) -> str | None:
        return None


def event_id_of(alert: Alert) -> str:
    """Give `webhook-id`: the dedupe key, or its digest where that is too long or not ASCII."""
    key = alert.dedupe_key
    if len(key) <= _LONGEST_ID and key.isascii() and key.isprintable() and " " not in key:
        return key
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def event_of(alert: Alert, zone: tzinfo, *, with_blocks: bool = True) -> dict[str, Any]:
    """Give what is sent: `type`, `timestamp` and `data`."""
    if alert.kind is AlertKind.CASE_EVENT and "event" in alert.payload:
        return dict(alert.payload["event"])
    message = parts_of(alert.payload)
    data = {
        "id": alert.dedupe_key,
        "about": alert.root_key,
        "kind": alert.kind.value,
        "brand": alert.brand,
        "channel": alert.channel,
        "mention_id": alert.mention_id,
        "urgent": alert.urgent,
        "title": heading_of(alert.payload),
        "text": as_text(message, zone),
        "blocks": (alert.payload.get("blocks") or []) if with_blocks else [],
    }
    return {"type": _TYPES[alert.operation], "timestamp": iso(alert.created_at), "data": data}
