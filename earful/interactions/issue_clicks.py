"""The offers under a case's message to make an issue of it."""

from __future__ import annotations

from alerts.slack.interactions import Answer, Click
from earful.case_issues import ask_for_issue
from earful.interactions.desk import Desk, OnClick, actor_of


def ask_in(desk: Desk, click: Click, tracker: str) -> Answer | None:
    """Ask a tracker for an issue, by the name that the config gives it."""
    _, sentence = ask_for_issue(
        desk.store, desk.policies, click.value, f"issues:{tracker}", actor_of(click), desk.now()
    )
    return Answer.of(sentence)


def _ask(desk: Desk, click: Click) -> Answer | None:
    return ask_in(desk, click, click.action.partition(":")[2])


CLICKS: dict[str, OnClick] = {"case_issue": _ask}
