"""Versions: whether one made things better or worse than those before it, or it is chance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from alerts.decide.brand_alerts import worse_version
from alerts.decide.local_time import DAY, local_day
from alerts.decide.stats import Rate
from alerts.decide.version_change import (
    Change,
    Direction,
    Stratum,
    compare,
    earlier_versions,
    look_number,
)
from config.settings import Settings
from earful.brand_zones import zone_of
from earful.isolation import Isolation
from earful.policies import Policies
from storage.models import VersionCount, VersionDays, VersionLook
from storage.store import Store

BEFORE = 60 * DAY
"""So long before a version's first day those of earlier ones are what it is compared with."""
AFTER = 30 * DAY
"""So long after its first day a version is judged: later, other things have changed."""
_METRICS = {"complaint_rate": True, "wow_rate": False}
"""Each metric, and whether less of it is better."""


def watch_versions(store: Store, settings: Settings, now: datetime) -> int:
    """Look at each new version as often as its mentions double; tell once of one that is worse.

    What is better is for the digest. Returns how many alerts are new; safe to repeat.
    """
    isolation = Isolation(store, "versions", now)
    policies = Policies(settings)
    written = 0
    for brand in settings.own_brands:
        with isolation.subject(brand.name):
            written += _watch(store, policies, brand.name, now)
    isolation.keep_only([brand.name for brand in settings.own_brands])
    return written


def _watch(store: Store, policies: Policies, brand: str, now: datetime) -> int:
    today = local_day(now, zone_of(policies.settings, brand))
    versions = store.version_changes.versions(brand)
    done = store.version_changes.looks(brand)
    written = 0
    for version in versions:
        if version.first_day + AFTER < today or version.mentions < 1:
            continue
        looks = [*_looks(store, brand, version, versions, done, today)]
        if not looks:
            continue
        with store.write() as unit:
            for look in looks:
                unit.version_changes.write(look, now)
            worse = [one for one in looks if one.direction == Direction.WORSE]
            if worse:
                written += unit.outbox.add([worse_version(brand, worse, policies.of(brand), now)])
    return written


def _looks(
    store: Store,
    brand: str,
    version: VersionDays,
    versions: Iterable[VersionDays],
    done: dict[tuple[str, str], int],
    today: date,
) -> Iterator[VersionLook]:
    """Look at a version in each metric, where enough came in since the last look."""
    first = version.first_day
    after = store.version_changes.counts(brand, version.version, first, min(today, first + AFTER))
    number = look_number(sum(one.told for one in after))
    due = [one for one in _METRICS if number > done.get((version.version, one), 0)]
    earlier = earlier_versions(
        version.version, [one.version for one in versions if one.first_day < first]
    )
    if not due or not earlier:
        return
    before = [
        count
        for one in earlier
        for count in store.version_changes.counts(brand, one, first - BEFORE, first - DAY)
    ]
    for metric in due:
        strata = [*_strata(before, after, metric)]
        change = compare(strata)
        if change is not None:
            yield _look(brand, version, metric, change, len(strata), number)


def _strata(
    before: Iterable[VersionCount], after: Iterable[VersionCount], metric: str
) -> Iterator[Stratum]:
    def by_place(counts: Iterable[VersionCount]) -> dict[tuple[str, str], tuple[int, int]]:
        sums: dict[tuple[str, str], tuple[int, int]] = {}
        for one in counts:
            part, total = sums.get((one.source, one.country), (0, 0))
            more = one.angry if metric == "complaint_rate" else one.delighted
            sums[one.source, one.country] = part + more, total + one.told
        return sums

    then, now = by_place(before), by_place(after)
    for place in sorted(then.keys() & now.keys()):
        yield Stratum(Rate(*then[place]), Rate(*now[place]))


def _look(
    brand: str, version: VersionDays, metric: str, change: Change, strata: int, number: int
) -> VersionLook:
    direction = change.direction(less_is_better=_METRICS[metric])
    return VersionLook(
        brand=brand,
        version=version.version,
        metric=metric,
        first_day=version.first_day,
        part_before=change.before.part,
        told_before=change.before.total,
        part=change.after.part,
        told=change.after.total,
        strata=strata,
        difference=change.difference,
        low=change.interval.low,
        high=change.interval.high,
        p_value=change.p_value,
        looks=number,
        direction=direction.value if direction else None,
    )
