"""The outbox emptied into Slack: each alert once, in order, no channel stopping another.

A row is claimed (`sending`), posted, marked `sent`. Whatever dies in between leaves it in
`sending`, and an answer that may hide a post leaves it there too: such a row is looked for at
Slack before it is posted again. While one alert of a channel waits, later ones wait behind it.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from alerts.transports import Answer, Fate, Look, Sight, Transport
from storage.models import MAY_BE_POSTED, Alert

SETTLE = timedelta(seconds=15)
"""How long after a try Slack may still be posting it: a look that comes sooner proves nothing."""

ACCOUNT_HOLD = timedelta(minutes=5)
CHANNEL_PACE_S = 1.0
MAX_ATTEMPTS = 100

FIRST_BACKOFF = timedelta(seconds=2)
LONGEST_BACKOFF = timedelta(minutes=15)
_BREAKER = 3
_WINDOW = 20_000
_REFRESH_S = 5.0
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


class Outbox(Protocol):
    """The alerts that Slack does not have yet; every method is one transaction."""

    def due(self, now: datetime, limit: int) -> list[Alert]: ...
    def claim(self, alert_id: int, now: datetime) -> Alert | None: ...
    def sending(self) -> list[Alert]: ...
    def mark_sent(self, alert_id: int, slack_ts: str | None, now: datetime) -> None: ...
    def retry(self, alert_id: int, next_attempt_at: datetime, error: str) -> None: ...
    def unclear(self, alert_id: int, next_attempt_at: datetime, error: str) -> None: ...
    def park(self, alert_id: int, error: str) -> None: ...
    def hold_channel(self, channel: str, until: datetime, error: str) -> None: ...
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
) -> DeliveryResult:
    """Post what can be posted now, at most `limit` tries; sleeps only to keep the pace.

    Holds, backoffs and looks that must wait are not slept for: `next_at` names the next one.
    `stop` is asked between two posts. Never raises for what Slack does.
    """
    run = _Delivery(
        outbox, transport, now, pace or Pace(), settle, first_backoff, rng or random.Random()
    )
    tries = 0
    while tries < limit and not run.stopped and not stop():
        alert, wait = run.next()
        if alert is None or run.stopped:
            break
        if wait > 0:
            sleep(wait)
            continue
        run.post(alert)
        tries += 1
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
        self._read_at: datetime | None = None
        self._fails_in_row: set[str] = set()
        self._problems: dict[str, None] = {}
        self._counts = dict.fromkeys(("sent", "found", "retried", "unclear", "parked"), 0)
        self._account_error: str | None = None
        self.stopped = False

    def next(self) -> tuple[Alert | None, float]:
        """Give the alert that can go soonest and the seconds until it can."""
        now = self._now()
        stale = self._read_at is None or (now - self._read_at).total_seconds() >= _REFRESH_S
        if stale or not self._queues:
            self._refresh()
        best: Alert | None = None
        best_wait = 0.0
        for channel, queue in self._queues.items():
            if channel in self._blocked or not queue:
                continue
            wait = self._pace.wait(self._transport.lane(queue[0]), now)
            if best is None or (wait, queue[0].id) < (best_wait, best.id):
                best, best_wait = queue[0], wait
        return best, best_wait

    def post(self, alert: Alert) -> None:
        """Claim and post one alert, and write down what became of it."""
        queue = self._queues[alert.channel]
        queue.popleft()
        if not queue:
            del self._queues[alert.channel]
        claimed = self._outbox.claim(alert.id, self._now())
        if claimed is None:  # another sender has it: behind it the channel waits
            self._blocked.add(alert.channel)
            return
        if (alert.error or "").startswith(MAY_BE_POSTED) and self._was_posted(alert):
            return
        answer = self._transport.send(claimed)
        if answer.fate is Fate.BAD_MESSAGE:
            answer = self._send_text_only(claimed, answer)
        self._pace.took(self._transport.lane(claimed), self._now())
        self._settle_answer(claimed, answer)

    def result(self) -> DeliveryResult:
        return DeliveryResult(
            **self._counts,
            problems=tuple(self._problems),
            account_error=self._account_error,
            next_at=self._next_at(),
        )

    def _refresh(self) -> None:
        """Settle what is in doubt, then line up what waits, by channel.

        A channel stays out while a row of it is in `sending` or its first alert must wait. All
        that is pending is asked for, and not only what is due: an alert written after its
        channel was held would overtake those held.
        """
        self._blocked.clear()
        for alert in self._outbox.sending():
            if self._free_at(alert) > self._now() or self.stopped:
                self._blocked.add(alert.channel)
            else:
                self._look(alert)
        now = self._read_at = self._now()
        self._queues = {}
        held: set[str] = set(self._blocked)
        for alert in self._outbox.due(_END_OF_TIME, _WINDOW):
            if alert.next_attempt_at is not None and alert.next_attempt_at > now:
                held.add(alert.channel)
            if alert.channel not in held:
                self._queues.setdefault(alert.channel, deque()).append(alert)

    def _settle_answer(self, alert: Alert, answer: Answer) -> None:
        if answer.fate in (Fate.UNCLEAR, Fate.NOT_SENT):
            self._failed(alert.channel)
        else:
            self._fails_in_row.clear()
        match answer.fate:
            case Fate.SENT:
                self._outbox.mark_sent(alert.id, answer.slack_ts, self._now())
                self._counts["sent"] += 1
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
                self._blocked.add(alert.channel)
                self._queues.pop(alert.channel, None)
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
        self._block(alert.channel)

    def _hold(self, alert: Alert, answer: Answer) -> None:
        self._problem(answer.error)
        if answer.fate is Fate.RATE_LIMITED and answer.retry_after is not None:
            until = self._now() + timedelta(seconds=answer.retry_after)
        else:
            until = self._now() + self._backoff(alert.attempts, answer.retry_after)
        self._counts["retried"] += 1
        self._outbox.retry(alert.id, until, answer.error)
        self._outbox.hold_channel(alert.channel, until, answer.error)
        self._block(alert.channel)

    def _hold_everything(self, alert: Alert, error: str) -> None:
        self._problem(error)
        self._account_error = error
        self.stopped = True
        until = self._now() + ACCOUNT_HOLD
        self._counts["retried"] += 1
        self._outbox.retry(alert.id, until, error)
        for channel in {alert.channel, *self._queues}:
            self._outbox.hold_channel(channel, until, error)

    def _look(self, alert: Alert) -> None:
        """Settle a row in `sending`: sent after all, back in line, looked for later, or parked."""
        look = self._transport.find(alert)
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

    def _was_posted(self, alert: Alert) -> bool:
        """Look before posting what was parked in doubt; True when it must not be posted now.

        `alert` is the row as it was before this claim: it tells when the doubtful try was.
        """
        look = self._transport.find(alert)
        if look.sight is Sight.FOUND:
            self._found(alert, look)
            return True
        if look.sight is Sight.LATER:
            self._look_later(alert, look)
            return True
        # Blind once more: whoever put it back in line has looked with their own eyes.
        return False

    def _found(self, alert: Alert, look: Look) -> None:
        self._outbox.mark_sent(alert.id, look.slack_ts, self._now())
        self._counts["found"] += 1

    def _look_later(self, alert: Alert, look: Look) -> None:
        self._problem(look.error)
        self._failed(alert.channel)
        self._counts["unclear"] += 1
        at = self._now() + self._backoff(alert.attempts, look.retry_after)
        self._outbox.unclear(alert.id, at, MAY_BE_POSTED + look.error)
        self._block(alert.channel)

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

    def _block(self, channel: str) -> None:
        self._blocked.add(channel)
        self._queues.pop(channel, None)

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
            moments[alert.channel] = max(free_at, moments.get(alert.channel, free_at))
        for alert in self._outbox.due(_END_OF_TIME, _WINDOW):
            moments.setdefault(alert.channel, alert.next_attempt_at or now)
        return min(moments.values(), default=None)
