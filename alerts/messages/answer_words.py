"""How far an answer is, in whole sentences: for the card of its case and for its thread."""

from __future__ import annotations

from slack_sdk.models.blocks import Block, ButtonElement

from alerts.messages.blocks import button, section
from alerts.messages.catalogue import _, later
from alerts.messages.places import Places
from alerts.messages.safe_text import line, link, moment, words
from storage.models import CaseFile, CaseState, Reply, ReplyState

OUTDATED = later("The customer changed the text after this answer was written.")
_MAX_SHOWN = 500
_MAX_ESCAPED = 1200
_MAX_LINK = 1000
_MAX_REASON = 300


def answer_section(file: CaseFile, places: Places) -> Block | None:
    """Show the newest answer of a case, and how far it is; None where there is none."""
    reply = file.reply
    if reply is None:
        return None
    parts = [answer_line(file, reply, places)]
    if shown := words(reply.text, _MAX_SHOWN, _MAX_ESCAPED)[0]:
        parts.append(shown)
    if reply.state is ReplyState.SENT and reply.url:
        parts.append(link(reply.url, _("See the answer"), _MAX_LINK))
    if reply.outdated:
        parts.append(f"*{_(OUTDATED)}*")
    return section("\n".join(parts), "answer")


def answer_line(file: CaseFile, reply: Reply, places: Places) -> str:
    """Say in one sentence how far an answer is."""
    author, by = line(reply.author, 60), line(reply.decided_by, 60)
    at = places.at(file.mention.source)
    error = line(reply.error, _MAX_REASON)
    match reply.state:
        case ReplyState.DRAFT if reply.note:
            return _(
                "*{by} sent {author}'s answer back*: “{note}”",
                by=by,
                author=author,
                note=line(reply.note, 300),
            )
        case ReplyState.DRAFT if reply.decided_by and not reply.outdated:
            return _("*{by} sent {author}'s answer back*.", by=by, author=author)
        case ReplyState.DRAFT:
            return _("*{author}'s answer is not sent*: read it again.", author=author)
        case ReplyState.WAITING:
            return _("*{author}'s answer waits for a second person's approval*.", author=author)
        case ReplyState.SENDING if reply.error:
            return _("*{author}'s answer is not sent yet*: {error}", author=author, error=error)
        case ReplyState.SENDING:
            return _(
                "*{author}'s answer is on its way*: it will stand {at}.", author=author, at=at
            )
        case ReplyState.COPIED:
            return _(
                "*{author} posts this answer by hand*: it was not seen {at} yet.",
                author=author,
                at=at,
            )
        case ReplyState.SENT:
            when = f", {moment(reply.sent_at)}" if reply.sent_at else ""
            return (
                _("*{author}'s answer*{when}:", author=author, when=when)
                if reply.text
                else _("*{author}'s answer*{when}.", author=author, when=when)
            )
        case ReplyState.FAILED:
            return _("*{author}'s answer was not sent*: {error}", author=author, error=error)
        case ReplyState.DROPPED:
            return _("*{author}'s answer is dropped*.", author=author)


def answer_button(file: CaseFile) -> ButtonElement | None:
    """Offer to write an answer, or to change the one that is not sent; None while one goes out."""
    case, reply = file.case, file.reply
    if case.state in (CaseState.CLOSED, CaseState.DISMISSED):
        return None
    if reply is None:
        label = _("Answer again…") if case.state is CaseState.RESPONDED else _("Answer…")
    elif reply.state is ReplyState.SENDING:
        return None
    elif reply.state is ReplyState.SENT:
        label = _("Answer again…")
    else:
        label = _("Edit answer…")
    return button(label, "case_answer", case.mention_id)
