"""The escalation ladder: which steps a waiting case has come to, and whom they ping. Pure.

A ladder is data: steps at a share of the time to answer, or so long past the due time, both in
business time. A case climbs at each place apart: in its own thread, and in each channel that a
step posts in. What was written at a place covers all steps that were due by then, so that a ladder
that changes, or a daemon that was away, tells the latest step and never the ones before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from alerts.decide.hours import BusinessHours
from storage.models import Case, CaseState, LadderStep

HOME = ""
"""The place that is a case's own thread."""
CLAIMER, ON_CALL = "claimer", "on_call"

Wait = tuple[datetime, datetime]
"""From when until when a case waited for the customer."""


class When(StrEnum):
    """Which cases a step is for."""

    UNCLAIMED = "unclaimed"
    CLAIMED = "claimed"
    ANY = "any"


class Level(StrEnum):
    """What a step says: nobody has a case, it is due soon for who has it, it is overdue."""

    WARNING = "warning"
    REMINDER = "reminder"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step at a share of the time to answer, or so much business time `after` the due time.

    `ping` holds `claimer`, `on_call` or ids of Slack. `channel` is a channel that the step posts
    in beside the case's thread; with `broadcast` the thread's line shows in the channel too. An
    `urgent` step is for urgent cases alone.
    """

    at: float | None = None
    after: timedelta = timedelta(0)
    when: When = When.ANY
    ping: tuple[str, ...] = ()
    channel: str | None = None
    broadcast: bool = True
    urgent: bool = False

    @property
    def name(self) -> str:
        """Name the step as the store does."""
        if self.at is None:
            return f"after {self.after.total_seconds() / 60:g}m {self.when}"
        return f"at {self.at:g} {self.when}"

    @property
    def is_past_due(self) -> bool:
        return self.at is None or self.at >= 1

    def is_for(self, case: Case, *, urgent: bool) -> bool:
        if self.urgent and not urgent:
            return False
        is_claimed = case.state is CaseState.CLAIMED
        return self.when in (When.ANY, When.CLAIMED if is_claimed else When.UNCLAIMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """What a case has come to at one place: its latest step, and whom all that are due ping.

    A `personal` one is for an owner whom the step was not written for: the channel knows.
    """

    case: Case
    step: Step
    level: Level
    place: str
    ping: tuple[str, ...]
    broadcast: bool
    personal: bool = False

    @property
    def owner(self) -> str:
        return owner_of(self.case)


def owner_of(case: Case) -> str:
    """Give who has claimed a case, by Slack's id where it is known; empty for nobody."""
    if case.state is not CaseState.CLAIMED:
        return ""
    return case.claimed_by_id or case.claimed_by or ""


def due_rungs(
    ladder: Sequence[Step],
    case: Case,
    climbed: Sequence[LadderStep],
    hours: BusinessHours,
    now: datetime,
    *,
    urgent: bool = False,
    waits: Sequence[Wait] = (),
) -> list[Rung]:
    """Decide what a waiting case has come to and nobody heard of yet, at most once for each place.

    `climbed` is what was written of the case for the due time that it has, in order. A step for
    claimed cases comes again for each owner. Any other comes again for whoever the case is handed
    to, unless the channel heard of it while nobody had the case: then it was claimed for that.
    Outside business hours only an `urgent` case climbs. `waits` are when an overdue case waited
    for the customer: later steps come so much later.
    """
    if not urgent and not hours.is_open(now):
        return []
    places = [HOME, *dict.fromkeys(step.channel for step in ladder if step.channel)]
    come = [
        (moment, step)
        for step in ladder
        if step.is_for(case, urgent=urgent)
        and _has_come(step, moment := moment_of(step, case, hours, waits), case, now)
    ]
    rungs = (
        _rung(place, come, case, [one for one in climbed if one.place == place], now)
        for place in places
    )
    return [rung for rung in rungs if rung is not None]


def moment_of(
    step: Step, case: Case, hours: BusinessHours, waits: Sequence[Wait] = ()
) -> datetime:
    """Give when a case comes to a step, in whole seconds as the store writes them."""
    start = case.due_from or case.opened_at
    moment = _moment(hours, start, case.due_at, step.at, step.after)
    for since, until in waits if step.is_past_due else ():
        if moment > since:
            moment = hours.due(moment, hours.worked(since, until))
    return moment


def _rung(
    place: str,
    come: Sequence[tuple[datetime, Step]],
    case: Case,
    climbed: Sequence[LadderStep],
    now: datetime,
) -> Rung | None:
    here = [one for one in come if place in (HOME, one[1].channel)]
    # What comes before the due time is no matter any more once a later step has come.
    here = [one for one in here if one[1].is_past_due] or here
    owner = owner_of(case)
    due = [
        (moment, step)
        for moment, step in here
        if not _is_covered(step, moment, place, owner, climbed)
    ]
    if not due:
        return None
    latest = max(due, key=lambda one: one[0])
    personal = owner != "" and any(one.at >= latest[0] and one.owner != owner for one in climbed)
    steps = [step for _, step in due]
    return Rung(
        case=case,
        step=latest[1],
        level=_level(case, now),
        place=place,
        ping=(CLAIMER,) if personal else tuple(_pings(steps, place)),
        broadcast=not personal and any(step.broadcast for step in steps),
        personal=personal,
    )


def _level(case: Case, now: datetime) -> Level:
    if case.due_at < now:
        return Level.OVERDUE
    return Level.REMINDER if case.state is CaseState.CLAIMED else Level.WARNING


def _has_come(step: Step, moment: datetime, case: Case, now: datetime) -> bool:
    # At its due time a case is not overdue yet.
    return moment < now and case.due_at < now if step.is_past_due else moment <= now


def _is_covered(
    step: Step, moment: datetime, place: str, owner: str, climbed: Sequence[LadderStep]
) -> bool:
    """Tell whether a step was written at a place, or a later one was."""
    written = [one for one in climbed if one.at >= moment]
    if place != HOME:
        return bool(written)
    if any(one.owner == owner for one in written):
        return True
    return step.when is When.ANY and bool(written) and written[-1].owner == ""


def _pings(steps: Iterable[Step], place: str) -> Iterable[str]:
    """Name whom steps ping at a place: ids where the step posts, the rest in the thread."""
    pings = (
        one
        for step in steps
        for one in step.ping
        if (place == (step.channel or HOME) if one not in (CLAIMER, ON_CALL) else place == HOME)
    )
    return dict.fromkeys(pings)


# A pass looks at each case a minute, and to count business hours is work.
@lru_cache(maxsize=8192)
def _moment(
    hours: BusinessHours, start: datetime, due_at: datetime, at: float | None, after: timedelta
) -> datetime:
    if at is None:
        moment = hours.due(due_at, after)
    else:
        whole = hours.worked(start, due_at)
        moment = hours.due(start, at * whole) if at < 1 else hours.due(due_at, (at - 1) * whole)
    return moment.replace(microsecond=0)
