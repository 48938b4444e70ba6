"""The section `[store]`: where the store lies, and how long it keeps mentions."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from pydantic import Field

from config.settings.value_types import Section


class StoreSettings(Section):
    path: Path = Path("earful.db")
    retention_days: int = Field(default=730, ge=1, le=36_500)

    def keeps_since(self, now: datetime) -> datetime:
        """Give the moment of which nothing older is stored, and all older is erased at night."""
        return now - timedelta(days=self.retention_days)
