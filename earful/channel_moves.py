"""A changed config moves what waits: alerts of a channel that it no longer names go on."""

from __future__ import annotations

import logging
from datetime import datetime

from alerts.decide.new_channels import channel_now, new_channel
from config.settings import Settings
from config.settings.channel_roles import channel_roles
from storage.models import AlertKind
from storage.store import Store

log = logging.getLogger("earful.alerts")


def follow_config(store: Store, settings: Settings, now: datetime) -> int:
    """Move what waits for a channel that the config names no more to the one of its role now.

    Returns how many alerts moved. What Slack may have stays until it was looked for, and a channel
    that the config never named is a person's choice. Safe to repeat.
    """
    roles = channel_roles(settings)
    store.channel_roles.note(roles, now)
    left = store.channel_roles.left()
    if not left:
        return 0
    moves: dict[tuple[str, str], list[int]] = {}
    for alert in store.outbox.waiting_in(sorted(left)):
        to = new_channel(alert, left[alert.channel], roles)
        moves.setdefault((alert.channel, to), []).append(alert.id)
    moved = 0
    for (old, new), ids in moves.items():
        number = store.outbox_word.readdress(ids, new)
        log.info("moved alerts", extra={"from_channel": old, "to_channel": new, "alerts": number})
        moved += number
    return moved


class ComplaintChannels:
    """What the config calls the channel now in which a case's message stands."""

    def __init__(self, store: Store, settings: Settings, now: datetime) -> None:
        self._roles = channel_roles(settings)
        store.channel_roles.note(self._roles, now)
        self._left = store.channel_roles.left()

    def named_now(self, channel: str, brand: str) -> str:
        """Give the channel itself, or the one that has its role now."""
        if channel not in self._left:
            return channel
        return channel_now(AlertKind.COMPLAINT, brand, self._left[channel], self._roles)
