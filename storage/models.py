"""The words of the product as frozen dataclasses; what every room may hold.

All datetimes are aware and in UTC. Ids: a mention is `source:native_id`, an author
`source:native_id` of the person at that source.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
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


class Operation(StrEnum):
    """What is done at Slack: a message of its own, or something with another alert's message."""

    POST = "post"
    REPLY = "reply"
    UPDATE = "update"
    UPLOAD = "upload"


class AlertKind(StrEnum):
    COMPLAINT = "complaint"
    WOW = "wow"
    LOST_ADVOCATE = "lost_advocate"
    WON_BACK = "won_back"
    BACKLOG = "backlog"
    DIGEST = "digest"
    CHECKPOINT = "checkpoint"
    OPS = "ops"
    REMINDER = "reminder"
    OVERDUE = "overdue"
    INCIDENT = "incident"
    SPIKE = "spike"
    LIMITED = "limited"
    KUDOS = "kudos"


class CrawlOutcome(StrEnum):
    """What a crawl came to; only the first three are good."""

    OK = "ok"
    UNCHANGED = "unchanged"
    QUIET = "quiet"
    EMPTY = "empty"
    BLOCKED = "blocked"
    UNAUTHORISED = "unauthorised"
    QUOTA = "quota"
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
    `created_at` is None only for imported rows that carry no date. Of an `excerpt` the text is
    not all that was said: it never replaces what is stored.
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
    # Told to `Mentions.save` alone: the table does not hold it.
    excerpt: bool = False

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
    """A mention with its current verdict and its author's history: what rules judge.

    `waits_since` is when the store got a text of it that no rule has seen, where that was before
    the present text was fetched.
    """

    mention: Mention
    verdict: Verdict
    history: AuthorHistory = field(default_factory=AuthorHistory)
    waits_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """A case to open for a mention; `kind` is `complaint` or `lost_advocate`."""

    mention_id: str
    brand: str
    opened_at: datetime
    due_at: datetime
    kind: AlertKind = AlertKind.COMPLAINT


class Outcome(StrEnum):
    """Why a case ended."""

    WON_BACK = "won_back"
    DONE = "done"
    NOT_A_CASE = "not_a_case"
    WRONG_LABEL = "wrong_label"
    MUTED = "muted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A complaint that somebody must answer; `due_at` was counted from `due_from`."""

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
    kind: AlertKind = AlertKind.COMPLAINT
    claimed_by_id: str | None = None
    outcome: Outcome | None = None
    due_from: datetime | None = None
    reminded_at: datetime | None = None
    overdue_told_at: datetime | None = None

    @property
    def root_key(self) -> str:
        """Name the alert whose message shows this case."""
        return complaint_key(self.mention_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMove:
    """Something that happens to the case of a mention. `to` is None where only a note is made.

    `event` is a word for `case_events`; `click` makes a repeated click harmless; `joins` is a
    mention that becomes part of the case; `due_at` is a new due time, counted from `at`;
    `reply_seen_at` is the owner's reply that this move takes note of.
    """

    mention_id: str
    event: str
    at: datetime
    to: CaseState | None = None
    actor: str = "earful"
    actor_id: str | None = None
    note: str | None = None
    outcome: Outcome | None = None
    joins: str | None = None
    due_at: datetime | None = None
    responded_at: datetime | None = None
    reply_seen_at: datetime | None = None
    click: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    at: datetime
    event: str
    actor: str
    actor_id: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """A case with all that its message shows.

    `answers` are public answers to this author in this thread; `channel` is where the case's
    message is, None where it has none; `joined` counts further mentions of the case.
    """

    case: Case
    mention: Mention
    verdict: Verdict
    history: AuthorHistory = field(default_factory=AuthorHistory)
    events: tuple[CaseEvent, ...] = ()
    joined: tuple[Mention, ...] = ()
    answers: int = 0
    channel: str | None = None
    muted: bool = False

    @property
    def voice(self) -> Voice:
        return Voice(mention=self.mention, verdict=self.verdict, history=self.history)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlert:
    """A message that must reach Slack once; `payload` holds `text` and `blocks`.

    The `dedupe_key` makes writing it twice harmless. A reply, an update or an upload names by
    `root_key` the alert whose message it is about, and waits until Slack has that. An update
    replaces one that still waits, and keeps `spacing` from the one sent before it. Nothing is
    sent before `not_before`; `urgent` goes first in its channel.
    """

    dedupe_key: str
    kind: AlertKind
    brand: str
    channel: str
    payload: dict[str, Any]
    created_at: datetime
    mention_id: str | None = None
    operation: Operation = Operation.POST
    root_key: str | None = None
    not_before: datetime | None = None
    spacing: timedelta = timedelta(0)
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A row of the outbox; `root_…` tell of the alert whose message it is about."""

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
    operation: Operation = Operation.POST
    root_key: str | None = None
    urgent: bool = False
    slack_channel: str | None = None
    not_before: datetime | None = None
    root_id: int | None = None
    root_state: AlertState | None = None
    root_ts: str | None = None
    root_channel: str | None = None

    @property
    def in_doubt(self) -> bool:
        """Tell whether Slack may have it although the store does not know."""
        if self.state in (AlertState.PENDING, AlertState.PARKED):
            return self.was_in_doubt
        return self.state is AlertState.SENDING

    @property
    def was_in_doubt(self) -> bool:
        """Tell whether an earlier try than the one under way may have reached Slack."""
        return (self.error or "").startswith(MAY_BE_POSTED)

    @property
    def queue(self) -> str:
        """Name what it waits in line with: updates of a channel do not wait behind its posts."""
        return f"{self.channel} updates" if self.operation is Operation.UPDATE else self.channel


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Many complaints of a brand at once, told in one message; known by brand and `opened_at`.

    `about` is the word or phrase that most of them share.
    """

    brand: str
    channel: str
    opened_at: datetime
    last_at: datetime
    complaints: int
    about: str | None = None
    closed_at: datetime | None = None

    @property
    def root_key(self) -> str:
        return f"incident:{self.brand}:{iso(self.opened_at)}"


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


class SourceState(StrEnum):
    """How a source is doing, compared with its own history; only `ok` is good."""

    OK = "ok"
    STALE = "stale"
    EMPTY = "empty"
    BLOCKED = "blocked"
    BROKEN = "broken"
    UNAUTHORISED = "unauthorised"
    QUOTA = "quota"
    FAILED = "failed"

    @property
    def good(self) -> bool:
        return self is SourceState.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStanding:
    """The present state of a target; it is left alone until `opens_at`.

    `failures` are those in a row.
    """

    state: SourceState
    since: datetime
    reason: str | None = None
    failures: int = 0
    opens_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """A finished crawl as history: `filled` counts the entries that had each field."""

    started_at: datetime
    outcome: CrawlOutcome
    seen: int = 0
    new: int = 0
    filled: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unstored:
    """A mention that the store cannot hold, and why."""

    mention_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveResult:
    """What saving a batch of mentions did: `new + edited + known` and the `refused` are all."""

    new: int = 0
    edited: int = 0
    known: int = 0
    deleted: int = 0
    refused: tuple[Unstored, ...] = ()

    def __add__(self, other: SaveResult) -> SaveResult:
        return SaveResult(
            new=self.new + other.new,
            edited=self.edited + other.edited,
            known=self.known + other.known,
            deleted=self.deleted + other.deleted,
            refused=self.refused + other.refused,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a server gave to ask "changed since?" with: see RFC 9110, 13.1."""

    url: str
    etag: str | None
    last_modified: str | None


def complaint_key(mention_id: str) -> str:
    """Name the alert that tells of an angry mention, whatever its text or kind becomes."""
    return f"complaint:{mention_id}"


def iso(moment: datetime) -> str:
    """Write an aware moment as the store does: ISO 8601, UTC, seconds, `Z`-less offset."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def from_iso(text: str) -> datetime:
    """Read what `iso` wrote; a zoneless text is taken as UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
