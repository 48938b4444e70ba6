"""The people behind the wows of a month: gathered from the store for terminal, page and table."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from alerts.decide.local_time import local_day
from config.settings import Settings
from earful.brand_zones import zone_of
from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Kudos:
    """Rows of the views `rewards`, `team_rewards`, `reward_words` and `won_back_by`.

    `month` is one such as 2026-03; `has_staff` tells whether the config names any colleagues.
    """

    brand: str
    month: str
    people: tuple[dict[str, Any], ...]
    teams: tuple[dict[str, Any], ...]
    words: tuple[dict[str, Any], ...]
    won_back: tuple[dict[str, Any], ...]
    has_staff: bool

    @property
    def month_name(self) -> str:
        return f"{date.fromisoformat(f'{self.month}-01'):%B %Y}"

    @property
    def why_nobody(self) -> str:
        """Say why no colleague is named, and what to do."""
        if self.has_staff:
            return f"No wow of {self.month_name} names a colleague of the config."
        return f"The config names no colleague: set `staff` under the [[brands]] of {self.brand}."

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def gather(
    store: Store, settings: Settings, brand: str, month: str | None, now: datetime
) -> Kudos:
    """Gather a month; without one, the last in which a wow names a colleague, else this one."""
    today = local_day(now, zone_of(settings, brand))
    if month is None:
        month = next(iter(store.rewards.months(brand)), f"{today:%Y-%m}")
    return Kudos(
        brand=brand,
        month=month,
        people=tuple(store.rewards.people(brand, month)),
        teams=tuple(store.rewards.teams(brand, month)),
        words=tuple(store.rewards.words(brand, month)),
        won_back=tuple(store.rewards.won_back(brand, month)),
        has_staff=any(one.staff for one in settings.brands if one.name == brand),
    )
