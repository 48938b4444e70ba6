"""Looks into Slack for own messages, by the metadata that carries the dedupe key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from alerts.outbox.advice import by_eye
from alerts.outbox.transport import Look, Sight
from alerts.slack.channel_ids import ChannelIds
from alerts.slack.sdk import next_cursor, pages
from alerts.slack.slack_errors import (
    ACCOUNT_ERRORS,
    BROKEN,
    DEFAULT_RETRY_AFTER_S,
    GONE_CHANNEL_ERRORS,
    RATE_ERRORS,
    UNCLEAR_ERRORS,
    error_code,
    meaning,
    reason_of,
    retry_after,
)
from storage.models import Alert, Operation

EVENT_TYPE = "earful_alert"
_LOOK_BACK = timedelta(minutes=5)
_PAGE = 200
_MAX_PAGES = 100


class Looks:
    """Finds what was posted after all, and takes back what was posted twice.

    Needs `channels:history` (`groups:history` for private channels).
    """

    def __init__(self, client: WebClient, ids: ChannelIds, host: str) -> None:
        self._client = client
        self._ids = ids
        self._host = host

    def find(self, alert: Alert) -> Look:
        """Look whether an earlier try was posted after all."""
        if alert.operation is Operation.UPDATE:
            return Look(Sight.ABSENT, final=True)
        # A doubt may be older than the last try: of several, any may be the one that was posted.
        tried = None if alert.may_be_posted else alert.claimed_at
        return self._carefully(alert, lambda: self._find(alert, tried or alert.created_at))

    def remove_doubles(self, alert: Alert) -> Look:
        """Delete every other message of a sent alert that nobody has answered."""
        return self._carefully(alert, lambda: self._remove_doubles(alert))

    def _find(self, alert: Alert, since: datetime) -> Look:
        """Look wherever it may have gone: a channel's name may lead elsewhere than at the try."""
        if alert.is_in_thread:
            channels = [alert.root_channel or self._ids.of(alert.channel)]
        else:
            channels = [alert.slack_channel]
        blind: Look | None = None
        looked = 0
        for channel in self._places(alert, channels):
            look = self._look_into(channel, alert, since)
            if look.sight is Sight.FOUND:
                return look
            looked += look.sight is Sight.ABSENT
            blind = look if look.sight is Sight.BLIND else blind
        if blind is not None:
            return blind
        if not looked:
            return Look(
                Sight.BLIND,
                f"Slack may have this message, but Earful cannot find {alert.channel}: "
                f"{by_eye(alert.channel)}",
            )
        return Look(Sight.ABSENT)

    def _places(self, alert: Alert, known: list[str | None]) -> Iterator[str]:
        """Give each Slack channel to look into; what the name leads to now comes last."""
        for channel in known:
            if channel is not None:
                yield channel
        if not alert.is_in_thread:
            now = self._ids.of(alert.channel)
            if now is not None and now not in known:
                yield now

    def _look_into(self, channel: str, alert: Alert, since: datetime) -> Look:
        try:
            for message in self._own(channel, alert, since):
                if alert.root_ts and message.get("thread_ts") != alert.root_ts:
                    # A reply to a message that is gone: Slack posted it into the channel itself.
                    self._client.chat_delete(channel=channel, ts=str(message.get("ts")))
                    continue
                return Look(Sight.FOUND, slack_ts=str(message.get("ts")), slack_channel=channel)
        except SlackApiError as error:
            code = error_code(error.response)[0]
            if code in GONE_CHANNEL_ERRORS and not alert.is_in_thread:
                # What was posted there is gone with it; the name may lead elsewhere by now.
                return Look(Sight.ABSENT)
            raise
        except _TooManyError:
            return Look(
                Sight.BLIND,
                "Slack may have this message, but too many came after it to look: "
                f"{by_eye(alert.channel)}",
            )
        return Look(Sight.ABSENT)

    def _remove_doubles(self, alert: Alert) -> Look:
        channel, sent_at = alert.slack_channel, alert.sent_at or alert.created_at
        if channel is None or alert.slack_ts is None:
            return Look(Sight.BLIND)
        since = min(alert.claimed_at or sent_at, sent_at) - timedelta(hours=1)
        found = Look(Sight.ABSENT)
        try:
            for message in self._own(channel, alert, since):
                ts = str(message.get("ts"))
                if ts == alert.slack_ts or message.get("reply_count"):
                    continue
                self._client.chat_delete(channel=channel, ts=ts)
                found = Look(Sight.FOUND, slack_ts=ts, slack_channel=channel)
        except _TooManyError:
            return Look(Sight.BLIND)
        return found

    def _own(self, channel: str, alert: Alert, since: datetime) -> Iterator[Mapping[str, Any]]:
        """Yield the messages of an alert in a channel; those of a reply in its thread.

        Where the thread's message is gone, a reply may stand in the channel.
        """
        where: dict[str, Any] = {
            "channel": channel,
            "oldest": f"{(since - _LOOK_BACK).timestamp():.6f}",
            "include_all_metadata": True,
            "limit": _PAGE,
        }

        def thread(cursor: str | None) -> SlackResponse:
            return self._client.conversations_replies(
                ts=alert.root_ts or "", cursor=cursor, **where
            )

        def history(cursor: str | None) -> SlackResponse:
            return self._client.conversations_history(cursor=cursor, **where)

        if alert.root_ts:
            try:
                yield from _matching(pages(thread, _MAX_PAGES), alert)
            except SlackApiError as error:
                if error_code(error.response)[0] != "thread_not_found":
                    raise
            else:
                return
        yield from _matching(pages(history, _MAX_PAGES), alert)

    def _carefully(self, alert: Alert, look: Any) -> Look:
        try:
            result: Look = look()
        except SlackApiError as error:
            return _unseen(error.response, alert.channel)
        except BROKEN as error:
            return Look(
                Sight.LATER,
                f"{self._host} did not answer a look into {alert.channel}: {reason_of(error)}.",
            )
        return result


class _TooManyError(Exception):
    """More pages follow than are read."""


def _matching(found: Iterator[SlackResponse], alert: Alert) -> Iterator[Mapping[str, Any]]:
    page: SlackResponse | None = None
    for page in found:
        for message in page.get("messages") or []:
            if _is_of(message, alert):
                yield message
    if page is not None and next_cursor(page) is not None:
        raise _TooManyError


def _is_of(message: Mapping[str, Any], alert: Alert) -> bool:
    if alert.operation is Operation.UPLOAD:
        names = [one.get("name") for one in message.get("files") or []]
        return alert.payload["filename"] in names
    metadata = message.get("metadata") or {}
    ours = metadata.get("event_payload") or {}
    return metadata.get("event_type") == EVENT_TYPE and ours.get("id") == alert.dedupe_key


def _unseen(response: SlackResponse, channel: str) -> Look:
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
