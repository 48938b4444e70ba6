"""The section `[store]`: where the store lies, and how long it keeps mentions."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from config.settings.value_types import Section


class StoreSettings(Section):
    path: Path = Path("earful.db")
    retention_days: int = Field(default=730, ge=1)
