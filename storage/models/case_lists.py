"""Lists of cases as people ask for them: which cases, and each with what a list shows of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from storage.models.case_models import Case
from storage.models.mention_models import Mention


class CaseList(StrEnum):
    """Which of the unanswered cases: `OPEN` are all, `TEAM` all that others may have claimed.

    `INCIDENT` are those of one incident.
    """

    OPEN = "open"
    MINE = "mine"
    TEAM = "team"
    UNCLAIMED = "unclaimed"
    OVERDUE = "overdue"
    INCIDENT = "incident"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCase:
    """A case, its mention, and where its message stands in Slack: None where it has none."""

    case: Case
    mention: Mention
    slack_channel: str | None = None
    slack_ts: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCounts:
    """How many cases wait for an answer: one person's, all, those of nobody, those past due."""

    mine: int = 0
    open: int = 0
    unclaimed: int = 0
    overdue: int = 0
