"""What stands in the thread of a case, and other messages of one line."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from alerts.messages.answer_words import OUTDATED
from alerts.messages.blocks import MAX_FIELD, payload, section
from alerts.messages.case_cards import MAX_OWNER_REPLIES
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import duration, line, link, moment
from alerts.messages.voice_cards import (
    briefly,
    first_words,
    read_link,
    stars_briefly,
    who,
    who_where,
)
from storage.models import CaseEventKind, CaseFile, CaseMove, CaseState, ReplyState

_MAX_NOTE = 1000


def thread_line(file: CaseFile, move: CaseMove, places: Places) -> str | None:
    """Say in the thread what happened; None where there is nothing to say."""
    actor = line(move.actor, 60)
    note = f" “{line(move.note, 300)}”" if move.note else ""
    match move.event:
        case CaseEventKind.CLAIMED:
            return f"{actor} claimed this case.{note}"
        case CaseEventKind.RELEASED:
            return f"{actor} gave this case back: it is open again.{note}"
        case CaseEventKind.RESPONDED:
            return f"{actor} has answered.{note}{_link(file)}"
        case CaseEventKind.ANSWERED:
            return "The owner has answered in public."
        case CaseEventKind.CLOSED:
            return f"{actor} closed this case.{note}"
        case CaseEventKind.DISMISSED:
            return f"{actor} dismissed this: it is not a case.{note}"
        case CaseEventKind.MUTED:
            return f"{actor} muted {who(file.mention)}: Earful posts nothing more by this author."
        case CaseEventKind.RELABELLED:
            return f"{actor} corrected the label to {line(move.note, 40)}."
        case CaseEventKind.NOT_ABOUT_US:
            return f"{actor} says that this is not about us: it counts nowhere.{note}"
        case CaseEventKind.ABOUT_US:
            return (
                f"{actor} says that this is about us after all: it is open again. Answer by "
                f"{moment(file.case.due_at)}.{note}"
            )
        case CaseEventKind.REOPENED:
            return f"{_reopening(file, move, actor)} Answer by {moment(file.case.due_at)}.{note}"
        case CaseEventKind.JOINED:
            return _joining(file, move, places)
        case CaseEventKind.EDITED:
            return f"The author edited the text: {first_words(file.mention)}{_outdated(file)}"
        case CaseEventKind.WON_BACK:
            return (
                f"*Won back*: {who(file.mention)} changed the text"
                f"{stars_briefly(file.mention)}: {briefly(file.mention)} This case is closed."
            )
    return None


@plainly("News of a case")
def thread_reply(file: CaseFile, move: CaseMove, places: Places) -> dict[str, Any]:
    """Build the reply that says in the thread what happened; empty where there is no news."""
    text = thread_line(file, move, places)
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
    return _one_line(f"{whom}this case is yours. It is due {moment(case.due_at)}, in {left}.")


@plainly("Overdue case", keep=lambda file, places: {"broadcast": True})
def overdue(file: CaseFile, places: Places) -> dict[str, Any]:
    """Tell the channel, once, that a case was not answered in time."""
    case, mention = file.case, file.mention
    claimant = line(case.claimed_by, 60) or "nobody"
    sentence = (
        f"*Overdue*: {who_where(mention, places)} has had no answer since "
        f"{moment(case.opened_at)}. The answer was due {moment(case.due_at)}; "
        f"{claimant} has claimed the case."
    )
    return _one_line(sentence) | {"broadcast": True}


def _one_line(text: str) -> dict[str, Any]:
    return payload(text.replace("*", ""), [section(text, "line")])


def _joining(file: CaseFile, move: CaseMove, places: Places) -> str:
    joined = next((one for one in file.joined if one.id == move.joins), None)
    if joined is None:
        return "A further complaint by this author joined this case."
    news = f"A further complaint by this author joined this case: {first_words(joined)}"
    again = ""
    if move.to is CaseState.OPEN:
        again = f" The case is open again: answer by {moment(file.case.due_at)}."
    elif file.answers >= MAX_OWNER_REPLIES:
        again = " Leave it: this thread has two public answers already."
    return f"{news} {read_link(joined, places, False, MAX_FIELD)}.{again}"


def _outdated(file: CaseFile) -> str:
    return f" *{OUTDATED}*" if file.reply is not None and file.reply.outdated else ""


def _link(file: CaseFile) -> str:
    """Link the answer that was just given, where somebody told or learnt where it stands."""
    if file.reply is None or file.reply.state is not ReplyState.SENT or not file.reply.url:
        return ""
    return f" {link(file.reply.url, 'See the answer')}"


def _reopening(file: CaseFile, move: CaseMove, actor: str) -> str:
    if move.actor == "earful":
        edited = f"The author edited the text and is still angry: {first_words(file.mention)}"
        return f"{edited}{_outdated(file)}"
    return f"{actor} reopened this case."
