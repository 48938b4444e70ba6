"""The words of the product as frozen dataclasses; what every room may hold.

All datetimes are aware and in UTC. Ids: a mention is `source:native_id`, an author
`source:native_id` of the person at that source.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class Experience(StrEnum):
    ANGRY = "angry"
    MEDIOCRE = "mediocre"
    DELIGHTED = "delighted"
    NONE = "none"


class Stance(StrEnum):
    ADVOCATE = "advocate"
    HATER = "hater"
    NEITHER = "neither"


class CaseState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    RESPONDED = "responded"
    CLOSED = "closed"
    DISMISSED = "dismissed"


class AlertState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    PARKED = "parked"
    DROPPED = "dropped"


MAY_BE_POSTED = "May be at Slack already: "
"""How the error of an alert begins while Slack may have a copy of it."""


class AlertKind(StrEnum):
    COMPLAINT = "complaint"
    WOW = "wow"
    LOST_ADVOCATE = "lost_advocate"
    WON_BACK = "won_back"
    BACKLOG = "backlog"
    DIGEST = "digest"
    CHECKPOINT = "checkpoint"
    OPS = "ops"


class CrawlOutcome(StrEnum):
    """What a crawl came to; only the first three are good."""

    OK = "ok"
    UNCHANGED = "unchanged"
    QUIET = "quiet"
    EMPTY = "empty"
    BLOCKED = "blocked"
    UNAUTHORISED = "unauthorised"
    BROKEN = "broken"
    FAILED = "failed"
    TIMEOUT = "timeout"

    @property
    def good(self) -> bool:
        return self in (CrawlOutcome.OK, CrawlOutcome.UNCHANGED, CrawlOutcome.QUIET)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One review, post or comment about a brand, as its source gave it.

    `text` and `title` are clean plain text. `rating` lies between 0 and `rating_max`.
    `created_at` is None only for imported rows that carry no date.
    """

    brand: str
    source: str
    native_id: str
    text: str
    fetched_at: datetime
    created_at: datetime | None = None
    url: str | None = None
    title: str | None = None
    author: str | None = None
    author_native_id: str | None = None
    rating: float | None = None
    rating_max: float | None = None
    language: str | None = None
    reach: int | None = None
    parent_id: str | None = None
    edited_at: datetime | None = None
    owner_reply: str | None = None
    owner_replied_at: datetime | None = None

    @property
    def id(self) -> str:
        return f"{self.source}:{self.native_id}"

    @property
    def author_id(self) -> str | None:
        """Name the author; where the source gives no id, the name is the best there is."""
        native = self.author_native_id or self.author
        return f"{self.source}:{native}" if native else None

    @property
    def text_hash(self) -> str:
        """Name the version: 16 hex digits over all that a verdict depends on."""
        content = json.dumps(
            [self.title or "", self.text, self.rating, self.rating_max], ensure_ascii=False
        )
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How the customer felt, by one model version. Probabilities sum to 1 per head."""

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
class Voice:
    """A mention with its current verdict and its author's history: what rules judge."""

    mention: Mention
    verdict: Verdict
    history: AuthorHistory = field(default_factory=AuthorHistory)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """A case to open for a mention."""

    mention_id: str
    brand: str
    opened_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    id: int
    mention_id: str
    brand: str
    state: CaseState
    opened_at: datetime
    due_at: datetime
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    responded_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlert:
    """A message that must reach Slack once; `payload` holds `text` and `blocks`.

    The `dedupe_key` makes writing it twice harmless.
    """

    dedupe_key: str
    kind: AlertKind
    brand: str
    channel: str
    payload: dict[str, Any]
    created_at: datetime
    mention_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A row of the outbox."""

    id: int
    dedupe_key: str
    kind: AlertKind
    brand: str
    channel: str
    payload: dict[str, Any]
    state: AlertState
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None = None
    claimed_at: datetime | None = None
    slack_ts: str | None = None
    sent_at: datetime | None = None
    error: str | None = None
    mention_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlTarget:
    """What one crawl job reads: a brand, a source, and which part of the source."""

    brand: str
    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlReport:
    """How a finished crawl went; counts are of mentions unless named otherwise."""

    outcome: CrawlOutcome
    reason: str | None = None
    seen: int = 0
    new: int = 0
    edited: int = 0
    known: int = 0
    irrelevant: int = 0
    refused: int = 0
    requests: int = 0
    stats: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveResult:
    """What saving a batch of mentions did; `new + edited + known` is the batch."""

    new: int = 0
    edited: int = 0
    known: int = 0

    def __add__(self, other: SaveResult) -> SaveResult:
        return SaveResult(
            new=self.new + other.new,
            edited=self.edited + other.edited,
            known=self.known + other.known,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a server gave to ask "changed since?" with: see RFC 9110, 13.1."""

    url: str
    etag: str | None
    last_modified: str | None


def iso(moment: datetime) -> str:
    """Write an aware moment as the store does: ISO 8601, UTC, seconds, `Z`-less offset."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def from_iso(text: str) -> datetime:
    """Read what `iso` wrote; a zoneless text is taken as UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
