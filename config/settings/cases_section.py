"""The section `[cases]`: which complaints become cases, and when they are due."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from config.settings.value_types import Duration, Section


class CaseSettings(Section):
    respond_within: Duration = timedelta(hours=4)
    business_hours: str = "24/7"
    remind_at: float = Field(default=0.75, gt=0, lt=1)
    same_matter: Duration = timedelta(days=7)
    dismissed_for: Duration = timedelta(days=14)
    open_at: Literal["sure", "likely"] = "sure"
    wordless: Literal["count", "case"] = "count"
