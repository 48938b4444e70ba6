"""Slack by bot token or by incoming webhook, and what each of its answers means.

`slack_sdk` retries a reset connection by itself, and the message may have been posted before
the reset: its retry handlers are turned off here, `delivery` alone decides.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient

from alerts.outbox.advice import by_eye
from alerts.outbox.transport import Answer, Fate, Look, Sight, broadcast, shown_blocks
from alerts.slack.slack_errors import (
    ACCOUNT_ERRORS,
    BROKEN,
    DEFAULT_RETRY_AFTER_S,
    RATE_ERRORS,
    UNCLEAR_ERRORS,
    broken_off,
    error_code,
    harmless,
    meaning,
    rate_limited,
    reason_of,
    retry_after,
)
from storage.models import Alert, Operation

EVENT_TYPE = "earful_alert"
TIMEOUT_S = 10
"""Must stay under `delivery.SETTLE`: a look must not come while a try is still under way."""

_LOOK_BACK = timedelta(minutes=5)
_PAGE = 200
_MAX_PAGES = 100


class BotTransport:
    """Post with a bot token; find own messages by the metadata that carries the dedupe key.

    Needs `chat:write`; to look after a crash also `channels:history` and `channels:read`
    (`groups:…` for private channels); for pictures `files:write`. History takes a channel's id
    and not its name: it is learnt from each answer to a post, and from `conversations.list`
    after a restart.
    """

    def __init__(
        self,
        token: str,
        *,
        api_url: str = WebClient.BASE_URL,
        timeout: int = TIMEOUT_S,
        buttons: bool = False,
    ) -> None:
        """With `buttons` somebody listens to them; without, messages go without."""
        self._client = WebClient(
            token=token,
            base_url=api_url if api_url.endswith("/") else api_url + "/",
            timeout=timeout,
            retry_handlers=[],
            logger=_quiet_logger(),
        )
        self._host = urlsplit(api_url).hostname or "Slack"
        self._ids: dict[str, str] = {}
        self._buttons = buttons

    def send(self, alert: Alert, *, text_only: bool = False) -> Answer:
        if alert.operation is Operation.UPDATE:
            return self._update(alert, text_only)
        if alert.operation is Operation.UPLOAD:
            return self._upload(alert)
        if alert.operation is Operation.REPLY and not alert.root_ts and not broadcast(alert):
            return Answer(Fate.POINTLESS)
        try:
            response = self._client.chat_postMessage(
                channel=alert.root_channel or alert.channel,
                text=alert.payload["text"],
                blocks=None if text_only else self._blocks(alert),
                metadata={"event_type": EVENT_TYPE, "event_payload": {"id": alert.dedupe_key}},
                thread_ts=alert.root_ts,
                reply_broadcast=True if alert.root_ts and broadcast(alert) else None,
                unfurl_links=False,
                unfurl_media=False,
                link_names=False,
            )
        except SlackApiError as error:
            return self._refused(error.response, alert.channel)
        except BROKEN as error:
            return broken_off(error, self._host)
        channel_id = str(response.get("channel") or "") or None
        if channel_id and alert.operation is Operation.POST:
            self._ids[_bare(alert.channel)] = channel_id
        return Answer(Fate.SENT, slack_ts=str(response.get("ts")), slack_channel=channel_id)

    def _blocks(self, alert: Alert) -> list[dict[str, Any]] | None:
        return shown_blocks(alert, buttons=self._buttons)

    def _update(self, alert: Alert, text_only: bool) -> Answer:
        """Change a message; doing it twice does no harm, so nothing about it is unclear."""
        if not alert.root_ts:
            return Answer(Fate.POINTLESS)
        try:
            channel_id = alert.root_channel or self._channel_id(alert.channel)
            if channel_id is None:
                return Answer(Fate.POINTLESS)
            self._client.chat_update(
                channel=channel_id,
                ts=alert.root_ts,
                text=alert.payload["text"],
                blocks=[] if text_only else self._blocks(alert),
            )
        except SlackApiError as error:
            answer = self._refused(error.response, alert.channel)
        except BROKEN as error:
            answer = broken_off(error, self._host)
        else:
            return Answer(Fate.SENT, slack_ts=alert.root_ts, slack_channel=channel_id)
        if answer.fate is Fate.UNCLEAR:
            return replace(answer, fate=Fate.NOT_SENT)
        return answer

    def _upload(self, alert: Alert) -> Answer:
        """Put a picture into a message's thread. Its name is how it is found again."""
        if not alert.root_ts or not alert.root_channel:
            return Answer(Fate.POINTLESS)
        content = base64.b64decode(alert.payload["png"])
        try:
            place = self._client.files_getUploadURLExternal(
                filename=alert.payload["filename"],
                length=len(content),
                alt_txt=alert.payload["text"],
            )
            request = Request(str(place["upload_url"]), data=content, method="POST")
            with urlopen(request, timeout=TIMEOUT_S) as uploaded:
                uploaded.read()
        except SlackApiError as error:
            answer = self._refused(error.response, alert.channel)
            # A picture is an extra: without the permission the digest goes without it.
            lacking = "missing_scope" in answer.error
            return Answer(Fate.POINTLESS) if lacking else harmless(answer)
        except BROKEN as error:
            return harmless(broken_off(error, self._host))
        try:
            self._client.files_completeUploadExternal(
                files=[{"id": str(place["file_id"]), "title": alert.payload["text"]}],
                channel_id=alert.root_channel,
                thread_ts=alert.root_ts,
            )
        except SlackApiError as error:
            return self._refused(error.response, alert.channel)
        except BROKEN as error:
            return broken_off(error, self._host)
        return Answer(Fate.SENT, slack_channel=alert.root_channel)

    def find(self, alert: Alert) -> Look:
        if alert.operation is Operation.UPDATE:
            return Look(Sight.ABSENT)
        # A doubt may be older than the last try: of several, any may be the one that was posted.
        tried = None if alert.may_be_posted else alert.claimed_at
        since = (tried or alert.created_at) - _LOOK_BACK
        try:
            channel_id = alert.root_channel or self._channel_id(alert.channel)
            if channel_id is None:
                return Look(
                    Sight.BLIND,
                    f"Slack may have this message, and {alert.channel} cannot be found to look: "
                    f"{by_eye(alert.channel)}",
                )
            return self._search(channel_id, alert, since)
        except SlackApiError as error:
            return self._unseen(error.response, alert.channel)
        except BROKEN as error:
            return Look(Sight.LATER, f"{self._host} did not answer a look into {alert.channel}: "
                        f"{reason_of(error)}.")  # fmt: skip

    def lane(self, alert: Alert) -> str | None:
        # Slack counts updates for the workspace, posts for each channel.
        return "chat.update" if alert.operation is Operation.UPDATE else alert.channel

    def _search(self, channel_id: str, alert: Alert, since: datetime) -> Look:
        """Look through a channel, or through the thread in which a reply would stand."""
        cursor: str | None = None
        for _ in range(_MAX_PAGES):
            where: dict[str, Any] = {
                "channel": channel_id,
                "oldest": f"{since.timestamp():.6f}",
                "include_all_metadata": True,
                "limit": _PAGE,
                "cursor": cursor,
            }
            page = (
                self._client.conversations_replies(ts=alert.root_ts, **where)
                if alert.root_ts
                else self._client.conversations_history(**where)
            )
            for message in page.get("messages") or []:
                if _is_of(message, alert):
                    return Look(
                        Sight.FOUND, slack_ts=str(message.get("ts")), slack_channel=channel_id
                    )
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                return Look(Sight.ABSENT)
        return Look(
            Sight.BLIND,
            "Slack may have this message, and too many came after it to look: "
            f"{by_eye(alert.channel)}",
        )

    def _channel_id(self, channel: str) -> str | None:
        name = _bare(channel)
        if not channel.startswith("#") and name[:1] in "CGD" and name.isalnum() and name.isupper():
            return name
        if name in self._ids:
            return self._ids[name]
        try:
            self._learn_ids(name, "public_channel,private_channel")
        except SlackApiError as error:
            if error_code(error.response)[0] != "missing_scope":
                raise
            # Without `groups:read` Slack refuses the whole question: ask for less.
            self._learn_ids(name, "public_channel")
        return self._ids.get(name)

    def _learn_ids(self, name: str, types: str) -> None:
        cursor: str | None = None
        for _ in range(_MAX_PAGES):
            page = self._client.conversations_list(
                types=types, exclude_archived=True, limit=1000, cursor=cursor
            )
            for found in page.get("channels") or []:
                self._ids[str(found.get("name"))] = str(found.get("id"))
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
            if name in self._ids or cursor is None:
                return

    def _refused(self, response: SlackResponse, channel: str) -> Answer:
        code, data = error_code(response)
        status = response.status_code
        if status == 429 or code in RATE_ERRORS:
            return rate_limited(response.headers, channel)
        if status >= 500 or code in UNCLEAR_ERRORS:
            return Answer(
                Fate.UNCLEAR,
                f"Slack answered {code or status} for {channel}; it may have posted all the same.",
                retry_after=retry_after(response.headers),
            )
        if code is None:
            if status == 200:  # an answer cut short: Slack has most likely posted
                return Answer(Fate.UNCLEAR, f"The answer for {channel} was cut short.")
            return Answer(
                Fate.ACCOUNT_DEAD,
                f"{self._host} answered HTTP {status}, not as Slack does: check slack.api_url.",
            )
        return meaning(code, channel, data)

    def _unseen(self, response: SlackResponse, channel: str) -> Look:
        code, data = error_code(response)
        if response.status_code == 429 or code in RATE_ERRORS:
            wait = retry_after(response.headers) or DEFAULT_RETRY_AFTER_S
            return Look(Sight.LATER, f"Slack asked to wait {wait:g} s.", retry_after=wait)
        if response.status_code >= 500 or code is None or code in UNCLEAR_ERRORS:
            told = code or f"HTTP {response.status_code}"
            return Look(Sight.LATER, f"Slack answered {told} to a look into {channel}.")
        if code in ACCOUNT_ERRORS and code != "missing_scope":
            return Look(Sight.LATER, meaning(code, channel, data).error)
        lacking = f" (needs {data['needed']})" if data.get("needed") else ""
        return Look(
            Sight.BLIND,
            f"Slack may have this message, and {channel} cannot be looked into: {code}{lacking}: "
            f"{by_eye(channel)}",
        )


class WebhookTransport:
    """Post through an incoming webhook, which cannot look and reaches one channel only."""

    def __init__(self, url: str, *, timeout: int = TIMEOUT_S) -> None:
        self._client = WebhookClient(
            url, timeout=timeout, retry_handlers=[], logger=_quiet_logger()
        )
        self._host = urlsplit(url).hostname or "Slack"  # the whole address is a secret

    def send(self, alert: Alert, *, text_only: bool = False) -> Answer:
        if alert.operation is not Operation.POST and not broadcast(alert):
            return Answer(Fate.POINTLESS)  # a webhook knows no message's ts
        blocks = None if text_only else shown_blocks(alert, buttons=False)
        try:
            response = self._client.send(
                text=alert.payload["text"], blocks=blocks, unfurl_links=False, unfurl_media=False
            )
        except BROKEN as error:
            return broken_off(error, self._host)
        code = response.body.strip()
        if response.status_code == 200 and code == "ok":
            return Answer(Fate.SENT)
        if response.status_code == 429 or code in RATE_ERRORS:
            return rate_limited(response.headers, alert.channel)
        if response.status_code == 200 or response.status_code >= 500 or code in UNCLEAR_ERRORS:
            told = f"HTTP {response.status_code}"
            return Answer(Fate.UNCLEAR, f"The webhook answered {told}; it may have posted.")
        if len(code) > 60 or not code.replace("_", "").isalnum():
            return Answer(
                Fate.ACCOUNT_DEAD,
                f"{self._host} answered HTTP {response.status_code}, not as a Slack webhook does: "
                "check SLACK_WEBHOOK_URL.",
            )
        return meaning(code, alert.channel, {})

    def find(self, alert: Alert) -> Look:
        return Look(
            Sight.BLIND,
            f"Slack may have this message, and a webhook cannot look: {by_eye(alert.channel)}",
        )

    def lane(self, alert: Alert) -> str | None:
        return "webhook"


def _is_of(message: Mapping[str, Any], alert: Alert) -> bool:
    if alert.operation is Operation.UPLOAD:
        names = [one.get("name") for one in message.get("files") or []]
        return alert.payload["filename"] in names
    metadata = message.get("metadata") or {}
    told = metadata.get("event_payload") or {}
    return metadata.get("event_type") == EVENT_TYPE and told.get("id") == alert.dedupe_key


def _bare(channel: str) -> str:
    return channel.removeprefix("#")


def _quiet_logger() -> logging.Logger:
    """Keep the SDK from writing tokens, webhook addresses and bodies at DEBUG."""
    logger = logging.getLogger("alerts.slack.sdk")
    logger.setLevel(logging.CRITICAL)
    return logger
