"""An alert: its message, what is done with it at Slack, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class AlertState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    PARKED = "parked"
    DROPPED = "dropped"


class TroubleKind(StrEnum):
    """What keeps an alert from Slack, by what can be done about it.

    `CHANNEL`: Slack takes nothing for its channel. `ACCOUNT`: Slack takes nothing from this token
    or webhook. `MESSAGE`: it is about this alert alone, which is set aside. `BY_EYE`: Earful
    cannot look whether Slack has it. `PASSING`: Earful tries again, or looks again, by itself.
    """

    CHANNEL = "channel"
    ACCOUNT = "account"
    MESSAGE = "message"
    BY_EYE = "by_eye"
    PASSING = "passing"


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
    WARNING = "warning"
    INCIDENT = "incident"
    SPIKE = "spike"
    LIMITED = "limited"
    KUDOS = "kudos"
    VERSION = "version"
    ADVOCATES = "advocates"
    REPLY = "reply"
    CASE_EVENT = "case_event"
    ISSUE = "issue"
    REPORT = "report"


class Lost(StrEnum):
    """What became of an alert whose message is gone: it follows the message, which is posted
    `ANEW`; it goes `ALONE`, as a message of its own; or it is `DROPPED`."""

    ANEW = "anew"
    ALONE = "alone"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Erasure:
    """What stands at Slack for what was erased: a whole `message`, or one `quote` in another."""

    message: dict[str, Any]
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlert:
    """A message that must reach Slack once; `payload` holds `text` and `blocks`, and in `quotes`
    what it shows of which mentions (see `storage.tables.quoted_mentions`).

    The `dedupe_key` makes writing it twice harmless. A reply, an update or an upload names by
    `root_key` the alert whose message it is about, and waits until Slack has that. An update
    replaces one that still waits, and keeps `spacing` from the one sent before it. Nothing is
    sent before `not_before`; `urgent` goes first in its channel. `via` names the way it goes where
    that is not its channel's to say: a reply to a customer goes by its source's own interface.
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
    via: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A row of the outbox; `root_…` tell of the alert whose message it is about.

    `root_text` sums that message up. `tried_via` is the way of the last try, `root_via` that of
    the message it is about.
    `error` is a sentence for people, and `trouble` its kind; of an alert that was dropped, `error`
    may be a person's note. `may_be_posted`: an earlier try than the one under way may have reached
    Slack, which was not settled since. `slack_channel` is the id of the Slack channel that has it;
    before that, the id that its channel's name led to when it was tried. `name_channel` is the id
    that the name last led to.
    """

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
    trouble: TroubleKind | None = None
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
    may_be_posted: bool = False
    via: str | None = None
    tried_via: str | None = None
    root_via: str | None = None
    root_text: str | None = None
    name_channel: str | None = None

    @property
    def in_doubt(self) -> bool:
        """Tell whether Slack may have it although the store does not know."""
        if self.state in (AlertState.PENDING, AlertState.PARKED):
            return self.may_be_posted
        return self.state is AlertState.SENDING

    @property
    def is_in_thread(self) -> bool:
        """Tell whether it is about another alert's message, and goes where that stands."""
        return self.operation is not Operation.POST

    @property
    def place(self) -> str:
        """Name where it goes: its channel, or by id the Slack channel that once had its name.

        What is about a message goes where that stands.
        """
        left = self.is_in_thread and self.root_channel not in (None, self.name_channel)
        return self.root_channel or self.channel if left else self.channel

    @property
    def lot(self) -> tuple[str, bool]:
        """Name what it is held with where Slack asks for a pause: all that is posted in its place,
        or all that is changed there."""
        return self.place, self.operation is Operation.UPDATE

    @property
    def queue(self) -> str:
        """Name what it waits in line with: the posts of a channel, or what is about one message.

        Updates wait for themselves: they neither hold replies up nor are held up by them.
        """
        if not self.is_in_thread:
            return self.channel
        updates = " updates" if self.operation is Operation.UPDATE else ""
        return f"about {self.root_key}{updates}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTrouble:
    """What keeps alerts of a channel from Slack: so many wait with this error, `parked` of them.

    `may_be_posted` as in `Alert`; `in_thread`: they go where the messages stand that they are
    about; `oldest_at` is when the first of them was written.
    """

    channel: str
    error: str
    trouble: TroubleKind
    may_be_posted: bool
    waiting: int
    parked: int
    oldest_at: datetime
    in_thread: bool = False
