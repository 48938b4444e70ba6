"""What a brand's advocates need today, and who of them has gone quiet: gathered from the store."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from alerts.decide.advocate_needs import needs_of
from alerts.decide.local_time import local_day
from alerts.messages.advocate_notices import AdvocatesToday
from storage.store import Store

OF_LATE = timedelta(days=30)
"""What an advocate said so long ago or earlier is not what they need today."""
_MOST_QUIET = 50


def advocates_now(store: Store, brand: str, now: datetime, zone: tzinfo) -> AdvocatesToday:
    """Give the list of a brand's advocates as of now; see `alerts.decide.advocate_needs`."""
    words = store.advocates.spoken(brand, now - OF_LATE, now)
    return AdvocatesToday(
        brand=brand,
        day=local_day(now, zone),
        needs=tuple(needs_of(words)),
        quiet=tuple(store.advocates.quiet(brand, _MOST_QUIET)),
    )
