"""What a click under a message does to the store."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from alerts import messages
from config.errors import EarfulError, StoreError
from config.settings import Settings
from earful import case_acts, case_mutes
from earful.case_acts import Acted, Actor
from earful.policies import Policies, source_places
from storage.models import Experience
from storage.store import Store

if TYPE_CHECKING:
    from alerts.slack.buttons import Click, ClickReply

log = logging.getLogger("earful.clicks")

_CASE_ACTS = {
    "case_claim": "claim",
    "case_release": "release",
    "case_responded": "respond",
    "case_close": "close",
    "case_dismiss": "dismiss",
    "case_reopen": "reopen",
}
_ABOUT = {
    "case_not_about": False,
    "wow_not_about": False,
    "case_about": True,
    "wow_about": True,
}
# Each try waits as long as the store's own patience with another writer.
_TRIES = 4


class Clicks:
    """Carries out clicks on a store; safe from several threads, each click counts once."""

    def __init__(
        self,
        path: Path,
        settings: Settings,
        clock: Callable[[], datetime],
        done: Callable[[], object] = lambda: None,
    ) -> None:
        """`done` is called when something new waits in the outbox."""
        self._path = path
        self._policies = Policies(settings)
        self._clock = clock
        self._done = done

    def __call__(self, click: Click) -> ClickReply | None:
        from alerts.slack.buttons import ClickReply

        if click.action == "wow_thank":
            return None  # a link: Slack has opened it
        for left in reversed(range(_TRIES)):
            try:
                with Store.open(self._path) as store:
                    if click.action == "wow_share":
                        return self._share(store, click)
                    acted = self._act(store, click)
                break
            except StoreError:
                if not left:
                    raise
                time.sleep(0.2)
            except EarfulError as error:
                return ClickReply.of(str(error))
        log.info(
            "clicked",
            extra={"action": click.action, "by": click.user_name, "changed": acted.changed},
        )
        self._done()
        return ClickReply.of(acted.refused) if acted.refused else None

    def _act(self, store: Store, click: Click) -> Acted:
        actor, now = Actor(click.user_name, click.user_id), self._clock()
        if click.action in _CASE_ACTS:
            return case_acts.act(
                store,
                self._policies,
                click.value,
                _CASE_ACTS[click.action],
                actor,
                now,
                click=click.key,
            )
        if click.action in _ABOUT:
            return case_acts.say_about(
                store,
                self._policies,
                click.value,
                _ABOUT[click.action],
                actor,
                now,
                click=click.key,
            )
        if click.action == "case_mute":
            return case_mutes.mute(store, self._policies, click.value, actor, now, click=click.key)
        if click.action == "case_relabel" and click.choice in list(Experience):
            return case_acts.relabel(
                store,
                self._policies,
                click.value,
                Experience(click.choice),
                actor,
                now,
                click=click.key,
            )
        return Acted(None, False, "This button belongs to another version of Earful.")

    def _share(self, store: Store, click: Click) -> ClickReply:
        from alerts.slack.buttons import ClickReply

        mention = store.mentions.get(click.value)
        if mention is None:
            return ClickReply.of("This mention is not kept any more.")
        return ClickReply(messages.shared_quote(mention, source_places()))
