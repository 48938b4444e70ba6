"""What a person can do about alerts that do not reach Slack, in one sentence. Pure."""

from __future__ import annotations

from storage.models import TroubleKind


def by_eye(channel: str) -> str:
    """Ask a person to look for an alert where Earful cannot: the end of an error."""
    return f"check the channel by eye (`{_list(channel)}` shows which)."


def advice_for(
    channel: str,
    kind: TroubleKind,
    in_doubt: bool,
    *,
    in_thread: bool = False,
    left: bool = False,
) -> str:
    """Say what to do about alerts of a channel that have this kind of trouble.

    `in_doubt` are those that Slack may have; those `in_thread` are about messages that Slack has;
    the config names a channel that it `left` no more.
    """
    if in_doubt and kind in (TroubleKind.PASSING, TroubleKind.ACCOUNT):
        return "Earful looks for it there by itself."
    if in_doubt:
        return (
            "`earful alerts retry ID` looks once more and sends it, `earful alerts drop ID` "
            "gives it up."
        )
    match kind:
        case TroubleKind.CHANNEL if in_thread:
            return (
                f"It holds up no new alert for {channel}. `earful alerts move ID --to CHANNEL` "
                "posts the message again there, and this with it; `earful alerts drop ID` gives "
                "this up; "
                f"`{_list(channel)}` shows the IDs."
            )
        case TroubleKind.CHANNEL if left:
            return (
                f"The config names {channel} no more: Earful sends this to the channel that it "
                "names instead, within a minute or at the next `earful process`."
            )
        case TroubleKind.CHANNEL:
            return (
                f"Once that is mended, run `earful alerts retry --channel '{channel}'`; `earful "
                f"alerts move --from '{channel}' --to CHANNEL` sends it elsewhere."
            )
        case TroubleKind.ACCOUNT:
            return (
                "Once that is mended, Earful goes on by itself; `earful alerts retry --all` makes "
                "it go on at once."
            )
        case TroubleKind.MESSAGE:
            return (
                f"`{_list(channel)}` shows it; `earful alerts retry ID` sends it again, `earful "
                "alerts drop ID` gives it up."
            )
        case TroubleKind.PASSING | TroubleKind.BY_EYE:
            return (
                f"Earful tries again by itself; `earful alerts retry --channel '{channel}'` makes "
                "it try at once."
            )


def trouble(
    channel: str,
    error: str,
    kind: TroubleKind,
    in_doubt: bool,
    *,
    in_thread: bool = False,
    left: bool = False,
) -> str:
    """Give what the outbox wrote down about alerts of a channel, and what to do about it."""
    advice = advice_for(channel, kind, in_doubt, in_thread=in_thread, left=left)
    return f"{error.removeprefix(f'{channel}: ').rstrip('.')}. {advice}"


def _list(channel: str) -> str:
    return f"earful alerts list --channel '{channel}'"
