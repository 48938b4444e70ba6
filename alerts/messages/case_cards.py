"""The message of a case, which always shows its present state, and the lines in its thread."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import InteractiveElement

from alerts.messages.blocks import (
    MAX_FIELD,
    MAX_SECTION,
    actions,
    button,
    can_carry,
    payload,
    section,
    select,
)
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import count, in_utc, line, moment, units
from alerts.messages.voice_cards import (
    briefly,
    linked_words,
    read_link,
    source_name,
    stars_briefly,
    voice_blocks,
    where,
    who,
)
from storage.models import (
    AlertKind,
    Case,
    CaseEvent,
    CaseEventKind,
    CaseFile,
    CaseMove,
    CaseOutcome,
    CaseState,
    Experience,
    Voice,
)

MAX_ANSWERS = 2
"""Public answers to one person in one thread, after which more only feeds the quarrel (Baer)."""

_ENDED = {
    CaseOutcome.WON_BACK: "won back",
    CaseOutcome.DONE: "done",
    CaseOutcome.NOT_A_CASE: "not a case",
    CaseOutcome.WRONG_LABEL: "the label was wrong",
    CaseOutcome.MUTED: "the author is muted",
}
_ENDS = frozenset(
    {
        CaseEventKind.RESPONDED, CaseEventKind.ANSWERED, CaseEventKind.CLOSED,
        CaseEventKind.DISMISSED, CaseEventKind.MUTED, CaseEventKind.RELABELLED,
        CaseEventKind.WON_BACK,
    }
)  # fmt: skip
_LABELS = [
    ("It is mediocre", Experience.MEDIOCRE),
    ("It is delighted", Experience.DELIGHTED),
    ("It tells no experience", Experience.NONE),
]
_MAX_JOINED = 5
_MAX_NOTE = 1000


@plainly("Complaint")
def complaint(voice: Voice, due_at: datetime, answers: int = 0) -> dict[str, Any]:
    """Build the message of a new case: who, where, stars, words, verdict, due time, link."""
    return case_card(_fresh(voice, due_at, AlertKind.COMPLAINT, answers))


@plainly("Urgent: an advocate turned angry")
def lost_advocate(voice: Voice, due_at: datetime | None, answers: int = 0) -> dict[str, Any]:
    """Build the most urgent message; `due_at` is None where the owner has answered already."""
    if due_at is not None:
        return case_card(_fresh(voice, due_at, AlertKind.LOST_ADVOCATE, answers))
    mention = voice.mention
    summary = (
        f"An advocate of {line(mention.brand, 80)} turned angry: {who(mention)} at "
        f"{where(mention)}{stars_briefly(mention)}: {briefly(mention)} "
        "The owner has answered already."
    )
    lead = (
        "*This person used to speak for you.* The owner has answered already: see that it helped."
    )
    title = f"{mention.brand} is losing an advocate"
    return payload(summary, voice_blocks(title, voice, lead=lead))


@plainly("Case", buttons=lambda file: _buttons(file))
def case_card(file: CaseFile) -> dict[str, Any]:
    """Render a case as it is now. Pure: the same case gives the same message."""
    case, mention = file.case, file.mention
    lost = case.kind is AlertKind.LOST_ADVOCATE
    waits = case.state in (CaseState.OPEN, CaseState.CLAIMED)
    verdict = file.voice.verdict
    likely = verdict.experience is Experience.ANGRY and not verdict.sure
    complaint_word = "Likely complaint" if likely else "Complaint"
    what = (
        f"An advocate of {line(mention.brand, 80)} {'likely ' if likely else ''}turned angry:"
        if lost
        else f"{complaint_word} about {line(mention.brand, 80)} from"
    )
    ask = f"Answer {'first, ' if lost else ''}by {in_utc(case.due_at)}." if waits else ""
    summary = (
        f"{what} {who(mention)} at {where(mention)}{stars_briefly(mention)}: {briefly(mention)} "
        f"{ask or state_line(file).replace('*', '')}"
    )
    if case.state is CaseState.CLAIMED:
        summary += f" Claimed by {line(case.claimed_by, 60)}."
    if lost:
        title = f"{'Urgent: ' if waits else ''}{mention.brand} is losing an advocate"
    else:
        title = f"{complaint_word} about {mention.brand}"
    if case.outcome is CaseOutcome.WON_BACK:
        title = f"Won back: a customer of {mention.brand}"
    lead = None
    if lost and waits:
        lead = (
            "*This person used to speak for you.* An answer here is worth more than anywhere "
            "else: answer first."
        )
    if likely and waits:
        doubt = "*Likely a complaint, not surely one*: read it before you answer."
        lead = f"{lead} {doubt}" if lead else doubt
    blocks = voice_blocks(
        title,
        file.voice,
        due_at=case.due_at if waits else None,
        lead=lead,
        urgent=lost,
        more=[section(state_line(file), "state"), _advice(file), _joined(file)],
        notes=[f"Case {case.id}"] if case.id else [],
    )
    return payload(summary, [*blocks, _buttons(file)])


def state_line(file: CaseFile) -> str:
    """Say in one line how a case stands, by whom and since when."""
    case = file.case
    by = _by(file)
    match case.state:
        case CaseState.OPEN if any(event.event is CaseEventKind.REOPENED for event in file.events):
            return "*Open again*: nobody has claimed it."
        case CaseState.OPEN:
            return "*Open*: nobody has claimed it yet."
        case CaseState.CLAIMED:
            since = f" {moment(case.claimed_at)}" if case.claimed_at else ""
            return f"*Claimed by {line(case.claimed_by, 60)}*{since}."
        case CaseState.RESPONDED:
            took = ""
            if case.responded_at is not None:
                after = duration(case.responded_at - case.opened_at)
                took = f" {moment(case.responded_at)}, {after} after it was opened"
            return f"*Answered{by}*{took}."
        case CaseState.CLOSED | CaseState.DISMISSED:
            name = "Closed" if case.state is CaseState.CLOSED else "Dismissed"
            why = f": {_ENDED[case.outcome]}" if case.outcome else ""
            return f"*{name}{by}*{why}."


def thread_line(file: CaseFile, move: CaseMove) -> str | None:
    """Say in the thread what happened; None where there is nothing to say."""
    actor = line(move.actor, 60)
    note = f" “{line(move.note, 300)}”" if move.note else ""
    match move.event:
        case CaseEventKind.CLAIMED:
            return f"{actor} claimed this case.{note}"
        case CaseEventKind.RELEASED:
            return f"{actor} gave this case back: it is open again.{note}"
        case CaseEventKind.RESPONDED:
            return f"{actor} has answered.{note}"
        case CaseEventKind.ANSWERED:
            return "The owner has answered in public."
        case CaseEventKind.CLOSED:
            return f"{actor} closed this case.{note}"
        case CaseEventKind.DISMISSED:
            return f"{actor} dismissed this case: not a case.{note}"
        case CaseEventKind.MUTED:
            return f"{actor} muted {who(file.mention)}: nothing of this author alerts any more."
        case CaseEventKind.RELABELLED:
            return f"{actor} corrected the label: {line(move.note, 40)}."
        case CaseEventKind.REOPENED:
            return f"{_reopening(file, move, actor)} Answer by {moment(file.case.due_at)}.{note}"
        case CaseEventKind.JOINED:
            return _joining(file, move)
        case CaseEventKind.EDITED:
            return f"The author edited the text: {briefly(file.mention)}"
        case CaseEventKind.WON_BACK:
            return (
                f"*Won back*: {who(file.mention)} changed the text"
                f"{stars_briefly(file.mention)}: {briefly(file.mention)} This case is closed."
            )
        case CaseEventKind.OPENED | CaseEventKind.REMINDED | CaseEventKind.OVERDUE:
            return None


@plainly("News of a case")
def thread_reply(file: CaseFile, move: CaseMove) -> dict[str, Any]:
    """Build the reply that says in the thread what happened; empty where there is no news."""
    text = thread_line(file, move)
    return _one_line(text) if text is not None else {}


@plainly("Note")
def note(text: str) -> dict[str, Any]:
    """Build a message of one line of plain words; names and ids from outside may be among them."""
    return _one_line(line(text, _MAX_NOTE))


@plainly("Reminder: a case is due soon")
def reminder(file: CaseFile, now: datetime, user_id: str | None) -> dict[str, Any]:
    """Remind whoever claimed a case that its time runs out; mentions only that person."""
    case = file.case
    whom = f"<@{user_id}> " if user_id else f"{line(case.claimed_by, 60)}: "
    left = duration(case.due_at - now)
    return _one_line(f"{whom}this case is yours and due {moment(case.due_at)}, in {left}.")


@plainly("Overdue case", keep=lambda file: {"broadcast": True})
def overdue(file: CaseFile) -> dict[str, Any]:
    """Tell the channel, once, that a case was not answered in time."""
    case, mention = file.case, file.mention
    taken = f"claimed by {line(case.claimed_by, 60)}" if case.claimed_by else "unclaimed"
    told = (
        f"*Overdue*: {who(mention)} at {where(mention)} has had no answer since "
        f"{moment(case.opened_at)}; it was due {moment(case.due_at)}, {taken}."
    )
    return _one_line(told) | {"broadcast": True}


def duration(span: timedelta) -> str:
    """Write a length of time for people: `45 minutes`, `3 hours`, `2 days`."""
    minutes = max(0, round(span.total_seconds() / 60))
    if minutes < 120:
        return count(minutes, "minute")
    if minutes < 48 * 60:
        return count(round(minutes / 60), "hour")
    return count(round(minutes / 1440), "day")


def _one_line(text: str) -> dict[str, Any]:
    return payload(text.replace("*", ""), [section(text, "line")])


def _fresh(voice: Voice, due_at: datetime, kind: AlertKind, answers: int) -> CaseFile:
    case = Case(
        id=0,
        mention_id=voice.mention.id,
        brand=voice.mention.brand,
        state=CaseState.OPEN,
        opened_at=due_at,
        due_at=due_at,
        kind=kind,
    )
    return CaseFile(
        case=case,
        mention=voice.mention,
        verdict=voice.verdict,
        history=voice.history,
        answers=answers,
    )


def _by(file: CaseFile) -> str:
    last: CaseEvent | None = next((e for e in reversed(file.events) if e.event in _ENDS), None)
    if last is None or last.actor == "earful":
        return " in public" if last is not None and last.event is CaseEventKind.ANSWERED else ""
    return f" by {line(last.actor, 60)}"


def _advice(file: CaseFile) -> Block | None:
    if file.case.state not in (CaseState.OPEN, CaseState.CLAIMED) or not file.answers:
        return None
    if file.answers >= MAX_ANSWERS:
        return section(
            f"*Leave it*: this person had {count(file.answers, 'public answer')} in this thread "
            "already. More would only feed the quarrel; write in private, or close the case.",
            "advice",
        )
    return section("One public answer was given in this thread: make the second the last.",
                   "advice")  # fmt: skip


def _joined(file: CaseFile) -> Block | None:
    if not file.joined:
        return None
    told = f"*{count(len(file.joined), 'further complaint')} of this author*"
    room = MAX_SECTION - units(told)
    shown: list[str] = []
    # The newest matter most: what has no room is the oldest.
    for one in reversed(file.joined[-_MAX_JOINED:]):
        row = f"• {linked_words(one)} at {source_name(one.source)}"
        room -= units(row) + 1
        if room < 0:
            break
        shown.insert(0, row)
    return section("\n".join([told, *shown]), "joined")


def _joining(file: CaseFile, move: CaseMove) -> str:
    joined = next((one for one in file.joined if one.id == move.joins), None)
    if joined is None:
        return "A further complaint of this author joined this case."
    told = f"A further complaint of this author joined this case: {briefly(joined)}"
    again = ""
    if move.to is CaseState.OPEN:
        again = f" It is open again: answer by {moment(file.case.due_at)}."
    elif file.answers >= MAX_ANSWERS:
        again = " Leave it: two public answers were given in this thread."
    return f"{told} {read_link(joined, False, MAX_FIELD)}.{again}"


def _reopening(file: CaseFile, move: CaseMove, actor: str) -> str:
    if move.actor == "earful":
        return f"The author edited the text and is still angry: {briefly(file.mention)}"
    return f"{actor} reopened this case."


def _buttons(file: CaseFile) -> Block | None:
    case, value = file.case, file.case.mention_id
    if not can_carry(value):
        return None
    elements: Sequence[InteractiveElement]
    if case.state in (CaseState.OPEN, CaseState.CLAIMED):
        first = (
            button("Claim", "case_claim", value, style="primary")
            if case.state is CaseState.OPEN
            else button("Give back", "case_release", value)
        )
        elements = [
            first,
            button("Responded", "case_responded", value),
            button("Not a case", "case_dismiss", value),
            select(
                "Wrong label",
                "case_relabel",
                [(name, experience.value) for name, experience in _LABELS],
            ),
            *(
                [button("Mute author", "case_mute", value)]
                if file.mention.author_id and not file.muted
                else []
            ),
        ]
    elif case.state is CaseState.RESPONDED:
        elements = [
            button("Close", "case_close", value, style="primary"),
            button("Reopen", "case_reopen", value),
        ]
    else:
        elements = [button("Reopen", "case_reopen", value)]
    # A choice carries only its own value: the buttons beside it say which case it is about.
    return actions(elements, "actions")
