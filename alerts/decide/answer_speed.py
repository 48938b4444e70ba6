"""Who answers how fast, in business time: one case measured, and a period summed up. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from alerts.decide.local_time import local_day
from alerts.decide.stats import percentile
from alerts.decide.working_time import BusinessHours
from storage.models import AnswerTime, FirstAnswer, Take


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How fast cases got their first answer; the times are of business hours.

    All times are None where nothing was answered. Half of the answers came within `median`, nine
    of ten within `p90`: times that were measured, but a median that lies between two.
    """

    taken: int
    answered: int
    in_time: int
    fastest: timedelta | None = None
    median: timedelta | None = None
    p90: timedelta | None = None
    slowest: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSpeed:
    """The speed of a brand in a period, of its teams and of its people, the busiest first.

    `unnamed` counts answers to cases that nobody had claimed, seen at their source alone.
    """

    brand: str
    start: datetime
    end: datetime
    zone: tzinfo
    hours: str
    whole: Speed
    teams: tuple[tuple[str, Speed], ...]
    people: tuple[tuple[str, Speed], ...]
    unnamed: int = 0


def measure(first: FirstAnswer, hours: BusinessHours, team: str, zone: tzinfo) -> AnswerTime:
    """Measure a case's first answer: the working time from its opening, without its waits.

    A case that was opened again since has another due time: its first one is counted anew, with
    as much time as the later one allowed.
    """
    case, answered_at = first.case, first.answered_at
    business = hours.worked(case.opened_at, answered_at)
    for begins, ends in first.waits:
        business -= hours.worked(max(begins, case.opened_at), min(ends, answered_at))
    due_at = case.due_at
    if case.due_from is not None and case.due_from > answered_at:
        due_at = hours.due(case.opened_at, hours.worked(case.due_from, case.due_at))
    return AnswerTime(
        case_id=case.id,
        brand=case.brand,
        team=team,
        answered_at=answered_at,
        answered_on=local_day(answered_at, zone),
        business=max(business, timedelta(0)),
        in_time=answered_at <= due_at,
        by=first.by,
        by_id=first.by_id,
    )


def sum_up(
    brand: str,
    period: tuple[datetime, datetime],
    zone: tzinfo,
    hours: BusinessHours,
    answers: Sequence[AnswerTime],
    takes: Sequence[Take],
) -> AnswerSpeed:
    """Sum up the answers and the claims of a period: as a whole, by team and by person."""
    acts: list[AnswerTime | Take] = [*takes, *answers]
    who = _person_of([(one.by, one.by_id) for one in acts])
    names = {who(one.by, one.by_id): one.by for one in acts if one.by is not None}
    people = {
        key: _speed(
            [one for one in answers if one.by is not None and who(one.by, one.by_id) == key],
            [one for one in takes if who(one.by, one.by_id) == key],
        )
        for key in names
    }
    teams = {
        team: _speed(
            [one for one in answers if one.team == team],
            [one for one in takes if one.team == team],
        )
        for team in {one.team for one in acts}
    }
    return AnswerSpeed(
        brand=brand,
        start=period[0],
        end=period[1],
        zone=zone,
        hours=hours.in_words(),
        whole=_speed(answers, takes),
        teams=_busiest_first(teams.items()),
        people=_busiest_first((names[key] or key, speed) for key, speed in people.items()),
        unnamed=sum(one.by is None for one in answers),
    )


def _speed(answers: Sequence[AnswerTime], takes: Sequence[Take]) -> Speed:
    seconds = [one.business.total_seconds() for one in answers]

    def within(share: float) -> timedelta | None:
        value = percentile(seconds, share)
        return None if value is None else timedelta(seconds=value)

    return Speed(
        taken=len({one.case_id for one in takes}),
        answered=len(answers),
        in_time=sum(one.in_time for one in answers),
        fastest=within(0),
        median=within(0.5),
        p90=within(0.9),
        slowest=within(1),
    )


def _person_of(
    known: Iterable[tuple[str | None, str | None]],
) -> Callable[[str | None, str | None], str]:
    """Make what tells people apart: by their id; a bare name is that of the one who has it.

    Who works in the terminal is known by name alone.
    """
    ids: dict[str, set[str]] = {}
    for name, person_id in known:
        if name is not None and person_id is not None:
            ids.setdefault(name, set()).add(person_id)

    def person(name: str | None, person_id: str | None) -> str:
        own = ids.get(name or "", set())
        return person_id or (next(iter(own)) if len(own) == 1 else name or "")

    return person


def _busiest_first(speeds: Iterable[tuple[str, Speed]]) -> tuple[tuple[str, Speed], ...]:
    # By what was done, then by name: this is no race.
    return tuple(sorted(speeds, key=lambda one: (-one[1].answered, -one[1].taken, one[0])))
