"""The outbox emptied into Slack: each alert once, in order, no channel stopping another.

A row is claimed (`sending`), posted, marked `sent`. Whatever dies in between leaves it in
`sending`, and a response that may hide a post leaves it there too: such a row is looked for at
Slack before it is posted again. While one alert of a channel waits, later ones wait behind it.
Replies and updates go when Slack has the message that they are about.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.outbox.send_queue import Lines, Outbox, Pace
from alerts.outbox.transport import Fate, Look, SendResult, Sight, Transport
from storage.models import Alert, AlertState, Operation, TroubleKind

SETTLE = timedelta(seconds=15)
"""How long after a try Slack may still be posting it: a look that comes sooner proves nothing."""

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
    None when nothing waits; `raised` are errors of Earful's own, by the id of the alert that they
    came with."""

    sent: int = 0
    found: int = 0
    retried: int = 0
    unclear: int = 0
    parked: int = 0
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
    rng = rng or random.Random()
    run = _Delivery(outbox, transport, now, lines, settle, first_backoff, rng, way_of)
    with ThreadPoolExecutor(workers, "deliver") as pool:
        under_way: dict[Future[_Came], Alert] = {}
        while True:
            alert, pause = None, 0.0
            may_start = not stop()
            if may_start and len(under_way) < workers:
                alert, pause = lines.next()
            if alert is not None and pause <= 0:
                claimed = lines.begin(alert)
                if claimed is not None:
                    under_way[pool.submit(run.carry_out, claimed, alert)] = claimed
            elif under_way:
                ended, _ = wait(under_way, timeout=pause or None, return_when=FIRST_COMPLETED)
                for future in ended:
                    run.settle(under_way.pop(future), future.result())
            elif alert is None:
                break
            else:
                sleep(pause)
    return run.result()


@dataclass(frozen=True, slots=True)
class _Tried:
    """What a try came to; `absent`: a look just before saw no earlier try there."""

    result: SendResult
    absent: bool = False


@dataclass(frozen=True, slots=True)
class _Raised:
    """An error of our own, in a try or in a look: nobody knows whether Slack has the alert."""

    error: Exception
    in_look: bool

    @property
    def sentence(self) -> str:
        text = " ".join(str(self.error).split())
        return f"Earful failed over this alert ({type(self.error).__name__}: {text[:200]})."


_Came = _Tried | Look | _Raised


class _Delivery:
    """One pass over the outbox: speaks to Slack, and writes down what became of it."""

    def __init__(
        self,
        outbox: Outbox,
        transport: Transport,
        now: Callable[[], datetime],
        lines: Lines,
        settle: timedelta,
        first_backoff: timedelta,
        rng: random.Random,
        way_of: Callable[[Alert], str | None],
    ) -> None:
        self._outbox = outbox
        self._transport = transport
        self._now = now
        self._lines = lines
        self._settle = settle
        self._first_backoff = first_backoff
        self._rng = rng
        self._way_of = way_of
        self._fails_in_row: dict[str | None, set[str]] = {}
        self._problems: dict[str, None] = {}
        self._counts = dict.fromkeys(("sent", "found", "retried", "unclear", "parked"), 0)
        self._raised: dict[int, Exception] = {}

    def carry_out(self, claimed: Alert, before: Alert) -> _Came:
        """Speak to Slack, in whatever thread: no store and no state of the pass is touched.

        `before` is the row as it was before this claim: it tells when a doubtful try was.
        """
        try:
            return self._speak(claimed, before)
        except Exception as error:
            return _Raised(error, in_look=before.state is AlertState.SENDING)

    def _speak(self, claimed: Alert, before: Alert) -> _Tried | Look:
        if before.state is AlertState.SENDING:
            return self._transport.find(before)
        absent = False
        if before.in_doubt:
            look = self._transport.find(before)
            # Blind once more: whoever put it back in line has looked with their own eyes.
            if look.sight in (Sight.FOUND, Sight.LATER):
                return look
            absent = look.sight is Sight.ABSENT
        return _Tried(self._try(claimed), absent)

    def _try(self, alert: Alert) -> SendResult:
        if not alert.payload.get("text"):
            return SendResult(
                Fate.BAD_MESSAGE, "Its payload in the store is damaged: Earful sets it aside."
            )
        result = self._transport.send(alert)
        if result.fate is Fate.BAD_MESSAGE and alert.payload.get("blocks"):
            return self._send_text_only(alert, result)
        return result

    def settle(self, alert: Alert, came: _Came) -> None:
        """Write down what became of a try or a look."""
        if isinstance(came, _Raised):
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
            problems=tuple(self._problems),
            next_at=self._lines.next_at(),
            raised=self._raised,
        )

    def _settle_raised(self, alert: Alert, raised: _Raised) -> None:
        """Look for the alert before it is sent again; in the end set it aside, in doubt."""
        self._raised[alert.id] = raised.error
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
                self._outbox.drop(alert.id)
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

    def _send_text_only(self, alert: Alert, first: SendResult) -> SendResult:
        result = self._transport.send(alert, text_only=True)
        if result.fate is not Fate.BAD_MESSAGE:
            return result
        return SendResult(
            Fate.BAD_MESSAGE,
            f"{first.error.rstrip('.')}, and its bare text too: Earful sets it "
            "aside, the others go on.",
        )

    def _leave_unclear(self, alert: Alert, result: SendResult) -> None:
        self._problem(result.error)
        self._counts["unclear"] += 1
        at = self._now() + max(self._settle, self._backoff(alert.attempts, result.retry_after))
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
            alert.channel,
            until,
            result.error,
            result.trouble,
            updates=alert.operation is Operation.UPDATE,
        )
        self._lines.block(alert)

    def _hold_everything(self, alert: Alert, result: SendResult, *, absent: bool) -> None:
        error, trouble = result.error, result.trouble
        self._problem(error)
        self._lines.stop(alert)
        until = self._now() + ACCOUNT_HOLD
        self._counts["retried"] += 1
        self._outbox.retry(alert.id, until, error, trouble, absent=absent)
        for channel in {alert.channel, *self._lines.channels_beside(alert)}:
            for updates in (False, True):
                self._outbox.hold_channel(channel, until, error, trouble, updates=updates)

    def _settle_look(self, alert: Alert, look: Look) -> None:
        """Settle a row in doubt: sent after all, back in line, looked for later, or parked."""
        match look.sight:
            case Sight.FOUND:
                self._found(alert, look)
            case Sight.ABSENT if alert.attempts >= MAX_ATTEMPTS:
                error = f"{alert.error or ''} Earful gave up after {alert.attempts} tries.".strip()
                self._park(alert, error, TroubleKind.MESSAGE, absent=True)
            case Sight.ABSENT:
                error = look.error or "Slack does not have it: Earful sends it again."
                self._outbox.retry(alert.id, self._now(), error, look.trouble, absent=True)
            case Sight.LATER:
                self._look_later(alert, look)
            case Sight.BLIND:
                self._park(alert, look.error, look.trouble, may_be_posted=True)

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
