"""A verdict, an author's history, and both beside their mention: what the rules judge."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from storage.models.mention_models import Mention


class Experience(StrEnum):
    ANGRY = "angry"
    MEDIOCRE = "mediocre"
    DELIGHTED = "delighted"
    NONE = "none"


class Stance(StrEnum):
    ADVOCATE = "advocate"
    HATER = "hater"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How the customer felt, by one model version. Probabilities sum to 1 per head.

    `unread`: no model could read the text, so that no experience is claimed.
    """

    experience: Experience
    stance: Stance
    sure: bool
    p_angry: float
    p_mediocre: float
    p_delighted: float
    p_none: float
    p_advocate: float
    p_hater: float
    p_neither: float
    model: str
    unread: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorHistory:
    """What an author said of a brand before this mention."""

    mentions: int = 0
    angry: int = 0
    delighted: int = 0
    advocate: int = 0
    hater: int = 0
    first_seen_at: datetime | None = None
    last_stance: Stance | None = None
    last_experience: Experience | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """What a mention says, title and all, in a team's language: of one text version of it."""

    mention_id: str
    text_hash: str
    language: str
    text: str
    translator: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A mention with its current verdict and its author's history: what rules judge.

    `waits_since` is when the store got a text of it that no rule has seen, where that was before
    the present text was fetched.
    """

    mention: Mention
    verdict: Verdict
    history: AuthorHistory = field(default_factory=AuthorHistory)
    waits_since: datetime | None = None
    translation: Translation | None = None
