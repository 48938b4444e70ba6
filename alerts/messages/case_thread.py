"""What stands in the thread of a case, and other messages of one line."""

from __future__ import annotations

from typing import Any

from alerts.messages.answer_words import OUTDATED
from alerts.messages.blocks import MAX_FIELD, MAX_SECTION, payload, section
from alerts.messages.case_cards import MAX_OWNER_REPLIES
from alerts.messages.issue_form import issue_link
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import line, link, moment, ping, words
from alerts.messages.voice_cards import (
    briefly,
    first_words,
    read_link,
    stars_briefly,
    who,
)
from storage.models import Case, CaseEventKind, CaseFile, CaseMove, CaseState, ReplyState

MAX_NOTE = 2000
"""Characters that somebody can note on a case."""
_MAX_ANSWER = 1000


def thread_line(file: CaseFile, move: CaseMove, places: Places) -> str | None:
    """Say in the thread what happened; None where there is nothing to say."""
    actor = line(move.actor, 60)
    note = f" “{line(move.note, 300)}”" if move.note else ""
    match move.event:
        case CaseEventKind.CLAIMED:
            return f"{actor} claimed this case.{note}"
        case CaseEventKind.RELEASED:
            return f"{actor} gave this case back: it is open again.{note}"
        case CaseEventKind.ASSIGNED:
            return f"{actor} assigned this case to {_owner(file.case)}.{note}"
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
        case CaseEventKind.UNMUTED:
            return f"{actor} unmuted {who(file.mention)}: Earful posts this author's words again."
        case CaseEventKind.RELABELLED:
            return f"{actor} corrected the label to {line(move.note, 40)}."
        case CaseEventKind.NOT_ABOUT_US:
            return f"{actor} says that this is not about us: it counts nowhere.{note}"
        case CaseEventKind.ABOUT_US:
            return (
                f"{actor} says that this is about us after all: it is open again. Answer by "
                f"{moment(file.case.due_at)}.{note}"
            )
        case CaseEventKind.ISSUE_MADE:
            return f"{actor} made an issue of this case: {issue_link(move.note or '')}"
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
        case CaseEventKind.NOTED:
            return f"{actor} noted:\n{words(move.note or '', MAX_NOTE, MAX_SECTION - 200)[0]}"
        case CaseEventKind.SNOOZED | CaseEventKind.WOKEN:
            return _waiting(file, move, actor, note)
        case CaseEventKind.WITHDRAWN | CaseEventKind.RETURNED:
            return _at_its_source(file, move)
    return None


@plainly("News of a case")
def thread_reply(file: CaseFile, move: CaseMove, places: Places) -> dict[str, Any]:
    """Build the reply that says in the thread what happened; empty where there is no news."""
    text = thread_line(file, move, places)
    return _one_line(text) if text is not None else {}


@plainly("Note")
def note(text: str) -> dict[str, Any]:
    """Build a message of one line of plain words; names and ids from outside may be among them."""
    return _one_line(line(text, _MAX_ANSWER))


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


def _owner(case: Case) -> str:
    """Name whoever has a case and ping them, where Earful knows their id."""
    pinged = ping(case.claimed_by_id)
    if pinged is None or case.claimed_by == case.claimed_by_id:
        return pinged or line(case.claimed_by, 60)
    return f"{line(case.claimed_by, 60)} ({pinged})"


def _waiting(file: CaseFile, move: CaseMove, actor: str, note: str) -> str:
    """Say that a case waits for the customer, or no more; then whoever has it is pinged."""
    case = file.case
    if move.event is CaseEventKind.SNOOZED:
        until = moment(move.snoozed_until) if move.snoozed_until else ""
        return (
            f"{actor} lets this case wait for the customer until {until}: nobody is reminded of "
            f"it before.{note}"
        )
    due = moment(case.due_at)
    answer = f"Answer by {due}." if case.due_at > move.at else f"The answer was due {due}."
    if move.actor != "earful":
        return f"{actor} ended the wait for the customer. {answer}{note}"
    if move.note is not None:  # the customer's own word ended it
        if case.state is CaseState.OPEN:
            return f"The customer has written again. Nobody has claimed this case. {answer}"
        return f"{_owner(case)}, the customer has written again. {answer}"
    if case.state is CaseState.OPEN:
        return f"The wait for the customer is over. Nobody has claimed this case. {answer}"
    return f"{_owner(case)}, the wait for the customer is over. {answer}"


def _at_its_source(file: CaseFile, move: CaseMove) -> str:
    """Say that the text of a case left its source, or stands there again."""
    case = file.case
    if move.event is CaseEventKind.RETURNED:
        if move.to is None:
            return "This text stands at its source again."
        return (
            "This text stands at its source again, so this case is open again. Answer by "
            f"{moment(case.due_at)}."
        )
    if move.to is None:
        return (
            "This text was taken back at its source. Further complaints of this case still stand "
            "there: it stays as it is."
        )
    if case.claimed_by is None:
        return (
            "This text was taken back at its source, by its author or by the source. Nobody can "
            "answer it there, so this case is closed. Reopen it to follow up."
        )
    return (
        f"{_owner(case)}, this text was taken back at its source, by its author or by the source. "
        "Nobody can answer it there, so this case is closed. Reopen it to follow up."
    )
