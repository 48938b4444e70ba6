"""Staff: which colleagues mentions name, for rewards and for cuts by staff and location."""

from __future__ import annotations

from datetime import datetime

from config.settings import Settings
from earful.naming_staff import name_staff
from storage.store import Store


def look_for_staff(store: Store, settings: Settings, now: datetime) -> None:
    """Look for colleagues in all that is judged; safe to repeat."""
    name_staff(store, settings)
