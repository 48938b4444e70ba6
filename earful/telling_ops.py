"""Ops hear of what is wrong with Earful itself, even where the store takes no alert."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from alerts import messages
from alerts.decide import own_health
from alerts.decide.own_health import LOOKS, Problem
from alerts.outbox.transport import Fate, Sight, Transport
from config.errors import StoreError
from config.settings import Settings
from earful.late_work import LateWork, late_work
from earful.problems import STUCK, find_problems
from storage.models import Alert, AlertKind, AlertState, NewAlert
from storage.models.dedupe_keys import over_key, store_trouble_key
from storage.store import Store

log = logging.getLogger("earful.health")

_CLOCK_TOLD_FROM = timedelta(minutes=1)


def tell_ops(store: Store, settings: Settings, now: datetime, also: Sequence[Problem] = ()) -> int:
    """Look for problems once; write the alerts about new ones and those that are over.

    `also` are problems that the daemon alone can see. Returns how many alerts are new. Safe to
    repeat.
    """
    present = [one for one in (*find_problems(store, settings, now), *also) if one.for_ops]
    known = store.problems.known()
    if not present and not known:
        return 0
    looked = own_health.look(present, known, settings.slack.ops, now)
    with store.write() as unit:
        unit.problems.record(looked.problems)
        unit.outbox.add(looked.alerts)
    return len(looked.alerts)


def tell_of_absence(store: Store, settings: Settings, now: datetime) -> LateWork | None:
    """At a daemon's start: tell ops how long none ran, if it was long, and what is late."""
    last = store.daemon_runs.last()
    if last is None or now - last.heartbeat_at <= STUCK:
        return None
    died = last.stopped_at is None
    channel = settings.slack.ops
    late = late_work(store, settings, now)
    told = (late.sources, late.mentions, late.alerts)
    away = own_health.was_away(last.heartbeat_at, now, channel, died=died, late=told)
    store.outbox.add([away])
    return late


def tell_of_clock(store: Store, settings: Settings, step: timedelta, now: datetime) -> None:
    """Tell ops that the machine's clock was set, if it was by much."""
    if abs(step) >= _CLOCK_TOLD_FROM:
        store.outbox.add([own_health.clock_was_set(step, now, settings.slack.ops)])


class StoreTrouble:
    """Speaks to Slack past the outbox while the store cannot be written: nothing else can."""

    def __init__(
        self, settings: Settings, transport: Transport, clock: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._clock = clock
        self._since: datetime | None = None
        self._looks = 0
        self._alert: Alert | None = None
        self._is_told = False

    def follow(self, settings: Settings, transport: Transport) -> None:
        """Go by another config from now on."""
        self._settings, self._transport = settings, transport

    def seen(self, error: StoreError) -> None:
        """Count a look that saw it; at the third one ops are told, once."""
        now = self._clock()
        self._since = self._since or now
        self._looks += 1
        if self._looks < LOOKS or self._is_told:
            return
        if self._alert is None:
            self._alert = self._written(str(error), now)
        else:
            # The try before this one may have been posted: never twice.
            sight = self._transport.find(self._alert).sight
            self._is_told = sight in (Sight.FOUND, Sight.BLIND)
            if sight is not Sight.ABSENT:
                return
        answer = self._transport.send(self._alert)
        self._is_told = answer.fate in (Fate.SENT, Fate.POINTLESS)
        if not self._is_told:
            log.warning("ops could not be told that the store fails: %s", answer.error)
        if answer.fate not in (Fate.SENT, Fate.UNCLEAR):
            self._alert = None

    def over(self, store: Store) -> None:
        """The store takes writes again; ops are told if they were told of the trouble."""
        alert, self._alert = self._alert, None
        was_told, self._is_told = self._is_told, False
        self._looks, self._since = 0, None
        if not was_told or alert is None:
            return
        now = self._clock()
        store.outbox.add(
            [
                NewAlert(
                    dedupe_key=over_key(alert.dedupe_key),
                    kind=AlertKind.OPS,
                    brand="",
                    channel=alert.channel,
                    payload=messages.earful_is_well(["the store"], 0, now),
                    created_at=now,
                )
            ]
        )

    def _written(self, sentence: str, now: datetime) -> Alert:
        since = self._since or now
        return Alert(
            id=0,
            dedupe_key=store_trouble_key(since),
            kind=AlertKind.OPS,
            brand="",
            channel=self._settings.slack.ops,
            payload=messages.earful_in_trouble([sentence], now),
            state=AlertState.SENDING,
            attempts=1,
            created_at=since,
            claimed_at=now,
        )
