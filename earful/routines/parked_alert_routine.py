"""Parked alerts are tried again: somebody may have mended what stood in their way."""

from __future__ import annotations

from datetime import datetime

from config.settings import Settings
from storage.store import Store


def try_parked(store: Store, settings: Settings, now: datetime) -> int:
    """Put parked alerts back in line: somebody may have mended their channel.

    What is in doubt stays parked: only a person may risk a second copy.
    """
    return store.outbox.unpark_certain()
