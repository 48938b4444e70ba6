"""Slack by bot token: posts, changes, pictures, and looks for what may have been posted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from alerts.outbox.sent_files import content_of, has_file
from alerts.outbox.transport import Fate, Look, SendResult, broadcast, shown_blocks
from alerts.slack.channel_ids import ChannelIds
from alerts.slack.looks import EVENT_TYPE, Looks
from alerts.slack.sdk import TIMEOUT_S, base_url, quiet_logger
from alerts.slack.slack_errors import (
    BROKEN,
    MESSAGE_GONE,
    NO_FILES,
    RATE_ERRORS,
    UNCLEAR_ERRORS,
    broken_off,
    error_code,
    harmless,
    meaning,
    rate_limited,
    retry_after,
)
from storage.models import Alert, Operation


class BotTransport:
    """Post with a bot token; find own messages by the metadata that carries the dedupe key.

    Needs `chat:write`; to look after a crash also `channels:history` and `channels:read`
    (`groups:…` for private channels); for pictures `files:write`. A post goes to the living
    channel of its name; what is about a message goes to the Slack channel that has it, by its id.
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
        self._ids = ChannelIds(self._client)
        self._looks = Looks(self._client, self._ids, self._host)
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
            return self._unless_sent(alert, self._refused(error.response, alert))
        except BROKEN as error:
            return self._unless_sent(alert, broken_off(error, self._host))
        ts, channel_id = str(response.get("ts")), str(response.get("channel") or "") or None
        if channel_id and not alert.is_in_thread:
            self._ids.learn(alert.channel, channel_id)
        # Slack shows the message as it posted it; a server that shows none is believed.
        shown = response.get("message") or {"thread_ts": alert.root_ts}
        if alert.root_ts and shown.get("thread_ts") != alert.root_ts:
            return self._stray(alert, channel_id, ts)
        return SendResult(Fate.SENT, slack_ts=ts, slack_channel=channel_id)

    def _unless_sent(self, alert: Alert, result: SendResult) -> SendResult:
        if result.fate is Fate.UNCLEAR and not alert.is_in_thread:
            # The channel's name may have led elsewhere than where it leads when we look.
            self._ids.doubt(alert.channel)
        return result

    def _stray(self, alert: Alert, channel_id: str | None, ts: str) -> SendResult:
        """Take back a reply that Slack posted into the channel: its thread's message is gone."""
        try:
            self._client.chat_delete(channel=channel_id or alert.place, ts=ts)
        except SlackApiError as error:
            if error_code(error.response)[0] != "message_not_found":
                # A message of its own that nobody understands is better than one in doubt.
                return SendResult(Fate.SENT, slack_ts=ts, slack_channel=channel_id)
        except BROKEN as error:
            return broken_off(error, self._host)  # the look for it takes it back
        return SendResult(Fate.MESSAGE_GONE, MESSAGE_GONE)

    def _blocks(self, alert: Alert) -> list[dict[str, Any]] | None:
        return shown_blocks(alert, buttons=self._buttons)

    def _update(self, alert: Alert, text_only: bool) -> SendResult:
        """Change a message; doing it twice does no harm, so nothing about it is unclear."""
        if not alert.root_ts:
            return SendResult(Fate.POINTLESS)
        try:
            channel_id = alert.root_channel or self._ids.of(alert.channel)
            if channel_id is None:
                return SendResult(Fate.POINTLESS)
            self._client.chat_update(
                channel=channel_id,
                ts=alert.root_ts,
                text=alert.payload["text"],
                blocks=[] if text_only else self._blocks(alert),
            )
        except SlackApiError as error:
            result = self._refused(error.response, alert)
        except BROKEN as error:
            result = broken_off(error, self._host)
        else:
            return SendResult(Fate.SENT, slack_ts=alert.root_ts, slack_channel=channel_id)
        if result.fate is Fate.UNCLEAR:
            return replace(result, fate=Fate.NOT_SENT)
        return result

    def _upload(self, alert: Alert) -> SendResult:
        """Put a file into a message's thread. Its name is how it is found again."""
        if not alert.root_ts or not alert.root_channel:
            return SendResult(Fate.POINTLESS)
        content = content_of(alert)
        if isinstance(content, SendResult):
            return content
        try:
            place = self._client.files_getUploadURLExternal(
                filename=alert.payload["filename"],
                length=len(content),
                alt_txt=None if has_file(alert) else alert.payload["text"],
            )
            request = Request(str(place["upload_url"]), data=content, method="POST")
            # Slack's answer to our token names the place, and nothing of it is kept.
            with urlopen(request, timeout=TIMEOUT_S) as uploaded:  # nosec B310 # see above
                uploaded.read()
        except SlackApiError as error:
            result = self._refused(error.response, alert)
            # A picture is an extra: without the permission the digest goes without it.
            if error_code(error.response)[0] != "missing_scope":
                return harmless(result)
            if has_file(alert):
                return SendResult(Fate.BAD_MESSAGE, NO_FILES)
            return SendResult(Fate.POINTLESS)
        except BROKEN as error:
            return harmless(broken_off(error, self._host))
        try:
            self._client.files_completeUploadExternal(
                files=[{"id": str(place["file_id"]), "title": alert.payload["text"]}],
                channel_id=alert.root_channel,
                thread_ts=alert.root_ts,
            )
        except SlackApiError as error:
            return self._refused(error.response, alert)
        except BROKEN as error:
            return broken_off(error, self._host)
        return SendResult(Fate.SENT, slack_channel=alert.root_channel)

    def find(self, alert: Alert) -> Look:
        return self._looks.find(alert)

    def remove_doubles(self, alert: Alert) -> Look:
        return self._looks.remove_doubles(alert)

    def lane(self, alert: Alert) -> str | None:
        # Slack counts updates for the workspace, posts for each channel.
        return "chat.update" if alert.operation is Operation.UPDATE else alert.place

    def _refused(self, response: SlackResponse, alert: Alert) -> SendResult:
        channel = alert.channel
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
        in_thread = alert.is_in_thread and alert.root_ts is not None
        return meaning(code, channel, data, in_thread=in_thread)
