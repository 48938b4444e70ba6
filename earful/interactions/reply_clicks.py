"""The buttons and windows in which people answer a case."""

from __future__ import annotations

import os
from dataclasses import replace

from alerts.decide.answer_choices import Choice, choices, fingerprint
from alerts.messages.answer_modals import (
    AnswerPlan,
    Written,
    answer_modal,
    copy_modal,
    responded_modal,
    send_back_modal,
)
from alerts.messages.catalogue import _
from alerts.messages.safe_text import units, web_address
from alerts.messages.views import MAX_INPUT, View
from alerts.slack.interactions import Answer, Click, Fields, Submission
from config.errors import InputError
from earful.interactions.desk import (
    FOREIGN,
    Desk,
    OnClick,
    OnSubmission,
    actor_of,
    answer_to,
    foreign,
    not_ours,
)
from earful.policies import source_places
from earful.replying.reply_acts import ReplyActs, Seen, answered_mention
from earful.replying.ways import ReplyWay, reply_ways
from storage.models import CaseFile, Reply, ReplyState

_UNSENT = (ReplyState.DRAFT, ReplyState.WAITING, ReplyState.COPIED, ReplyState.FAILED)


def _written(event: Click | Submission) -> Written:
    try:
        return Written.of(event.value)
    except ValueError:
        raise not_ours() from None


def _open(desk: Desk, click: Click) -> Answer | None:
    """Open the window for an answer, with the words of the one that is not sent yet."""
    file = _file(desk, click.value)
    reply = file.reply
    if reply is not None and reply.state is ReplyState.SENDING:
        return Answer.of(
            _("An answer by {author} is on its way: wait until it is sent.", author=reply.author)
        )
    draft = reply if reply is not None and reply.state in _UNSENT else None
    if draft is not None and units(draft.text) > MAX_INPUT:
        return Answer.of(
            _(
                "This answer is longer than a window of Slack takes: change it with `earful case "
                "answer {id}`.",
                id=file.case.id,
            )
        )
    # The newest matter first: what it says is what the customer waits for now.
    newest = file.joined[-1] if file.joined else file.mention
    mention = answered_mention(file, draft.mention_id) if draft else newest
    written = Written(
        mention_id=mention.id,
        text_hash=mention.text_hash,
        last_reply=reply.id if reply else None,
    )
    return Answer(modal=_window(desk, file, written, draft.text if draft else ""))


def _below(desk: Desk, click: Click) -> Answer | None:
    """Let the answer go below another of the case's complaints."""
    written = _written(click)
    file = _file(desk, written.mention_id)
    mentions = [file.mention, *file.joined]
    if not (click.choice or "").isdigit() or int(click.choice or "") >= len(mentions):
        return foreign()
    mention = mentions[int(click.choice or "")]
    now = replace(written, mention_id=mention.id, text_hash=mention.text_hash, previewed="")
    return Answer(modal=_window(desk, file, now, _text(click.fields, written.input)))


def _template(desk: Desk, click: Click) -> Answer | None:
    """Put a template's words into the window; what somebody typed themselves stays before them."""
    written = _written(click)
    file = _file(desk, written.mention_id)
    chosen = next((one for one in _choices(desk, file) if str(one.place) == click.choice), None)
    if chosen is None:
        return foreign()
    mention = answered_mention(file, written.mention_id)
    filled = chosen.template.fill(mention, _agent(desk, file.case.brand, click))
    typed = _text(click.fields, written.input)
    text = f"{typed}\n\n{filled}" if typed and fingerprint(typed) != written.template else filled
    now = replace(written, number=written.number + 1, template=fingerprint(text), previewed="")
    return Answer(modal=_window(desk, file, now, text))


def _submit(desk: Desk, submission: Submission) -> Answer | None:
    """Show an answer as it will stand; once its author has seen it so, let it go out."""
    written = _written(submission)
    text = _text(submission.fields, written.input)
    file = _file(desk, written.mention_id)
    mention = answered_mention(file, written.mention_id)
    way = reply_ways(desk.settings, os.environ).of(mention)
    if wrong := way.wrong_with(text):
        raise InputError(wrong)
    if fingerprint(text) != written.previewed:
        seen = replace(written, previewed=fingerprint(text))
        return Answer(modal=_window(desk, file, seen, text))
    acted = _acts(desk).answer(
        written.mention_id,
        text,
        actor_of(submission),
        desk.now(),
        seen=Seen(written.text_hash, written.last_reply),
        click=submission.key,
    )
    if acted.refused:
        raise InputError(acted.refused)
    reply = _file(desk, written.mention_id).reply
    if reply is not None and reply.state is ReplyState.COPIED:
        return Answer(modal=copy_modal(mention, source_places(), reply.text))
    return None


def _approve(desk: Desk, click: Click) -> Answer | None:
    acted = _acts(desk).approve(_number(click.value), actor_of(click), desk.now(), click=click.key)
    return answer_to(acted)


def _ask_why(desk: Desk, click: Click) -> Answer | None:
    reply = _reply(desk, click.value)
    if reply.state is not ReplyState.WAITING:
        return Answer.of(_("This answer waits for nobody's approval any more."))
    return Answer(modal=send_back_modal(reply.id, reply.author))


def _send_back(desk: Desk, submission: Submission) -> Answer | None:
    acted = _acts(desk).send_back(
        _number(submission.value),
        actor_of(submission),
        desk.now(),
        note=_text(submission.fields, "note") or None,
        click=submission.key,
    )
    return answer_to(acted)


def _copy(desk: Desk, click: Click) -> Answer | None:
    reply = _reply(desk, click.value)
    mention = answered_mention(_file(desk, reply.mention_id), reply.mention_id)
    return Answer(modal=copy_modal(mention, source_places(), reply.text))


def _ask_what(desk: Desk, click: Click) -> Answer | None:
    """Ask what was answered; where no window can open it counts at once."""
    if not click.trigger_id:
        acted = _acts(desk).respond(click.value, actor_of(click), desk.now(), click=click.key)
        return answer_to(acted)
    reply = _file(desk, click.value).reply
    copied = reply is not None and reply.state is ReplyState.COPIED
    return Answer(modal=responded_modal(click.value, copied))


def _respond(desk: Desk, submission: Submission) -> Answer | None:
    url = _text(submission.fields, "link")
    if url and web_address(url) is None:
        wrong = _("That is no web address: copy it from the browser, with its https://.")
        return Answer(errors={submission.blocks["link"]: wrong})
    acted = _acts(desk).respond(
        submission.value,
        actor_of(submission),
        desk.now(),
        text=_text(submission.fields, "words"),
        url=url or None,
        click=submission.key,
    )
    if acted.refused:
        raise InputError(acted.refused)  # what was typed stays there
    return None


def _close(desk: Desk, submission: Submission) -> Answer | None:
    """Close a window that had only something to show."""
    return None


def _window(desk: Desk, file: CaseFile, written: Written, text: str) -> View:
    mention = answered_mention(file, written.mention_id)
    way = reply_ways(desk.settings, os.environ).of(mention)
    plan = _plan(way, text, desk.policies.approves(file.case.brand, file.channel))
    templates = [(one.template.name, str(one.place)) for one in _choices(desk, file)]
    complaints = [file.mention, *file.joined] if file.joined else []
    # Only what the case is about is translated: messages quote it.
    translation = file.translation if mention.id == file.mention.id else None
    return answer_modal(
        mention, source_places(), plan, written, text, templates, complaints, translation
    )


def _plan(way: ReplyWay, text: str, approval: bool) -> AnswerPlan:
    length = way.length(text)
    return AnswerPlan(
        posts=way.via is not None,
        approval=approval,
        hindrance=way.hindrance,
        shown=way.shown(text),
        used=length.used if length else None,
        most=length.most if length else None,
        unit=length.unit if length else "characters",
    )


def _choices(desk: Desk, file: CaseFile) -> list[Choice]:
    return choices(desk.policies.templates, file.mention)


def _agent(desk: Desk, brand: str, click: Click) -> str:
    """Name whoever answers as customers may read it: by the config's name of a colleague."""
    staff = desk.policies.of(brand).staff
    return next((one.name for one in staff if one.slack == click.user_id), click.user_name)


def _acts(desk: Desk) -> ReplyActs:
    return ReplyActs(desk.store, desk.policies, reply_ways(desk.settings, os.environ))


def _file(desk: Desk, mention_id: str) -> CaseFile:
    file = desk.store.cases.file(mention_id)
    if file is None:
        raise InputError(_("{id}: there is no such case any more", id=mention_id))
    return file


def _reply(desk: Desk, value: str) -> Reply:
    reply = desk.store.replies.get(_number(value))
    if reply is None:
        raise InputError(_("This answer is not kept any more."))
    return reply


def _number(value: str) -> int:
    if not value.isdigit():
        raise InputError(_(FOREIGN))
    return int(value)


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    return value.strip() if isinstance(value, str) else ""


CLICKS: dict[str, OnClick] = {
    "case_answer": _open,
    "case_responded": _ask_what,
    "answer_below": _below,
    "answer_template": _template,
    "reply_approve": _approve,
    "reply_send_back": _ask_why,
    "reply_copy": _copy,
}
SUBMISSIONS: dict[str, OnSubmission] = {
    "answer_words": _submit,
    "answer_copied": _close,
    "reply_send_back": _send_back,
    "case_responded": _respond,
}
