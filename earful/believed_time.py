"""Up to which moment the clock is believed, where what is done by it cannot be undone.

A machine that starts with its clock years ahead would erase all that its store holds. So erasing
goes by what the servers of sources say, and where none has spoken yet, by how long Earful has
certainly lived.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import median

from config.settings import Settings
from storage.store import Store

LOG = logging.getLogger(__name__)

# Less is a server's own doing, and nothing beside the days that a store keeps.
_OFF = timedelta(hours=1)
# Nobody's word is needed for so long a time without a daemon, or so small a step of its clock.
_LIKELY = timedelta(days=7)


def believed(store: Store, settings: Settings, now: datetime) -> datetime:
    """Give `now` less what it is surely or likely ahead of the true time; never a later moment.

    Servers' words since the daemon's start, or since its clock was set, decide. Before the first
    of them a leap of over a week is held for the clock's: from the last heartbeat of the daemon
    before, or of the clock itself. It costs a day of waiting where it was none.
    """
    last = store.daemon_runs.last()
    if last is None:
        return now
    since = max(last.started_at, last.clock_set_at or last.started_at)
    said = [*_seconds_ahead(store, settings, since)]
    ahead = timedelta(seconds=median(said)) if said else _leap(store)
    if ahead <= (_OFF if said else _LIKELY):
        return now
    LOG.warning(
        "nothing is erased by this machine's clock, which says %s: %s; what is kept goes by %s",
        _clock(now),
        "servers of sources say otherwise" if said else "no source's server has told the time yet",
        _clock(now - ahead),
    )
    return now - ahead


def _seconds_ahead(store: Store, settings: Settings, since: datetime) -> Iterator[int]:
    for name in sorted({one.source for brand in settings.brands for one in brand.sources}):
        yield from store.crawls.clocks_ahead(name, since)


def _leap(store: Store) -> timedelta:
    """How far the time of this daemon is from that of its forerunner, and was set since."""
    last, before = store.daemon_runs.last(), store.daemon_runs.before_last()
    if last is None:
        return timedelta(0)
    apart = last.started_at - before.heartbeat_at if before else timedelta(0)
    return max(apart, timedelta(0)) + max(last.clock_step or timedelta(0), timedelta(0))


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
