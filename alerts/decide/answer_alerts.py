"""The messages about an answer to a case: who must approve it, what keeps it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alerts.messages.answer_thread import answer_news, draft_decided, draft_request
from alerts.messages.places import Places
from storage.models import (
    AlertKind,
    CaseEventKind,
    CaseFile,
    CaseMove,
    NewAlert,
    Operation,
    Reply,
)
from storage.models.dedupe_keys import case_reply_key, draft_key, update_key

REPLY_EVENTS = frozenset(
    {
        CaseEventKind.DRAFTED, CaseEventKind.SENT_BACK, CaseEventKind.SENDING,
        CaseEventKind.COPIED, CaseEventKind.HELD_UP, CaseEventKind.HELD_BACK,
        CaseEventKind.NOT_SENT,
    }
)  # fmt: skip


def reply_alerts(
    file: CaseFile, move: CaseMove, places: Places, channel: str
) -> Sequence[NewAlert]:
    """Tell in the thread of a case what became of its newest answer, where that is in a channel.

    What is about a case without a message of its own stands in the channel by itself.
    """
    if file.reply is None:
        return []
    if move.event is CaseEventKind.DRAFTED:
        payload = draft_request(file, places)
        return [_said(file, move, channel, draft_key(file.reply.id), payload)]
    told: list[NewAlert] = []
    if file.reply.decided_by is not None and move.event in (
        CaseEventKind.SENDING, CaseEventKind.COPIED, CaseEventKind.SENT_BACK,
    ):  # fmt: skip
        told.append(decided(file, file.reply, move, places, channel))
    news = answer_news(file, move, places)
    # Whoever posts it by hand has the words before them already, unless somebody approved them.
    if news and (move.event is not CaseEventKind.COPIED or file.reply.decided_by is not None):
        told.append(_said(file, move, channel, case_reply_key(file.case.id, _count(file)), news))
    return told


def decided(
    file: CaseFile, reply: Reply, move: CaseMove, places: Places, channel: str
) -> NewAlert:
    """Take the buttons from the message that asked to approve an answer."""
    return NewAlert(
        dedupe_key=update_key(draft_key(reply.id)),
        kind=AlertKind.COMPLAINT,
        brand=file.case.brand,
        channel=channel,
        payload=draft_decided(file, reply, places),
        created_at=move.at,
        mention_id=file.case.mention_id,
        operation=Operation.UPDATE,
        root_key=draft_key(reply.id),
    )


def _said(
    file: CaseFile, move: CaseMove, channel: str, key: str, payload: dict[str, Any]
) -> NewAlert:
    return NewAlert(
        dedupe_key=key,
        kind=AlertKind.COMPLAINT,
        brand=file.case.brand,
        channel=channel,
        payload=payload,
        created_at=move.at,
        mention_id=file.case.mention_id,
        operation=Operation.REPLY if file.channel else Operation.POST,
        root_key=file.case.root_key if file.channel else None,
    )


def _count(file: CaseFile) -> int:
    # Counted in the transaction that wrote the event: each event has one message.
    return len(file.events)
