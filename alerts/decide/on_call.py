"""Who is on call at a moment: turns by the clock on the wall, and what people swapped. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.decide.local_time import local_moment


@dataclass(frozen=True, slots=True)
class OnCallPerson:
    """Somebody of a rota; `slack` is the user's id there, by which they are pinged."""

    name: str
    slack: str


@dataclass(frozen=True, slots=True)
class Swap:
    """Who is on call instead, from `start` until `end`: local times without a zone."""

    start: datetime
    end: datetime
    who: OnCallPerson


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on call until when (UTC), and who `then`; `until` is None where that never ends."""

    person: OnCallPerson
    until: datetime | None
    then: OnCallPerson | None


@dataclass(frozen=True, slots=True)
class Rota:
    """Turns of `every` from `starts` on, a local time without a zone.

    A turn is as long as the clock on the wall says: a weekly one changes at the same time of day
    the whole year. A time that a clock change skips is moved on; of one that it repeats the first
    counts. A rota is for a `channel`, for a `brand`, or for all that have no other.
    """

    people: tuple[OnCallPerson, ...]
    every: timedelta
    starts: datetime
    zone: ZoneInfo
    swaps: tuple[Swap, ...] = ()
    channel: str | None = None
    brand: str | None = None

    @property
    def begins(self) -> datetime:
        """Give the UTC moment of the first turn."""
        return self._utc(self.starts)

    def at(self, moment: datetime) -> Duty | None:
        """Tell who is on call at a moment; None where nobody is yet."""
        moment = moment.astimezone(UTC)
        person = self._who(moment)
        if person is None:
            return None
        change = moment
        # By then each has had a turn, and each swap has begun and ended.
        for _ in range(len(self.people) + 2 * len(self.swaps) + 1):
            change = self._next_change(change)
            then = self._who(change)
            if then != person:
                return Duty(person, change, then)
        return Duty(person, None, None)

    def _who(self, moment: datetime) -> OnCallPerson | None:
        for swap in reversed(self.swaps):
            if self._utc(swap.start) <= moment < self._utc(swap.end):
                return swap.who
        turn = self._turn(moment)
        return self.people[turn % len(self.people)] if turn >= 0 else None

    def _next_change(self, moment: datetime) -> datetime:
        swaps = (self._utc(end) for swap in self.swaps for end in (swap.start, swap.end))
        turn = self._turn(moment) + 1
        return min([self._turn_begins(max(turn, 0)), *(one for one in swaps if one > moment)])

    def _turn(self, moment: datetime) -> int:
        """Number the turn that a moment lies in; below 0 before the first."""
        local = moment.astimezone(self.zone).replace(tzinfo=None)
        turn = (local - self.starts) // self.every
        # In the hour that a clock change repeats or skips the wall does not say it.
        while self._turn_begins(turn) > moment:
            turn -= 1
        while self._turn_begins(turn + 1) <= moment:
            turn += 1
        return turn

    def _turn_begins(self, turn: int) -> datetime:
        return self._utc(self.starts + turn * self.every)

    def _utc(self, local: datetime) -> datetime:
        return local_moment(local.date(), local.time(), self.zone)


def rota_for(rotas: Sequence[Rota], brand: str, channel: str) -> Rota | None:
    """Give the rota of a channel, else of a brand, else the one for all; None where none is."""
    tests: Iterable[tuple[str | None, str | None]] = (
        (channel, None),
        (None, brand.casefold()),
        (None, None),
    )
    for wanted in tests:
        for rota in rotas:
            if (rota.channel, rota.brand.casefold() if rota.brand else None) == wanted:
                return rota
    return None
