"""What a team agrees on over a case where its message stands: assign, wait, note, hear again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from alerts.messages.case_answers import not_waiting
from alerts.messages.case_buttons import ISSUE, NOTE, SNOOZE, WAKE
from alerts.messages.case_modals import FOR, UNTIL, WORDS, note_modal, snooze_modal
from alerts.messages.case_modals import NOTE as NOTE_MODAL
from alerts.messages.case_modals import SNOOZE as SNOOZE_MODAL
from alerts.messages.catalogue import _
from alerts.slack.interactions import Answer, Click, Submission
from config.errors import InputError
from config.settings import parse_duration
from earful import case_desk, case_mutes
from earful.interactions.desk import (
    Desk,
    OnClick,
    OnSubmission,
    actor_of,
    answer_to,
    foreign,
    text_in,
)
from earful.interactions.issue_clicks import ask_in
from earful.people import person


def _assign(desk: Desk, click: Click) -> Answer | None:
    if not click.choice:
        return None  # the choice was taken back
    actor = actor_of(click)
    takes = click.choice == actor.id
    acted = case_desk.assign(
        desk.store,
        desk.policies,
        click.value,
        actor if takes else person(desk.store, desk.settings, click.choice),
        actor,
        desk.now(),
        click=click.key,
        seen_at=click.acted_at,
    )
    return answer_to(acted)


def _more(desk: Desk, click: Click) -> Answer | None:
    """Open what the menu of three dots offers."""
    if click.choice == WAKE:
        return _wake(desk, click)
    if click.choice and click.choice.startswith(ISSUE):
        return ask_in(desk, click, click.choice.removeprefix(ISSUE))
    if click.choice not in (SNOOZE, NOTE):
        return foreign()
    file = desk.store.cases.file(click.value)
    if file is None:
        return Answer.of(_("{id}: there is no such case any more", id=click.value))
    if click.choice == NOTE:
        return Answer(modal=note_modal(file))
    if not file.case.waits:
        return Answer.of(not_waiting(file.case))
    return Answer(modal=snooze_modal(file))


def _note(desk: Desk, click: Click) -> Answer | None:
    file = desk.store.cases.file(click.value)
    if file is None:
        return Answer.of(_("{id}: there is no such case any more", id=click.value))
    return Answer(modal=note_modal(file))


def _wake(desk: Desk, click: Click) -> Answer | None:
    acted = case_desk.wake(
        desk.store,
        desk.policies,
        click.value,
        actor_of(click),
        desk.now(),
        click=click.key,
        seen_at=click.acted_at,
    )
    return answer_to(acted)


def _unmute(desk: Desk, click: Click) -> Answer | None:
    acted = case_mutes.unmute(
        desk.store,
        desk.policies,
        click.value,
        actor_of(click),
        desk.now(),
        click=click.key,
        seen_at=click.acted_at,
    )
    return answer_to(acted)


def _snoozed(desk: Desk, sent: Submission) -> Answer | None:
    now, moment = desk.now(), text_in(sent, UNTIL)
    field = UNTIL if moment else FOR
    try:
        acted = case_desk.snooze(
            desk.store,
            desk.policies,
            sent.value,
            _until(desk, moment, text_in(sent, FOR), now),
            actor_of(sent),
            now,
            note=text_in(sent, WORDS) or None,
            click=sent.key,
        )
    except InputError as error:
        return Answer(errors={sent.blocks.get(field, field): str(error)})
    return answer_to(acted)


def _until(desk: Desk, moment: str, preset: str, now: datetime) -> datetime:
    """Give the moment that was chosen; a preset ends when the team works again."""
    if moment:
        return datetime.fromtimestamp(int(moment), UTC)
    try:
        return desk.policies.hours.due(now + parse_duration(preset), timedelta(0))
    except ValueError as error:
        raise InputError(f"{preset!r}: {error}") from error


def _noted(desk: Desk, sent: Submission) -> Answer | None:
    try:
        acted = case_desk.add_note(
            desk.store,
            desk.policies,
            sent.value,
            text_in(sent, WORDS),
            actor_of(sent),
            desk.now(),
            click=sent.key,
        )
    except InputError as error:
        return Answer(errors={sent.blocks.get(WORDS, WORDS): str(error)})
    return answer_to(acted)


CLICKS: dict[str, OnClick] = {
    "case_assign": _assign,
    "case_more": _more,
    "case_note": _note,
    "case_unmute": _unmute,
}
SUBMISSIONS: dict[str, OnSubmission] = {SNOOZE_MODAL: _snoozed, NOTE_MODAL: _noted}
