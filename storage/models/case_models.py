"""A case, and what happens to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from storage.models.alert_models import AlertKind
from storage.models.dedupe_keys import complaint_key
from storage.models.mention_models import Mention
from storage.models.reply_models import Reply
from storage.models.verdict_models import AuthorHistory, Translation, Verdict, Voice


class CaseState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    RESPONDED = "responded"
    CLOSED = "closed"
    DISMISSED = "dismissed"


class CaseOutcome(StrEnum):
    """Why a case ended."""

    WON_BACK = "won_back"
    DONE = "done"
    NOT_A_CASE = "not_a_case"
    WRONG_LABEL = "wrong_label"
    MUTED = "muted"
    NOT_ABOUT_US = "not_about_us"
    WITHDRAWN = "withdrawn"
    COMPETITOR = "competitor"


class CaseEventKind(StrEnum):
    """What happened to a case: the words of `case_events`."""

    OPENED = "opened"
    CLAIMED = "claimed"
    RELEASED = "released"
    RESPONDED = "responded"
    ANSWERED = "answered"
    CLOSED = "closed"
    DISMISSED = "dismissed"
    REOPENED = "reopened"
    WON_BACK = "won_back"
    JOINED = "joined"
    EDITED = "edited"
    MUTED = "muted"
    RELABELLED = "relabelled"
    NOT_ABOUT_US = "not_about_us"
    ABOUT_US = "about_us"
    ISSUE_MADE = "issue_made"
    ASSIGNED = "assigned"
    SNOOZED = "snoozed"
    WOKEN = "woken"
    NOTED = "noted"
    UNMUTED = "unmuted"
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"
    REMINDED = "reminded"
    OVERDUE = "overdue"
    WARNED = "warned"
    ESCALATED = "escalated"
    DRAFTED = "drafted"
    SENT_BACK = "sent_back"
    SENDING = "sending"
    COPIED = "copied"
    HELD_UP = "held_up"
    HELD_BACK = "held_back"
    NOT_SENT = "not_sent"

    @property
    def is_answer(self) -> bool:
        """Tell whether the customer got an answer: said by the team, or seen in public."""
        return self in (CaseEventKind.RESPONDED, CaseEventKind.ANSWERED)

    @property
    def decides(self) -> bool:
        """Tell whether it changes what somebody who looks at the case would do next."""
        return self not in (
            CaseEventKind.OPENED,
            CaseEventKind.NOTED,
            CaseEventKind.WARNED,
            CaseEventKind.REMINDED,
            CaseEventKind.OVERDUE,
            CaseEventKind.ESCALATED,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """A case to open for a mention; `kind` is `complaint` or `lost_advocate`."""

    mention_id: str
    brand: str
    opened_at: datetime
    due_at: datetime
    kind: AlertKind = AlertKind.COMPLAINT


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A complaint that somebody must answer; `due_at` was counted from `due_from`.

    While `snoozed_until` stands it waits for the customer: it is not overdue, nobody is reminded.
    """

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
    outcome: CaseOutcome | None = None
    due_from: datetime | None = None
    overdue_told_at: datetime | None = None
    assigned_by: str | None = None
    snoozed_until: datetime | None = None
    snooze_note: str | None = None

    @property
    def waits(self) -> bool:
        """Tell whether the customer still has no answer."""
        return self.state in (CaseState.OPEN, CaseState.CLAIMED)

    @property
    def is_snoozed(self) -> bool:
        """Tell whether it waits for the customer and not for us."""
        return self.waits and self.snoozed_until is not None

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether its answer is late: what waits for the customer never is."""
        return self.waits and not self.is_snoozed and self.due_at < now

    @property
    def root_key(self) -> str:
        """Name the alert whose message shows this case."""
        return complaint_key(self.mention_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMove:
    """Something that happens to the case of a mention. `to` is None where only a note is made.

    `click` makes a repeated click harmless; `joins` is a mention that becomes part of the case;
    `due_at` is a new due time, counted from `due_from` (else `at`); `reply_seen_at` is the owner's
    reply that this move takes note of; `owner` is who gets the case that the actor assigns.
    """

    mention_id: str
    event: CaseEventKind
    at: datetime
    to: CaseState | None = None
    actor: str = "earful"
    actor_id: str | None = None
    note: str | None = None
    outcome: CaseOutcome | None = None
    joins: str | None = None
    due_at: datetime | None = None
    responded_at: datetime | None = None
    reply_seen_at: datetime | None = None
    click: str | None = None
    owner: str | None = None
    owner_id: str | None = None
    snoozed_until: datetime | None = None
    due_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseDestination:
    """Where the cases of a brand go beside Slack; an empty `brand` stands for every brand."""

    via: str
    brand: str
    takes: Literal["events", "issues"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """What happened to a case; `owner` is whom it was assigned to, `until` when it shall wake."""

    at: datetime
    event: CaseEventKind
    actor: str
    actor_id: str | None = None
    note: str | None = None
    owner: str | None = None
    owner_id: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """A case with all that its message shows.

    `answers` are public answers to this author in this thread; `channel` is where the case's
    message is, None where it has none; `joined` counts further mentions of the case;
    `withdrawn` says that its text is no longer at its source; `trackers` are where an issue can be
    made of it, by the names that `via` uses; `reply` is the newest answer that was not dropped.
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
    trackers: tuple[str, ...] = ()
    withdrawn: bool = False
    translation: Translation | None = None
    reply: Reply | None = None

    @property
    def voice(self) -> Voice:
        return Voice(
            mention=self.mention,
            verdict=self.verdict,
            history=self.history,
            translation=self.translation,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """An author of whom a brand's alerts tell no more, by whom and since when."""

    author_id: str
    author: str | None
    brand: str
    by: str
    at: datetime
