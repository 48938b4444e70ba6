"""Hand what somebody does in Slack to its handler, with the store open; each thing counts once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from alerts.messages.views import View
from alerts.messages.work_lists import SHOWN
from alerts.slack.interactions import (
    Answer,
    Click,
    Command,
    Event,
    HomeOpened,
    Shortcut,
    Submission,
)
from config.errors import EarfulError, StoreError
from config.settings import Settings
from earful.interactions import (
    case_clicks,
    incident_clicks,
    issue_clicks,
    make_case,
    reply_clicks,
    team_clicks,
    work,
    wow_clicks,
)
from earful.interactions.desk import (
    Desk,
    OnClick,
    OnCommand,
    OnShortcut,
    OnSubmission,
    foreign,
    handler_of,
    join,
)
from earful.interactions.opened_homes import home_of, remember
from earful.policies import Policies
from storage.store import Store

log = logging.getLogger("earful.interactions")

# A module of this package gives its own tables; here they are joined, and nowhere else.
CLICKS: dict[str, OnClick] = join(
    case_clicks.CLICKS,
    incident_clicks.CLICKS,
    issue_clicks.CLICKS,
    reply_clicks.CLICKS,
    team_clicks.CLICKS,
    wow_clicks.CLICKS,
    work.CLICKS,
)
SUBMISSIONS: dict[str, OnSubmission] = join(
    make_case.SUBMISSIONS, reply_clicks.SUBMISSIONS, team_clicks.SUBMISSIONS
)
SHORTCUTS: dict[str, OnShortcut] = join(make_case.SHORTCUTS)
# By the first word behind `/earful`.
COMMANDS: dict[str, OnCommand] = join(work.COMMANDS)

# Each try waits as long as the store's own patience with another writer.
_TRIES = 4


class Interactions:
    """Carries out what people do on a store; safe from several threads."""

    def __init__(
        self,
        path: Path,
        settings: Settings,
        clock: Callable[[], datetime],
        done: Callable[[], object] = lambda: None,
    ) -> None:
        """`done` is called when something new may wait in the outbox."""
        self._path = path
        self._settings = settings
        self._policies = Policies(settings)
        self._clock = clock
        self._done = done
        self._workspace = ""

    def follow(self, settings: Settings) -> None:
        """Go by another config from the next click on."""
        self._settings, self._policies = settings, Policies(settings)

    def home(self, user_id: str) -> View | None:
        """Make what a user sees in the app's Home now; None for those who never opened it."""
        with Store.open(self._path) as store:
            desk = Desk(store, self._policies, self._settings, self._clock)
            return home_of(desk, user_id, self._workspace)

    def __call__(self, event: Event) -> Answer | None:
        self._workspace = event.workspace or self._workspace
        for left in reversed(range(_TRIES)):
            try:
                with Store.open(self._path) as store:
                    desk = Desk(store, self._policies, self._settings, self._clock)
                    answer = _handle(desk, event)
                break
            except StoreError:
                if not left:
                    raise
                time.sleep(0.2)
            except EarfulError as error:
                return _refusal(event, str(error))
        what = event.action if isinstance(event, Click) else type(event).__name__
        log.info("acted", extra={"what": what, "by": event.user_id})
        self._done()
        return answer


def _handle(desk: Desk, event: Event) -> Answer | None:
    match event:
        case Click():
            return _click(desk, event)
        case Submission():
            submitted = handler_of(event.callback, SUBMISSIONS)
            return submitted(desk, event) if submitted else foreign()
        case Shortcut():
            used = handler_of(event.callback, SHORTCUTS)
            return used(desk, event) if used else foreign()
        case Command():
            word = event.text.partition(" ")[0].casefold()
            return COMMANDS.get(word, work.help_with)(desk, event)
        case HomeOpened():
            remember(desk, event)
            return None


def _click(desk: Desk, click: Click) -> Answer | None:
    clicked = handler_of(click.action, CLICKS)
    if clicked is None:
        return foreign()
    answer = clicked(desk, click)
    if answer is None and click.action.endswith(SHOWN):
        # Slack keeps no message that only one user sees: what replaces it is sent with the answer.
        return work.show_case(desk, click.value, instead=True)
    return answer


def _refusal(event: Event, sentence: str) -> Answer:
    """Say why something was not done; what was typed into a modal stays there."""
    if isinstance(event, Submission) and event.blocks:
        return Answer(errors={list(event.blocks.values())[-1]: sentence})
    return Answer.of(sentence)
