"""The versions of a brand's product: what their mentions tell, and what looks at them found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDays:
    """A version of a brand's product, the first day a mention told it, and how many did."""

    version: str
    first_day: date
    mentions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionCount:
    """What the mentions of one version tell, at one source and in one country ("" is unknown)."""

    version: str
    source: str
    country: str
    told: int
    angry: int
    delighted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLook:
    """What a look at a version found in one metric; shares are of 1. `direction` is worse, better,
    or None where chance explains the difference."""

    brand: str
    version: str
    metric: str
    first_day: date
    part_before: int
    told_before: int
    part: int
    told: int
    strata: int
    difference: float
    low: float
    high: float
    p_value: float
    looks: int
    direction: str | None
