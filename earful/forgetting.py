"""Forget people and texts: in the store, and in the messages that Slack has of them."""

from __future__ import annotations

from datetime import datetime

from alerts import messages
from storage.models import Erasure
from storage.store import Store


def forget_author(store: Store, author_id: str) -> int:
    """Erase an author and all that they said; returns how many mentions that were."""
    erasure = Erasure(messages.erased_author(), messages.erased_quote())
    return store.upkeep.forget_author(author_id, erasure)


def forget_mention(store: Store, mention_id: str) -> int:
    """Erase one mention; returns 0 where there is none of this id."""
    erasure = Erasure(messages.erased_text(), messages.erased_quote())
    return store.upkeep.forget_mention(mention_id, erasure)


def forget_again(store: Store) -> int:
    """Erase what had been erased and came back with a backup; returns how many mentions it was."""
    erasure = Erasure(messages.erased_text(), messages.erased_quote())
    erased = store.upkeep.forget_again(erasure)
    if erased:
        store.upkeep.rewrite()
    return erased


def forget_deleted(store: Store, now: datetime) -> int:
    """Erase what its authors deleted at its source; returns how many mentions that were."""
    erasure = Erasure(messages.erased_text(), messages.erased_quote())
    return store.upkeep.forget_deleted(now, erasure)
