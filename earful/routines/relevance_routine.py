"""New labels make a new model of what is about a brand, which weighs the newest mentions."""

from __future__ import annotations

from datetime import datetime

from config.settings import Settings
from earful.brand_relevance import BrandRelevance
from storage.store import Store

# So many mentions of a brand at a time: on two busy cores that takes less than a minute.
_MOST = 500


def learn_relevance(store: Store, settings: Settings, now: datetime) -> None:
    """Learn where labels changed, and weigh what no model has; safe to repeat."""
    BrandRelevance(settings).refresh(store, now, most=_MOST)
