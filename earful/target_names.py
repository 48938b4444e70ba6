"""What a target is called in the store, where its name came to show less of its address."""

from __future__ import annotations

from config.redaction import told_apart
from config.settings import Settings
from earful.app import target_of
from storage.models import CrawlTarget
from storage.store import Store


def follow_names(store: Store, settings: Settings) -> int:
    """Give the crawls of each target the name that it has now; returns how many were renamed.

    Earlier versions showed parameters of a feed's address that may be its key. Under another name
    a source would begin anew, and the old one would stand beside it for ever.
    """
    renamed = 0
    for brand in settings.brands:
        for source in brand.sources:
            old = told_apart(str(getattr(source.options, "target", "")))
            if old != source.target:
                before = CrawlTarget(brand=brand.name, source=source.source, target=old)
                renamed += store.crawls.rename(before, target_of(brand, source))
    return renamed
