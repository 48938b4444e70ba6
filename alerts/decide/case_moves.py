"""What a complaint's case goes through, and what is told of it. Pure: no store, no clock."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts import messages
from alerts.decide.answer_alerts import REPLY_EVENTS, reply_alerts
from alerts.decide.changing_alerts import UPDATE_EVERY
from alerts.messages import Places
from alerts.messages.case_cards import MAX_OWNER_REPLIES
from storage.models import (
    AlertKind,
    Case,
    CaseEventKind,
    CaseFile,
    CaseMove,
    CaseOutcome,
    CaseState,
    Experience,
    Mention,
    NewAlert,
    Operation,
    Voice,
)
from storage.models.dedupe_keys import case_reply_key, update_key

_WAITING = (CaseState.OPEN, CaseState.CLAIMED)
_ALIKE = 0.8
_SHORT = 4


@dataclass(frozen=True)
class Teller:
    """Makes the alerts about a move: the case's message changes, its thread tells each step.

    `home` gives the channel in which the message of a case would be that has none of its own.
    """

    places: Places
    home: Callable[[Voice], str]
    spacing: timedelta = UPDATE_EVERY

    def __call__(self, file: CaseFile, move: CaseMove) -> Sequence[NewAlert]:
        if move.event in REPLY_EVENTS:
            news = reply_alerts(file, move, self.places, file.channel or self.home(file.voice))
            return [*self._update(file, move), *news]
        reply = messages.thread_reply(file, move, self.places)
        replies = self._in_thread(file, move, file.case.kind, reply) if reply else []
        return [*self._update(file, move), *replies]

    def _update(self, file: CaseFile, move: CaseMove) -> list[NewAlert]:
        if file.channel is None:
            return []
        return [
            NewAlert(
                dedupe_key=update_key(file.case.root_key),
                kind=file.case.kind,
                brand=file.case.brand,
                channel=file.channel,
                payload=messages.case_card(file, self.places),
                created_at=move.at,
                mention_id=file.case.mention_id,
                operation=Operation.UPDATE,
                root_key=file.case.root_key,
                spacing=self.spacing,
            )
        ]

    def _in_thread(
        self, file: CaseFile, move: CaseMove, kind: AlertKind, payload: dict[str, object]
    ) -> list[NewAlert]:
        if file.channel is None:
            return []
        return [
            NewAlert(
                # Counted in the transaction that wrote the event: each event has one reply.
                dedupe_key=case_reply_key(file.case.id, len(file.events)),
                kind=kind,
                brand=file.case.brand,
                channel=file.channel,
                payload=payload,
                created_at=move.at,
                mention_id=move.joins or file.case.mention_id,
                operation=Operation.REPLY,
                root_key=file.case.root_key,
            )
        ]


def edited(
    voice: Voice,
    case: Case,
    owner_replies: int,
    due: Callable[[datetime], datetime],
    now: datetime,
) -> CaseMove:
    """Decide what a changed text means for the case that it has."""
    if voice.verdict.sure and voice.verdict.experience is Experience.DELIGHTED:
        if case.state in (*_WAITING, CaseState.RESPONDED):
            return CaseMove(
                mention_id=voice.mention.id,
                event=CaseEventKind.WON_BACK,
                at=now,
                to=CaseState.CLOSED,
                outcome=CaseOutcome.WON_BACK,
            )
    elif voice.verdict.sure and voice.verdict.experience is Experience.ANGRY:
        ended = case.state in (CaseState.RESPONDED, CaseState.CLOSED)
        if ended and owner_replies < MAX_OWNER_REPLIES and not has_owner_reply(voice.mention):
            return CaseMove(
                mention_id=voice.mention.id,
                event=CaseEventKind.REOPENED,
                at=now,
                to=CaseState.OPEN,
                due_at=due(now),
            )
    return CaseMove(mention_id=voice.mention.id, event=CaseEventKind.EDITED, at=now)


def joins(
    voice: Voice,
    case: Case,
    owner_replies: int,
    due: Callable[[datetime], datetime],
    now: datetime,
) -> CaseMove:
    """Let a further complaint of an author join their case, which opens again if it was done.

    After two public replies of the owner in the thread it stays as it is: leave it.
    """
    done = case.state not in _WAITING
    again = done and owner_replies < MAX_OWNER_REPLIES
    return CaseMove(
        mention_id=case.mention_id,
        event=CaseEventKind.JOINED,
        at=now,
        joins=voice.mention.id,
        to=CaseState.OPEN if again else None,
        due_at=due(now) if again else None,
    )


def answered(case: Case, replied_at: datetime, now: datetime) -> CaseMove:
    """Let an owner's public reply answer a case; it counts from when the owner wrote it."""
    return CaseMove(
        mention_id=case.mention_id,
        event=CaseEventKind.ANSWERED,
        at=now,
        to=CaseState.RESPONDED,
        responded_at=max(case.opened_at, min(replied_at, now)),
        reply_seen_at=replied_at,
    )


def has_owner_reply(mention: Mention) -> bool:
    """Tell whether the owner replied to what the mention now says, not an older text of it."""
    if mention.owner_replied_at is None:
        return False
    return mention.edited_at is None or mention.owner_replied_at >= mention.edited_at


def looks_dismissed(mention: Mention, dismissed: Sequence[Mention]) -> bool:
    """Tell whether people called the like of it no case: the same author, or nearly its words."""
    mine = _pieces(mention.text)
    for one in dismissed:
        if mention.author_id is not None and mention.author_id == one.author_id:
            return True
        theirs = _pieces(one.text)
        if mine and theirs and len(mine & theirs) / len(mine | theirs) >= _ALIKE:
            return True
    return False


def _pieces(text: str) -> frozenset[tuple[str, ...]]:
    """Cut a text into runs of words; a few words alone prove nothing and give none."""
    words = re.findall(r"\w+", text.casefold())
    if len(words) < _SHORT:
        return frozenset()
    return frozenset(tuple(words[n : n + 3]) for n in range(len(words) - 2))
