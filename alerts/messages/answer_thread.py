"""What stands in a case's thread about its answer: drafts to approve, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import InteractiveElement

from alerts.messages.answer_words import OUTDATED
from alerts.messages.blocks import actions, button, can_carry, confirmation, payload, section
from alerts.messages.catalogue import _
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import line, words
from alerts.messages.voice_cards import who_where
from storage.models import CaseEventKind, CaseFile, CaseMove, Reply, ReplyState

_MAX_REASON = 600


@plainly(
    "An answer waits for approval",
    buttons=lambda file: _approval(file),
    keep=lambda file, places: {"broadcast": True},
)
def draft_request(file: CaseFile, places: Places) -> dict[str, Any]:
    """Ask a second person, in the channel too, to approve the newest answer of a case."""
    author = line(_reply(file).author, 60)
    lead = _(
        "*Approve this answer?* {author} wrote it for {who}. "
        "Somebody else must approve it before it goes out.",
        author=author,
        who=who_where(file.mention, places),
    )
    return _shown(lead, _reply(file).text, _approval(file)) | {"broadcast": True}


@plainly("An answer was looked at")
def draft_decided(file: CaseFile, reply: Reply, places: Places) -> dict[str, Any]:
    """Show a draft that waits for nobody's approval any more, without its buttons."""
    author, by = line(reply.author, 60), line(reply.decided_by, 60)
    if reply.state is ReplyState.DROPPED:
        lead = _("*A newer answer took the place of this one by {author}*.", author=author)
    elif reply.state is ReplyState.DRAFT:
        lead = _("*{by} sent this answer by {author} back*.", by=by, author=author)
    else:
        lead = _("*{by} approved this answer by {author}*.", by=by, author=author)
    return _shown(lead, reply.text, [])


@plainly("News of an answer", buttons=lambda file: _again(file))
def answer_news(file: CaseFile, move: CaseMove, places: Places) -> dict[str, Any]:
    """Tell in the thread what keeps an answer from its source; empty where nothing does."""
    reply = _reply(file)
    author, at = line(reply.author, 60), places.at(file.mention.source)
    reason = line(move.note, _MAX_REASON)
    whom = f"<@{reply.author_id}>" if reply.author_id else author
    match move.event:
        case CaseEventKind.SENT_BACK:
            by = line(move.actor, 60)
            said = f" “{reason}”" if reason else ""
            back = _("{whom}: {by} sent your answer back.", whom=whom, by=by)
            return _one(f"{back}{said}", _again(file))
        case CaseEventKind.COPIED:
            sentence = _(
                "{whom}: post your answer {at} by hand. This case waits until Earful sees an "
                "answer there, or somebody clicks “Responded”.",
                whom=whom,
                at=at,
            )
            return _one(sentence, _copy(file))
        case CaseEventKind.HELD_UP:
            return _one(
                _(
                    "*{author}'s answer is not sent yet*: {reason} Earful goes on trying.",
                    author=author,
                    reason=reason,
                ),
                [],
            )
        case CaseEventKind.HELD_BACK:
            sentence = _(
                "*{author}'s answer is not sent*. {outdated} Read the new text, and send the "
                "answer again if it still fits.",
                author=author,
                outdated=_(OUTDATED),
            )
            return _one(sentence, _again(file))
        case CaseEventKind.NOT_SENT:
            return _one(
                _("*{author}'s answer was not sent*: {reason}", author=author, reason=reason),
                _again(file),
            )
    return {}


def _reply(file: CaseFile) -> Reply:
    if file.reply is None:
        raise ValueError(f"case {file.case.id} has no answer")
    return file.reply


def _shown(lead: str, text: str, buttons: Sequence[Block]) -> dict[str, Any]:
    shown = words(text, 2400, 2900)[0]
    return payload(
        lead.replace("*", ""),
        [section(lead, "lead"), section(shown, "words") if shown else None, *buttons],
    )


def _one(text: str, buttons: Sequence[Block]) -> dict[str, Any]:
    return payload(text.replace("*", ""), [section(text, "line"), *buttons])


def _approval(file: CaseFile) -> list[Block]:
    if file.reply is None:
        return []
    value = str(file.reply.id)
    approve = button(
        _("Approve"),
        "reply_approve",
        value,
        style="primary",
        confirm=confirmation(
            _("Approve this answer?"),
            _("It goes out in public, in the name of the brand."),
            _("Approve"),
        ),
    )
    return _row(file, [approve, button(_("Send back…"), "reply_send_back", value)], _("Edit…"))


def _again(file: CaseFile) -> list[Block]:
    return _row(file, [], _("Edit and try again…"))


def _copy(file: CaseFile) -> list[Block]:
    copy = [button(_("Copy…"), "reply_copy", str(file.reply.id))] if file.reply else []
    return _row(file, copy, _("Edit…"))


def _row(file: CaseFile, first: Sequence[InteractiveElement], label: str) -> list[Block]:
    if not can_carry(file.case.mention_id):
        return []
    edit = button(label, "case_answer", file.case.mention_id)
    return [actions([*first, edit], "actions")]
