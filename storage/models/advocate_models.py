"""What an advocate said of late, the one thing that they need from us, and who has gone quiet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from storage.models.mention_models import Mention
from storage.models.verdict_models import Experience


class Need(StrEnum):
    """What an advocate waits for: an answer to a complaint or a question, a wish, or a lack."""

    COMPLAINT = "complaint"
    QUESTION = "question"
    WISH = "wish"
    LACK = "lack"


@dataclass(frozen=True, slots=True)
class AdvocateWord:
    """A mention by an advocate; `answered` where the brand replied, or its case was answered.

    `sure` where the model is sure of the experience, or a person said it.
    """

    mention: Mention
    experience: Experience
    answered: bool
    sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvocateNeed:
    """The one thing that an advocate needs, in a sentence of theirs."""

    mention: Mention
    need: Need
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietAdvocate:
    """Who was silent for longer than their own rhythm explains, with the last that they said.

    Spans are days: they spoke on `days_spoken` days, `usual_days` apart; silence of up to
    `limit_days` would be chance.
    """

    last: Mention
    advocate_since: datetime | None
    days_spoken: int
    usual_days: float
    silent_days: float
    limit_days: float
