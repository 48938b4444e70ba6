"""How stores without the column `alerts.trouble` told it: out of an alert's error.

Only the migration that adds the column reads sentences so. It has landed: this never changes.
"""

from __future__ import annotations

import re

_CODE = re.compile(r"\(([a-z_]+)\)")
_CHANNEL_CODES = frozenset(
    ["channel_not_found", "not_in_channel", "is_archived", "channel_is_archived",
     "posting_to_general_channel_denied", "action_prohibited", "channel_is_limited_access",
     "user_not_in_channel", "is_inactive"]
)  # fmt: skip
_ACCOUNT_CODES = frozenset(
    ["invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive",
     "missing_scope", "not_allowed_token_type", "no_permission", "org_login_required",
     "team_access_not_granted", "access_denied", "accesslimited", "team_added_to_org",
     "enterprise_is_restricted", "two_factor_setup_required", "ekm_access_denied", "no_service",
     "no_active_hooks", "invalid_token", "no_team", "team_disabled"]
)  # fmt: skip


def trouble_in(error: str, state: str) -> str:
    """Give the value of `alerts.trouble` for an alert that Slack does not have, by its error."""
    if "by eye" in error:
        return "by_eye"
    match = _CODE.search(error)
    code = match[1] if match else ""
    if code in _CHANNEL_CODES or code.startswith("restricted_action"):
        return "channel"
    if code in _ACCOUNT_CODES:
        return "account"
    # Of what else was set aside the error has no code: no other alert would fail of it.
    if "refused the message" in error or state == "parked":
        return "message"
    return "passing"
