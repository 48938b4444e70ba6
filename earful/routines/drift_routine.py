"""Drift: whether what each source gives is still what it gave, written down for ops to hear of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from alerts.decide.source_drift import LONGEST, NEW_USUAL, USUAL, Drift, find_drift
from alerts.decide.stats import Rate
from config.settings import Settings
from earful.isolation import Isolation
from storage.store import Store
from storage.tables.source_shares import DriftRow

DRIFT = "drift"
"""The stage under which failing looks are counted."""

# The history of a large store is counted over a few runs: the daemon has other things to do.
_PORTIONS = 20


def watch_drift(store: Store, settings: Settings, now: datetime) -> int:
    """Count what came, and judge each share of each source; returns how many newly drift.

    Safe to repeat. Ops hear of what is written here as of any other problem: once.
    """
    for _ in range(_PORTIONS):
        if not store.source_shares.count_on():
            break
    today = now.date()
    store.source_shares.forget_before(today)
    isolation = Isolation(store, DRIFT, now)
    known = {(one.brand, one.source, one.share): one for one in store.source_shares.drifting()}
    sources = store.source_shares.sources(today - LONGEST)
    new = 0
    for brand, source in sources:
        with isolation.subject(f"{source} of {brand}"):
            found = [*_looked(store, brand, source, today, known)]
            store.source_shares.write(found)
            new += sum(_is_new(one, known) for one in found)
    isolation.keep_only([f"{source} of {brand}" for brand, source in sources])
    return new


def _is_new(row: DriftRow, known: dict[tuple[str, str, str], DriftRow]) -> bool:
    return row.ended_on is None and (row.brand, row.source, row.share) not in known


def _looked(
    store: Store,
    brand: str,
    source: str,
    today: date,
    known: dict[tuple[str, str, str], DriftRow],
) -> Iterator[DriftRow]:
    """Give the rows that a look at a source changes."""
    begins = today - USUAL - LONGEST - NEW_USUAL
    usual_from = store.source_shares.became_usual(brand, source)
    for share, days in store.source_shares.days(brand, source, begins).items():
        first = usual_from.get(share, begins)
        rates = {one.day: Rate(one.part, one.whole) for one in days if one.day >= first}
        row = known.get((brand, source, share))
        before = None if row is None else _drift_of(row)
        after = find_drift(share, rates, today, before)
        if after is not None:
            yield _row_of(brand, source, after)
        elif row is not None and before is not None:
            usual = today - before.since >= NEW_USUAL
            yield _row_of(brand, source, before, ended_on=today, became_usual=usual)


def _drift_of(row: DriftRow) -> Drift:
    return Drift(
        share=row.share,
        since=row.since,
        before=row.usual,
        now=Rate(row.part, row.whole),
        seen_on=row.seen_on,
    )


def _row_of(
    brand: str,
    source: str,
    drift: Drift,
    *,
    ended_on: date | None = None,
    became_usual: bool = False,
) -> DriftRow:
    return DriftRow(
        brand=brand,
        source=source,
        share=drift.share,
        since=drift.since,
        usual=drift.before,
        part=drift.now.part,
        whole=drift.now.total,
        seen_on=drift.seen_on,
        ended_on=ended_on,
        became_usual=became_usual,
    )
