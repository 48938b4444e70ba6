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
    INCIDENT = "incident"
    SPIKE = "spike"
    LIMITED = "limited"
    KUDOS = "kudos"
    REPLY = "reply"
    CASE_EVENT = "case_event"
    ISSUE = "issue"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlert:
    """A message that must reach Slack once; `payload` holds `text` and `blocks`.

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
    the message it is about. `error` is a sentence for people, and `trouble` its kind; of an alert
    that was dropped, `error` may be a person's note. `may_be_posted`: an earlier try than the one
    under way may have reached Slack, which was not settled since.
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

    @property
    def in_doubt(self) -> bool:
        """Tell whether Slack may have it although the store does not know."""
        if self.state in (AlertState.PENDING, AlertState.PARKED):
            return self.may_be_posted
        return self.state is AlertState.SENDING

    @property
    def queue(self) -> str:
        """Name what it waits in line with: updates of a channel do not wait behind its posts."""
        return f"{self.channel} updates" if self.operation is Operation.UPDATE else self.channel


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTrouble:
    """What keeps alerts of a channel from Slack: so many wait with this error, `parked` of them.

    `may_be_posted` as in `Alert`; `oldest_at` is when the first of them was written.
    """

    channel: str
    error: str
    trouble: TroubleKind
    may_be_posted: bool
    waiting: int
    parked: int
    oldest_at: datetime
