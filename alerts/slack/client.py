"""Slack by bot token: posts, changes, pictures, and looks for what may have been posted."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from alerts.outbox.advice import by_eye
from alerts.outbox.transport import Fate, Look, SendResult, Sight, broadcast, shown_blocks
from alerts.slack.sdk import TIMEOUT_S, base_url, next_cursor, pages, quiet_logger
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
_LOOK_BACK = timedelta(minutes=5)
_PAGE = 200
_MAX_PAGES = 100


class BotTransport:
    """Post with a bot token; find own messages by the metadata that carries the dedupe key.

    Needs `chat:write`; to look after a crash also `channels:history` and `channels:read`
    (`groups:…` for private channels); for pictures `files:write`. History takes a channel's id
    and not its name: it is learnt from each response to a post, and from `conversations.list`
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
            base_url=base_url(api_url),
            timeout=timeout,
            retry_handlers=[],
            logger=quiet_logger(),
        )
        self._host = urlsplit(api_url).hostname or "Slack"
        self._ids: dict[str, str] = {}
        self._buttons = buttons

    def send(self, alert: Alert, *, text_only: bool = False) -> SendResult:
        if alert.operation is Operation.UPDATE:
            return self._update(alert, text_only)
        if alert.operation is Operation.UPLOAD:
            return self._upload(alert)
        if alert.operation is Operation.REPLY and not alert.root_ts and not broadcast(alert):
            return SendResult(Fate.POINTLESS)
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
        return SendResult(Fate.SENT, slack_ts=str(response.get("ts")), slack_channel=channel_id)

    def _blocks(self, alert: Alert) -> list[dict[str, Any]] | None:
        return shown_blocks(alert, buttons=self._buttons)

    def _update(self, alert: Alert, text_only: bool) -> SendResult:
        """Change a message; doing it twice does no harm, so nothing about it is unclear."""
        if not alert.root_ts:
            return SendResult(Fate.POINTLESS)
        try:
            channel_id = alert.root_channel or self._channel_id(alert.channel)
            if channel_id is None:
                return SendResult(Fate.POINTLESS)
            self._client.chat_update(
                channel=channel_id,
                ts=alert.root_ts,
                text=alert.payload["text"],
                blocks=[] if text_only else self._blocks(alert),
            )
        except SlackApiError as error:
            result = self._refused(error.response, alert.channel)
        except BROKEN as error:
            result = broken_off(error, self._host)
        else:
            return SendResult(Fate.SENT, slack_ts=alert.root_ts, slack_channel=channel_id)
        if result.fate is Fate.UNCLEAR:
            return replace(result, fate=Fate.NOT_SENT)
        return result

    def _upload(self, alert: Alert) -> SendResult:
        """Put a picture into a message's thread. Its name is how it is found again."""
        if not alert.root_ts or not alert.root_channel:
            return SendResult(Fate.POINTLESS)
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
            result = self._refused(error.response, alert.channel)
            # A picture is an extra: without the permission the digest goes without it.
            lacking = error_code(error.response)[0] == "missing_scope"
            return SendResult(Fate.POINTLESS) if lacking else harmless(result)
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
        return SendResult(Fate.SENT, slack_channel=alert.root_channel)

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
                    f"Slack may have this message, but Earful cannot find {alert.channel}: "
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
        where: dict[str, Any] = {
            "channel": channel_id,
            "oldest": f"{since.timestamp():.6f}",
            "include_all_metadata": True,
            "limit": _PAGE,
        }

        def ask(cursor: str | None) -> SlackResponse:
            if alert.root_ts:
                return self._client.conversations_replies(ts=alert.root_ts, cursor=cursor, **where)
            return self._client.conversations_history(cursor=cursor, **where)

        for page in pages(ask, _MAX_PAGES):
            for message in page.get("messages") or []:
                if _is_of(message, alert):
                    return Look(
                        Sight.FOUND, slack_ts=str(message.get("ts")), slack_channel=channel_id
                    )
            if next_cursor(page) is None:
                return Look(Sight.ABSENT)
        return Look(
            Sight.BLIND,
            "Slack may have this message, but too many came after it to look: "
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
        def ask(cursor: str | None) -> SlackResponse:
            return self._client.conversations_list(
                types=types, exclude_archived=True, limit=1000, cursor=cursor
            )

        for page in pages(ask, _MAX_PAGES):
            for channel in page.get("channels") or []:
                self._ids[str(channel.get("name"))] = str(channel.get("id"))
            if name in self._ids:
                return

    def _refused(self, response: SlackResponse, channel: str) -> SendResult:
        code, data = error_code(response)
        status = response.status_code
        if status == 429 or code in RATE_ERRORS:
            return rate_limited(response.headers, channel)
        if status >= 500 or code in UNCLEAR_ERRORS:
            return SendResult(
                Fate.UNCLEAR,
                f"Slack answered {code or status} for {channel}; it may have posted all the same.",
                retry_after=retry_after(response.headers),
            )
        if code is None:
            if status == 200:  # a response cut short: Slack has most likely posted
                return SendResult(Fate.UNCLEAR, f"Slack's response for {channel} was cut short.")
            return SendResult(
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
            refusal = code or f"HTTP {response.status_code}"
            return Look(Sight.LATER, f"Slack answered {refusal} to a look into {channel}.")
        if code in ACCOUNT_ERRORS and code != "missing_scope":
            return Look(Sight.LATER, meaning(code, channel, data).error)
        lacking = f" (needs {data['needed']})" if data.get("needed") else ""
        return Look(
            Sight.BLIND,
            f"Slack may have this message, but Earful cannot look into {channel}: {code}"
            f"{lacking}: {by_eye(channel)}",
        )


def _is_of(message: Mapping[str, Any], alert: Alert) -> bool:
    if alert.operation is Operation.UPLOAD:
        names = [one.get("name") for one in message.get("files") or []]
        return alert.payload["filename"] in names
    metadata = message.get("metadata") or {}
    ours = metadata.get("event_payload") or {}
    return metadata.get("event_type") == EVENT_TYPE and ours.get("id") == alert.dedupe_key


def _bare(channel: str) -> str:
    return channel.removeprefix("#")
