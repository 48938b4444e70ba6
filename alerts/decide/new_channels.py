"""Which channel has taken the place of one that the config no longer names. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from storage.models import Alert, AlertKind

COMPLAINTS, WOWS, DIGEST, OPS = "slack.complaints", "slack.wows", "slack.digest", "slack.ops"

_ROLE_OF = {
    AlertKind.WOW: WOWS,
    AlertKind.WON_BACK: WOWS,
    AlertKind.CHECKPOINT: WOWS,
    AlertKind.KUDOS: WOWS,
    AlertKind.DIGEST: DIGEST,
    AlertKind.BACKLOG: DIGEST,
    AlertKind.ADVOCATES: DIGEST,
    AlertKind.REPORT: DIGEST,
    AlertKind.OPS: OPS,
}
"""The channel of the config for each kind of alert; the other kinds are complaints."""


def new_channel(alert: Alert, was: Collection[str], now: Mapping[str, str]) -> str:
    """Choose where an alert goes whose channel the config named for the roles in `was`.

    `now` gives the channel of each role. Where the roles have parted ways, the alert's kind
    decides, then its brand; where none of them is left, its kind alone.
    """
    return channel_now(alert.kind, alert.brand, was, now)


def channel_now(kind: AlertKind, brand: str, was: Collection[str], now: Mapping[str, str]) -> str:
    """Choose as `new_channel` does for whatever has a kind and a brand."""
    kept = {role: now[role] for role in sorted(was) if role in now}
    own = _ROLE_OF.get(kind, COMPLAINTS)
    if len(set(kept.values())) == 1:
        return next(iter(kept.values()))
    if own in kept or not kept:
        return now[own]
    of_brand = [channel for role, channel in kept.items() if f"[{brand}]" in role]
    return (of_brand or list(kept.values()))[0]
