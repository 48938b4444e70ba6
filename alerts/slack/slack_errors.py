"""What each error of Slack means for an alert, in words for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

from alerts.outbox.transport import Fate, SendResult

if TYPE_CHECKING:
    from slack_sdk.web import SlackResponse

DEFAULT_RETRY_AFTER_S = 30.0

_CHANNEL_ERRORS = {
    "channel_not_found": "the channel does not exist, or it is private and the bot is not in it; "
    "create it, or /invite the bot",
    "not_in_channel": "the bot is not in the channel; /invite the bot there",
    "is_archived": "the channel is archived; unarchive it or configure another",
    "channel_is_archived": "the channel is archived; unarchive it or configure another",
    "restricted_action": "the workspace does not let the bot post there; ask an admin or "
    "configure another channel",
    "restricted_action_read_only_channel": "the channel is read-only for the bot; ask an admin or "
    "configure another channel",
    "restricted_action_thread_only_channel": "the channel takes only replies; configure another",
    "restricted_action_non_threadable_channel": "the channel does not take such messages; "
    "configure another",
    "posting_to_general_channel_denied": "an admin must let the app post to the general channel",
    "action_prohibited": "the workspace forbids the app to post there; ask an admin",
    "channel_is_limited_access": "the channel has limited access; ask an admin",
    "user_not_in_channel": "the bot is not in the channel; /invite the bot there",
    "is_inactive": "the channel is frozen; configure another",
}
# The same of the channel of an older message: the channel's name may lead elsewhere by now.
_THREAD_ERRORS = {
    "channel_not_found": "a Slack channel that is deleted, or private without the bot",
    "not_in_channel": "a Slack channel that the bot is not in",
    "user_not_in_channel": "a Slack channel that the bot is not in",
    "is_archived": "an archived Slack channel",
    "channel_is_archived": "an archived Slack channel",
    "is_inactive": "a frozen Slack channel",
}
ACCOUNT_ERRORS = {
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
    "two_factor_setup_required": "the workspace demands a second factor; ask an admin",
    "ekm_access_denied": "the workspace's keys are withdrawn; ask an admin",
    "no_service": "the webhook was removed; make a new one and set SLACK_WEBHOOK_URL",
    "no_active_hooks": "the webhook is disabled; make a new one and set SLACK_WEBHOOK_URL",
    "invalid_token": "the webhook is not valid; set a new SLACK_WEBHOOK_URL",
    "no_team": "the webhook's workspace is gone; set a new SLACK_WEBHOOK_URL",
    "team_disabled": "the webhook's workspace is disabled; ask an admin",
}
# Slack's own words: "it's possible some aspect of the operation succeeded".
UNCLEAR_ERRORS = frozenset(
    ["fatal_error", "internal_error", "request_timeout", "service_unavailable", "rollup_error"]
)
NO_FILES = (
    "Slack takes no files from this app: give it the permission files:write, install it anew, and "
    "try again with `earful alerts retry`."
)
MESSAGE_GONE = "Somebody deleted the message at Slack that it is about."
_GONE_ERRORS = frozenset(["message_not_found", "thread_not_found", "invalid_thread_ts"])
# The message is there, but Slack lets nobody change or answer it any more.
_POINTLESS_ERRORS = frozenset(
    ["cant_update_message", "edit_window_closed", "cannot_reply_to_message"]
)
GONE_CHANNEL_ERRORS = frozenset(["channel_not_found"])
RATE_ERRORS = frozenset(["ratelimited", "rate_limited", "message_limit_exceeded"])
BROKEN = (OSError, HTTPException, ValueError, LookupError)
"""What the SDK lets through: the line broke, or the response could not be read."""


def harmless(result: SendResult) -> SendResult:
    """Nobody sees a file that is not shared yet: a second try is no repetition."""
    return replace(result, fate=Fate.NOT_SENT) if result.fate is Fate.UNCLEAR else result


def _is_channel_error(code: str) -> bool:
    """Tell whether Slack's error is about the channel, whatever is posted there."""
    return code in _CHANNEL_ERRORS or code.startswith("restricted_action")


def meaning(
    code: str, channel: str, data: Mapping[str, Any], *, in_thread: bool = False
) -> SendResult:
    """Tell what an error means for a post, or `in_thread` for what is about a message."""
    if code in _GONE_ERRORS:
        return SendResult(Fate.MESSAGE_GONE, MESSAGE_GONE)
    if code in _POINTLESS_ERRORS:
        return SendResult(
            Fate.POINTLESS, f"Slack lets nobody change or answer the message ({code})."
        )
    if in_thread and _is_channel_error(code):
        place = _THREAD_ERRORS.get(code, "a Slack channel that takes nothing of the bot")
        return SendResult(
            Fate.THREAD_DEAD,
            f"{channel}: the message that this is about stands in {place} ({code}).",
        )
    if _is_channel_error(code):
        sentence = _CHANNEL_ERRORS.get(code, _CHANNEL_ERRORS["restricted_action"])
        return SendResult(Fate.CHANNEL_DEAD, f"{channel}: {sentence} ({code}).")
    if code in ACCOUNT_ERRORS:
        sentence = ACCOUNT_ERRORS[code]
        if data.get("needed"):
            sentence += f": add {data['needed']} in the app's settings and install it again"
        return SendResult(Fate.ACCOUNT_DEAD, f"Slack: {sentence} ({code}).")
    return SendResult(Fate.BAD_MESSAGE, f"Slack refused the message ({code}).")


def error_code(response: SlackResponse) -> tuple[str | None, Mapping[str, Any]]:
    """Give Slack's error code, None where the body was no response of Slack's."""
    data = response.data
    if not isinstance(data, dict):
        return None, {}
    code = str(data.get("error") or "")
    # For a body that is no JSON the SDK puts a sentence where the code would be.
    return (code if code and code.replace("_", "").isalnum() else None), data


def broken_off(error: Exception, host: str) -> SendResult:
    # urllib raises URLError only from connecting and sending: the request was never complete,
    # and a second try is harmless. What breaks while the response is awaited comes bare.
    if isinstance(error, URLError):
        return SendResult(Fate.NOT_SENT, f"{host} cannot be reached: {reason_of(error)}.")
    return SendResult(
        Fate.UNCLEAR, f"{host} broke off ({reason_of(error)}); it may have posted all the same."
    )


def reason_of(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror.lower()
    return str(reason).strip().rstrip(".").splitlines()[0] if str(reason) else type(error).__name__


def rate_limited(headers: Mapping[str, Any], channel: str) -> SendResult:
    wait = retry_after(headers) or DEFAULT_RETRY_AFTER_S
    sentence = f"Slack asked to wait {wait:g} s before the next message to {channel}."
    return SendResult(Fate.RATE_LIMITED, sentence, retry_after=wait)


def retry_after(headers: Mapping[str, Any]) -> float | None:
    for name, value in headers.items():
        if name.lower() == "retry-after":
            try:
                return max(0.0, min(float(value), 3600.0))
            except (TypeError, ValueError):
                return None
    return None
