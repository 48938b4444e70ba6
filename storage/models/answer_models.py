"""Who took a case, who answered it first, and how long that took in business time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from storage.models.case_models import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAnswer:
    """An answered case whose time is still to be measured.

    `by` had claimed it, or else said that it is answered; None where only the reply is known.
    `waits` are the spans in which it waited for the customer; `channel` has its message.
    """

    case: Case
    answered_at: datetime
    by: str | None = None
    by_id: str | None = None
    channel: str | None = None
    waits: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTime:
    """How long a case waited for its first answer: `business` is the working time of it.

    `answered_on` is the day in the brand's time zone, `team` the team of who answered.
    """

    case_id: int
    brand: str
    team: str
    answered_at: datetime
    answered_on: date
    business: timedelta
    in_time: bool
    by: str | None = None
    by_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """Somebody claimed a case, or was given it; `taken_on` is the day in the brand's zone."""

    case_id: int
    brand: str
    team: str
    taken_at: datetime
    taken_on: date
    by: str
    by_id: str | None = None
