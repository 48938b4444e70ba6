"""The history of crawls: each source keeps its last runs, the older ones are deleted."""

from __future__ import annotations

from datetime import datetime

from config.settings import Settings
from storage.store import Store


def prune_crawls(store: Store, settings: Settings, now: datetime) -> int:
    """Delete the runs that no judgement of a source looks at; returns how many."""
    return store.crawls.prune()
