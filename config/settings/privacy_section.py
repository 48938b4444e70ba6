"""The section `[privacy]`: how much of people is stored."""

from __future__ import annotations

from typing import Literal

from config.settings.value_types import Section


class PrivacySettings(Section):
    authors: Literal["named", "pseudonym"] = "named"
    mask: tuple[Literal["email", "phone"], ...] = ()
