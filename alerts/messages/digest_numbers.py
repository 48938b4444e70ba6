"""What a digest is made of: a brand's numbers of a period. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from alerts.decide.goal_judging import CheckpointResult
from alerts.decide.sentence_picks import Pick
from alerts.decide.stats import Rate
from storage.models import Experience, Mention, QuietAdvocate, SourceState, VersionLook


@dataclass(frozen=True, kw_only=True)
class OpenCase:
    """A complaint that waits; `claimed_by` is None while nobody took it."""

    mention: Mention
    opened_at: datetime
    due_at: datetime
    claimed_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class SourceTrouble:
    source: str
    state: SourceState
    since: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class CheckpointStanding:
    metric: str
    window: str
    result: CheckpointResult


@dataclass(frozen=True, kw_only=True)
class SourceCoverage:
    """How a source's complaints of the period were answered; hours to the first answer."""

    source: str
    cases: int
    answered: int
    median_hours: float | None = None
    p90_hours: float | None = None


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What made no message of its own: of muted people, and wows that were short or too many."""

    muted: int = 0
    wows: int = 0


@dataclass(frozen=True, kw_only=True)
class RisingTopic:
    """A topic that more mentions are about than chance explains, of so many days.

    `usual` would be so many among as many mentions, `limit` the most by chance.
    """

    name: str
    days: int
    mentions: int
    angry: int
    delighted: int
    usual: float
    limit: float


@dataclass(frozen=True, kw_only=True)
class BrandBeside:
    """A brand among its competitors: its mentions of all theirs, and what they tell."""

    name: str
    mentions: int
    of_all: int
    wows: Rate
    complaints: Rate


@dataclass(frozen=True, kw_only=True)
class DigestNumbers:
    """All a digest tells. `end` is excluded; `previous` are the counts of the period before.

    The wow rate is of mentions that told an experience. `lacks` are what mediocre customers
    missed, `asks` what advocates ask for. `versions` are those that were found to be worse or
    better in the period; `quiet` advocates and the brands `beside` it, itself the first, are for
    the week's. The title names days of `zone`.
    """

    brand: str
    start: datetime
    end: datetime
    counts: Mapping[Experience, int]
    previous: Mapping[Experience, int]
    zone: tzinfo = UTC
    open_cases: int = 0
    overdue_cases: int = 0
    opened_cases: int = 0
    answered_cases: int = 0
    best_wow: Mention | None = None
    oldest_open: OpenCase | None = None
    troubles: tuple[SourceTrouble, ...] = ()
    checkpoints: tuple[CheckpointStanding, ...] = field(default_factory=tuple)
    coverage: tuple[SourceCoverage, ...] = ()
    lacks: tuple[Pick, ...] = ()
    asks: tuple[Pick, ...] = ()
    advocates: int = 0
    rising: tuple[RisingTopic, ...] = ()
    kept: Kept = field(default_factory=Kept)
    versions: tuple[VersionLook, ...] = ()
    quiet: tuple[QuietAdvocate, ...] = ()
    beside: tuple[BrandBeside, ...] = ()


def wow_rate(counts: Mapping[Experience, int]) -> Rate:
    """Give delighted mentions of all that told an experience."""
    experiences = sum(number for kind, number in counts.items() if kind is not Experience.NONE)
    return Rate(counts.get(Experience.DELIGHTED, 0), experiences)
