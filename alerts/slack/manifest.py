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
}

APP_SCOPE = "connections:write"
"""What an app-level token (SLACK_APP_TOKEN) needs; Slack takes no such scope in a manifest."""


def manifest() -> dict[str, Any]:
    """Give the manifest to paste at Slack under "create an app from a manifest"."""
    return {
        "display_information": {
            "name": "Earful",
            "description": "Tells what customers say: complaints to answer, wows to celebrate.",
        },
        "features": {"bot_user": {"display_name": "earful", "always_online": True}},
        "oauth_config": {"scopes": {"bot": sorted(SCOPES)}},
        "settings": {
            # Buttons are heard through a connection that Earful opens: no public address.
            "interactivity": {"is_enabled": True},
            "socket_mode_enabled": True,
            "org_deploy_enabled": False,
            "token_rotation_enabled": False,
        },
    }
