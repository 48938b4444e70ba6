"""The outbox emptied into Slack: each alert once, in order, no channel stopping another.

A row is claimed (`sending`), posted, marked `sent`. Whatever dies in between leaves it in
`sending`, and a response that may hide a post leaves it there too: such a row is looked for at
Slack, several times, before it is posted again; and where the first try shows up after all, the
double is deleted. While one alert of a channel waits, later ones wait behind it. Replies and
updates go when Slack has the message that they are about, and hold up nothing else.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.outbox.doubles import remove_doubles
from alerts.outbox.send_queue import Lines, Outbox, Pace
from alerts.outbox.transport import Fate, Look, SendResult, Sight, Transport
from alerts.outbox.tries import Came, Raised, Tries
from storage.models import Alert, Operation, TroubleKind

log = logging.getLogger("earful.deliver")

SETTLE = timedelta(seconds=15)
"""How long after a try Slack may still be posting it: a look that comes sooner proves nothing."""

LOOKS = (1, 3, 6)
"""When Slack is looked at after an unclear try, in times of `SETTLE`: a busy Slack posts late.

What none of the looks sees is posted again: docs/decisions/0018 says why not sooner, nor later.
"""

ACCOUNT_HOLD = timedelta(minutes=5)
MAX_ATTEMPTS = 100

FIRST_BACKOFF = timedelta(seconds=2)
LONGEST_BACKOFF = timedelta(minutes=15)
_BREAKER = 3
# An alert over which Earful itself fails is tried so often; then it makes way for the others.
_MAX_RAISED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryResult:
    """What one delivery did. `found` were at Slack already; `next_at` is when to come again,
    None when nothing waits; `lost` had been sent, but the store knew nothing of it; `raised` are
    errors of Earful's own, by the id of the alert that they came with."""

    sent: int = 0
    found: int = 0
    retried: int = 0
    unclear: int = 0
    parked: int = 0
    lost: int = 0
    problems: tuple[str, ...] = ()
    next_at: datetime | None = None
    raised: Mapping[int, Exception] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return not self.problems


def deliver(
    outbox: Outbox,
    transport: Transport,
    now: Callable[[], datetime],
    sleep: Callable[[float], object],
    *,
    pace: Pace | None = None,
    settle: timedelta = SETTLE,
    looks: Sequence[int] = LOOKS,
    first_backoff: timedelta = FIRST_BACKOFF,
    rng: random.Random | None = None,
    stop: Callable[[], bool] = lambda: False,
    workers: int = 1,
    way_of: Callable[[Alert], str | None] = lambda alert: alert.via,
) -> DeliveryResult:
    """Post what can be posted now; sleeps only to keep the pace.

    Holds, backoffs and looks that must wait are not slept for: `next_at` names the next one.
    `stop` is asked between two posts. So many `workers` speak to Slack side by side, each for a
    lane of its own; the outbox is used by the calling thread alone. `way_of` names the way that an
    alert goes: one that is down or takes nothing stops no other. Never raises for what Slack
    does, nor for one alert that cannot be sent.
    """
    lines = Lines(outbox, transport.lane, now, pace or Pace(), settle, way_of)
    tries = Tries(transport)
    run = _Delivery(
        outbox, now, lines, [settle * times for times in looks], first_backoff,
        rng or random.Random(), way_of,
    )  # fmt: skip
    with ThreadPoolExecutor(workers, "deliver") as pool:
        under_way: dict[Future[Came], Alert] = {}
        while True:
            alert, pause = None, 0.0
            may_start = not stop()
            if may_start and len(under_way) < workers:
                alert, pause = lines.next()
            if alert is not None and pause <= 0:
                claimed = lines.begin(alert)
                if claimed is not None:
                    under_way[pool.submit(tries.carry_out, claimed, alert)] = claimed
            elif under_way:
                ended, _ = wait(under_way, timeout=pause or None, return_when=FIRST_COMPLETED)
                for future in ended:
                    run.settle(under_way.pop(future), future.result())
            elif alert is None:
                break
            else:
                sleep(pause)
    run.raised |= remove_doubles(outbox, transport, now, stop)
    return run.result()


def _came(came: Came) -> str:
    """Name what a try or a look came to, without the words of whoever answered."""
    match came:
        case Raised():
            return type(came.error).__name__
        case Look():
            return came.sight.value
        case _:
            return came.result.fate.value


class _Delivery:
    """One pass over the outbox: writes down what became of each try and look."""

    def __init__(
        self,
        outbox: Outbox,
        now: Callable[[], datetime],
        lines: Lines,
        looks: Sequence[timedelta],
        first_backoff: timedelta,
        rng: random.Random,
        way_of: Callable[[Alert], str | None],
    ) -> None:
        self._outbox = outbox
        self._now = now
        self._lines = lines
        self._looks = looks
        self._first_backoff = first_backoff
        self._rng = rng
        self._way_of = way_of
        self._fails_in_row: dict[str | None, set[str]] = {}
        self._problems: dict[str, None] = {}
        self._counts = dict.fromkeys(("sent", "found", "retried", "unclear", "parked"), 0)
        self.raised: dict[int, Exception] = {}

    def settle(self, alert: Alert, came: Came) -> None:
        """Write down what became of a try or a look."""
        log.info(
            "looked for" if isinstance(came, Look) else "tried",
            extra={
                "brand": alert.brand or None,
                "alert": alert.id,
                "kind": alert.kind.value,
                "channel": alert.channel,
                "via": self._way_of(alert),
                "attempt": alert.attempts,
                "came": _came(came),
            },
        )
        if isinstance(came, Raised):
            self._settle_raised(alert, came)
        elif isinstance(came, Look):
            self._lines.looked(alert)
            self._settle_look(alert, came)
        else:
            self._lines.tried(alert)
            self._settle_result(alert, came.result, absent=came.absent)

    def result(self) -> DeliveryResult:
        return DeliveryResult(
            **self._counts,
            lost=self._lines.lost,
            problems=tuple(self._problems),
            next_at=self._lines.next_at(),
            raised=self.raised,
        )

    def _settle_raised(self, alert: Alert, raised: Raised) -> None:
        """Look for the alert before it is sent again; in the end set it aside, in doubt."""
        self.raised[alert.id] = raised.error
        if raised.in_look:
            self._lines.looked(alert)
        else:
            self._lines.tried(alert)
        if raised.in_look or alert.attempts >= _MAX_RAISED:
            self._park(alert, raised.sentence, TroubleKind.MESSAGE, may_be_posted=True)
        else:
            self._leave_unclear(alert, SendResult(Fate.UNCLEAR, raised.sentence))

    def _settle_result(self, alert: Alert, result: SendResult, *, absent: bool) -> None:
        if result.fate in (Fate.UNCLEAR, Fate.NOT_SENT):
            self._failed(alert)
        else:
            self._fails_in_row.pop(self._way_of(alert), None)
        match result.fate:
            case Fate.SENT:
                self._outbox.mark_sent(
                    alert.id, result.slack_ts, self._now(), result.slack_channel
                )
                self._counts["sent"] += 1
            case Fate.POINTLESS:
                self._outbox.drop(alert.id, result.error or None)
            case Fate.MESSAGE_GONE:
                self._outbox.lose_message(alert, self._now(), result.error)
                self._lines.reread()
            case Fate.THREAD_DEAD:
                self._leave_thread(alert, result, absent=absent)
            case Fate.UNCLEAR:
                self._leave_unclear(alert, result)
            case Fate.NOT_SENT | Fate.RATE_LIMITED:
                self._hold(alert, result, absent=absent)
            case Fate.CHANNEL_DEAD:
                self._park(alert, result.error, result.trouble, absent=absent)
                self._counts["parked"] += self._outbox.park_channel(
                    alert.channel, result.error, result.trouble
                )
                self._lines.block(alert)
            case Fate.ACCOUNT_DEAD:
                self._hold_everything(alert, result, absent=absent)
            case Fate.BAD_MESSAGE:
                self._park(alert, result.error, result.trouble, absent=absent)

    def _leave_thread(self, alert: Alert, result: SendResult, *, absent: bool) -> None:
        """Set aside what is about messages in a Slack channel that takes nothing, unless the team
        reads on elsewhere: then an open matter is posted anew there."""
        self._lines.reread()
        if self._outbox.leave_channel(alert, self._now(), result.error) is not None:
            return
        self._park(alert, result.error, result.trouble, absent=absent)
        self._counts["parked"] += self._outbox.park_threads(
            alert.place, result.error, result.trouble
        )

    def _leave_unclear(self, alert: Alert, result: SendResult) -> None:
        self._problem(result.error)
        self._counts["unclear"] += 1
        at = self._now() + max(self._looks[0], self._backoff(alert.attempts, result.retry_after))
        self._outbox.unclear(alert.id, at, result.error, result.trouble)
        self._lines.block(alert)

    def _hold(self, alert: Alert, result: SendResult, *, absent: bool) -> None:
        self._problem(result.error)
        if result.fate is Fate.RATE_LIMITED and result.retry_after is not None:
            until = self._now() + timedelta(seconds=result.retry_after)
        else:
            until = self._now() + self._backoff(alert.attempts, result.retry_after)
        self._counts["retried"] += 1
        self._outbox.retry(alert.id, until, result.error, result.trouble, absent=absent)
        self._outbox.hold_channel(
            alert.place,
            until,
            result.error,
            result.trouble,
            updates=alert.operation is Operation.UPDATE,
        )
        self._lines.block(alert)
        self._lines.reread()

    def _hold_everything(self, alert: Alert, result: SendResult, *, absent: bool) -> None:
        error, trouble = result.error, result.trouble
        self._problem(error)
        self._lines.stop(alert)
        until = self._now() + ACCOUNT_HOLD
        self._counts["retried"] += 1
        self._outbox.retry(alert.id, until, error, trouble, absent=absent)
        for place in {alert.place, *self._lines.places_beside(alert)}:
            for updates in (False, True):
                self._outbox.hold_channel(place, until, error, trouble, updates=updates)

    def _settle_look(self, alert: Alert, look: Look) -> None:
        """Settle a row in doubt: sent after all, back in line, looked for later, or parked."""
        match look.sight:
            case Sight.FOUND:
                self._found(alert, look)
            case Sight.ABSENT if alert.attempts >= MAX_ATTEMPTS:
                error = f"{alert.error or ''} Earful gave up after {alert.attempts} tries.".strip()
                self._park(alert, error, TroubleKind.MESSAGE, absent=True)
            case Sight.ABSENT if not look.final and (next_look := self._next_look(alert)):
                error = "Slack does not have it yet: Earful looks again before it sends it again."
                self._outbox.unclear(alert.id, next_look, look.error or error, look.trouble)
            case Sight.ABSENT:
                self._outbox.retry(
                    alert.id,
                    self._now(),
                    look.error or "Slack does not have it: Earful sends it again.",
                    look.trouble,
                    absent=True,
                    may_come_late=not look.final,
                )
            case Sight.LATER:
                self._look_later(alert, look)
            case Sight.BLIND:
                self._park(alert, look.error, look.trouble, may_be_posted=True)

    def _next_look(self, alert: Alert) -> datetime | None:
        """Give when to look for a try again; None after the last look."""
        tried_at = alert.claimed_at or alert.created_at
        # The store keeps whole seconds: a claim may be up to one later than it says.
        moments = (tried_at + after + timedelta(seconds=1) for after in self._looks)
        return next((at for at in moments if at > self._now()), None)

    def _found(self, alert: Alert, look: Look) -> None:
        self._outbox.mark_sent(alert.id, look.slack_ts, self._now(), look.slack_channel)
        self._counts["found"] += 1

    def _look_later(self, alert: Alert, look: Look) -> None:
        self._problem(look.error)
        self._failed(alert)
        self._counts["unclear"] += 1
        at = self._now() + self._backoff(alert.attempts, look.retry_after)
        self._outbox.unclear(alert.id, at, look.error, look.trouble)
        self._lines.block(alert)

    def _park(
        self,
        alert: Alert,
        error: str,
        trouble: TroubleKind,
        *,
        absent: bool = False,
        may_be_posted: bool = False,
    ) -> None:
        self._problem(error)
        self._outbox.park(alert.id, error, trouble, absent=absent, may_be_posted=may_be_posted)
        self._counts["parked"] += 1

    def _failed(self, alert: Alert) -> None:
        """Stop a way for this pass when channel after channel fails: it is down.

        What is left comes in the next pass, without waiting for a timeout in each channel now.
        """
        failed = self._fails_in_row.setdefault(self._way_of(alert), set())
        failed.add(alert.channel)
        if len(failed) >= _BREAKER:
            self._lines.stop(alert)

    def _problem(self, error: str) -> None:
        self._problems[error] = None

    def _backoff(self, attempts: int, at_least: float | None) -> timedelta:
        doublings = min(max(attempts, 1) - 1, 20)
        longest = min(self._first_backoff * 2.0**doublings, LONGEST_BACKOFF)
        wait = longest * self._rng.uniform(0.5, 1.0)
        return max(wait, timedelta(seconds=at_least or 0.0))
