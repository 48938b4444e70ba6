"""The history of crawls: old ones are deleted, so that it stays as long as it is looked at."""

from __future__ import annotations

from datetime import datetime

from config.settings import Settings
from storage.store import Store


def prune_crawls(store: Store, settings: Settings, now: datetime) -> int:
    """Delete the crawls that no judgement of a source looks at; returns how many."""
    return store.crawls.prune()
