"""The section `[serve]`: where the dashboards listen."""

from __future__ import annotations

from pydantic import Field

from config.settings.value_types import HttpUrl, Section


class ServeSettings(Section):
    host: str = "127.0.0.1"
    port: int = Field(default=8001, ge=0, le=65535)
    public_url: HttpUrl | None = None
