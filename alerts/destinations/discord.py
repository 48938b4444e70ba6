"""Discord by a channel's webhook: it posts and changes messages, and cannot look for one.

A message whose id is known can be changed and read again. One whose response was lost has no id
here, and a webhook lists no messages: then nothing can tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from alerts.destinations.certainty import Unclear, blind, settled
from alerts.destinations.http_call import (
    BROKEN,
    TIMEOUT_S,
    Reply,
    broken,
    call,
    host_of,
    refused,
)
from alerts.destinations.message_forms import as_content, as_embed
from alerts.messages.message_parts import parts_of
from alerts.outbox.transport import Fate, Look, SendResult, Sight, broadcast
from storage.models import Alert, Operation

_UNKNOWN_MESSAGE = 10008


class DiscordTransport:
    """Post into one channel of Discord, and keep cases there up to date."""

    def __init__(
        self,
        name: str,
        url: str,
        names: Mapping[str, str],
        *,
        unclear: Unclear = "ask",
        timeout: float = TIMEOUT_S,
    ) -> None:
        self._name = name
        self._url = url.partition("?")[0].rstrip("/")
        self._names = names
        self._unclear = unclear
        self._timeout = timeout

    def send(self, alert: Alert, *, text_only: bool = False) -> SendResult:
        if alert.operation is Operation.UPDATE:
            return self._update(alert, text_only)
        if alert.operation is not Operation.POST and not broadcast(alert):
            return SendResult(Fate.POINTLESS)  # the updated message shows how the case is
        # Without `wait` Discord answers before it has posted, and names no id.
        result = self._call("POST", f"{self._url}?wait=true", alert, text_only)
        return settled(result, self._unclear)

    def _update(self, alert: Alert, text_only: bool) -> SendResult:
        """Change a message; doing it twice does no harm, so nothing about it is unclear."""
        if not alert.root_ts:
            return SendResult(Fate.POINTLESS)
        url = f"{self._url}/messages/{alert.root_ts}"
        return settled(self._call("PATCH", url, alert, text_only), "again")

    def _call(self, method: str, url: str, alert: Alert, text_only: bool) -> SendResult:
        body = discord_message(alert.payload, self._names, text_only=text_only)
        try:
            reply = call(method, url, body=body, timeout=self._timeout)
        except BROKEN as error:
            return broken(error, f"discord:{self._name} ({host_of(url)})")
        if not reply.good:
            if _code(reply) == _UNKNOWN_MESSAGE:
                return SendResult(Fate.MESSAGE_GONE, "Somebody deleted the message.")
            mend = "make a new webhook in the channel's settings and set its address"
            return refused(reply, f"discord:{self._name}", mend)
        message = reply.json
        if not isinstance(message, dict) or not message.get("id"):
            return SendResult(
                Fate.UNCLEAR, f"discord:{self._name} answered without the message's id."
            )
        return SendResult(Fate.SENT, slack_ts=str(message["id"]))

    def find(self, alert: Alert) -> Look:
        if alert.operation is Operation.UPDATE:
            return Look(Sight.ABSENT, final=True)
        return blind(alert, "Discord", self._unclear)

    def lane(self, alert: Alert) -> str | None:
        return ""


def discord_message(
    payload: Mapping[str, Any], names: Mapping[str, str], *, text_only: bool = False
) -> dict[str, Any]:
    """Give a message that pings nobody, whatever stands in it."""
    quiet: dict[str, Any] = {"allowed_mentions": {"parse": []}}
    if text_only:
        bare = parts_of({"text": payload.get("text")}, names)
        return {"content": as_content(bare, UTC), "embeds": [], **quiet}
    return {"content": "", "embeds": [as_embed(parts_of(payload, names))], **quiet}


def _code(reply: Reply) -> int | None:
    told = reply.json
    return told.get("code") if isinstance(told, dict) else None
