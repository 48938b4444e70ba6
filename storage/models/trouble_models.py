"""What goes wrong with Earful itself: failures in a row, and the problems that ops know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What fails now: a stage as a whole (no subject), or one thing in it.

    `failures` came in a row since `first_at`, `total` ever.
    """

    stage: str
    subject: str
    failures: int
    total: int
    error: str
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownProblem:
    """Something wrong with Earful itself: `about` names it, `sentence` says what to do.

    `seen` counts the looks that saw it, `missed` those in a row that saw it no more; `told_at` is
    when ops were told of it, None while they were not.
    """

    key: str
    about: str
    sentence: str
    since: datetime
    seen: int = 1
    missed: int = 0
    told_at: datetime | None = None
