"""Which alert of the outbox goes next: in order within a queue, urgent first, at Slack's pace."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from storage.models import Alert, AlertState, Lost, TroubleKind

CHANNEL_PACE_S = 1.0

_EACH = 100
_REFRESH_S = 5.0


class Outbox(Protocol):
    """The alerts that Slack does not have yet; every method is one transaction."""

    def waiting(self, now: datetime, each: int) -> list[Alert]: ...
    def next_release(self, now: datetime) -> datetime | None: ...
    def drop_orphans(self) -> int: ...
    def doubt_lost(self, now: datetime) -> int: ...
    def claim(self, alert_id: int, now: datetime, via: str | None = None) -> Alert | None: ...
    def sending(self) -> list[Alert]: ...
    def mark_sent(
        self,
        alert_id: int,
        slack_ts: str | None,
        now: datetime,
        slack_channel: str | None = None,
    ) -> None: ...
    def drop(self, alert_id: int, note: str | None = None) -> None: ...
    def lose_message(self, alert: Alert, now: datetime, note: str) -> Lost: ...
    def leave_channel(self, alert: Alert, now: datetime, note: str) -> Lost | None: ...
    def retry(
        self,
        alert_id: int,
        next_attempt_at: datetime,
        error: str,
        trouble: TroubleKind,
        *,
        absent: bool = False,
        may_come_late: bool = False,
    ) -> None: ...
    def unclear(
        self, alert_id: int, next_attempt_at: datetime, error: str, trouble: TroubleKind
    ) -> None: ...
    def park(
        self,
        alert_id: int,
        error: str,
        trouble: TroubleKind,
        *,
        absent: bool = False,
        may_be_posted: bool = False,
    ) -> None: ...
    def hold_channel(
        self,
        place: str,
        until: datetime,
        error: str,
        trouble: TroubleKind,
        *,
        updates: bool = False,
    ) -> None: ...
    def park_channel(self, channel: str, error: str, trouble: TroubleKind) -> int: ...
    def park_threads(self, place: str, error: str, trouble: TroubleKind) -> int: ...
    def to_look_at(self, now: datetime) -> list[Alert]: ...
    def next_look(self) -> datetime | None: ...
    def look_again(self, alert_id: int, at: datetime | None) -> None: ...


@dataclass
class Pace:
    """When each lane may post next; keep one over several deliveries."""

    seconds: float = CHANNEL_PACE_S
    free_at: dict[str, datetime] = field(default_factory=dict)

    def wait(self, lane: str | None, now: datetime) -> float:
        """Give the seconds until `lane` is free; 0 when it is."""
        if lane is None or not self.seconds or lane not in self.free_at:
            return 0.0
        left_s = (self.free_at[lane] - now).total_seconds()
        if left_s > self.seconds:
            # The clock was set back since: the pace is kept once, from now.
            self.took(lane, now)
            return self.seconds
        return max(0.0, left_s)

    def took(self, lane: str | None, now: datetime) -> None:
        if lane is not None and self.seconds:
            self.free_at[lane] = now + timedelta(seconds=self.seconds)


class Lines:
    """The queues of the outbox as they stand, and which of them wait; uses the store, not Slack.

    `lane` says which of Slack's limits an alert counts against, `way` by which way it goes;
    `settle` is how long a row that is being sent is left alone before it is looked for.
    """

    def __init__(
        self,
        outbox: Outbox,
        lane: Callable[[Alert], str | None],
        now: Callable[[], datetime],
        pace: Pace,
        settle: timedelta,
        way: Callable[[Alert], str | None] = lambda alert: alert.via,
    ) -> None:
        self._outbox = outbox
        self._lane = lane
        self._way = way
        self._now = now
        self._pace = pace
        self._settle = settle
        self._blocked: set[str] = set()
        self._stopped: set[str | None] = set()
        self._queues: dict[str, deque[Alert]] = {}
        self._looks: deque[Alert] = deque()
        self._under_way: dict[int, Alert] = {}
        self._read_at: datetime | None = None
        self.lost = 0
        """How many alerts the store has lost the sending of: they are looked for first."""

    def next(self) -> tuple[Alert | None, float]:
        """Give the alert that can go soonest, or be looked for, and the seconds until it can."""
        now = self._now()
        stale = self._read_at is None or abs((now - self._read_at).total_seconds()) >= _REFRESH_S
        if stale or not (self._queues or self._looks or self._under_way):
            self._refresh()
        for look in self._looks:
            if self._way(look) not in self._stopped:
                return look, 0.0
        busy = {self._lane(alert) for alert in self._under_way.values()}
        best: Alert | None = None
        best_wait = 0.0
        for name, queue in self._queues.items():
            if name in self._blocked or not queue or self._way(queue[0]) in self._stopped:
                continue
            lane = self._lane(queue[0])
            if lane in busy:
                continue
            wait_s = self._pace.wait(lane, now)
            if best is None or (wait_s, *_rank(queue[0])) < (best_wait, *_rank(best)):
                best, best_wait = queue[0], wait_s
        return best, best_wait

    def begin(self, alert: Alert) -> Alert | None:
        """Claim what `next` gave; None when it is not ours to send."""
        if alert.state is AlertState.SENDING:
            self._looks.remove(alert)
            self._under_way[alert.id] = alert
            return alert
        queue = self._queues[alert.queue]
        queue.popleft()
        if not queue:
            del self._queues[alert.queue]
        claimed = self._outbox.claim(alert.id, self._now(), self._way(alert))
        if claimed is None:  # another sender has it: behind it the channel waits
            self._blocked.add(alert.queue)
            return None
        self._under_way[alert.id] = claimed
        return claimed

    def tried(self, alert: Alert) -> None:
        """Take back what was sent, well or not: its lane is busy for a while."""
        del self._under_way[alert.id]
        self._pace.took(self._lane(alert), self._now())

    def looked(self, alert: Alert) -> None:
        """Take back what was looked for: its queue may go on."""
        del self._under_way[alert.id]
        self._read_at = None

    def block(self, alert: Alert) -> None:
        """Let what waits behind an alert wait on."""
        self._blocked.add(alert.queue)
        self._queues.pop(alert.queue, None)

    def reread(self) -> None:
        """Line up anew: what waited may be set aside, or wait for something else by now."""
        self._read_at = None

    def stop(self, alert: Alert) -> None:
        """Start nothing more by the way of an alert; the other ways go on."""
        self._stopped.add(self._way(alert))

    def places_beside(self, alert: Alert) -> set[str]:
        """Name the places that something waits to go to by the way of an alert."""
        way = self._way(alert)
        return {
            one.place for queue in self._queues.values() for one in queue if self._way(one) == way
        }

    def next_at(self) -> datetime | None:
        """Give when to come again; None when nothing waits."""
        now = self._now()
        moments: dict[str, datetime] = {}
        for alert in self._outbox.sending():
            free_at = self._free_at(alert)
            moments[alert.queue] = max(free_at, moments.get(alert.queue, free_at))
        waiting: dict[str, datetime] = {}
        lined_up = self._outbox.waiting(now, _EACH)
        lots: dict[tuple[str, bool], datetime] = {}
        for alert in lined_up:
            at = alert.next_attempt_at or now
            lots[alert.lot] = max(at, lots.get(alert.lot, at))
        for alert in lined_up:
            at = lots[alert.lot]
            waiting[alert.queue] = max(at, waiting.get(alert.queue, at))
        others = filter(None, (self._outbox.next_release(now), self._outbox.next_look()))
        return min([*(waiting | moments).values(), *others], default=None)

    def _refresh(self) -> None:
        """Line up what must be looked for, and what waits first, by queue.

        A queue stays out while a row of it is in doubt or must wait. What must wait is asked for
        too: an alert written after its place was held would overtake those held.
        """
        now = self._read_at = self._now()
        self._outbox.drop_orphans()
        # Each time: after a restore alerts that were sent are judged anew while others go out.
        self.lost += self._outbox.doubt_lost(now)
        self._blocked.clear()
        self._looks.clear()
        for alert in self._outbox.sending():
            if alert.id not in self._under_way:
                self._blocked.add(alert.queue)
                if self._free_at(alert) <= now:
                    self._looks.append(alert)
        waiting = self._outbox.waiting(now, _EACH)
        held = {
            one
            for alert in waiting
            if alert.next_attempt_at is not None and alert.next_attempt_at > now
            for one in (alert.queue, alert.lot)
        }
        self._queues = {}
        for alert in waiting:
            if alert.queue not in self._blocked and held.isdisjoint((alert.queue, alert.lot)):
                self._queues.setdefault(alert.queue, deque()).append(alert)

    def _free_at(self, alert: Alert) -> datetime:
        """Give the moment from which a look at a row in `sending` proves something."""
        if alert.next_attempt_at is not None:
            return alert.next_attempt_at
        # The store keeps whole seconds: a claim may be up to one later than it says.
        return (alert.claimed_at or alert.created_at) + self._settle + timedelta(seconds=1)


def _rank(alert: Alert) -> tuple[bool, int]:
    return not alert.urgent, alert.id
