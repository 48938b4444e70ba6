"""The section `[crawl]`: who crawls, for how long, and how far back."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from config.settings.value_types import Duration, Section


class CrawlSettings(Section):
    contact: str = Field(default="no contact configured", max_length=200, pattern=r"^[ -~]+$")
    time_limit: Duration = timedelta(minutes=10)
    overlap: Duration = timedelta(hours=48)
    allow_private: tuple[str, ...] = ()
