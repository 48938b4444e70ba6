"""The section `[store]`: where the store lies, and how long it keeps mentions."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from pydantic import Field, field_validator

from config.settings.value_types import Section


class StoreSettings(Section):
    path: Path = Path("earful.db")
    retention_days: int = Field(default=730, ge=1, le=36_500)

    @field_validator("path")
    @classmethod
    def _is_one_file(cls, path: Path) -> Path:
        # What it would take: docs/decisions/0036.
        if "{" in str(path):
            raise ValueError(
                "one store a brand cannot be had by a pattern: write a config for each brand, "
                "each with its own path, and run a daemon for each"
            )
        return path

    def keeps_since(self, now: datetime) -> datetime:
        """Give the moment of which nothing older is stored, and all older is erased at night."""
        return now - timedelta(days=self.retention_days)
