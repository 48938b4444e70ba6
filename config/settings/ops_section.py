"""The section `[ops]`: where the daemon says how it is, for programs that watch it."""

from __future__ import annotations

import re

from pydantic import field_validator

from config.settings.value_types import Section


class OpsSettings(Section):
    listen: str | None = None

    @field_validator("listen")
    @classmethod
    def _is_a_place(cls, value: str | None) -> str | None:
        if value is None:
            return None
        match = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(\d{1,5})", value)
        if not match or int(match[2]) > 65535:
            raise ValueError('not a place to listen at: write "127.0.0.1:9469"')
        return value

    @property
    def place(self) -> tuple[str, int] | None:
        """Give the host and the port; None where nobody shall ask."""
        if self.listen is None:
            return None
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)
