"""What became of answers that went out: their rows of the outbox tell, the cases learn it."""

from __future__ import annotations

from datetime import datetime

from alerts.decide.answer_choices import is_over
from config.settings import Settings
from earful.isolation import Isolation
from earful.move_case import move_case
from earful.policies import Policies
from storage.models import (
    Alert,
    AlertState,
    CaseEventKind,
    CaseFile,
    CaseMove,
    CaseState,
    Reply,
    ReplyState,
    TroubleKind,
)
from storage.store import Store

_SETTLED = (AlertState.PENDING, AlertState.PARKED)
_FOR_LONG = (TroubleKind.CHANNEL, TroubleKind.ACCOUNT)
_DROPPED = "the customer took the text back before it was sent, or somebody dropped it."
_TAKEN_BACK = "its case ended before it was sent."
_CHANGED = "the customer changed the text before it was sent."


def settle_replies(store: Store, settings: Settings, now: datetime) -> int:
    """Tell cases what became of their answers; returns how many have news.

    A case is answered once its answer stands at the source. What the source refuses fails, with
    its reason; what nobody has begun to send is held back where its mention has changed or its
    case has ended. Safe to repeat, and each answer stands alone.
    """
    isolation = Isolation(store, "replies", now)
    replies = store.replies.sending(isolation.unreadable("answer"))
    policies: Policies | None = None
    news = 0
    for reply in replies:
        name = f"answer {reply.id}"
        if isolation.waits(name):
            continue
        with isolation.subject(name):
            policies = policies or Policies(settings)
            with store.write() as unit:
                news += _settle(unit, policies, reply, now)
    isolation.forget_gone("answer", [str(reply.id) for reply in replies])
    return news


def _settle(unit: Store, policies: Policies, reply: Reply, now: datetime) -> bool:
    file = unit.cases.file(reply.mention_id)
    alert = unit.outbox.find(reply.alert_key or "")
    if file is None:
        return False
    move = _sent(unit, file, reply, alert, now) or _not_sent(unit, file, reply, alert, now)
    if move is not None:
        move_case(unit, move, policies.of(file.case.brand).teller())
    return move is not None


def _sent(
    unit: Store, file: CaseFile, reply: Reply, alert: Alert | None, now: datetime
) -> CaseMove | None:
    """Let an answer that stands at its source answer its case."""
    if alert is None or alert.state is not AlertState.SENT:
        return None
    at = alert.sent_at or now
    unit.replies.move(
        reply.id, ReplyState.SENDING, ReplyState.SENT, url=alert.slack_channel, sent_at=at
    )
    waits = file.case.state in (CaseState.OPEN, CaseState.CLAIMED)
    return CaseMove(
        mention_id=reply.mention_id,
        event=CaseEventKind.RESPONDED,
        at=now,
        to=CaseState.RESPONDED if waits else None,
        actor=reply.author,
        actor_id=reply.author_id,
        note=reply.text,
        responded_at=at,
    )


def _not_sent(
    unit: Store, file: CaseFile, reply: Reply, alert: Alert | None, now: datetime
) -> CaseMove | None:
    """Give up an answer that was refused or that nobody wants any more; tell what keeps others."""
    key = reply.alert_key or ""
    if alert is None or alert.state is AlertState.DROPPED:
        return _failed(unit, reply, (alert.error if alert else None) or _DROPPED, now)
    if alert.state not in _SETTLED:
        return None
    set_aside = alert.state is AlertState.PARKED and (
        alert.in_doubt or alert.trouble in (TroubleKind.MESSAGE, TroubleKind.BY_EYE)
    )
    if set_aside:
        error = alert.error or _DROPPED
        if unit.outbox.withdraw(key, error, in_doubt=True):
            return _failed(unit, reply, error, now)
    elif is_over(file.case) and unit.outbox.withdraw(key, _TAKEN_BACK):
        return _failed(unit, reply, _TAKEN_BACK, now)
    elif reply.outdated and unit.outbox.withdraw(key, _CHANGED):
        unit.replies.move(reply.id, ReplyState.SENDING, ReplyState.DRAFT)
        return _event(reply, CaseEventKind.HELD_BACK, None, now)
    elif alert.trouble in _FOR_LONG and alert.error and alert.error != reply.error:
        unit.replies.move(reply.id, ReplyState.SENDING, ReplyState.SENDING, error=alert.error)
        if reply.error is None:
            return _event(reply, CaseEventKind.HELD_UP, alert.error, now)
    return None


def _failed(unit: Store, reply: Reply, error: str, now: datetime) -> CaseMove:
    unit.replies.move(reply.id, ReplyState.SENDING, ReplyState.FAILED, error=error)
    return _event(reply, CaseEventKind.NOT_SENT, error, now)


def _event(reply: Reply, event: CaseEventKind, note: str | None, now: datetime) -> CaseMove:
    return CaseMove(mention_id=reply.mention_id, event=event, at=now, note=note)
