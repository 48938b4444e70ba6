"""What a person can do about alerts that do not reach Slack, in one sentence. Pure."""

from __future__ import annotations

import re

from alerts.slack.slack_errors import ACCOUNT_ERRORS, is_channel_error

_BY_EYE = "by eye"
_REFUSED = "refused the message"
_CODE = re.compile(r"\(([a-z_]+)\)")


def by_eye(channel: str) -> str:
    """Ask a person to look for an alert where Earful cannot: the end of an error."""
    return f"check the channel {_BY_EYE} (`{_list(channel)}` shows which)."


def advice_for(channel: str, error: str, in_doubt: bool) -> str:
    """Say what to do about alerts of a channel with this error; true of that error alone.

    `in_doubt` are those that Slack may have.
    """
    code = _CODE.search(error)
    set_aside = code is not None and (is_channel_error(code[1]) or _REFUSED in error)
    if in_doubt and (set_aside or _BY_EYE in error):
        return (
            "`earful alerts retry ID` looks once more and sends it, `earful alerts drop ID` "
            "gives it up."
        )
    if in_doubt:
        return "Earful looks for it at Slack by itself."
    if code and is_channel_error(code[1]):
        return (
            f"Once that is mended, run `earful alerts retry --channel '{channel}'`; `earful "
            f"alerts move --from '{channel}' --to CHANNEL` sends it elsewhere."
        )
    if code and code[1] in ACCOUNT_ERRORS:
        return (
            "Once that is mended, Earful goes on by itself; `earful alerts retry --all` makes it "
            "go on at once."
        )
    if code:
        return (
            f"`{_list(channel)}` shows it; `earful alerts retry ID` sends it again, `earful "
            "alerts drop ID` gives it up."
        )
    return (
        f"Earful tries again by itself; `earful alerts retry --channel '{channel}'` makes it try "
        "at once."
    )


def trouble(channel: str, error: str, in_doubt: bool) -> str:
    """Give what the outbox wrote down about alerts of a channel, and what to do about it."""
    advice = advice_for(channel, error, in_doubt)
    return f"{error.removeprefix(f'{channel}: ').rstrip('.')}. {advice}"


def _list(channel: str) -> str:
    return f"earful alerts list --channel '{channel}'"
