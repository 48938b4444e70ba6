"""The outbox emptied into Slack: each alert once, in order, no channel stopping another.

A row is claimed (`sending`), posted, marked `sent`. Whatever dies in between leaves it in
`sending`, and an answer that may hide a post leaves it there too: such a row is looked for at
Slack before it is posted again. While one alert of a channel waits, later ones wait behind it.
Replies and updates go when Slack has the message that they are about.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from alerts.transports import Answer, Fate, Look, Sight, Transport
from storage.models import MAY_BE_POSTED, Alert, AlertState, Operation

SETTLE = timedelta(seconds=15)
"""How long after a try Slack may still be posting it: a look that comes sooner proves nothing."""

ACCOUNT_HOLD = timedelta(minutes=5)
CHANNEL_PACE_S = 1.0
MAX_ATTEMPTS = 100

FIRST_BACKOFF = timedelta(seconds=2)
LONGEST_BACKOFF = timedelta(minutes=15)
_BREAKER = 3
_EACH = 100
_REFRESH_S = 5.0


class Outbox(Protocol):
    """The alerts that Slack does not have yet; every method is one transaction."""

    def waiting(self, now: datetime, each: int) -> list[Alert]: ...
    def next_release(self, now: datetime) -> datetime | None: ...
    def drop_orphans(self) -> int: ...
    def claim(self, alert_id: int, now: datetime) -> Alert | None: ...
    def sending(self) -> list[Alert]: ...
    def mark_sent(
        self,
        alert_id: int,
        slack_ts: str | None,
        now: datetime,
        slack_channel: str | None = None,
    ) -> None: ...
    def drop(self, alert_id: int) -> None: ...
    def retry(self, alert_id: int, next_attempt_at: datetime, error: str) -> None: ...
    def unclear(self, alert_id: int, next_attempt_at: datetime, error: str) -> None: ...
    def park(self, alert_id: int, error: str) -> None: ...
    def hold_channel(
        self, channel: str, until: datetime, error: str, *, updates: bool = False
    ) -> None: ...
    def park_channel(self, channel: str, error: str) -> int: ...
    def unpark(self, channel: str | None = None) -> int: ...


@dataclass
class Pace:
    """When each lane may post next; keep one over several deliveries."""

    seconds: float = CHANNEL_PACE_S
    free_at: dict[str, datetime] = field(default_factory=dict)

    def wait(self, lane: str | None, now: datetime) -> float:
        """Give the seconds until `lane` is free; 0 when it is."""
        if lane is None or not self.seconds or lane not in self.free_at:
            return 0.0
        return max(0.0, (self.free_at[lane] - now).total_seconds())

    def took(self, lane: str | None, now: datetime) -> None:
        if lane is not None and self.seconds:
            self.free_at[lane] = now + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryResult:
    """What one delivery did. `found` were at Slack already; `next_at` is when to come again,
    None when nothing waits; `account_error` tells that Slack takes nothing from us at all."""

    sent: int = 0
    found: int = 0
    retried: int = 0
    unclear: int = 0
    parked: int = 0
    problems: tuple[str, ...] = ()
    account_error: str | None = None
    next_at: datetime | None = None

    @property
    def good(self) -> bool:
        return not self.problems


def deliver(
    outbox: Outbox,
    transport: Transport,
    now: Callable[[], datetime],
    sleep: Callable[[float], object],
    *,
    limit: int = 1_000_000,
    pace: Pace | None = None,
    settle: timedelta = SETTLE,
    first_backoff: timedelta = FIRST_BACKOFF,
    rng: random.Random | None = None,
    stop: Callable[[], bool] = lambda: False,
    workers: int = 1,
) -> DeliveryResult:
    """Post what can be posted now, at most `limit` tries; sleeps only to keep the pace.

    Holds, backoffs and looks that must wait are not slept for: `next_at` names the next one.
    `stop` is asked between two posts. So many `workers` speak to Slack side by side, each for a
    lane of its own; the outbox is used by the calling thread alone. Never raises for what Slack
    does.
    """
    run = _Delivery(
        outbox, transport, now, pace or Pace(), settle, first_backoff, rng or random.Random()
    )
    tries = 0
    with ThreadPoolExecutor(workers, "deliver") as pool:
        under_way: dict[Future[Answer | Look], Alert] = {}
        while True:
            alert, pause = None, 0.0
            may_start = tries < limit and not run.stopped and not stop()
            if may_start and len(under_way) < workers:
                alert, pause = run.next()
            if alert is not None and pause <= 0 and not run.stopped:
                claimed = run.begin(alert)
                if claimed is not None:
                    tries += alert.state is not AlertState.SENDING
                    under_way[pool.submit(run.carry_out, claimed, alert)] = claimed
            elif under_way:
                ended, _ = wait(under_way, timeout=pause or None, return_when=FIRST_COMPLETED)
                for future in ended:
                    run.settle(under_way.pop(future), future.result())
            elif alert is None or run.stopped:
                break
            else:
                sleep(pause)
    return run.result()


class _Delivery:
    """One pass over the outbox; remembers which channels wait."""

    def __init__(
        self,
        outbox: Outbox,
        transport: Transport,
        now: Callable[[], datetime],
        pace: Pace,
        settle: timedelta,
        first_backoff: timedelta,
        rng: random.Random,
    ) -> None:
        self._outbox = outbox
        self._transport = transport
        self._now = now
        self._pace = pace
        self._settle = settle
        self._first_backoff = first_backoff
        self._rng = rng
        self._blocked: set[str] = set()
        self._queues: dict[str, deque[Alert]] = {}
        self._looks: deque[Alert] = deque()
        self._under_way: dict[int, Alert] = {}
        self._read_at: datetime | None = None
        self._fails_in_row: set[str] = set()
        self._problems: dict[str, None] = {}
        self._counts = dict.fromkeys(("sent", "found", "retried", "unclear", "parked"), 0)
        self._account_error: str | None = None
        self.stopped = False

    def next(self) -> tuple[Alert | None, float]:
        """Give the alert that can go soonest, or be looked for, and the seconds until it can."""
        now = self._now()
        stale = self._read_at is None or (now - self._read_at).total_seconds() >= _REFRESH_S
        if stale or not (self._queues or self._looks or self._under_way):
            self._refresh()
        if self._looks:
            return self._looks[0], 0.0
        busy = {self._transport.lane(alert) for alert in self._under_way.values()}
        best: Alert | None = None
        best_wait = 0.0
        for name, queue in self._queues.items():
            if name in self._blocked or not queue:
                continue
            lane = self._transport.lane(queue[0])
            if lane in busy:
                continue
            wait_s = self._pace.wait(lane, now)
            if best is None or (wait_s, *_rank(queue[0])) < (best_wait, *_rank(best)):
                best, best_wait = queue[0], wait_s
        return best, best_wait

    def begin(self, alert: Alert) -> Alert | None:
        """Claim what `next` gave; None when it is not ours to send."""
        if alert.state is AlertState.SENDING:
            self._looks.popleft()
            self._under_way[alert.id] = alert
            return alert
        queue = self._queues[alert.queue]
        queue.popleft()
        if not queue:
            del self._queues[alert.queue]
        claimed = self._outbox.claim(alert.id, self._now())
        if claimed is None:  # another sender has it: behind it the channel waits
            self._blocked.add(alert.queue)
            return None
        self._under_way[alert.id] = claimed
        return claimed

    def carry_out(self, claimed: Alert, before: Alert) -> Answer | Look:
        """Speak to Slack, in whatever thread: no store and no state of the pass is touched.

        `before` is the row as it was before this claim: it tells when a doubtful try was.
        """
        if before.state is AlertState.SENDING:
            return self._transport.find(before)
        if (before.error or "").startswith(MAY_BE_POSTED):
            look = self._transport.find(before)
            # Blind once more: whoever put it back in line has looked with their own eyes.
            if look.sight in (Sight.FOUND, Sight.LATER):
                return look
        answer = self._transport.send(claimed)
        if answer.fate is Fate.BAD_MESSAGE:
            return self._send_text_only(claimed, answer)
        return answer

    def settle(self, alert: Alert, came: Answer | Look) -> None:
        """Write down what became of a try or a look."""
        del self._under_way[alert.id]
        if isinstance(came, Look):
            self._settle_look(alert, came)
        else:
            self._pace.took(self._transport.lane(alert), self._now())
            self._settle_answer(alert, came)

    def result(self) -> DeliveryResult:
        return DeliveryResult(
            **self._counts,
            problems=tuple(self._problems),
            account_error=self._account_error,
            next_at=self._next_at(),
        )

    def _refresh(self) -> None:
        """Line up what must be looked for, and what waits first, by queue.

        A queue stays out while a row of it is in doubt or must wait. What must wait is asked for
        too: an alert written after its channel was held would overtake those held.
        """
        self._outbox.drop_orphans()
        self._blocked.clear()
        self._looks.clear()
        now = self._read_at = self._now()
        for alert in self._outbox.sending():
            if alert.id not in self._under_way:
                self._blocked.add(alert.queue)
                if self._free_at(alert) <= now and not self.stopped:
                    self._looks.append(alert)
        waiting = self._outbox.waiting(now, _EACH)
        held = {
            alert.queue
            for alert in waiting
            if alert.next_attempt_at is not None and alert.next_attempt_at > now
        }
        self._queues = {}
        for alert in waiting:
            if alert.queue not in self._blocked and alert.queue not in held:
                self._queues.setdefault(alert.queue, deque()).append(alert)

    def _settle_answer(self, alert: Alert, answer: Answer) -> None:
        if answer.fate in (Fate.UNCLEAR, Fate.NOT_SENT):
            self._failed(alert.channel)
        else:
            self._fails_in_row.clear()
        match answer.fate:
            case Fate.SENT:
                self._outbox.mark_sent(
                    alert.id, answer.slack_ts, self._now(), answer.slack_channel
                )
                self._counts["sent"] += 1
            case Fate.POINTLESS:
                self._outbox.drop(alert.id)
            case Fate.UNCLEAR:
                self._leave_unclear(alert, answer)
            case Fate.NOT_SENT | Fate.RATE_LIMITED:
                self._hold(alert, answer)
            case Fate.CHANNEL_DEAD:
                self._problem(answer.error)
                self._outbox.park(alert.id, answer.error)
                self._counts["parked"] += 1 + self._outbox.park_channel(
                    alert.channel, answer.error
                )
                self._block(alert)
            case Fate.ACCOUNT_DEAD:
                self._hold_everything(alert, answer.error)
            case Fate.BAD_MESSAGE:
                self._park(alert, answer.error)

    def _send_text_only(self, alert: Alert, first: Answer) -> Answer:
        answer = self._transport.send(alert, text_only=True)
        if answer.fate is not Fate.BAD_MESSAGE:
            return answer
        return Answer(
            Fate.BAD_MESSAGE,
            f"{first.error.rstrip('.')}, and its bare text too: set aside, the others go on.",
        )

    def _leave_unclear(self, alert: Alert, answer: Answer) -> None:
        self._problem(answer.error)
        self._counts["unclear"] += 1
        at = self._now() + max(self._settle, self._backoff(alert.attempts, answer.retry_after))
        self._outbox.unclear(alert.id, at, MAY_BE_POSTED + answer.error)
        self._block(alert)

    def _hold(self, alert: Alert, answer: Answer) -> None:
        self._problem(answer.error)
        if answer.fate is Fate.RATE_LIMITED and answer.retry_after is not None:
            until = self._now() + timedelta(seconds=answer.retry_after)
        else:
            until = self._now() + self._backoff(alert.attempts, answer.retry_after)
        self._counts["retried"] += 1
        self._outbox.retry(alert.id, until, answer.error)
        self._outbox.hold_channel(
            alert.channel, until, answer.error, updates=alert.operation is Operation.UPDATE
        )
        self._block(alert)

    def _hold_everything(self, alert: Alert, error: str) -> None:
        self._problem(error)
        self._account_error = error
        self.stopped = True
        until = self._now() + ACCOUNT_HOLD
        self._counts["retried"] += 1
        self._outbox.retry(alert.id, until, error)
        waiting = [one for queue in self._queues.values() for one in queue]
        for channel in {alert.channel, *(one.channel for one in waiting)}:
            for updates in (False, True):
                self._outbox.hold_channel(channel, until, error, updates=updates)

    def _settle_look(self, alert: Alert, look: Look) -> None:
        """Settle a row in doubt: sent after all, back in line, looked for later, or parked."""
        self._read_at = None  # its queue may go on
        match look.sight:
            case Sight.FOUND:
                self._found(alert, look)
            case Sight.ABSENT if alert.attempts >= MAX_ATTEMPTS:
                told = (alert.error or "").removeprefix(MAY_BE_POSTED)
                self._park(alert, f"{told} Given up after {alert.attempts} tries.".strip())
            case Sight.ABSENT:
                self._outbox.retry(alert.id, self._now(), "Slack does not have it: sent again.")
            case Sight.LATER:
                self._look_later(alert, look)
            case Sight.BLIND:
                self._problem(look.error)
                self._park(alert, MAY_BE_POSTED + look.error)

    def _found(self, alert: Alert, look: Look) -> None:
        self._outbox.mark_sent(alert.id, look.slack_ts, self._now(), look.slack_channel)
        self._counts["found"] += 1

    def _look_later(self, alert: Alert, look: Look) -> None:
        self._problem(look.error)
        self._failed(alert.channel)
        self._counts["unclear"] += 1
        at = self._now() + self._backoff(alert.attempts, look.retry_after)
        self._outbox.unclear(alert.id, at, MAY_BE_POSTED + look.error)
        self._block(alert)

    def _park(self, alert: Alert, error: str) -> None:
        self._problem(error)
        self._outbox.park(alert.id, error)
        self._counts["parked"] += 1

    def _failed(self, channel: str) -> None:
        """Stop the pass when channel after channel fails: Slack or the way to it is down.

        What is left comes in the next pass, without waiting for a timeout in each channel now.
        """
        self._fails_in_row.add(channel)
        self.stopped = self.stopped or len(self._fails_in_row) >= _BREAKER

    def _block(self, alert: Alert) -> None:
        self._blocked.add(alert.queue)
        self._queues.pop(alert.queue, None)

    def _problem(self, error: str) -> None:
        self._problems[error.removeprefix(MAY_BE_POSTED)] = None

    def _free_at(self, alert: Alert) -> datetime:
        """Give the moment from which a look at a row in `sending` proves something."""
        if alert.next_attempt_at is not None:
            return alert.next_attempt_at
        # The store keeps whole seconds: a claim may be up to one later than it says.
        return (alert.claimed_at or alert.created_at) + self._settle + timedelta(seconds=1)

    def _backoff(self, attempts: int, at_least: float | None) -> timedelta:
        doublings = min(max(attempts, 1) - 1, 20)
        longest = min(self._first_backoff * 2.0**doublings, LONGEST_BACKOFF)
        wait = longest * self._rng.uniform(0.5, 1.0)
        return max(wait, timedelta(seconds=at_least or 0.0))

    def _next_at(self) -> datetime | None:
        now = self._now()
        moments: dict[str, datetime] = {}
        for alert in self._outbox.sending():
            free_at = self._free_at(alert)
            moments[alert.queue] = max(free_at, moments.get(alert.queue, free_at))
        waiting: dict[str, datetime] = {}
        for alert in self._outbox.waiting(now, _EACH):
            at = alert.next_attempt_at or now
            waiting[alert.queue] = max(at, waiting.get(alert.queue, at))
        release = self._outbox.next_release(now)
        return min([*(waiting | moments).values(), *([release] if release else [])], default=None)


def _rank(alert: Alert) -> tuple[bool, int]:
    return not alert.urgent, alert.id
