"""Ask Slack whether what the config wants is there: the token, its scopes, the channels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from alerts.slack.manifest import APP_SCOPE, HEARING_SCOPES, SCOPES
from alerts.slack.sdk import base_url, pages, quiet_logger

_MAX_PAGES = 50
_TIMEOUT_S = 15


def inspect(
    token: str,
    channels: Sequence[str],
    *,
    api_url: str = WebClient.BASE_URL,
    heard: bool = True,
) -> Iterator[tuple[str, bool, str]]:
    """Yield (subject, good, sentence) for the token, its scopes and each channel.

    `heard`: what people do in Slack is heard, which needs scopes of its own.
    """
    client = _client(api_url, token)
    try:
        response = client.auth_test()
    except SlackApiError as error:
        yield (
            "slack token",
            False,
            f"refused: {error.response['error']}: set a new SLACK_BOT_TOKEN",
        )
        return
    except OSError as error:
        yield "slack", False, f"cannot be reached: {error}"
        return
    yield "slack token", True, f"{response.get('user')} in {response.get('team')}"
    granted = {one.strip() for one in str(response.headers.get("x-oauth-scopes", "")).split(",")}
    missing = sorted(set(SCOPES) - granted - (set() if heard else HEARING_SCOPES))
    if missing:
        lacking = "missing: " + ", ".join(f"{scope} ({SCOPES[scope]})" for scope in missing)
        yield "slack scopes", False, f"{lacking}: install the app again from slack-manifest.json"
    else:
        yield "slack scopes", True, "all there"
    if not {"channels:read"} <= granted:
        return
    try:
        known = _channels(client, private="groups:read" in granted)
    except (SlackApiError, OSError) as error:
        reason = error.response["error"] if isinstance(error, SlackApiError) else error
        yield "slack channels", False, f"cannot be listed: {reason}: try again in a minute"
        return
    for channel in channels:
        listed = known.get(channel.lstrip("#"))
        if listed is None:
            yield channel, False, "not found: create it, and /invite the bot if it is private"
        elif listed.get("is_archived"):
            yield channel, False, "archived: unarchive it or configure another"
        elif not listed.get("is_member"):
            yield channel, False, "the bot is not in it: /invite it there"
        else:
            yield channel, True, "there, and the bot is in it"


def inspect_buttons(
    app_token: str, *, api_url: str = WebClient.BASE_URL
) -> Iterator[tuple[str, bool, str]]:
    """Yield (subject, good, sentence) for the token that hears buttons; opens no connection."""
    client = _client(api_url)
    try:
        client.apps_connections_open(app_token=app_token)
    except SlackApiError as error:
        code = str(error.response["error"])
        yield "slack buttons", False, _BUTTON_ERRORS.get(code, f"refused: {code}")
    except OSError as error:
        yield "slack buttons", False, f"cannot be reached: {error}"
    else:
        yield "slack buttons", True, "Socket Mode takes the token"


_NEW_TOKEN = "make an app-level token in the app's settings under Basic Information"
_BUTTON_ERRORS = {
    "missing_scope": f"SLACK_APP_TOKEN lacks {APP_SCOPE}: {_NEW_TOKEN}",
    "not_allowed_token_type": f"SLACK_APP_TOKEN is no app-level token (xapp-…): {_NEW_TOKEN}",
    "invalid_auth": f"SLACK_APP_TOKEN is not valid: {_NEW_TOKEN}",
    "token_revoked": f"SLACK_APP_TOKEN was revoked: {_NEW_TOKEN}",
    "socket_mode_not_enabled": "Socket Mode is off: turn it on in the app's settings, or make the "
    "app anew from slack-manifest.json",
    "forbidden_for_interactive": "interactivity is off: turn it on in the app's settings",
}


def _client(api_url: str, token: str | None = None) -> WebClient:
    return WebClient(
        token=token, base_url=base_url(api_url), timeout=_TIMEOUT_S, logger=quiet_logger()
    )


def _channels(client: WebClient, *, private: bool) -> dict[str, dict[str, object]]:
    """Give channels by name and by id."""
    types = "public_channel,private_channel" if private else "public_channel"

    def ask(cursor: str | None) -> SlackResponse:
        return client.conversations_list(types=types, limit=1000, cursor=cursor)

    known: dict[str, dict[str, object]] = {}
    for page in pages(ask, _MAX_PAGES):
        channels: list[dict[str, object]] = page.get("channels") or []
        for channel in channels:
            known[str(channel["name"])] = known[str(channel["id"])] = channel
    return known
