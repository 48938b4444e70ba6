"""What stands in the thread of a case, and other messages of one line."""

from __future__ import annotations

from typing import Any

from alerts.messages.answer_words import OUTDATED
from alerts.messages.blocks import MAX_FIELD, MAX_SECTION, payload, section
from alerts.messages.case_cards import MAX_OWNER_REPLIES
from alerts.messages.catalogue import _, later
from alerts.messages.issue_form import issue_link
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import line, link, moment, ping, words
from alerts.messages.voice_cards import (
    briefly,
    first_words,
    given_stars,
    read_link,
    who,
)
from storage.models import (
    Case,
    CaseEventKind,
    CaseFile,
    CaseMove,
    CaseState,
    Experience,
    Mention,
    ReplyState,
)

MAX_NOTE = 2000
"""Characters that somebody can note on a case."""
_MAX_ANSWER = 1000
_LABELS: dict[str, str] = {
    Experience.ANGRY: later("angry"),
    Experience.MEDIOCRE: later("mediocre"),
    Experience.DELIGHTED: later("delighted"),
    Experience.NONE: later("none"),
}


def thread_line(file: CaseFile, move: CaseMove, places: Places) -> str | None:
    """Say in the thread what happened; None where there is nothing to say."""
    actor = line(move.actor, 60)
    note = f" “{line(move.note, 300)}”" if move.note else ""
    match move.event:
        case CaseEventKind.CLAIMED:
            return _("{actor} claimed this case.", actor=actor) + note
        case CaseEventKind.RELEASED:
            return _("{actor} gave this case back: it is open again.", actor=actor) + note
        case CaseEventKind.ASSIGNED:
            return (
                _(
                    "{actor} assigned this case to {owner}.",
                    actor=actor,
                    owner=_owner(file.case),
                )
                + note
            )
        case CaseEventKind.RESPONDED:
            return _("{actor} has answered.", actor=actor) + note + _link(file)
        case CaseEventKind.ANSWERED:
            return _("The owner has answered in public.")
        case CaseEventKind.CLOSED:
            return _("{actor} closed this case.", actor=actor) + note
        case CaseEventKind.DISMISSED:
            return _("{actor} dismissed this: it is not a case.", actor=actor) + note
        case CaseEventKind.MUTED:
            return _(
                "{actor} muted {who}: Earful posts nothing more by this author.",
                actor=actor,
                who=who(file.mention),
            )
        case CaseEventKind.UNMUTED:
            return _(
                "{actor} unmuted {who}: Earful posts this author's words again.",
                actor=actor,
                who=who(file.mention),
            )
        case CaseEventKind.RELABELLED:
            return _relabelled(actor, move.note)
        case CaseEventKind.NOT_ABOUT_US:
            return (
                _(
                    "{actor} says that this is not about us: it counts nowhere.",
                    actor=actor,
                )
                + note
            )
        case CaseEventKind.ABOUT_US:
            return (
                _(
                    "{actor} says that this is about us after all: it is open again. Answer by "
                    "{due}.",
                    actor=actor,
                    due=moment(file.case.due_at),
                )
                + note
            )
        case CaseEventKind.ISSUE_MADE:
            issue = issue_link(move.note or "")
            return _("{actor} made an issue of this case: {link}", actor=actor, link=issue)
        case CaseEventKind.REOPENED:
            due = _("Answer by {due}.", due=moment(file.case.due_at))
            return f"{_reopening(file, move, actor)} {due}{note}"
        case CaseEventKind.JOINED:
            return _joining(file, move, places)
        case CaseEventKind.EDITED:
            edited = _("The author edited the text: {words}", words=first_words(file.mention))
            return f"{edited}{_outdated(file)}"
        case CaseEventKind.WON_BACK:
            return _won_back(file.mention)
        case CaseEventKind.NOTED:
            return _(
                "{actor} noted:\n{words}",
                actor=actor,
                words=words(move.note or "", MAX_NOTE, MAX_SECTION - 200)[0],
            )
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


def _relabelled(actor: str, label: str | None) -> str:
    known = _LABELS.get(label or "")
    return _(
        "{actor} corrected the label to {label}.",
        actor=actor,
        label=_(known) if known else line(label, 40),
    )


def _won_back(mention: Mention) -> str:
    shown = given_stars(mention)
    if shown:
        return _(
            "*Won back*: {who} changed the text, {stars}: {words} This case is closed.",
            who=who(mention),
            stars=shown,
            words=briefly(mention),
        )
    return _(
        "*Won back*: {who} changed the text: {words} This case is closed.",
        who=who(mention),
        words=briefly(mention),
    )


def _one_line(text: str) -> dict[str, Any]:
    return payload(text.replace("*", ""), [section(text, "line")])


def _joining(file: CaseFile, move: CaseMove, places: Places) -> str:
    joined = next((one for one in file.joined if one.id == move.joins), None)
    if joined is None:
        return _("A further complaint by this author joined this case.")
    news = _(
        "A further complaint by this author joined this case: {words}",
        words=first_words(joined),
    )
    news = f"{news} {read_link(joined, places, False, MAX_FIELD)}."
    if move.to is CaseState.OPEN:
        due = moment(file.case.due_at)
        return f"{news} {_('The case is open again: answer by {due}.', due=due)}"
    if file.answers >= MAX_OWNER_REPLIES:
        return f"{news} {_('Leave it: this thread has two public answers already.')}"
    return news


def _outdated(file: CaseFile) -> str:
    return f" *{_(OUTDATED)}*" if file.reply is not None and file.reply.outdated else ""


def _link(file: CaseFile) -> str:
    """Link the answer that was just given, where somebody told or learnt where it stands."""
    if file.reply is None or file.reply.state is not ReplyState.SENT or not file.reply.url:
        return ""
    return f" {link(file.reply.url, _('See the answer'))}"


def _reopening(file: CaseFile, move: CaseMove, actor: str) -> str:
    if move.actor == "earful":
        edited = _(
            "The author edited the text and is still angry: {words}",
            words=first_words(file.mention),
        )
        return f"{edited}{_outdated(file)}"
    return _("{actor} reopened this case.", actor=actor)


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
            _(
                "{actor} lets this case wait for the customer until {until}: nobody is reminded "
                "of it before.",
                actor=actor,
                until=until,
            )
            + note
        )
    due = moment(case.due_at)
    answer = (
        _("Answer by {due}.", due=due)
        if case.due_at > move.at
        else _("The answer was due {due}.", due=due)
    )
    if move.actor != "earful":
        return f"{_('{actor} ended the wait for the customer.', actor=actor)} {answer}{note}"
    if move.note is not None:  # the customer's own word ended it
        if case.state is CaseState.OPEN:
            news = _("The customer has written again. Nobody has claimed this case.")
        else:
            news = _("{owner}, the customer has written again.", owner=_owner(case))
        return f"{news} {answer}"
    if case.state is CaseState.OPEN:
        news = _("The wait for the customer is over. Nobody has claimed this case.")
    else:
        news = _("{owner}, the wait for the customer is over.", owner=_owner(case))
    return f"{news} {answer}"


def _at_its_source(file: CaseFile, move: CaseMove) -> str:
    """Say that the text of a case left its source, or stands there again."""
    case = file.case
    if move.event is CaseEventKind.RETURNED:
        if move.to is None:
            return _("This text stands at its source again.")
        return _(
            "This text stands at its source again, so this case is open again. Answer by {due}.",
            due=moment(case.due_at),
        )
    if move.to is None:
        return _(
            "This text was taken back at its source. Further complaints of this case still stand "
            "there: it stays as it is."
        )
    if case.claimed_by is None:
        return _(
            "This text was taken back at its source, by its author or by the source. Nobody can "
            "answer it there, so this case is closed. Reopen it to follow up."
        )
    return _(
        "{owner}, this text was taken back at its source, by its author or by the source. "
        "Nobody can answer it there, so this case is closed. Reopen it to follow up.",
        owner=_owner(case),
    )
