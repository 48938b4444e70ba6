"""An answer to a complaint: its words, who wrote and approved them, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ReplyState(StrEnum):
    """How far an answer is.

    `DRAFT`: its author must look at it again. `WAITING`: for a second person's approval.
    `SENDING`: it is a row of the outbox. `COPIED`: somebody posts it by hand, and it was not seen
    at the source yet. `SENT`: it stands at the source. `FAILED`: the source took it not.
    `DROPPED`: another took its place, or nobody wants it any more.
    """

    DRAFT = "draft"
    WAITING = "waiting"
    SENDING = "sending"
    COPIED = "copied"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReply:
    """An answer to write down. `text_hash` names the version of the mention that it answers.

    `text` may be empty where somebody answered by hand and told only the `url`.
    """

    case_id: int
    mention_id: str
    text: str
    state: ReplyState
    author: str
    written_at: datetime
    text_hash: str
    author_id: str | None = None
    url: str | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer as the store has it. `outdated`: the mention has changed since it was written.

    `decided_by` approved it or sent it back, the latter with a `note`. `alert_key` is the dedupe
    key of its row of the outbox. `error` says why it is not sent, in a sentence for people.
    """

    id: int
    case_id: int
    mention_id: str
    text: str
    state: ReplyState
    author: str
    written_at: datetime
    text_hash: str
    author_id: str | None = None
    decided_by: str | None = None
    note: str | None = None
    alert_key: str | None = None
    url: str | None = None
    sent_at: datetime | None = None
    error: str | None = None
    outdated: bool = False
