"""The buttons under a case's message."""

from __future__ import annotations

from functools import partial

from alerts.slack.interactions import Answer, Click
from earful import case_acts, case_mutes
from earful.interactions.desk import Desk, OnClick, actor_of, answer_to, foreign
from storage.models import Experience


def _act(what: str, desk: Desk, click: Click) -> Answer | None:
    acted = case_acts.act(
        desk.store,
        desk.policies,
        click.value,
        what,
        actor_of(click),
        desk.now(),
        click=click.key,
        seen_at=click.acted_at,
    )
    return answer_to(acted)


def _say_about(about: bool, desk: Desk, click: Click) -> Answer | None:
    acted = case_acts.say_about(
        desk.store,
        desk.policies,
        click.value,
        about,
        actor_of(click),
        desk.now(),
        click=click.key,
        seen_at=click.acted_at,
    )
    return answer_to(acted)


def _mute(desk: Desk, click: Click) -> Answer | None:
    acted = case_mutes.mute(
        desk.store,
        desk.policies,
        click.value,
        actor_of(click),
        desk.now(),
        click=click.key,
        seen_at=click.acted_at,
    )
    return answer_to(acted)


def _relabel(desk: Desk, click: Click) -> Answer | None:
    if click.choice not in list(Experience):
        return foreign()
    acted = case_acts.relabel(
        desk.store,
        desk.policies,
        click.value,
        Experience(click.choice),
        actor_of(click),
        desk.now(),
        click=click.key,
        seen_at=click.acted_at,
    )
    return answer_to(acted)


CLICKS: dict[str, OnClick] = {
    "case_claim": partial(_act, "claim"),
    "case_release": partial(_act, "release"),
    "case_close": partial(_act, "close"),
    "case_dismiss": partial(_act, "dismiss"),
    "case_reopen": partial(_act, "reopen"),
    "case_not_about": partial(_say_about, False),
    "case_about": partial(_say_about, True),
    "wow_not_about": partial(_say_about, False),
    "wow_about": partial(_say_about, True),
    "case_mute": _mute,
    "case_relabel": _relabel,
}
