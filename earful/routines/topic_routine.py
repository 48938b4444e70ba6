"""Topics are found anew: at once where a brand is new or has grown, at night where any changed."""

from __future__ import annotations

from datetime import datetime, timedelta

from config.settings import Settings
from earful.topic_upkeep.period_figures import write_figures
from earful.topic_upkeep.refitting import refit_due
from storage.store import Store


def find_topics(store: Store, settings: Settings, now: datetime) -> None:
    """Find the topics of brands that have none yet or have grown; write figures that changed."""
    refit_due(store, settings, now)
    write_figures(store, settings, now)


def find_topics_again(store: Store, settings: Settings, now: datetime) -> None:
    """Find the topics of all brands that have new mentions; each keeps its id and its name."""
    refit_due(store, settings, now, older_than=timedelta(0))
