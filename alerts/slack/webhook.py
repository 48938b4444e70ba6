"""Slack by incoming webhook: it posts into one channel, and cannot look."""

from __future__ import annotations

from urllib.parse import urlsplit

from slack_sdk.webhook import WebhookClient

from alerts.outbox.advice import by_eye
from alerts.outbox.sent_files import has_file
from alerts.outbox.transport import Fate, Look, SendResult, Sight, broadcast, shown_blocks
from alerts.slack.sdk import TIMEOUT_S, quiet_logger
from alerts.slack.slack_errors import (
    BROKEN,
    RATE_ERRORS,
    UNCLEAR_ERRORS,
    broken_off,
    meaning,
    rate_limited,
)
from storage.models import Alert, Operation

_NO_FILES = (
    "An incoming webhook takes no files: set SLACK_BOT_TOKEN, or let the report come by mail."
)


class WebhookTransport:
    """Post through an incoming webhook, which cannot look and reaches one channel only."""

    def __init__(self, url: str, *, timeout: int = TIMEOUT_S) -> None:
        self._client = WebhookClient(
            url, timeout=timeout, retry_handlers=[], logger=quiet_logger()
        )
        self._host = urlsplit(url).hostname or "Slack"  # the whole address is a secret

    def send(self, alert: Alert, *, text_only: bool = False) -> SendResult:
        if alert.operation is Operation.UPLOAD and has_file(alert):
            return SendResult(Fate.BAD_MESSAGE, _NO_FILES)
        if alert.operation is not Operation.POST and not broadcast(alert):
            return SendResult(Fate.POINTLESS)  # a webhook knows no message's ts
        blocks = None if text_only else shown_blocks(alert, buttons=False)
        try:
            response = self._client.send(
                text=alert.payload["text"], blocks=blocks, unfurl_links=False, unfurl_media=False
            )
        except BROKEN as error:
            return broken_off(error, self._host)
        code = response.body.strip()
        if response.status_code == 200 and code == "ok":
            return SendResult(Fate.SENT)
        if response.status_code == 429 or code in RATE_ERRORS:
            return rate_limited(response.headers, alert.channel)
        if response.status_code == 200 or response.status_code >= 500 or code in UNCLEAR_ERRORS:
            status = f"HTTP {response.status_code}"
            return SendResult(Fate.UNCLEAR, f"The webhook answered {status}; it may have posted.")
        if len(code) > 60 or not code.replace("_", "").isalnum():
            return SendResult(
                Fate.ACCOUNT_DEAD,
                f"{self._host} answered HTTP {response.status_code}, not as a Slack webhook does: "
                "check SLACK_WEBHOOK_URL.",
            )
        return meaning(code, alert.channel, {})

    def find(self, alert: Alert) -> Look:
        return Look(
            Sight.BLIND,
            f"Slack may have this message, but a webhook cannot look: {by_eye(alert.channel)}",
        )

    def lane(self, alert: Alert) -> str | None:
        return "webhook"
