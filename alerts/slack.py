"""Slack by bot token or by incoming webhook, and what each of its answers means.

`slack_sdk` retries a reset connection by itself, and the message may have been posted before
the reset: its retry handlers are turned off here, `delivery` alone decides.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient

from alerts.delivery import DeliveryResult, Outbox, Pace, deliver
from alerts.transports import Answer, Fate, Look, Sight, Transport
from storage.models import Alert

__all__ = [
    "EVENT_TYPE",
    "BotTransport",
    "DeliveryResult",
    "Outbox",
    "Pace",
    "Transport",
    "WebhookTransport",
    "deliver",
]

EVENT_TYPE = "earful_alert"
TIMEOUT_S = 10
"""Must stay under `delivery.SETTLE`: a look must not come while a try is still under way."""

_LOOK_BACK = timedelta(minutes=5)
_PAGE = 200
_MAX_PAGES = 100
_DEFAULT_RETRY_AFTER_S = 30.0

_CHANNEL_ERRORS = {
    "channel_not_found": "the channel does not exist, or it is private and the bot is not in it; "
    "create it, or /invite the bot",
    "not_in_channel": "the bot is not in the channel; /invite the bot there",
    "is_archived": "the channel is archived; unarchive it or configure another",
    "channel_is_archived": "the channel is archived; unarchive it or configure another",
    "restricted_action": "the workspace lets the bot not post there; ask an admin or configure "
    "another channel",
    "restricted_action_read_only_channel": "the channel is read-only for the bot; ask an admin or "
    "configure another channel",
    "restricted_action_thread_only_channel": "the channel takes only replies; configure another",
    "restricted_action_non_threadable_channel": "the channel takes no such message; configure "
    "another",
    "posting_to_general_channel_denied": "an admin must let the app post to the general channel",
    "action_prohibited": "the workspace forbids the app to post there; ask an admin",
    "channel_is_limited_access": "the channel has limited access; ask an admin",
    "user_not_in_channel": "the bot is not in the channel; /invite the bot there",
    "is_inactive": "the channel is frozen; configure another",
}
_ACCOUNT_ERRORS = {
    "invalid_auth": "the token is not valid; set a new SLACK_BOT_TOKEN",
    "not_authed": "no token was sent; set SLACK_BOT_TOKEN",
    "token_revoked": "the token was revoked; install the app again and set SLACK_BOT_TOKEN",
    "token_expired": "the token has expired; set a new SLACK_BOT_TOKEN",
    "account_inactive": "the app or its workspace was deactivated; install the app again",
    "missing_scope": "the app lacks a permission",
    "not_allowed_token_type": "a bot token (xoxb-…) is needed in SLACK_BOT_TOKEN",
    "no_permission": "the token lacks permissions; install the app again",
    "org_login_required": "the workspace is being moved; wait, or ask an admin",
    "team_access_not_granted": "an admin must grant the app access to the workspace",
    "access_denied": "the workspace refuses the app; ask an admin",
    "accesslimited": "the workspace takes no calls from this network; ask an admin",
    "team_added_to_org": "the workspace is being moved; wait, or ask an admin",
    "enterprise_is_restricted": "the organisation refuses the app; ask an admin",
    "two_factor_setup_required": "the workspace demands two factors; ask an admin",
    "ekm_access_denied": "the workspace's keys are withdrawn; ask an admin",
    "no_service": "the webhook was removed; make a new one and set SLACK_WEBHOOK_URL",
    "no_active_hooks": "the webhook is disabled; make a new one and set SLACK_WEBHOOK_URL",
    "invalid_token": "the webhook is not valid; set a new SLACK_WEBHOOK_URL",
    "no_team": "the webhook's workspace is gone; set a new SLACK_WEBHOOK_URL",
    "team_disabled": "the webhook's workspace is disabled; ask an admin",
}
# Slack's own words: "it's possible some aspect of the operation succeeded".
_UNCLEAR_ERRORS = frozenset(
    ["fatal_error", "internal_error", "request_timeout", "service_unavailable", "rollup_error"]
)
_RATE_ERRORS = frozenset(["ratelimited", "rate_limited", "message_limit_exceeded"])
_BROKEN = (OSError, HTTPException, ValueError, LookupError)
"""What the SDK lets through: the line broke, or the answer could not be read."""


class BotTransport:
    """Post with a bot token; find own messages by the metadata that carries the dedupe key.

    Needs `chat:write`; to look after a crash also `channels:history` and `channels:read`
    (`groups:…` for private channels). History takes a channel's id and not its name: it is
    learnt from each answer to a post, and from `conversations.list` after a restart.
    """

    def __init__(
        self, token: str, *, api_url: str = WebClient.BASE_URL, timeout: int = TIMEOUT_S
    ) -> None:
        self._client = WebClient(
            token=token,
            base_url=api_url if api_url.endswith("/") else api_url + "/",
            timeout=timeout,
            retry_handlers=[],
            logger=_quiet_logger(),
        )
        self._host = urlsplit(api_url).hostname or "Slack"
        self._ids: dict[str, str] = {}

    def send(self, alert: Alert, *, text_only: bool = False) -> Answer:
        try:
            response = self._client.chat_postMessage(
                channel=alert.channel,
                text=alert.payload["text"],
                blocks=None if text_only else alert.payload.get("blocks"),
                metadata={"event_type": EVENT_TYPE, "event_payload": {"id": alert.dedupe_key}},
                unfurl_links=False,
                unfurl_media=False,
                link_names=False,
            )
        except SlackApiError as error:
            return self._refused(error.response, alert.channel)
        except _BROKEN as error:
            return _broken_off(error, self._host)
        channel_id = response.get("channel")
        if channel_id:
            self._ids[_bare(alert.channel)] = str(channel_id)
        return Answer(Fate.SENT, slack_ts=str(response.get("ts")))

    def find(self, alert: Alert) -> Look:
        since = (alert.claimed_at or alert.created_at) - _LOOK_BACK
        try:
            channel_id = self._channel_id(alert.channel)
            if channel_id is None:
                return Look(
                    Sight.BLIND,
                    f"Slack may have this message, and {alert.channel} cannot be found to look: "
                    "check the channel by eye.",
                )
            return self._search(channel_id, alert.dedupe_key, since)
        except SlackApiError as error:
            return self._unseen(error.response, alert.channel)
        except _BROKEN as error:
            return Look(Sight.LATER, f"{self._host} did not answer a look into {alert.channel}: "
                        f"{_reason(error)}.")  # fmt: skip

    def lane(self, alert: Alert) -> str | None:
        return alert.channel

    def _search(self, channel_id: str, dedupe_key: str, since: datetime) -> Look:
        cursor: str | None = None
        for _ in range(_MAX_PAGES):
            page = self._client.conversations_history(
                channel=channel_id,
                oldest=f"{since.timestamp():.6f}",
                include_all_metadata=True,
                limit=_PAGE,
                cursor=cursor,
            )
            for message in page.get("messages") or []:
                metadata = message.get("metadata") or {}
                told = metadata.get("event_payload") or {}
                if metadata.get("event_type") == EVENT_TYPE and told.get("id") == dedupe_key:
                    return Look(Sight.FOUND, slack_ts=str(message.get("ts")))
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                return Look(Sight.ABSENT)
        return Look(
            Sight.BLIND,
            "Slack may have this message, and too many came after it to look: check the channel "
            "by eye.",
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
            if _error_code(error.response)[0] != "missing_scope":
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
        code, data = _error_code(response)
        status = response.status_code
        if status == 429 or code in _RATE_ERRORS:
            return _rate_limited(response.headers, channel)
        if status >= 500 or code in _UNCLEAR_ERRORS:
            return Answer(
                Fate.UNCLEAR,
                f"Slack answered {code or status} for {channel}; it may have posted all the same.",
                retry_after=_retry_after(response.headers),
            )
        if code is None:
            if status == 200:  # an answer cut short: Slack has most likely posted
                return Answer(Fate.UNCLEAR, f"The answer for {channel} was cut short.")
            return Answer(
                Fate.ACCOUNT_DEAD,
                f"{self._host} answered HTTP {status}, not as Slack does: check slack.api_url.",
            )
        return _meaning(code, channel, data)

    def _unseen(self, response: SlackResponse, channel: str) -> Look:
        code, data = _error_code(response)
        if response.status_code == 429 or code in _RATE_ERRORS:
            wait = _retry_after(response.headers) or _DEFAULT_RETRY_AFTER_S
            return Look(Sight.LATER, f"Slack asked to wait {wait:g} s.", retry_after=wait)
        if response.status_code >= 500 or code is None or code in _UNCLEAR_ERRORS:
            told = code or f"HTTP {response.status_code}"
            return Look(Sight.LATER, f"Slack answered {told} to a look into {channel}.")
        if code in _ACCOUNT_ERRORS and code != "missing_scope":
            return Look(Sight.LATER, _meaning(code, channel, data).error)
        lacking = f" (needs {data['needed']})" if data.get("needed") else ""
        return Look(
            Sight.BLIND,
            f"Slack may have this message, and {channel} cannot be looked into: {code}{lacking}. "
            "Check the channel by eye.",
        )


class WebhookTransport:
    """Post through an incoming webhook, which cannot look and reaches one channel only."""

    def __init__(self, url: str, *, timeout: int = TIMEOUT_S) -> None:
        self._client = WebhookClient(
            url, timeout=timeout, retry_handlers=[], logger=_quiet_logger()
        )
        self._host = urlsplit(url).hostname or "Slack"  # the whole address is a secret

    def send(self, alert: Alert, *, text_only: bool = False) -> Answer:
        blocks = None if text_only else alert.payload.get("blocks")
        try:
            response = self._client.send(
                text=alert.payload["text"], blocks=blocks, unfurl_links=False, unfurl_media=False
            )
        except _BROKEN as error:
            return _broken_off(error, self._host)
        code = response.body.strip()
        if response.status_code == 200 and code == "ok":
            return Answer(Fate.SENT)
        if response.status_code == 429 or code in _RATE_ERRORS:
            return _rate_limited(response.headers, alert.channel)
        if response.status_code == 200 or response.status_code >= 500 or code in _UNCLEAR_ERRORS:
            told = f"HTTP {response.status_code}"
            return Answer(Fate.UNCLEAR, f"The webhook answered {told}; it may have posted.")
        if len(code) > 60 or not code.replace("_", "").isalnum():
            return Answer(
                Fate.ACCOUNT_DEAD,
                f"{self._host} answered HTTP {response.status_code}, not as a Slack webhook does: "
                "check SLACK_WEBHOOK_URL.",
            )
        return _meaning(code, alert.channel, {})

    def find(self, alert: Alert) -> Look:
        return Look(
            Sight.BLIND,
            "Slack may have this message, and a webhook cannot look: check the channel by eye.",
        )

    def lane(self, alert: Alert) -> str | None:
        return "webhook"


def _meaning(code: str, channel: str, data: Mapping[str, Any]) -> Answer:
    if code in _CHANNEL_ERRORS:
        return Answer(Fate.CHANNEL_DEAD, f"{channel}: {_CHANNEL_ERRORS[code]} ({code}).")
    if code in _ACCOUNT_ERRORS:
        told = _ACCOUNT_ERRORS[code]
        if data.get("needed"):
            told += f": add {data['needed']} in the app's settings and install it again"
        return Answer(Fate.ACCOUNT_DEAD, f"Slack: {told} ({code}).")
    if code.startswith("restricted_action"):
        told = _CHANNEL_ERRORS["restricted_action"]
        return Answer(Fate.CHANNEL_DEAD, f"{channel}: {told} ({code}).")
    return Answer(Fate.BAD_MESSAGE, f"Slack refused the message ({code}).")


def _error_code(response: SlackResponse) -> tuple[str | None, Mapping[str, Any]]:
    """Give Slack's error code, None where the body was no answer of Slack's."""
    data = response.data
    if not isinstance(data, dict):
        return None, {}
    code = str(data.get("error") or "")
    # For a body that is no JSON the SDK puts a sentence where the code would be.
    return (code if code and code.replace("_", "").isalnum() else None), data


def _broken_off(error: Exception, host: str) -> Answer:
    # urllib raises URLError only from connecting and sending: the request was never complete,
    # and a second try is harmless. What breaks while the answer is awaited comes bare.
    if isinstance(error, URLError):
        return Answer(Fate.NOT_SENT, f"{host} cannot be reached: {_reason(error)}.")
    return Answer(
        Fate.UNCLEAR, f"{host} broke off ({_reason(error)}); it may have posted all the same."
    )


def _reason(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror.lower()
    return str(reason).strip().rstrip(".").splitlines()[0] if str(reason) else type(error).__name__


def _rate_limited(headers: Mapping[str, Any], channel: str) -> Answer:
    wait = _retry_after(headers) or _DEFAULT_RETRY_AFTER_S
    told = f"Slack asked to wait {wait:g} s before the next message to {channel}."
    return Answer(Fate.RATE_LIMITED, told, retry_after=wait)


def _retry_after(headers: Mapping[str, Any]) -> float | None:
    for name, value in headers.items():
        if name.lower() == "retry-after":
            try:
                return max(0.0, min(float(value), 3600.0))
            except (TypeError, ValueError):
                return None
    return None


def _bare(channel: str) -> str:
    return channel.removeprefix("#")


def _quiet_logger() -> logging.Logger:
    """Keep the SDK from writing tokens, webhook addresses and bodies at DEBUG."""
    logger = logging.getLogger("alerts.slack.sdk")
    logger.setLevel(logging.CRITICAL)
    return logger
