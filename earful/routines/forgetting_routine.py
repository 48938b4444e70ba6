"""Forgetting: what is older than the store keeps is erased."""

from __future__ import annotations

from datetime import datetime

from config.settings import Settings
from earful.believed_time import believed
from storage.store import Store
from storage.tables.audit import KEPT_FOR, Act, AuditEntry


def forget_old(store: Store, settings: Settings, now: datetime) -> int:
    """Erase what is older than the config keeps; the daily counts stay. Returns the mentions.

    A clock that is ahead erases nothing: see `believed`.
    """
    by = believed(store, settings, now)
    than = settings.store.keeps_since(by)
    erased = store.upkeep.forget_older(than)
    if erased:
        store.audit.add(
            AuditEntry(
                at=now,
                actor="earful",
                role="daemon",
                act=Act.ERASED,
                what=f"{erased:,} mentions, older than {settings.store.retention_days} days",
            )
        )
    store.audit.forget_before(by - KEPT_FOR)
    # After the mentions: what is erased unjudged is counted on the line of its day.
    store.ledger.forget_before(than)
    return erased
