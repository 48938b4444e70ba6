"""What sources gave of late by what it came to, and where more is left out than usual."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from alerts.decide.stats import Rate, difference
from storage.models import Fate, iso
from storage.store import Store

WEEK = timedelta(days=6)
"""With today these are the last seven days."""
_BEFORE = timedelta(days=28)
# Fewer entries say nothing about a share, nor do a few of them that were left out.
_ENOUGH, _SOME = 20, 5
# So much more than before is unusual; where nothing was before, so much of all.
_MORE = 0.05
_MOST = {Fate.REFUSED: 0.1, Fate.IRRELEVANT: 0.99}
_SURE = 0.99


@dataclass(slots=True)
class SourceEntries:
    """What a source gave of a brand today and in the last seven days, each by what it came to.

    `unusual` are sentences; none means that no more is left out than before.
    """

    brand: str
    source: str
    today: Counter[str] = field(default_factory=Counter)
    last_7_days: Counter[str] = field(default_factory=Counter)
    before: Counter[str] = field(default_factory=Counter)
    refused_because: Counter[str] = field(default_factory=Counter)
    unusual: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            "brand": self.brand,
            "source": self.source,
            "today": dict(self.today),
            "last_7_days": dict(self.last_7_days),
            "refused_because": dict(self.refused_because.most_common()),
            "unusual": self.unusual,
        }


def entries_of_late(store: Store, now: datetime) -> list[SourceEntries]:
    """Sum up the ledger of the last seven days, and compare it with the four weeks before."""
    today, week = iso(now)[:10], iso(now - WEEK)[:10]
    sources: dict[tuple[str, str], SourceEntries] = {}
    for row in store.ledger.rows(now - WEEK - _BEFORE):
        one = sources.setdefault(
            (row["brand"], row["source"]), SourceEntries(row["brand"], row["source"])
        )
        counts = Counter({name: number for name, number in row.items() if _is_count(number)})
        if row["day"] >= week:
            one.last_7_days.update(counts)
            one.refused_because.update(_reasons(row["refused_because"]))
        else:
            one.before.update(counts)
        if row["day"] == today:
            one.today.update(counts)
    for one in sources.values():
        one.unusual = [*_unusual(one)]
    active = (one for one in sources.values() if one.last_7_days)
    return sorted(active, key=lambda one: (one.brand, one.source))


def _is_count(value: object) -> bool:
    return isinstance(value, int)


def _reasons(written: str | None) -> dict[str, int]:
    """Read what the view writes: `date 2, words 1`."""
    pairs = (part.rsplit(" ", 1) for part in (written or "").split(", ") if part)
    return {name: int(number) for name, number in pairs}


def _unusual(one: SourceEntries) -> Iterable[str]:
    periods = (("today", one.today), ("in the last 7 days", one.last_7_days))
    for fate in _MOST:
        shares = [
            f"{counts[fate]:,} of {counts['seen']:,} entries {name}"
            for name, counts in periods
            if _stands_out(fate, counts, one.before)
        ]
        if shares:
            sentence = f"{' and '.join(shares)} were {fate}{_why(one, fate)}"
            yield f"{one.source} of {one.brand}: {sentence}"


def _stands_out(fate: Fate, now: Mapping[str, int], before: Mapping[str, int]) -> bool:
    rate = Rate(now.get(fate, 0), now.get("seen", 0))
    if rate.total < _ENOUGH or rate.part < _SOME or rate.value is None:
        return False
    earlier = Rate(before.get(fate, 0), before.get("seen", 0))
    if earlier.total < _ENOUGH:
        return rate.value >= _MOST[fate]
    return difference(rate, earlier, _SURE).low > _MORE


def _why(one: SourceEntries, fate: Fate) -> str:
    shown = []
    if fate is Fate.REFUSED:
        shown += [f"{number:,} for {name}" for name, number in one.refused_because.most_common(3)]
    if one.before["seen"] >= _ENOUGH:
        shown.append(f"{one.before[fate] / one.before['seen']:.0%} in the four weeks before")
    return f" ({'; '.join(shown)})" if shown else ""
