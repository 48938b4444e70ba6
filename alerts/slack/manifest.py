"""The Slack app that Earful posts as: exactly the permissions it uses."""

from __future__ import annotations

from typing import Any

SCOPES = {
    "chat:write": "post alerts",
    "channels:read": "find a channel's id by its name",
    "channels:history": "see, after a crash, whether an alert was posted already",
    "groups:read": "the same for private channels",
    "groups:history": "the same for private channels",
    "files:write": "add a chart to the digest",
    "commands": "answer /earful, and offer “Make this a case” in a message's menu",
}

HEARING_SCOPES = {"commands"}
"""Of no use without SLACK_APP_TOKEN: nothing is heard then."""

APP_SCOPE = "connections:write"
"""What an app-level token (SLACK_APP_TOKEN) needs; Slack takes no such scope in a manifest."""

COMMAND = "/earful"
MAKE_CASE = "make_case"
"""The `callback_id` of the shortcut in a message's menu."""


def manifest() -> dict[str, Any]:
    """Give the manifest to paste at Slack under "create an app from a manifest"."""
    return {
        "display_information": {
            "name": "Earful",
            "description": "Tells what customers say: complaints to answer, wows to celebrate.",
        },
        "features": {
            "bot_user": {"display_name": "earful", "always_online": True},
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "slash_commands": [
                {
                    "command": COMMAND,
                    "description": "The cases that wait, yours and the team's.",
                    "usage_hint": (
                        "open | mine | unclaimed | overdue | case 12 | oncall | search words"
                    ),
                    "should_escape": False,
                }
            ],
            "shortcuts": [
                {
                    "name": "Make this a case",
                    "type": "message",
                    "callback_id": MAKE_CASE,
                    "description": "Open a case for a complaint that stands in Slack.",
                }
            ],
        },
        "oauth_config": {"scopes": {"bot": sorted(SCOPES)}},
        "settings": {
            # All is heard through a connection that Earful opens: no public address.
            "event_subscriptions": {"bot_events": ["app_home_opened"]},
            "interactivity": {"is_enabled": True},
            "socket_mode_enabled": True,
            "org_deploy_enabled": False,
            "token_rotation_enabled": False,
        },
    }
