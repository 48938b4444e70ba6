"""What the config wishes of people's data, kept by the store for every door to it."""

from __future__ import annotations

import re

from config.settings import Settings
from storage.store import Store
from storage.tables.privacy import PrivacyWishes

_HANDLE = re.compile(r"@[\w][\w.-]*(?:@[\w.-]+)?")


def wishes_in(settings: Settings) -> PrivacyWishes:
    """Read `[privacy]`; the handles that the brands' queries name are nobody's but the brand's."""
    handles = {
        one.lower().rstrip(".")
        for brand in settings.brands
        for one in _HANDLE.findall(str(brand.query))
    }
    return PrivacyWishes(
        pseudonyms=settings.privacy.authors == "pseudonym",
        mask=settings.privacy.mask,
        handles=tuple(sorted(handles)),
    )


def keep_private(store: Store, settings: Settings) -> None:
    """Let the store keep what the config wishes."""
    store.privacy.be(wishes_in(settings))
