"""What people do with the answer to a case: write it, approve it, send it back, tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alerts.decide.answer_alerts import decided
from alerts.decide.answer_choices import answered_since, is_over, is_own
from alerts.decide.policy import Policy
from config.errors import InputError
from earful.case_acts import Acted, Actor
from earful.move_case import move_case
from earful.policies import Policies
from earful.replying.ways import ReplyWay, ReplyWays
from storage.models import (
    AlertKind,
    Case,
    CaseEventKind,
    CaseFile,
    CaseMove,
    CaseState,
    Mention,
    NewAlert,
    NewReply,
    Reply,
    ReplyState,
)
from storage.models.dedupe_keys import answer_key
from storage.store import Store

_GONE = "this answer is not the newest of its case any more: look at the case's message"


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody saw while they wrote: the version of the mention, and the last answer."""

    text_hash: str
    last_reply: int | None


@dataclass(frozen=True, slots=True)
class ReplyActs:
    """The acts on answers of one store, as one config wants them.

    InputError says to whoever acts why something is not done; nothing is written then. The same
    `click` twice counts once.
    """

    store: Store
    policies: Policies
    ways: ReplyWays

    def answer(
        self,
        mention_id: str,
        text: str,
        actor: Actor,
        now: datetime,
        *,
        seen: Seen | None = None,
        click: str | None = None,
    ) -> Acted:
        """Answer a case: ask for approval, send it, or note that it is posted by hand.

        The answer goes below the mention of `mention_id`: the case's own, or one that joined it.
        What was written to an older text of it is kept as a draft.
        """
        text = text.strip()
        with self.store.write() as unit:
            file = _file(unit, mention_id)
            case, mention = file.case, answered_mention(file, mention_id)
            if click is not None and unit.cases.knows_click(click):
                return Acted(case, False)
            _refuse_what_is_over(case)
            way = self.ways.of(mention)
            if wrong := way.wrong_with(text):
                raise InputError(wrong)
            _refuse_second(file, seen)
            policy = self.policies.of(case.brand)
            changed = seen is not None and seen.text_hash != mention.text_hash
            state, event = ReplyState.DRAFT, CaseEventKind.HELD_BACK
            if not changed and self.policies.approves(case.brand, file.channel):
                state, event = ReplyState.WAITING, CaseEventKind.DRAFTED
            elif not changed:
                state, event = _going_out(way)
            old = file.reply
            reply = unit.replies.write(
                NewReply(
                    case_id=case.id,
                    mention_id=mention.id,
                    text=text,
                    state=state,
                    author=actor.name,
                    author_id=actor.id,
                    written_at=now,
                    text_hash=seen.text_hash if seen else mention.text_hash,
                )
            )
            if state is ReplyState.SENDING:
                _send(unit, reply, mention, way, now)
            move = _move(case, event, actor, now, click=click)
            if old is not None and old.state is ReplyState.WAITING:
                _close_draft(unit, file, old.id, move, policy)
            applied = move_case(unit, move, policy.teller())
        return Acted(applied.case, applied.changed, applied.refused)

    def approve(
        self, reply_id: int, actor: Actor, now: datetime, *, click: str | None = None
    ) -> Acted:
        """Approve an answer that somebody else wrote: it goes out."""
        with self.store.write() as unit:
            reply, file = _waiting(unit, reply_id, click)
            if file is None or reply is None:
                return Acted(None, False)
            case, mention = file.case, answered_mention(file, reply.mention_id)
            if is_own(reply, actor.name, actor.id):
                raise InputError(
                    f"case {case.id}: you wrote this answer: somebody else approves it"
                )
            _refuse_what_is_over(case)
            if reply.outdated:
                raise InputError(
                    f"case {case.id}: the customer changed the text after this answer was "
                    "written: edit it or send it back"
                )
            if given := answered_since(file.events, reply):
                raise InputError(
                    f"case {case.id}: {given.actor} has answered meanwhile: edit the answer to "
                    "send it all the same"
                )
            way = self.ways.of(mention)
            if wrong := way.wrong_with(reply.text):
                raise InputError(wrong)
            state, event = _going_out(way)
            unit.replies.move(reply.id, ReplyState.WAITING, state, by=actor.name, by_id=actor.id)
            if state is ReplyState.SENDING:
                _send(unit, reply, mention, way, now)
            teller = self.policies.of(case.brand).teller()
            applied = move_case(unit, _move(case, event, actor, now, click=click), teller)
        return Acted(applied.case, applied.changed, applied.refused)

    def send_back(
        self,
        reply_id: int,
        actor: Actor,
        now: datetime,
        *,
        note: str | None = None,
        click: str | None = None,
    ) -> Acted:
        """Give an answer back to who wrote it, with a note what to change."""
        with self.store.write() as unit:
            reply, file = _waiting(unit, reply_id, click)
            if file is None or reply is None:
                return Acted(None, False)
            unit.replies.move(
                reply.id,
                ReplyState.WAITING,
                ReplyState.DRAFT,
                by=actor.name,
                by_id=actor.id,
                note=note,
            )
            move = _move(file.case, CaseEventKind.SENT_BACK, actor, now, note=note, click=click)
            applied = move_case(unit, move, self.policies.of(file.case.brand).teller())
        return Acted(applied.case, applied.changed, applied.refused)

    def respond(
        self,
        mention_id: str,
        actor: Actor,
        now: datetime,
        *,
        text: str = "",
        url: str | None = None,
        note: str | None = None,
        click: str | None = None,
    ) -> Acted:
        """Record that somebody answered by hand, with the words and the link where they tell.

        Without either, the words that somebody copied to post them are the answer.
        """
        text = text.strip()
        with self.store.write() as unit:
            case = unit.cases.of_mention(mention_id)
            if case is None:
                raise InputError(f"{mention_id}: there is no such case any more")
            if click is not None and unit.cases.knows_click(click):
                return Acted(case, False)
            answered = case.state is CaseState.RESPONDED
            given = bool(text or url) and not is_over(case)
            if given:
                unit.replies.write(_by_hand(unit, case, text, url, actor, now))
            move = CaseMove(
                mention_id=mention_id,
                event=CaseEventKind.RESPONDED,
                at=now,
                # What is answered already is told of all the same, where there is more to tell.
                to=None if answered and given else CaseState.RESPONDED,
                actor=actor.name,
                actor_id=actor.id,
                note=note or text or None,
                click=click,
            )
            applied = move_case(unit, move, self.policies.of(case.brand).teller())
        return Acted(applied.case, applied.changed, applied.refused)


def answered_mention(file: CaseFile, mention_id: str) -> Mention:
    """Give the mention of a case that an answer goes below."""
    return next((one for one in file.joined if one.id == mention_id), file.mention)


def _going_out(way: ReplyWay) -> tuple[ReplyState, CaseEventKind]:
    if way.via is None:
        return ReplyState.COPIED, CaseEventKind.COPIED
    return ReplyState.SENDING, CaseEventKind.SENDING


def _send(unit: Store, reply: Reply, mention: Mention, way: ReplyWay, now: datetime) -> None:
    """Put an answer into the outbox, in the transaction that makes it one to send."""
    key = answer_key(reply.id)
    alert = NewAlert(
        dedupe_key=key,
        kind=AlertKind.REPLY,
        brand=mention.brand,
        channel=way.channel,
        payload={
            "text": reply.text,
            "mention_id": mention.id,
            "source": mention.source,
            "native_id": mention.native_id,
            "url": mention.url,
            "parent_id": mention.parent_id,
            "author": mention.called,
            "brand": mention.brand,
            "target": way.target,
        },
        created_at=now,
        mention_id=mention.id,
        urgent=True,
        via=way.via,
    )
    unit.outbox.add([alert])
    unit.replies.move(reply.id, ReplyState.SENDING, ReplyState.SENDING, alert_key=key)


def _close_draft(unit: Store, file: CaseFile, old: int, move: CaseMove, policy: Policy) -> None:
    """Take the buttons from the draft whose place another answer took."""
    dropped = unit.replies.get(old)
    if dropped is not None:
        alert = decided(
            file, dropped, move, policy.places, file.channel or policy.home_of(file.voice)
        )
        unit.outbox.add([alert])


def _waiting(
    unit: Store, reply_id: int, click: str | None
) -> tuple[Reply | None, CaseFile | None]:
    """Give an answer that waits for approval, and its case; none where the click is known."""
    if click is not None and unit.cases.knows_click(click):
        return None, None
    reply = unit.replies.get(reply_id)
    if reply is None or reply.state is not ReplyState.WAITING:
        raise InputError(_GONE)
    return reply, _file(unit, reply.mention_id)


def _file(unit: Store, mention_id: str) -> CaseFile:
    file = unit.cases.file(mention_id)
    if file is not None:
        return file
    if unit.cases.of_mention(mention_id) is None:
        raise InputError(f"{mention_id}: there is no such case any more")
    raise InputError(f"{mention_id}: it waits for its verdict: try again in a minute")


def _refuse_what_is_over(case: Case) -> None:
    if is_over(case):
        raise InputError(f"case {case.id}: is {case.state}: reopen it to answer it")


def _refuse_second(file: CaseFile, seen: Seen | None) -> None:
    """Refuse an answer whose author did not see the one before it."""
    reply = file.reply
    if seen is None or reply is None or reply.id == seen.last_reply:
        return
    raise InputError(
        f"case {file.case.id}: {reply.author} has written an answer meanwhile: keep your words, "
        "close this, and look at the case"
    )


def _by_hand(
    unit: Store, case: Case, text: str, url: str | None, actor: Actor, now: datetime
) -> NewReply:
    """Give the answer that somebody gave by hand: their words, else those they had copied."""
    copied = [one for one in unit.replies.of_case(case.id) if one.state is ReplyState.COPIED]
    mention = unit.mentions.get(case.mention_id)
    return NewReply(
        case_id=case.id,
        mention_id=case.mention_id,
        text=text or (copied[-1].text if copied else ""),
        state=ReplyState.SENT,
        author=actor.name,
        author_id=actor.id,
        written_at=now,
        text_hash=mention.text_hash if mention else "",
        url=url,
        sent_at=now,
    )


def _move(
    case: Case,
    event: CaseEventKind,
    actor: Actor,
    now: datetime,
    *,
    note: str | None = None,
    click: str | None = None,
) -> CaseMove:
    return CaseMove(
        mention_id=case.mention_id,
        event=event,
        at=now,
        actor=actor.name,
        actor_id=actor.id,
        note=note,
        click=click,
    )
